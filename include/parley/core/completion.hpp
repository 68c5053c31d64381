// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The one helper behind every async_ function: a thin template that wraps the caller's handler and hands it to a
// compiled body.
#pragma once

#include <parley/core/asio.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/system_executor.hpp>

#include <type_traits>
#include <utility>

namespace parley {

/// A caller's completion handler with its type taken away; keeps its executor, allocator and cancellation slot.
template <typename Signature>
using completion_handler = asio::any_completion_handler<Signature>;

/// The executor that `handler` is to run on, as far as parley's executor type can hold it; the system's otherwise.
template <typename Handler>
executor executor_of(const Handler& handler) {
    const auto own = asio::get_associated_executor(handler);
    if constexpr (std::is_convertible_v<decltype(own), executor>)
        return own;
    else
        return asio::system_executor();
}

/// Begins an asynchronous operation whose body is compiled.
///
/// `start` is called, when the operation is initiated, with a `completion_handler<Signature>` (and with the executor of
/// the handler, where it takes a second argument); it must arrange for that handler to be invoked exactly once, never
/// from within `start` itself. Works with every completion token: `asio::deferred` (what `co_await` takes),
/// `use_awaitable`, callbacks, `use_future`, `as_tuple`, `redirect_error`, `bind_executor`, `bind_cancellation_slot`.
template <typename Signature, typename CompletionToken, typename Start>
auto async_start(CompletionToken&& token, Start start) {
    return asio::async_initiate<CompletionToken, Signature>(
        [](auto&& handler, Start body) {
            if constexpr (std::is_invocable_v<Start, completion_handler<Signature>, executor>) {
                const executor own = executor_of(handler);
                std::move(body)(completion_handler<Signature>(std::forward<decltype(handler)>(handler)), own);
            } else {
                std::move(body)(completion_handler<Signature>(std::forward<decltype(handler)>(handler)));
            }
        },
        token, std::move(start));
}

namespace detail {

/// A handler that passes through `function(handler, results...)` and keeps the associations of `handler`.
template <typename Handler, typename Function>
struct mapped_handler {
    Handler handler;
    Function function;

    template <typename... Args>
    void operator()(Args&&... args) {
        std::move(function)(std::move(handler), std::forward<Args>(args)...);
    }
};

template <typename Handler, typename Function>
mapped_handler<std::decay_t<Handler>, std::decay_t<Function>> map_handler(Handler&& handler, Function&& function) {
    return {std::forward<Handler>(handler), std::forward<Function>(function)};
}

}  // namespace detail
}  // namespace parley

template <template <typename, typename> class Associator, typename Handler, typename Function, typename Default>
struct boost::asio::associator<Associator, parley::detail::mapped_handler<Handler, Function>, Default>
    : Associator<Handler, Default> {
    using wrapper = parley::detail::mapped_handler<Handler, Function>;

    static typename Associator<Handler, Default>::type get(const wrapper& w) noexcept {
        return Associator<Handler, Default>::get(w.handler);
    }
    static auto get(const wrapper& w, const Default& candidate) noexcept
        -> decltype(Associator<Handler, Default>::get(w.handler, candidate)) {
        return Associator<Handler, Default>::get(w.handler, candidate);
    }
};
