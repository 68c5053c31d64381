// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The arguments of a call, as the caller gives them.
#pragma once

#include <parley/rpc/codec.hpp>
#include <parley/rpc/encoder.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace parley::rpc {

/// Arguments by name; made by `named`.
template <typename... T>
struct named_arguments {
    std::tuple<std::pair<std::string, T>...> all;
};
/// All arguments in one map; made by `named`.
template <typename T>
struct arguments_of {
    T map;
};
/// Arguments by place, of a number that is known only when the program runs; made by `placed`.
struct placed_arguments {
    array all;
};

/// A map as a value within others; only to send.
template <typename... T>
struct codec<named_arguments<T...>> {
    static void encode(encoder& to, const named_arguments<T...>& v) {
        to.begin_map(sizeof...(T));
        std::apply([&](const auto&... one) { ((to.name(one.first), rpc::encode(to, one.second)), ...); }, v.all);
        to.end_map();
    }
};
template <typename T>
struct codec<arguments_of<T>> {
    static void encode(encoder& to, const arguments_of<T>& v) { rpc::encode(to, v.map); }
};

namespace detail {

// GCC 12 destroys an aggregate that is written within a co_await expression twice; it cannot be told from another
// temporary.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <typename T>
inline constexpr bool is_safe_temporary =
    std::is_lvalue_reference_v<T> || !std::is_aggregate_v<std::remove_cvref_t<T>> ||
    std::is_array_v<std::remove_cvref_t<T>> || std::is_trivially_destructible_v<std::remove_cvref_t<T>>;
#else
template <typename>
inline constexpr bool is_safe_temporary = true;
#endif
template <typename... T>
inline constexpr bool is_safe_temporary<named_arguments<T...>> = true;  // `named` refuses what is in them
template <typename T>
inline constexpr bool is_safe_temporary<arguments_of<T>> = true;
template <>
inline constexpr bool is_safe_temporary<placed_arguments> = true;

/// Refuses, where the compiler has that fault, the temporaries that it may destroy twice.
template <typename... Args>
constexpr void check_temporaries() {
    static_assert(
        (is_safe_temporary<Args> && ...),
        "before version 13 GCC destroys an aggregate that is made within a co_await expression twice: make it "
        "before, `const auto argument = item{...};`, and give its name to the call");
}

template <typename T>
struct kept_type {
    using type = T;
};
template <>
struct kept_type<const char*> {
    using type = std::string;
};
template <>
struct kept_type<char*> {
    using type = std::string;
};
template <>
struct kept_type<std::string_view> {
    using type = std::string;
};
/// What is kept of an argument until it is sent: a copy that refers to nothing.
template <typename T>
using kept = typename kept_type<std::decay_t<T>>::type;

template <typename... T, typename... Rest>
auto named_from(std::tuple<T...> done, Rest&&... rest) {
    if constexpr (sizeof...(Rest) == 0) {
        return done;
    } else {
        return [&]<typename Name, typename V, typename... More>(Name&& name, V&& v, More&&... more) {
            static_assert(std::is_convertible_v<Name, std::string_view>, "named: each argument follows its name");
            auto one =
                std::pair<std::string, kept<V>>(std::string(std::string_view(name)), kept<V>(std::forward<V>(v)));
            return named_from(std::tuple_cat(std::move(done), std::make_tuple(std::move(one))),
                              std::forward<More>(more)...);
        }(std::forward<Rest>(rest)...);
    }
}

/// Arguments with their types taken away, while a call is written.
struct outgoing_arguments {
    bool any;
    bool by_name;
    const void* self;
    void (*encode)(const void* self, encoder& to);
};

template <typename... T>
struct arguments {
    std::tuple<T...> all;

    outgoing_arguments erased() const noexcept {
        return {sizeof...(T) != 0, false, this, [](const void* of, encoder& to) {
                    to.begin_array(sizeof...(T));
                    std::apply([&](const auto&... item) { (rpc::encode(to, item), ...); },
                               static_cast<const arguments*>(of)->all);
                    to.end_array();
                }};
    }
};
template <typename... T>
struct arguments<named_arguments<T...>> {
    std::tuple<named_arguments<T...>> all;

    outgoing_arguments erased() const noexcept {
        return {true, true, this, [](const void* of, encoder& to) {
                    rpc::encode(to, std::get<0>(static_cast<const arguments*>(of)->all));
                }};
    }
};
template <typename T>
struct arguments<arguments_of<T>> {
    std::tuple<arguments_of<T>> all;

    outgoing_arguments erased() const noexcept {
        return {true, true, this, [](const void* of, encoder& to) {
                    rpc::encode(to, std::get<0>(static_cast<const arguments*>(of)->all));
                }};
    }
};

template <>
struct arguments<placed_arguments> {
    std::tuple<placed_arguments> all;

    outgoing_arguments erased() const noexcept {
        return {!list().empty(), false, this,
                [](const void* of, encoder& to) { rpc::encode(to, static_cast<const arguments*>(of)->list()); }};
    }

private:
    const array& list() const noexcept { return std::get<0>(all).all; }
};

}  // namespace detail

/// The values of an array as arguments by place: `async_call<int>("add", placed({2, 3}))`.
inline placed_arguments placed(array all) { return {std::move(all)}; }

/// Arguments by name: `async_call<int>("subtract", named("minuend", 42, "subtrahend", 23))`. Within others it is a map:
/// `named("at", named("line", 3, "column", 7))`. GCC 12 compiles it in a coroutine, where it does not compile an
/// `object{{"line", 3}}`.
template <typename V, typename... More>
auto named(std::string_view first, V&& v, More&&... more) {
    detail::check_temporaries<V, More...>();
    auto all = detail::named_from(std::tuple<>(), first, std::forward<V>(v), std::forward<More>(more)...);
    return std::apply(
        [](auto&&... one) {
            return named_arguments<typename std::decay_t<decltype(one)>::second_type...>{
                {std::forward<decltype(one)>(one)...}};
        },
        std::move(all));
}

/// The members of a described struct, the pairs of a map or of an `object`, as arguments by name.
template <typename T>
    requires detail::is_map_like<std::decay_t<T>>
arguments_of<std::decay_t<T>> named(T&& map) {
    detail::check_temporaries<T>();
    return {std::forward<T>(map)};
}

}  // namespace parley::rpc
