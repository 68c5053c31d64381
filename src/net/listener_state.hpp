// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A listener that is open: how connections are accepted.
#pragma once

#include <parley/net/listen.hpp>
#include <parley/net/socket_file.hpp>

#include "net/shortage.hpp"
#include "net/waiting_line.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <memory>
#include <optional>
#include <string>

namespace parley::detail {

class listener_state : public std::enable_shared_from_this<listener_state> {
public:
    using handler_type = completion_handler<void(error_code, open_connection)>;

    listener_state(const executor& io, const listen_options& options, bool all_welcome);
    listener_state(const listener_state&) = delete;
    listener_state& operator=(const listener_state&) = delete;
    ~listener_state() { close(); }

    result<void> open(unique_fd fd, const address& where, socket_file file);

    /// Accepts what is there, or waits. Does not complete from within.
    void accept_next(handler_type handler);

    executor get_executor() noexcept { return socket_.get_executor(); }
    int descriptor() noexcept { return socket_.is_open() ? socket_.native_handle() : -1; }
    const address& local_address() const noexcept { return *where_; }
    const listener_counters& counters() const noexcept { return counters_; }

    void cancel() noexcept;
    unique_fd release() noexcept;
    void close() noexcept;

private:
    /// What a try has led to.
    enum class tried { connection, nothing_there, not_now, failure };

    /// An accept that waits behind others.
    struct waiter {
        explicit waiter(const executor& io) : timer(io, asio::steady_timer::time_point::max()) {}

        asio::steady_timer timer;
        bool called = false;
        bool cancelled = false;
    };

    tried try_to_accept(open_connection& c, error_code& ec);
    bool welcome(int fd);

    void go_on(handler_type handler, asio::cancellation_state cancellation, unsigned cancels);
    void wait_for_connection(handler_type handler, asio::cancellation_state cancellation);
    void wait_behind(handler_type handler);
    void pause(handler_type handler, asio::cancellation_state cancellation, const error_code& why);
    void wait_for_turn(handler_type handler, asio::cancellation_state cancellation);
    void complete(handler_type handler, const error_code& ec, open_connection c);
    void call_next();

    asio::posix::stream_descriptor socket_;
    const listen_options options_;
    const bool all_welcome_;
    const std::string shortage_line_;
    int family_ = AF_UNSPEC;
    std::optional<address> where_{};
    socket_file file_{};
    listener_counters counters_{};
    unsigned cancels_ = 0;  // how often: an event that was already on its way does not undo it

    // One accept waits for the kernel, or for a descriptor; those behind it cost nothing until it is done.
    bool one_waits_ = false;
    std::list<waiter> behind_{};
    std::unique_ptr<place_in_line> place_{};  // of the one that waits, while it cannot accept for now

    // Errors of connections, one behind the other. After a few it is not a connection that is to blame.
    static constexpr int most_errors = 16;
    int errors_in_a_row_ = 0;
    episode refusals_{};

    // A try in vain costs a socket that the kernel makes for nothing. Behind one the next accepts wait before they try:
    // one, behind the next such try two, and so on, until a try has found somebody.
    static constexpr unsigned most_waits = 16;
    unsigned waits_first_ = 0;
    unsigned next_waits_ = 1;
};

}  // namespace parley::detail
