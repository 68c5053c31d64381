// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The other side of a connection: what is called.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/timer.hpp>
#include <parley/rpc/arguments.hpp>
#include <parley/rpc/codec.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/fault.hpp>
#include <parley/rpc/waiting_call.hpp>

#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace parley::rpc {

struct call_options {
    /// How long to wait for the answer, counted from the start of the call; 0: as the connection says. Then the call
    /// fails with `asio::error::timed_out` and the text "no answer within 2 s", and the other side is told where the
    /// protocol can.
    saturated<std::chrono::steady_clock::duration> deadline{0};
    /// The call may be made twice: where the connection is lost before the answer came, and made again, it is sent
    /// again.
    bool idempotent = false;
};

/// What a connection has done so far.
struct connection_counters {
    std::uint64_t calls = 0;             ///< that this side has made
    std::uint64_t answers = 0;           ///< to them, faults included
    std::uint64_t notifications = 0;     ///< that this side has sent
    std::uint64_t served = 0;            ///< calls of the other side that were answered, faults included
    std::uint64_t faults = 0;            ///< of those, with a fault
    std::uint64_t refused = 0;           ///< calls and notifications of the other side, because of a limit
    std::uint64_t notified = 0;          ///< notifications of the other side
    std::uint64_t not_handled = 0;       ///< of those, without a handler
    std::uint64_t late_answers = 0;      ///< to calls that no longer wait, or a second time
    std::uint64_t unknown_answers = 0;   ///< to no call of this side, or without an id that tells to which
    std::uint64_t invalid_messages = 0;  ///< that are none of the protocol, or have a bad part
    std::size_t waiting = 0;             ///< calls of this side without an answer yet
    std::size_t running = 0;             ///< handlers
    std::uint64_t connections = 0;       ///< how often it has connected

    PARLEY_RPC_EXPORT friend std::ostream& operator<<(std::ostream& out, const connection_counters& c);
};

/// Whom to call, on the other side of a connection: by the one who connected and by the one who was connected to.
///
/// Copies freely and does not keep the connection open: a call on one that has ended fails. A handler may keep
/// `context.peer()`, to notify of something later.
///
/// One thread at a time: that of the connection.
class PARLEY_RPC_EXPORT peer {
public:
    /// Nobody: every call fails with `bad_descriptor`.
    peer() noexcept;
    explicit peer(std::shared_ptr<detail::session> s) noexcept;
    peer(const peer&) noexcept;
    peer& operator=(const peer&) noexcept;
    ~peer();

    /// Calls `method` with arguments by place, or by name (`named`), and waits for the result, a type that a `codec`
    /// knows; `value` takes anything.
    ///
    ///     const int sum = co_await peer.async_call<int>("add", 2, 3);
    ///
    /// (GCC 12 miscompiles an aggregate that is written within a `co_await` expression; there an aggregate that has a
    /// destructor and no name is refused: `const auto argument = item{...};` before.)
    ///
    /// It begins when it is awaited. Throws a `call_error`, which has what the other side said; for
    /// `async_call<outcome<R>>` the failure is a value.
    /// Errors: those of `errc`, `disconnected` on a connection that has ended, before or meanwhile; `timed_out`;
    /// `limit_exceeded` for a call that is too large; `bad_descriptor` where there is no connection.
    /// Cancellation: all types, `operation_aborted`. The other side is told where the protocol can; its answer is
    /// thrown away. Any number may run at once, up to the connection's limit.
    template <typename R = value, typename... Args>
    task<R> async_call(std::string_view method, Args&&... args) const {
        return prepare_call<R>(call_options(), method, std::forward<Args>(args)...)(asio::use_awaitable);
    }
    template <typename R = value, typename... Args>
    task<R> async_call(const call_options& options, std::string_view method, Args&&... args) const {
        return prepare_call<R>(options, method, std::forward<Args>(args)...)(asio::use_awaitable);
    }

    /// The same for any other token: a deferred operation, `prepare_call<int>("add", 2, 3)(handler)`. It works with
    /// `with_timeout`, too. (Boost 1.81 cannot await a deferred operation that gives an exception and a value.)
    ///
    /// Completion: `void(std::exception_ptr, R)`; without the R for void.
    template <typename R = value, typename... Args>
    auto prepare_call(std::string_view method, Args&&... args) const {
        return prepare_call<R>(call_options(), method, std::forward<Args>(args)...);
    }
    template <typename R = value, typename... Args>
    auto prepare_call(const call_options& options, std::string_view method, Args&&... args) const {
        detail::check_temporaries<Args...>();
        using call_type = detail::typed_call<R>;
        return async_start<typename call_type::signature>(
            asio::deferred,
            [state = state_, options, name = std::string(method),
             all = detail::arguments<detail::kept<Args>...>{{detail::kept<Args>(std::forward<Args>(args))...}}](
                completion_handler<typename call_type::signature> handler, const executor& own) {
                start(state, std::make_unique<call_type>(std::move(handler), own), name, all.erased(), options);
            });
    }

    /// Tells the other side, without an answer.
    ///
    /// Completion: `void(error_code)`, when there was room for it in the queue. Errors, cancellation: as
    /// `any_channel::async_send`; `errc::not_carried` for arguments that the protocol does not have;
    /// `errc::disconnected` where the connection has ended.
    template <typename... Args>
    auto async_notify(std::string_view method, Args&&... args) const {
        detail::check_temporaries<Args...>();
        return async_start<void(error_code)>(
            asio::deferred,
            [state = state_, name = std::string(method),
             all = detail::arguments<detail::kept<Args>...>{{detail::kept<Args>(std::forward<Args>(args))...}}](
                completion_handler<void(error_code)> handler) {
                start_notify(state, name, all.erased(), std::move(handler));
            });
    }
    /// The same without waiting: false where there is no room, or the connection has ended.
    template <typename... Args>
    bool try_notify(std::string_view method, Args&&... args) const {
        const detail::arguments<detail::kept<Args>...> all{{detail::kept<Args>(std::forward<Args>(args))...}};
        return try_notify_with(method, all.erased());
    }

    executor get_executor() const;
    bool is_open() const noexcept;
    /// The descriptor of the socket below, on loan, to ask `peer_of` who it is; -1 where there is none.
    int native_handle() const noexcept;
    connection_counters counters() const noexcept;

    /// For `open_stream`: begins a call whose answers `call` takes; 0 where it was refused.
    std::uint32_t start_stream(std::unique_ptr<detail::waiting_call> call, std::string_view method,
                               const detail::outgoing_arguments& arguments, const call_options& options) const;
    const std::shared_ptr<detail::session>& session() const noexcept { return state_; }

    friend bool operator==(const peer&, const peer&) = default;

private:
    static void start(const std::shared_ptr<detail::session>& state, std::unique_ptr<detail::waiting_call> call,
                      std::string_view method, const detail::outgoing_arguments& arguments,
                      const call_options& options);
    static void start_notify(const std::shared_ptr<detail::session>& state, std::string_view method,
                             const detail::outgoing_arguments& arguments, completion_handler<void(error_code)> handler);
    bool try_notify_with(std::string_view method, const detail::outgoing_arguments& arguments) const;

protected:
    std::shared_ptr<detail::session> state_;
};

}  // namespace parley::rpc
