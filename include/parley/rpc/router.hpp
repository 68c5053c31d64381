// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the other side may call: functions by their names.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>
#include <parley/rpc/codec.hpp>
#include <parley/rpc/context.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/handler.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::rpc {

/// Functions that calls of the other side are routed to.
///
///     rpc::router calls;
///     calls.on("add", [](int a, int b) { return a + b; });
///     calls.on("subtract", {"minuend", "subtrahend"}, [](int a, int b) { return a - b; });
///     calls.on("render", [](document d, rpc::context& c) -> task<picture> { … });
///
/// The parameters are types that a `codec` knows; arguments that do not fit are answered with what was wrong and where.
/// With names, arguments may come either way. A function with one parameter without a name that is a described struct,
/// a map or a `value` takes all arguments by name at once. `context&`, last, is the call itself.
///
/// It returns a value, nothing, a `result`, or a `task` of them. What it throws, and the error of a `result`, is
/// answered as a fault: a `fault` as it is, any other exception as an internal error with its text. A function that is
/// no coroutine runs at once, in the loop, and must not block. Of a coroutine any number run, up to the connection's
/// limit.
///
/// A handle: copies share the functions, and a connection sees those that are added later. One thread at a time.
class PARLEY_RPC_EXPORT router {
public:
    router();
    // What is moved is copied: a router always has functions to add to.
    router(const router&) = default;
    router& operator=(const router&) = default;
    ~router() = default;

    /// Replaces one of the same name. Names that begin with "rpc." are reserved for the protocol.
    template <typename F>
        requires detail::handler<std::decay_t<F>>
    router& on(std::string method, F function) {
        return on(std::move(method), {}, std::move(function));
    }
    /// With the names of the parameters, one for each but `context&`. Throws std::invalid_argument where their number
    /// is another.
    template <typename F>
        requires detail::handler<std::decay_t<F>>
    router& on(std::string method, std::vector<std::string> parameters, F function) {
        add(std::move(method), std::make_shared<detail::method_of<std::decay_t<F>>>(std::move(function)),
            std::move(parameters));
        return *this;
    }

    /// What is called for a method that has no function: `(const std::string& method, value arguments)`, and a
    /// `context&` if it likes; it returns what others return. The arguments are an array, or an object by name.
    template <typename F>
        requires detail::handler<std::decay_t<F>>
    router& otherwise(F function) {
        add_fallback(std::make_shared<detail::fallback_of<std::decay_t<F>>>(std::move(function)));
        return *this;
    }

    /// Lets the other side ask for the methods and their types: `rpc.discover` in JSON-RPC (an OpenRPC document),
    /// `org.varlink.service` in varlink. Off by default.
    router& describe(std::string title, std::string version);
    router& describe(std::string title);  // of version "1"

    bool has(std::string_view method) const noexcept;
    std::vector<std::string> methods() const;

private:
    friend class detail::session;
    void add(std::string method, std::shared_ptr<detail::method_base> function, std::vector<std::string> parameters);
    void add_fallback(std::shared_ptr<detail::method_base> function);

    std::shared_ptr<detail::method_table> table_;
};

}  // namespace parley::rpc
