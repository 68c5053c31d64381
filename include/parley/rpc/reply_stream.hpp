// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls that are answered in parts.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/peer.hpp>
#include <parley/rpc/waiting_call.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace parley::rpc {
namespace detail {

/// What a stream and its call share.
template <typename Part, typename Result>
struct stream_state {
    explicit stream_state(const executor& io) {
        if (io) changed.emplace(io, asio::steady_timer::time_point::max());
    }
    void wake() {
        if (changed) changed->cancel();
    }

    std::optional<asio::steady_timer> changed{};  // never expires; none where there is no connection to wait for
    std::deque<Part> parts{};
    std::optional<Result> result{};
    std::exception_ptr failure{};
    bool call_ended = false;  // behind a part that cannot be read it goes on

    bool ended() const noexcept { return result.has_value() || failure; }
};

/// How many parts wait for the program before the connection is not read any more.
inline constexpr std::size_t most_parts = 64;

template <typename Part, typename Result>
class stream_call final : public waiting_call {
public:
    explicit stream_call(std::shared_ptr<stream_state<Part, Result>> state) : state_(std::move(state)) {
        wants_parts = true;
    }

    void complete(element from, bool wrapped) override {
        Result got{};
        decode_error why;
        if (!decode_result(from, wrapped, got, why)) return fail(invalid_reply(method, why));
        state_->call_ended = true;
        state_->result = std::move(got);
        state_->wake();
    }
    void fail(const call_error& why) override {
        state_->call_ended = true;
        failed(why);
    }
    bool add_part(element from, bool wrapped) override {
        Part got{};
        decode_error why;
        if (state_->ended()) return true;
        if (!decode_result(from, wrapped, got, why)) {
            failed(invalid_reply(method, why));
            return true;
        }
        state_->parts.push_back(std::move(got));
        state_->wake();
        return state_->parts.size() < most_parts;
    }
    asio::cancellation_slot slot() const override { return {}; }
    executor get_executor() const override {
        return state_->changed ? state_->changed->get_executor() : executor(asio::system_executor());
    }

private:
    void failed(const call_error& why) {
        if (!state_->failure) state_->failure = std::make_exception_ptr(why);
        state_->wake();
    }

    std::shared_ptr<stream_state<Part, Result>> state_;
};

PARLEY_RPC_EXPORT void end_stream(const std::shared_ptr<session>& s, std::uint32_t id);
PARLEY_RPC_EXPORT void read_more(const std::shared_ptr<session>& s, std::uint32_t id);

}  // namespace detail

/// The partial results of a call, and its result: what `open_stream` gives.
///
///     auto rows = open_stream<row>(peer, "query", named("text", "…"));
///     while (const auto next = co_await rows.async_next()) print(*next);
///     print(rows.result());
///
/// While the program does not take them, 64 parts are kept, and then nothing is read from the connection: the other
/// side is slowed down, and other answers wait as well.
///
/// Moves; one that was moved from fails with `bad_descriptor`. The destructor gives the call up: the other side is told
/// where the protocol can. One thread at a time.
template <typename Part, typename Result = value>
class reply_stream {
public:
    reply_stream(std::shared_ptr<detail::session> s, std::shared_ptr<detail::stream_state<Part, Result>> state,
                 std::uint32_t id)
        : session_(std::move(s)), state_(std::move(state)), id_(id) {}
    reply_stream(reply_stream&&) noexcept = default;
    reply_stream& operator=(reply_stream&&) = delete;
    ~reply_stream() {
        if (state_ && !state_->call_ended) detail::end_stream(session_, id_);
    }

    /// The next part; nothing behind the last one, when the result has come. Throws a `call_error` where the call
    /// failed, after the parts that came before. Cancellation: `operation_aborted`; no part is lost, and the call goes
    /// on. One at a time.
    task<std::optional<Part>> async_next() { return next(session_, state_, id_); }

    /// The result, once `async_next` has given nothing; before that it throws std::bad_optional_access.
    const Result& result() const {
        if (!state_) throw boost::system::system_error(asio::error::bad_descriptor, "there is no call");
        return state_->result.value();
    }

private:
    // A coroutine begins later, when the stream may be gone: it keeps what it works on.
    static task<std::optional<Part>> next(std::shared_ptr<detail::session> session,
                                          std::shared_ptr<detail::stream_state<Part, Result>> state, std::uint32_t id) {
        if (!state) throw boost::system::system_error(asio::error::bad_descriptor, "there is no call");
        while (state->parts.empty() && !state->ended()) {
            error_code ignored;
            co_await state->changed->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            const auto cancelled = co_await asio::this_coro::cancellation_state;
            if (cancelled.cancelled() != asio::cancellation_type::none)
                throw boost::system::system_error(asio::error::operation_aborted);
        }
        if (!state->parts.empty()) {
            std::optional<Part> next(std::move(state->parts.front()));
            state->parts.pop_front();
            if (state->parts.size() + 1 == detail::most_parts) detail::read_more(session, id);
            co_return next;
        }
        if (state->failure) std::rethrow_exception(state->failure);
        co_return std::nullopt;
    }

    std::shared_ptr<detail::session> session_;
    std::shared_ptr<detail::stream_state<Part, Result>> state_;
    std::uint32_t id_;
};

/// Calls `method` and takes its answer in parts. At once: it does not wait to be awaited. The arguments by name where
/// the protocol is JSON-RPC or varlink; MessagePack-RPC has no parts (`errc::not_carried`).
template <typename Part, typename Result = value, typename... Args>
reply_stream<Part, Result> open_stream(const call_options& options, const peer& to, std::string_view method,
                                       Args&&... args) {
    const auto state = std::make_shared<detail::stream_state<Part, Result>>(to.get_executor());
    const detail::arguments<detail::kept<Args>...> all{{detail::kept<Args>(std::forward<Args>(args))...}};
    const auto id =
        to.start_stream(std::make_unique<detail::stream_call<Part, Result>>(state), method, all.erased(), options);
    return {to.session(), state, id};
}
template <typename Part, typename Result = value, typename... Args>
reply_stream<Part, Result> open_stream(const peer& to, std::string_view method, Args&&... args) {
    return open_stream<Part, Result>(call_options(), to, method, std::forward<Args>(args)...);
}

}  // namespace parley::rpc
