// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How values become types of C++, and back: the form of a codec, and those of single values. Include codec.hpp.
#pragma once

#include <parley/rpc/element.hpp>
#include <parley/rpc/encoder.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/value.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace parley::rpc {

/// Why a value was refused, and where: "params[1].name: text was expected, not an integer".
class PARLEY_RPC_EXPORT decode_error {
public:
    /// False, for `return why.expected("text", from)`.
    bool expected(std::string_view what, element found);
    bool failed(std::string text);
    /// The value that was refused lies at `index`, or `name`, of a larger one. False.
    bool within(std::size_t index);
    bool within(std::string_view name);

    const std::string& place() const noexcept { return place_; }
    const std::string& text() const noexcept { return text_; }
    /// "<root><place>: <text>"
    std::string message(std::string_view root) const;

    /// For a codec that tries `types` types one after the other: before the first. True: `from` lies in no other such
    /// value. All in it is read a limited number of times, however such values lie in one another.
    bool begin_attempts(element from, std::size_t types);
    /// Whether `from` may be read once more.
    bool may_try(element from);
    /// For one attempt, whose error is its own.
    decode_error attempt() const;
    void ended(const decode_error& attempt) noexcept { reads_left_ = attempt.reads_left_; }
    void end_attempts() noexcept { reads_left_.reset(); }

private:
    std::optional<std::uint64_t> reads_left_{};  // of values that lie in one of several types
    std::string place_;
    std::string text_;
};

/// How a type is carried. Specialize it for types of your own that Boost.Describe cannot describe:
///
///     static void encode(encoder& to, const T& v);
///     static bool decode(element from, T& into, decode_error& why);  // false: `why` says it; `into` is of no use
///     static value schema();                                         // a JSON Schema, for those who ask for the types
///
/// There are ones for bool, integers (one that does not fit is refused), floating point (the nearest; a float refuses a
/// number beyond its range), std::string, `bytes`, `extension`, `value`, enumerations, std::vector, std::array,
/// std::map and unordered_map with std::string, std::optional (null, or absent in a struct), std::pair, std::tuple
/// (arrays), std::variant (the first alternative that fits), and structs with BOOST_DESCRIBE_STRUCT (maps: unknown
/// names are passed over, and all but optional members must be there). One underscore at the end of a name is not
/// carried, for names that C++ keeps to itself: `class_` is "class".
template <typename T>
struct codec {
    static_assert(sizeof(T) == 0,
                  "parley::rpc knows no way to carry this type: describe a struct with BOOST_DESCRIBE_STRUCT, or "
                  "specialize parley::rpc::codec. A parameter is a value or a const&, never a string_view.");
};

template <typename T>
concept carried = requires(encoder& to, const T& v, element from, T& into, decode_error& why) {
    codec<T>::encode(to, v);
    { codec<T>::decode(from, into, why) } -> std::same_as<bool>;
};

namespace detail {

template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;

PARLEY_RPC_EXPORT value schema_of_type(const char* type);
PARLEY_RPC_EXPORT bool refuse_integer(element from, std::int64_t least, std::uint64_t most, decode_error& why);
PARLEY_RPC_EXPORT bool decode_float(element from, float& into, decode_error& why);
PARLEY_RPC_EXPORT bool decode_bytes(element from, std::string& into, decode_error& why);

}  // namespace detail

template <typename T>
void encode(encoder& to, const T& v) {
    codec<T>::encode(to, v);
}

template <>
struct codec<std::nullptr_t> {
    static void encode(encoder& to, std::nullptr_t) { to.null(); }
    static bool decode(element from, std::nullptr_t&, decode_error& why) {
        return from.is_null() || why.expected("null", from);
    }
    static value schema() { return detail::schema_of_type("null"); }
};
template <>
struct codec<std::monostate> {
    static void encode(encoder& to, std::monostate) { to.null(); }
    static bool decode(element from, std::monostate&, decode_error& why) {
        return from.is_null() || why.expected("null", from);
    }
    static value schema() { return detail::schema_of_type("null"); }
};

