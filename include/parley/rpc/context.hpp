// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a handler can know of the call that it serves, and do beside returning.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/rpc/codec.hpp>
#include <parley/rpc/encoder.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/peer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace parley::rpc {
namespace detail {

class served_call;

/// Writes one value, while a message is written.
struct value_writer {
    const void* self;
    void (*encode)(const void* self, encoder& to);

    template <typename T>
    static value_writer of(const T& v) noexcept {
        return {&v, [](const void* of, encoder& to) { rpc::encode(to, *static_cast<const T*>(of)); }};
    }
};

}  // namespace detail

/// A call while it is served: the last parameter of a handler that wants it, `rpc::context&`. It lives as long as the
/// handler runs.
///
/// The one thread of the connection.
class PARLEY_RPC_EXPORT context {
public:
    explicit context(detail::served_call& call) noexcept : call_(call) {}
    context(const context&) = delete;
    context& operator=(const context&) = delete;

    /// Who has called: to call back, to notify, also later.
    rpc::peer peer() const noexcept;
    std::string_view method() const noexcept;
    /// It is a notification: what the handler returns goes nowhere.
    bool is_notification() const noexcept;
    /// The caller takes partial results.
    bool wants_parts() const noexcept;
    /// The caller has cancelled, has gone, or waits no longer. A coroutine that awaits something learns it by
    /// `operation_aborted`.
    bool cancelled() const noexcept;

    /// When the caller will no longer wait, where the protocol tells it (`json_rpc_options::deadline_member`). A
    /// coroutine is cancelled then.
    std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept;

    /// Sends a partial result, before the result. It does nothing where the caller wants none.
    ///
    /// Completion: `void(error_code)`, when there is room for more: a caller who does not read slows the handler down.
    /// Errors: `broken_pipe` and others of the connection; `errc::not_carried` for what the protocol does not have.
    /// Cancellation: all types, `operation_aborted`. One at a time.
    template <typename T>
    auto async_send_part(T&& part) {
        detail::check_temporaries<T>();
        return async_start<void(error_code)>(asio::deferred, [this, part = detail::kept<T>(std::forward<T>(part))](
                                                                 completion_handler<void(error_code)> handler) {
            start_send_part(detail::value_writer::of(part), std::move(handler));
        });
    }

private:
    void start_send_part(const detail::value_writer& part, completion_handler<void(error_code)> handler);

    detail::served_call& call_;
};

}  // namespace parley::rpc
