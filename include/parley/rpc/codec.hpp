// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How types of C++ become values of a message, and back.
#pragma once

#include <parley/rpc/element.hpp>
#include <parley/rpc/encoder.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/value.hpp>

#include <boost/describe/bases.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

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

private:
    std::string place_;
    std::string text_;
};

/// How a type is carried. Specialize it for types of your own that Boost.Describe cannot describe:
///
///     static void encode(encoder& to, const T& v);
///     static bool decode(element from, T& into, decode_error& why);  // false: `why` says it; `into` is of no use
///     static value schema();                                         // a JSON Schema, for those who ask for the types
///
/// There are ones for bool, integers (one that does not fit is refused), floating point, std::string, `bytes`,
/// `extension`, `value`, enumerations, std::vector, std::array, std::map and unordered_map with std::string,
/// std::optional (null, or absent in a struct), std::pair, std::tuple (arrays), std::variant (the first alternative
/// that fits), and structs with BOOST_DESCRIBE_STRUCT (maps: unknown names are passed over, and all but optional
/// members must be there). One underscore at the end of a name is not carried, for names that C++ keeps to itself:
/// `class_` is "class".
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
concept described_struct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <typename T>
concept described_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <typename T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// What a member or an enumerator is called in a message: `class_` is "class".
constexpr std::string_view carried_name(std::string_view name) noexcept {
    if (name.size() > 1 && name.ends_with('_')) name.remove_suffix(1);
    return name;
}

PARLEY_RPC_EXPORT value schema_of_type(const char* type);
PARLEY_RPC_EXPORT bool refuse_integer(element from, std::int64_t least, std::uint64_t most, decode_error& why);
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
        if (from.kind() == kind::number) {
            const double v = *from.number();
            constexpr double safe = 9007199254740992.0;  // 2^53
            if (v >= -safe && v <= safe && v == static_cast<double>(static_cast<std::int64_t>(v)) &&
                std::in_range<T>(static_cast<std::int64_t>(v))) {
                into = static_cast<T>(v);
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
        const auto v = from.number();
        if (!v) return why.expected("a number", from);
        into = static_cast<T>(*v);
        return true;
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
        into = value(from).get<object>();
        return true;
    }
    static value schema() { return detail::schema_of_type("object"); }
};

template <typename T>
struct codec<std::optional<T>> {
    static void encode(encoder& to, const std::optional<T>& v) {
        if (v)
            codec<T>::encode(to, *v);
        else
            to.null();
    }
    static bool decode(element from, std::optional<T>& into, decode_error& why) {
        if (from.is_null()) {
            into.reset();
            return true;
        }
        return codec<T>::decode(from, into.emplace(), why);
    }
    static value schema() { return object{{"anyOf", array{codec<T>::schema(), detail::schema_of_type("null")}}}; }
};

template <typename T, typename Allocator>
struct codec<std::vector<T, Allocator>> {
    static void encode(encoder& to, const std::vector<T, Allocator>& v) {
        to.begin_array(v.size());
        for (const auto& item : v) codec<T>::encode(to, item);
        to.end_array();
    }
    static bool decode(element from, std::vector<T, Allocator>& into, decode_error& why) {
        if (from.kind() != kind::array) return why.expected("an array", from);
        into.clear();
        into.reserve(from.size());
        for (const element item : from) {
            T one{};
            if (!codec<T>::decode(item, one, why)) return why.within(into.size());
            into.push_back(std::move(one));
        }
        return true;
    }
    static value schema() { return object{{"type", "array"}, {"items", codec<T>::schema()}}; }
};

namespace detail {

template <typename Map>
struct map_codec {
    using mapped = typename Map::mapped_type;