template <>
struct codec<bool> {
    static void encode(encoder& to, bool v) { to.boolean(v); }
    static bool decode(element from, bool& into, decode_error& why) {
        const auto v = from.boolean();
        if (!v) return why.expected("true or false", from);
        into = *v;
        return true;
    }
    static value schema() { return detail::schema_of_type("boolean"); }
};

template <std::integral T>
    requires(!std::same_as<T, bool>)
struct codec<T> {
    static void encode(encoder& to, T v) {
        if constexpr (std::is_signed_v<T>)
            to.integer(v);
        else
            to.unsigned_integer(v);
    }
    static bool decode(element from, T& into, decode_error& why) {
        using limits = std::numeric_limits<T>;
        if (const auto v = from.integer(); v && std::in_range<T>(*v)) {
            into = static_cast<T>(*v);
            return true;
        }
        if (const auto v = from.unsigned_integer(); v && std::in_range<T>(*v)) {
            into = static_cast<T>(*v);
            return true;
        }
        // 3.0 is an integer to those who have one kind of number, such as JavaScript.
        if (const auto v = from.whole_number()) {
            if (*v < 0 ? *v >= -0x1p63 && std::in_range<T>(static_cast<std::int64_t>(*v))
                       : std::in_range<T>(static_cast<std::uint64_t>(*v))) {
                into = static_cast<T>(*v);
                return true;
            }
        }
        return detail::refuse_integer(from, static_cast<std::int64_t>(limits::min()),
                                      static_cast<std::uint64_t>(limits::max()), why);
    }
    static value schema() { return detail::schema_of_type("integer"); }
};

template <std::floating_point T>
struct codec<T> {
    static void encode(encoder& to, T v) { to.number(static_cast<double>(v)); }
    static bool decode(element from, T& into, decode_error& why) {
        if constexpr (std::same_as<T, float>) {
            return detail::decode_float(from, into, why);
        } else {
            const auto v = from.number();
            if (!v) return why.expected("a number", from);
            into = static_cast<T>(*v);
            return true;
        }
    }
    static value schema() { return detail::schema_of_type("number"); }
};

template <>
struct codec<std::string> {
    static void encode(encoder& to, const std::string& v) { to.text(v); }
    static bool decode(element from, std::string& into, decode_error& why) {
        const auto v = from.text();
        if (!v) return why.expected("text", from);
        into = *v;
        return true;
    }
    static value schema() { return detail::schema_of_type("string"); }
};

/// Only to send.
template <>
struct codec<std::string_view> {
    static void encode(encoder& to, std::string_view v) { to.text(v); }
};
template <>
struct codec<const char*> {
    static void encode(encoder& to, const char* v) { to.text(v); }
};

template <>
struct codec<bytes> {
    static void encode(encoder& to, const bytes& v) { to.binary(v.data); }
    static bool decode(element from, bytes& into, decode_error& why) {
        return detail::decode_bytes(from, into.data, why);
    }
    static value schema() { return object{{"type", "string"}, {"contentEncoding", "base64"}}; }
};

template <>
struct codec<extension> {
    static void encode(encoder& to, const extension& v) { to.extension(v.type, v.data); }
    static bool decode(element from, extension& into, decode_error& why) {
        const auto v = from.extension();
        if (!v) return why.expected("an extension", from);
        into.type = from.extension_type();
        into.data = *v;
        return true;
    }
    static value schema() { return object(); }
};

template <>
struct codec<value> {
    static void encode(encoder& to, const value& v) { v.encode(to); }
    static bool decode(element from, value& into, decode_error&) {
        into = value(from);
        return true;
    }
    static value schema() { return object(); }
};
template <>
struct codec<object> {
    static void encode(encoder& to, const object& v) {
        to.begin_map(v.size());
        for (const auto& [name, of] : v) {
            to.name(name);
            of.encode(to);
        }
        to.end_map();
    }
    static bool decode(element from, object& into, decode_error& why) {
        if (from.kind() != kind::map) return why.expected("a map", from);
        into = std::get<object>(std::move(value(from).variant()));
        return true;
    }
    static value schema() { return detail::schema_of_type("object"); }
};

}  // namespace parley::rpc
