// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Blocking sockets. What was read at once is answered at once, by one write.

#include "impls.hpp"
#include "plain_frames.hpp"

#include <vector>

#include <unistd.h>

namespace rpc_echo {
namespace {

void append(std::vector<char>& out, const words& what) {
    const auto bytes = pack(what);
    bench::append_frame(out, {bytes.data(), bytes.size()});
}

class asking {
public:
    asking(bench::run& r, long in_flight) : run_(r) {
        for (long i = 0; i < in_flight; ++i) append(out_, call(sent_++).asked());
    }

    std::vector<char>& out() { return out_; }

    /// An answer. The next call takes its place. False when the run is over.
    bool take(std::string_view bytes) {
        call(answered_++).check(unpack(bytes));
        append(out_, call(sent_++).asked());
        return run_.add(1);
    }

private:
    bench::run& run_;
    std::int32_t sent_ = 0;
    std::int32_t answered_ = 0;
    std::vector<char> out_;
};

void ask(bench::run& r, long in_flight, int socket) {
    asking calls(r, in_flight);
    bench::frame_reader in(sizeof(packed));
    do {
        bench::write_all(socket, calls.out().data(), calls.out().size());
        calls.out().clear();
    } while (in.read_some(socket, calls));
    ::close(socket);
}

struct answering {
    std::vector<char> out{};

    bool take(std::string_view bytes) {
        append(out, unpack(bytes));
        return true;
    }
};

void answer(int socket) {
    answering calls;
    bench::frame_reader in(sizeof(packed));
    while (in.read_some(socket, calls)) {
        bench::write_all(socket, calls.out.data(), calls.out.size());
        calls.out.clear();
    }
}

}  // namespace

void with_raw(bench::run& r) { play(r, ask, answer); }

}  // namespace rpc_echo
