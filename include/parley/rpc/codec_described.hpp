// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The codecs of structs and enumerations that Boost.Describe describes, and of other enumerations. Include codec.hpp.
#pragma once

#include <parley/rpc/codec_base.hpp>

#include <boost/describe/bases.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace parley::rpc {
namespace detail {

template <typename T>
concept described_struct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <typename T>
concept described_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <typename T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

/// What a member or an enumerator is called in a message: `class_` is "class".
constexpr std::string_view carried_name(std::string_view name) noexcept {
    if (name.size() > 1 && name.ends_with('_')) name.remove_suffix(1);
    return name;
}

}  // namespace detail

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
        return why.expected("one of " + known, from);
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

}  // namespace parley::rpc
