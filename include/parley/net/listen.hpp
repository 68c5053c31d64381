// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Sockets that others connect to: UNIX streams and seqpackets, TCP, and those that systemd or a parent has opened.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/net/address.hpp>
#include <parley/net/address_endpoint.hpp>
#include <parley/net/peer.hpp>
#include <parley/net/protocol.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace parley {

struct listen_options {
    /// Who may connect; others are closed at once and counted. UNIX sockets only. Not given: at a path whomever the
    /// rights of the file let in; at an abstract name, which has no rights, the same user.
    std::optional<peer_policy> policy{};
    /// How long to wait before the next accept when there is no descriptor or memory left for one, or when the kernel
    /// refuses one connection after the other.
    saturated<std::chrono::milliseconds> pause{100};
};

/// What has happened at a listener.
struct listener_counters {
    std::uint64_t accepted = 0;  ///< handed out
    std::uint64_t refused = 0;   ///< closed because of the policy
    std::uint64_t pauses = 0;    ///< for lack of descriptors or memory, and for refusals by the kernel
};

/// "12 accepted, 1 refused, 0 pauses".
PARLEY_EXPORT std::string to_string(const listener_counters& counters);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const listener_counters& counters);

namespace detail {

class listener_state;

PARLEY_EXPORT result<std::shared_ptr<listener_state>> open_listener(const executor& io, const address& a,
                                                                    const protocol_shape& shape,
                                                                    const listen_options& options);
PARLEY_EXPORT result<std::shared_ptr<listener_state>> adopt_listener(const executor& io, unique_fd fd,
                                                                     const protocol_shape& shape,
                                                                     const listen_options& options);
PARLEY_EXPORT void start_accept(std::shared_ptr<listener_state> listener,
                                completion_handler<void(error_code, open_connection)> handler);
PARLEY_EXPORT executor executor_of_listener(listener_state& listener) noexcept;
PARLEY_EXPORT int descriptor_of(listener_state& listener) noexcept;
PARLEY_EXPORT const address& address_of(const listener_state& listener) noexcept;
/// What a function says of a listener without a socket.
[[noreturn]] PARLEY_EXPORT void throw_no_listener();
PARLEY_EXPORT listener_counters counters_of(const listener_state& listener) noexcept;
PARLEY_EXPORT void cancel(listener_state& listener) noexcept;
PARLEY_EXPORT void close(listener_state& listener) noexcept;
PARLEY_EXPORT unique_fd release(listener_state& listener) noexcept;

}  // namespace detail

/// A socket that connections come to. `Protocol` is one of Asio's, or `local_seqpacket`, and says what socket a
/// connection is: `asio::local::stream_protocol`, `asio::ip::tcp`, or `asio::generic::stream_protocol`, which is both.
///
/// Move-only. One thread at a time (or a strand). At the end of its life it is closed. An operation keeps what it
/// needs: the object may be moved or destroyed meanwhile.
template <typename Protocol>
class basic_listener {
public:
    using protocol_type = Protocol;
    using socket_type = typename Protocol::socket;

    /// One without a socket, as one that was moved from: its functions say so, as those of a closed one do.
    basic_listener() noexcept = default;
    basic_listener(basic_listener&& other) noexcept : io_(other.io_), state_(std::move(other.state_)) {}
    basic_listener& operator=(basic_listener&& other) noexcept {
        if (this != &other) {
            close();
            io_ = other.io_;
            state_ = std::move(other.state_);
        }
        return *this;
    }
    ~basic_listener() { close(); }

    /// Empty for a listener that was made without one. One that was moved from keeps it, and completes there.
    executor get_executor() const noexcept { return io_; }

    /// The next connection, as a socket on the executor of the listener.
    ///
    /// Completion: `void(error_code, socket_type)`. The socket is close-on-exec. Connections that end before they are
    /// accepted are passed over. When there is no descriptor or memory left, or the kernel refuses one connection after
    /// the other, it waits for `listen_options::pause`, as often as needed, and goes on; what waits in the backlog is
    /// not lost. The log has one line for such a time, which is over when nothing was missing for ten pauses, and for a
    /// second at least. Of the listeners of a context that wait for descriptors one tries at a time, and the next one
    /// as soon as that has accepted. Errors: `operation_aborted` after `cancel` or `close`; `bad_descriptor` for a
    /// listener that is closed, was moved from or made without a socket; others of accept(2) that mean the listener
    /// itself. Cancellation: all types; no connection is lost. Any number may run at once: one waits for the kernel,
    /// and they are served in the order of their calls. Source: accept4(2).
    template <typename CompletionToken = asio::deferred_t>
    auto async_accept(CompletionToken&& token = {}) {
        return async_accept(get_executor(), std::forward<CompletionToken>(token));
    }

    /// The same with a socket on `io`.
    template <typename CompletionToken = asio::deferred_t>
    auto async_accept(const executor& io, CompletionToken&& token = {}) {
        using signature = void(error_code, socket_type);
        return async_start<signature>(
            std::forward<CompletionToken>(token),
            [state = state_, io](completion_handler<signature> handler, const executor& own) mutable {
                const executor place = io ? io : own;
                auto deliver = [place](auto h, error_code ec, detail::open_connection c) {
                    socket_type socket(place);
                    if (!ec) ec = detail::assign(socket, c.family, c.fd);
                    std::move(h)(ec, std::move(socket));
                };
                auto whole = detail::map_handler(std::move(handler), std::move(deliver));
                if (state) return detail::start_accept(std::move(state), std::move(whole));
                asio::post(place, detail::map_handler(std::move(whole), [](auto h) {
                               std::move(h)(error_code(asio::error::bad_descriptor), detail::open_connection());
                           }));
            });
    }

