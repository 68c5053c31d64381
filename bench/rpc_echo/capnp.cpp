// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "capnp_peer.hpp"
#include "impls.hpp"
#include "module.hpp"

namespace rpc_echo {
namespace {

// Those in flight: the next call takes the place of one that was answered.
class asking : kj::TaskSet::ErrorHandler {
public:
    asking(bench::run& r, int socket) : run_(r), client_(socket), echo_(client_.echo()), calls_(*this) {}

    void play(long in_flight) {
        for (long i = 0; i < in_flight; ++i) start();
        over_.promise.wait(client_.scope());
    }

private:
    void start() {
        const call current(sent_++);
        auto question = echo_.callRequest();
        const auto asked = current.asked();
        question.setText(kj::StringPtr(std::string(asked.text).c_str()));
        question.setNumber(asked.number);
        calls_.add(question.send().then([this, current](auto&& answer) {
            const kj::StringPtr text = answer.getText();
            current.check({{text.cStr(), text.size()}, answer.getNumber()});
            if (run_.add(1))
                start();
            else
                over_.fulfiller->fulfill();
        }));
    }

    void taskFailed(kj::Exception&& failure) override { over_.fulfiller->reject(kj::mv(failure)); }

    bench::run& run_;
    bench::capnp_client client_;
    bench::schema::Echo::Client echo_;
    std::int32_t sent_ = 0;
    kj::PromiseFulfillerPair<void> over_ = kj::newPromiseAndFulfiller<void>();
    kj::TaskSet calls_;
};

void ask(bench::run& r, long in_flight, int socket) { asking(r, socket).play(in_flight); }

void answer(int socket) {
    bench::capnp_loop loop;
    bench::capnp_server server(loop, socket, kj::heap<bench::capnp_echo>());
    server.ended().wait(loop.scope());
}

}  // namespace

BENCH_MODULE void bench_rpc_echo(bench::run& r) { play(r, ask, answer); }

}  // namespace rpc_echo