    static void encode(encoder& to, const Map& v) {
        to.begin_map(v.size());
        for (const auto& [name, of] : v) {
            to.name(name);
            codec<mapped>::encode(to, of);
        }
        to.end_map();
    }
    static bool decode(element from, Map& into, decode_error& why) {
        if (from.kind() != kind::map) return why.expected("a map", from);
        into.clear();
        for (const auto& [name, of] : from.pairs()) {
            mapped one{};
            if (!codec<mapped>::decode(of, one, why)) return why.within(name);
            into.insert_or_assign(std::string(name), std::move(one));
        }
        return true;
    }
    static value schema() { return object{{"type", "object"}, {"additionalProperties", codec<mapped>::schema()}}; }
};

// What lies in an array one behind the other, each of its own type.
template <typename Tuple>
struct tuple_codec {
    static constexpr std::size_t size = std::tuple_size_v<Tuple>;

    static void encode(encoder& to, const Tuple& v) {
        to.begin_array(size);
        std::apply([&](const auto&... item) { (codec<std::decay_t<decltype(item)>>::encode(to, item), ...); }, v);
        to.end_array();
    }
    static bool decode(element from, Tuple& into, decode_error& why) {
        if (from.kind() != kind::array) return why.expected("an array", from);
        if (from.size() != size)
            return why.failed("an array of " + std::to_string(size) + " was expected, not one of " +
                              std::to_string(from.size()));
        return decode_items(from, into, why, std::make_index_sequence<size>());
    }
    static value schema() {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return object{{"type", "array"},
                          {"prefixItems", array{codec<std::tuple_element_t<I, Tuple>>::schema()...}}};
        }(std::make_index_sequence<size>());
    }

private:
    template <std::size_t... I>
    static bool decode_items(element from, Tuple& into, decode_error& why, std::index_sequence<I...>) {
        [[maybe_unused]] auto item = from.begin();
        return ((codec<std::tuple_element_t<I, Tuple>>::decode(*item++, std::get<I>(into), why) || why.within(I)) &&
                ...);
    }
};

}  // namespace detail

template <typename T, typename Compare, typename Allocator>
struct codec<std::map<std::string, T, Compare, Allocator>>
    : detail::map_codec<std::map<std::string, T, Compare, Allocator>> {};
template <typename T, typename Hash, typename Equal, typename Allocator>
struct codec<std::unordered_map<std::string, T, Hash, Equal, Allocator>>
    : detail::map_codec<std::unordered_map<std::string, T, Hash, Equal, Allocator>> {};
template <typename... T>
struct codec<std::tuple<T...>> : detail::tuple_codec<std::tuple<T...>> {};
template <typename A, typename B>
struct codec<std::pair<A, B>> : detail::tuple_codec<std::pair<A, B>> {};
template <typename T, std::size_t N>
struct codec<std::array<T, N>> : detail::tuple_codec<std::array<T, N>> {};

template <typename... T>
struct codec<std::variant<T...>> {
    static void encode(encoder& to, const std::variant<T...>& v) {
        std::visit([&](const auto& held) { codec<std::decay_t<decltype(held)>>::encode(to, held); }, v);
    }
    static bool decode(element from, std::variant<T...>& into, decode_error& why) {
        std::string all;
        if ((try_one<T>(from, into, all) || ...)) return true;
        return why.failed("it fits none of the types that are possible (" + all + ")");
    }
    static value schema() { return object{{"anyOf", array{codec<T>::schema()...}}}; }

private:
    template <typename One>
    static bool try_one(element from, std::variant<T...>& into, std::string& all) {
        decode_error why;
        One one{};
        if (codec<One>::decode(from, one, why)) {
            into = std::move(one);
            return true;
        }
        all += (all.empty() ? "" : "; ") + why.message("");
        return false;
    }
};

/// By its name; a name that it does not have is refused.
template <detail::described_enum T>
struct codec<T> {
    using enumerators = boost::describe::describe_enumerators<T>;