    /// Where it listens: with the port that was given to it, and without options. Of a socket from elsewhere, what the
    /// kernel says. It stays when the listener is closed. Throws system_error, `bad_descriptor`, for one that was moved
    /// from or made without a socket.
    const address& local_address() const {
        if (!state_) detail::throw_no_listener();
        return detail::address_of(*state_);
    }

    bool is_open() const noexcept { return state_ && detail::descriptor_of(*state_) >= 0; }
    /// -1 when it is closed.
    int native_handle() const noexcept { return state_ ? detail::descriptor_of(*state_) : -1; }
    listener_counters counters() const noexcept { return state_ ? detail::counters_of(*state_) : listener_counters(); }

    /// Ends the accepts that are waiting with `operation_aborted`, also one for which the kernel has announced a
    /// connection that the policy then refuses or another process takes; the listener stays. An accept that finds a
    /// connection at that moment hands it out.
    void cancel() noexcept {
        if (state_) detail::cancel(*state_);
    }
    /// Ends the accepts, removes the socket file, if it is still the one that was made, and closes. Connections that
    /// nobody has accepted are reset.
    void close() noexcept {
        if (state_) detail::close(*state_);
    }
    /// Gives the socket away; its file stays. Accepts that are waiting end with `operation_aborted`.
    unique_fd release() noexcept { return state_ ? detail::release(*state_) : unique_fd(); }

private:
    template <typename P>
    friend result<basic_listener<P>> listen(const executor&, const address&, const listen_options&);
    template <typename P>
    friend result<basic_listener<P>> adopt_listener(const executor&, unique_fd, const listen_options&);
    explicit basic_listener(std::shared_ptr<detail::listener_state> state)
        : io_(detail::executor_of_listener(*state)), state_(std::move(state)) {}

    executor io_{};
    std::shared_ptr<detail::listener_state> state_;
};

/// Of UNIX streams and TCP.
using listener = basic_listener<asio::generic::stream_protocol>;

/// Opens a socket at `a` and listens. `listen(io, a)` is for UNIX streams and TCP; `listen<local_seqpacket>(io, a)` for
/// seqpackets; `listen<asio::ip::tcp>(io, a)` gives sockets of that type and takes no other address.
///
/// UNIX, at a path: the file has the rights of option `mode` (0600 where it is not given, whatever the umask) and the
/// owner of `user` and `group` before anybody can connect. A file that a server has left which has ended is replaced,
/// if it is this user's or the `user`'s; that is decided under a lock, "PATH.lock", which is there only meanwhile, and
/// by trying to connect, which a server that lives sees as a connection that ends at once. A file of another kind, a
/// socket that is served, and what is another user's stay untouched, also what is put in the place of either meanwhile.
/// A file at "PATH.lock" is removed only where it is empty, this user's, with one name and no rights beyond 0600, as a
/// start makes it. The file is removed when the listener closes, if it is still the same.
///
/// TCP: without a host at 127.0.0.1; the host is a number or "localhost", nothing is looked up. "localhost" is
/// 127.0.0.1, as is any name below it ("x.localhost"), with a final dot or without (RFC 6761). SO_REUSEADDR is set
/// unless `reuse=0`; port 0 is any free one, see `local_address`. `fd:` takes a duplicate of the descriptor, `systemd:`
/// the socket of that name (see `activation.hpp`); both must listen already, and are made non-blocking.
///
/// `backlog` is as many as the system allows (net.core.somaxconn) where it is not given.
///
/// Errors, with the address and what was tried: `address_in_use`; `permission_denied` for a file or lock of another
/// user, and for a file with content in the place of the lock; ENOTSOCK for a file of another kind;
/// `errc::unknown_user`; `errc::invalid_argument` for an address that cannot be listened at or is for another
/// `Protocol`, a host that must be resolved, and a policy for what is no UNIX socket; those of socket(2), bind(2),
/// listen(2), setsockopt(2). Blocks as bind(2) does on a file system, and for `user` and `group` by name as getpwnam(3)
/// does. Any thread.
template <typename Protocol = asio::generic::stream_protocol>
[[nodiscard]] result<basic_listener<Protocol>> listen(const executor& io, const address& a,
                                                      const listen_options& options = {}) {
    auto state = detail::open_listener(io, a, detail::shape_of<Protocol>(), options);
    if (!state) return state.error();
    return basic_listener<Protocol>(std::move(*state));
}

/// At an endpoint of Asio's, without options: `listen(io, asio::ip::tcp::endpoint(...))`.
template <typename Endpoint>
    requires requires { typename Endpoint::protocol_type::acceptor; }
[[nodiscard]] result<basic_listener<typename Endpoint::protocol_type>> listen(const executor& io, const Endpoint& at,
                                                                              const listen_options& options = {}) {
    const auto a = to_address(at);
    if (!a) return a.error();
    return listen<typename Endpoint::protocol_type>(io, *a, options);
}

/// Makes a listener of a socket that listens already, for example one out of Asio's acceptor: `acceptor.release()`.
/// It is made non-blocking. Its file, where it has one, is not this listener's to remove.
///
/// Errors: `errc::invalid_argument` for a descriptor that does not listen, or is for another `Protocol`.
template <typename Protocol = asio::generic::stream_protocol>
[[nodiscard]] result<basic_listener<Protocol>> adopt_listener(const executor& io, unique_fd fd,
                                                              const listen_options& options = {}) {
    auto state = detail::adopt_listener(io, std::move(fd), detail::shape_of<Protocol>(), options);
    if (!state) return state.error();
    return basic_listener<Protocol>(std::move(*state));
}

}  // namespace parley
