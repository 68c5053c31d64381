// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of nng.
#pragma once

#include "bench.hpp"

#include <nng/nng.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

inline void nng_check(int result, const char* call) {
    if (result != 0) throw std::runtime_error(std::string(call) + ": " + nng_strerror(result));
}

/// A socket of a protocol, `open`, such as nng_pair0_open. To be made after the fork: it has threads.
class nng_peer {
public:
    explicit nng_peer(int (*open)(nng_socket*)) {
        nng_check(open(&socket_), "nng_open");
        nng_check(nng_socket_set_size(socket_, NNG_OPT_RECVMAXSZ, 0), "NNG_OPT_RECVMAXSZ");  // no limit
    }
    nng_peer(const nng_peer&) = delete;
    nng_peer& operator=(const nng_peer&) = delete;
    ~nng_peer() {
        nng_msg_free(received_);
        nng_close(socket_);
    }

    void listen(const char* at) { nng_check(nng_listen(socket_, at, nullptr, 0), "nng_listen"); }
    /// Tries until somebody listens.
    void dial(const char* to) { nng_check(nng_dial(socket_, to, nullptr, NNG_FLAG_NONBLOCK), "nng_dial"); }

    void send(std::string_view bytes) {
        nng_check(nng_send(socket_, const_cast<char*>(bytes.data()), bytes.size(), 0), "nng_send");
    }
    /// Good until the next one is received.
    std::string_view receive() {
        nng_msg_free(received_);
        received_ = nullptr;
        nng_check(nng_recvmsg(socket_, &received_, 0), "nng_recvmsg");
        return {static_cast<const char*>(nng_msg_body(received_)), nng_msg_len(received_)};
    }

private:
    nng_socket socket_{};
    nng_msg* received_ = nullptr;
};

}  // namespace bench
