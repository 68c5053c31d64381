// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The codecs of the standard library's containers. Include codec.hpp.
#pragma once

#include <parley/rpc/codec_base.hpp>

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace parley::rpc {

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

    // Of a table with a hash without a key a peer can choose names that do; each costs as much as there are.
    static constexpr std::size_t most_in_one_place = 64;

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
            const auto added = into.insert_or_assign(std::string(name), std::move(one)).first;
            if constexpr (requires { into.bucket_size(into.bucket(added->first)); }) {
                if (into.bucket_size(into.bucket(added->first)) > most_in_one_place)
                    return why.failed("more than " + std::to_string(most_in_one_place) +
                                      " names meet in one place of the table");
            }
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
        const bool outermost = why.begin_attempts(from, sizeof...(T));
        const bool found = (try_one<T>(from, into, all, why) || ...);
        if (outermost) why.end_attempts();
        return found || why.failed("it fits none of the types that are possible (" + all + ")");
    }
    static value schema() { return object{{"anyOf", array{codec<T>::schema()...}}}; }

private:
    template <typename One>
    static bool try_one(element from, std::variant<T...>& into, std::string& all, decode_error& outer) {
        constexpr std::size_t most_text = 1024;
        if (!outer.may_try(from)) {
            all = "it takes too many attempts to find the one that fits";
            return false;
        }
        auto why = outer.attempt();
        One one{};
        const bool fits = codec<One>::decode(from, one, why);
        outer.ended(why);
        if (fits)
            into = std::move(one);
        else if (all.size() < most_text)
            all += (all.empty() ? "" : "; ") + why.message("").substr(0, most_text);
        return fits;
    }
};

}  // namespace parley::rpc
