// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/connect_race.hpp"

#include <parley/core/timer.hpp>
#include <parley/net/address_endpoint.hpp>

#include "core/syscall_net.hpp"
#include "net/open_socket.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <memory>
#include <utility>

#include <sys/socket.h>

namespace parley {
namespace {

using clock = std::chrono::steady_clock;
using detail::open_connection;

// A socket on its way. Closed by a unique_fd, not by Asio, whose close may linger.
struct attempt {
    explicit attempt(const executor& io) : socket(io) {}
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;
    ~attempt() { take(); }

    unique_fd take() { return unique_fd(socket.is_open() ? socket.release() : -1); }

    asio::posix::stream_descriptor socket;
    int family = 0;
    bool ended = false;
    error_code failure{};
};

// TCP can connect a socket to itself, where nobody listens at a port that the kernel has just chosen for it.
bool is_connected_to_itself(int fd) {
    sockaddr_storage own{}, other{};
    const auto own_size = sys::socket_name(fd, own);
    const auto other_size = sys::peer_name(fd, other);
    return own_size && other_size && *own_size == *other_size && std::memcmp(&own, &other, *own_size) == 0;
}

bool is_of_family(const error_code& ec) {
    return ec == sys::make_code(EAFNOSUPPORT) || ec == sys::make_code(EADDRNOTAVAIL);
}

class race : public std::enable_shared_from_this<race> {
public:
    explicit race(const executor& io) : io_(io), woken_(io) {}

    /// Begins to connect to `place`; a failure is remembered.
    void begin(const address& place);
    /// Looks through what has ended; the connection, if there is one.
    unique_fd winner(int& family);
    bool none_under_way() const noexcept { return attempts_.empty(); }
    const error_code& last_failure() const noexcept { return last_failure_; }

    task<void> wait_until(clock::time_point time) {
        error_code ended;
        woken_.expires_at(time);
        co_await woken_.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error(asio::error::operation_aborted);
    }
    void close() {
        for (const auto& each : attempts_) each->take();  // its wait ends, and with it the attempt
        attempts_.clear();
    }

private:
    error_code start(attempt& each, const address& place);
    /// The last failure counts, but for that of a family which this machine does not have.
    void note(const error_code& ec) {
        if (!any_failed_ || !is_of_family(ec)) last_failure_ = ec;
        any_failed_ = true;
    }

    const executor io_;
    asio::steady_timer woken_;
    std::list<std::shared_ptr<attempt>> attempts_{};
    error_code last_failure_ = asio::error::host_not_found;
    bool any_failed_ = false;
};

void race::begin(const address& place) {
    auto each = std::make_shared<attempt>(io_);
    if (const auto ec = start(*each, place)) return note(ec);
    attempts_.push_back(each);
    if (each->ended) return;
    each->socket.async_wait(asio::posix::stream_descriptor::wait_write,
                            [each, self = shared_from_this()](const error_code& ec) {
                                each->ended = true;
                                each->failure = ec;
                                self->woken_.cancel();
                            });
}

error_code race::start(attempt& each, const address& place) {
    const auto native = to_socket_address(place);
    if (!native) return native.error().code();
    const auto type = detail::socket_type_for(place);
    auto fd = detail::open_socket(place, type);
    if (!fd) return fd.error().code();
    const auto answer = sys::connect(fd->get(), native->data(), native->size);
    if (answer && answer != sys::make_code(EINPROGRESS)) return answer;
    each.ended = !answer;
    each.family = type.family;
    error_code ec;
    each.socket.assign(fd->get(), ec);
    if (!ec) static_cast<void>(fd->release());
    return ec;
}

unique_fd race::winner(int& family) {
    for (auto at = attempts_.begin(); at != attempts_.end();) {
        attempt& each = **at;
        if (!each.ended) {
            ++at;
            continue;
        }
        const int fd = each.socket.native_handle();
        if (!each.failure) each.failure = sys::connect_error(fd);
        if (!each.failure && is_connected_to_itself(fd)) each.failure = sys::make_code(ECONNREFUSED);
        if (!each.failure) {
            family = each.family;
            return each.take();
        }
        note(each.failure);
        at = attempts_.erase(at);
    }
    return {};
}

}  // namespace

task<open_connection> first_to_connect(executor io, std::vector<address> places, std::chrono::milliseconds delay) {
    const auto all = std::make_shared<race>(io);
    struct closer {
        race& all;
        ~closer() { all.close(); }
    } const close_at_the_end{*all};

    delay = std::min<std::chrono::milliseconds>(delay, std::chrono::hours(24));
    auto next = places.begin();
    auto next_start = clock::now();
    for (;;) {
        int family = 0;
        if (auto fd = all->winner(family)) co_return open_connection{std::move(fd), family};
        if (next != places.end() && (all->none_under_way() || clock::now() >= next_start)) {
            all->begin(*next++);
            next_start = detail::time_after(delay);
            continue;
        }
        if (all->none_under_way()) throw boost::system::system_error(all->last_failure());
        co_await all->wait_until(next == places.end() ? clock::time_point::max() : next_start);
    }
}

}  // namespace parley
