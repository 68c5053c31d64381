// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of sd-bus: two ends of a socket pair speak D-Bus, without a daemon.
#pragma once

#include "bench.hpp"

#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace bench {

inline int sd_check(int result, const char* call) {
    if (result < 0) throw std::system_error(-result, std::system_category(), call);
    return result;
}

class sd_message {
public:
    explicit sd_message(sd_bus_message* message = nullptr) : message_(message) {}
    sd_message(const sd_message&) = delete;
    sd_message& operator=(const sd_message&) = delete;
    ~sd_message() { sd_bus_message_unref(message_); }
    sd_bus_message* get() const { return message_; }
    sd_bus_message** out() { return &message_; }

private:
    sd_bus_message* message_;
};

inline void append_bytes(sd_bus_message* to, std::string_view bytes) {
    sd_check(sd_bus_message_append_array(to, 'y', bytes.data(), bytes.size()), "sd_bus_message_append_array");
}

inline std::string_view read_bytes(sd_bus_message* from) {
    const void* data = nullptr;
    std::size_t size = 0;
    sd_check(sd_bus_message_read_array(from, 'y', &data, &size), "sd_bus_message_read_array");
    return {static_cast<const char*>(data), size};
}

/// One end. It closes the socket.
class sd_end {
public:
    enum role { client, server };

    sd_end(int socket, role which) {
        sd_check(sd_bus_new(&bus_), "sd_bus_new");
        sd_check(sd_bus_set_fd(bus_, socket, socket), "sd_bus_set_fd");
        if (which == server) {
            sd_id128_t id;
            sd_check(sd_id128_randomize(&id), "sd_id128_randomize");
            sd_check(sd_bus_set_server(bus_, 1, id), "sd_bus_set_server");
        }
        sd_check(sd_bus_start(bus_), "sd_bus_start");
    }
    sd_end(const sd_end&) = delete;
    sd_end& operator=(const sd_end&) = delete;
    ~sd_end() { sd_bus_close_unref(bus_); }

    sd_bus* get() const { return bus_; }

    /// Calls `handler` for each call that comes.
    void answer(sd_bus_message_handler_t handler, void* data) {
        sd_check(sd_bus_add_object(bus_, nullptr, "/bench", handler, data), "sd_bus_add_object");
    }

    /// Does one thing, or waits until there is something to do. False when the other side has ended.
    bool process() {
        const int done = sd_bus_process(bus_, nullptr);
        if (done == -ECONNRESET || done == -ENOTCONN) return false;
        if (sd_check(done, "sd_bus_process") == 0) sd_check(sd_bus_wait(bus_, UINT64_MAX), "sd_bus_wait");
        return true;
    }

    void new_call(sd_message& call, const char* method) {
        sd_check(sd_bus_message_new_method_call(bus_, call.out(), nullptr, "/bench", "parley.Bench", method),
                 "sd_bus_message_new_method_call");
    }

    /// Sends calls to which nobody replies, for ever.
    template <typename Messages>
    void push(Messages messages) {
        sd_check(sd_bus_flush(bus_), "sd_bus_flush");  // until the two have greeted each other
        for (;;) {
            sd_message call;
            new_call(call, "Push");
            sd_check(sd_bus_message_set_expect_reply(call.get(), 0), "sd_bus_message_set_expect_reply");
            append_bytes(call.get(), messages.next());
            sd_check(sd_bus_send(bus_, call.get(), nullptr), "sd_bus_send");
            std::uint64_t queued = 0;
            sd_check(sd_bus_get_n_queued_write(bus_, &queued), "sd_bus_get_n_queued_write");
            if (queued > 16) sd_check(sd_bus_flush(bus_), "sd_bus_flush");  // the queue has a limit, and no wait for it
        }
    }

private:
    sd_bus* bus_ = nullptr;
};

}  // namespace bench
