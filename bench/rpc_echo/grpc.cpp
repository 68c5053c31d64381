// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "grpc_peer.hpp"
#include "impls.hpp"
#include "module.hpp"

#include <deque>
#include <memory>

namespace rpc_echo {
namespace {

// One of those in flight.
struct slot {
    call current;
    std::unique_ptr<grpc::ClientContext> context{};
    bench::schema::Words question{}, answer{};
    grpc::Status status{};
    std::unique_ptr<grpc::ClientAsyncResponseReader<bench::schema::Words>> reader{};

    void start(bench::schema::Echo::Stub& stub, grpc::CompletionQueue& queue) {
        const auto asked = current.asked();
        question.set_text(std::string(asked.text));
        question.set_number(asked.number);
        context = std::make_unique<grpc::ClientContext>();
        context->set_wait_for_ready(true);
        reader = stub.AsyncCall(context.get(), question, &queue);
        reader->Finish(&answer, &status, this);
    }
};

void ask(bench::run& r, long in_flight, const char* path) {
    const auto stub = bench::connect_by_grpc(path);
    grpc::CompletionQueue queue;
    std::int32_t sent = 0;
    std::deque<slot> slots;
    for (long i = 0; i < in_flight; ++i) slots.push_back(slot{call(sent++)});
    for (auto& s : slots) s.start(*stub, queue);
    bool more = true;
    long left = in_flight;
    while (left > 0) {
        void* tag = nullptr;
        bool good = false;
        bench::require(queue.Next(&tag, &good), "the completion queue has ended");
        auto& s = *static_cast<slot*>(tag);
        bench::grpc_check(s.status);
        s.current.check({s.answer.text(), s.answer.number()});
        more = more && r.add(1);
        s.current = call(sent++);
        if (more)
            s.start(*stub, queue);
        else
            --left;
    }
    queue.Shutdown();
    for (void* tag = nullptr;;) {
        bool good = false;
        if (!queue.Next(&tag, &good)) return;
    }
}

void answer(const char* path) {
    bench::grpc_echo echo;
    bench::serve_by_grpc(path, echo)->Wait();
}

}  // namespace

BENCH_MODULE void bench_rpc_echo(bench::run& r) { play_at(r, ask, answer); }

}  // namespace rpc_echo