    static void encode(encoder& to, T v) {
        bool found = false;
        boost::mp11::mp_for_each<enumerators>([&](auto e) {
            if (found || e.value != v) return;
            found = true;
            to.text(detail::carried_name(e.name));
        });
        if (!found) to.fail("an enumeration has a value without a name");
    }
    static bool decode(element from, T& into, decode_error& why) {
        const auto name = from.text();
        if (!name) return why.expected("text", from);
        bool found = false;
        std::string known;
        boost::mp11::mp_for_each<enumerators>([&](auto e) {
            if (*name == detail::carried_name(e.name)) {
                found = true;
                into = e.value;
            }
        });
        if (found) return true;
        boost::mp11::mp_for_each<enumerators>(
            [&](auto e) { known += (known.empty() ? "" : ", ") + std::string(detail::carried_name(e.name)); });
        return why.failed("one of " + known + " was expected, not \"" + std::string(*name) + "\"");
    }
    static value schema() {
        array names;
        boost::mp11::mp_for_each<enumerators>([&](auto e) { names.emplace_back(detail::carried_name(e.name)); });
        return object{{"type", "string"}, {"enum", std::move(names)}};
    }
};
/// By its number.
template <typename T>
    requires(std::is_enum_v<T> && !detail::described_enum<T>)
struct codec<T> {
    using number = std::underlying_type_t<T>;

    static void encode(encoder& to, T v) { codec<number>::encode(to, static_cast<number>(v)); }
    static bool decode(element from, T& into, decode_error& why) {
        number v{};
        if (!codec<number>::decode(from, v, why)) return false;
        into = static_cast<T>(v);
        return true;
    }
    static value schema() { return detail::schema_of_type("integer"); }
};

template <detail::described_struct T>
struct codec<T> {
    using members = detail::members_of<T>;

    static void encode(encoder& to, const T& v) {
        std::size_t size = 0;
        boost::mp11::mp_for_each<members>([&](auto m) { size += present(v.*m.pointer) ? 1 : 0; });
        to.begin_map(size);
        boost::mp11::mp_for_each<members>([&](auto m) {
            const auto& member = v.*m.pointer;
            if (!present(member)) return;
            to.name(detail::carried_name(m.name));
            codec<std::decay_t<decltype(member)>>::encode(to, member);
        });
        to.end_map();
    }
    static bool decode(element from, T& into, decode_error& why) {
        if (from.kind() != kind::map) return why.expected("a map", from);
        bool good = true;
        boost::mp11::mp_for_each<members>([&](auto m) {
            if (!good) return;
            auto& member = into.*m.pointer;
            using type = std::decay_t<decltype(member)>;
            constexpr auto name = detail::carried_name(decltype(m)::name);
            const auto found = from.find(name);
            if (found)
                good = codec<type>::decode(*found, member, why) || why.within(name);
            else if constexpr (!detail::is_optional<type>)
                good = why.failed("\"" + std::string(name) + "\" is missing");
        });
        return good;
    }
    static value schema() {
        object properties;
        array required;
        boost::mp11::mp_for_each<members>([&](auto m) {
            using type = std::decay_t<decltype(std::declval<T&>().*m.pointer)>;
            constexpr auto name = detail::carried_name(decltype(m)::name);
            if constexpr (detail::is_optional<type>) {
                properties[name] = codec<typename type::value_type>::schema();
            } else {
                properties[name] = codec<type>::schema();
                required.emplace_back(name);
            }
        });
        return object{{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
    }

private:
    // An optional member that is empty is left out.
    template <typename Member>
    static bool present(const Member& member) {
        if constexpr (detail::is_optional<Member>)
            return member.has_value();
        else
            return true;
    }
};

namespace detail {

/// Types that a map of arguments by name as a whole can become.
template <typename T>
inline constexpr bool is_map_like = described_struct<T> || std::is_same_v<T, value> || std::is_same_v<T, object>;
template <typename T, typename... More>
inline constexpr bool is_map_like<std::map<std::string, T, More...>> = true;
template <typename T, typename... More>
inline constexpr bool is_map_like<std::unordered_map<std::string, T, More...>> = true;

}  // namespace detail
}  // namespace parley::rpc
