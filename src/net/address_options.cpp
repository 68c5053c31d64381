// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/address_options.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <type_traits>
#include <variant>
#include <vector>

namespace parley::detail {
namespace {

using milliseconds = saturated<std::chrono::milliseconds>;
using seconds = saturated<std::chrono::seconds>;

using kind_set = unsigned;

constexpr kind_set set_of(address_kind kind) noexcept { return 1u << static_cast<unsigned>(kind); }

constexpr kind_set unix_kinds =
    set_of(address_kind::unix_stream) | set_of(address_kind::unix_datagram) | set_of(address_kind::unix_seqpacket);
constexpr kind_set tcp = set_of(address_kind::tcp);
constexpr kind_set udp = set_of(address_kind::udp);
constexpr kind_set multicast = set_of(address_kind::udp_multicast);
constexpr kind_set raw = set_of(address_kind::raw_icmp) | set_of(address_kind::raw_icmp6);
constexpr kind_set connected_kinds =
    set_of(address_kind::unix_stream) | set_of(address_kind::unix_seqpacket) | set_of(address_kind::tcp);

using owner_name = decltype(address_options::user);
using interface_name = decltype(address_options::interface);

template <typename T>
constexpr bool is_text = std::is_same_v<T, owner_name> || std::is_same_v<T, interface_name>;

template <typename T>
using member = T address_options::*;
using place = std::variant<member<std::optional<bool>>, member<std::optional<int>>, member<std::optional<mode_t>>,
                           member<std::optional<seconds>>, member<std::optional<milliseconds>>, member<owner_name>,
                           member<interface_name>>;

struct row {
    std::string_view name;
    place where;
    kind_set kinds;
    std::uint64_t low = 0;
    std::uint64_t high = std::numeric_limits<int>::max();
    bool for_paths = false;  // and not for abstract names
};

// In the order in which they are printed. A name may have several rows, for different kinds.
constexpr std::array rows{
    row{.name = "mode", .where = &address_options::mode, .kinds = unix_kinds, .high = 0777, .for_paths = true},
    row{.name = "user", .where = &address_options::user, .kinds = unix_kinds, .for_paths = true},
    row{.name = "group", .where = &address_options::group, .kinds = unix_kinds, .for_paths = true},
    row{.name = "backlog", .where = &address_options::backlog, .kinds = connected_kinds},
    row{.name = "connect_timeout", .where = &address_options::connect_timeout, .kinds = connected_kinds, .low = 1},
    row{.name = "nodelay", .where = &address_options::nodelay, .kinds = tcp},
    row{.name = "keepalive", .where = &address_options::keepalive, .kinds = tcp},
    row{.name = "keepalive_idle", .where = &address_options::keepalive_idle, .kinds = tcp, .low = 1, .high = 32767},
    row{.name = "keepalive_interval",
        .where = &address_options::keepalive_interval,
        .kinds = tcp,
        .low = 1,
        .high = 32767},
    row{.name = "keepalive_count", .where = &address_options::keepalive_count, .kinds = tcp, .low = 1, .high = 127},
    row{.name = "user_timeout", .where = &address_options::user_timeout, .kinds = tcp},
    row{.name = "reuse", .where = &address_options::reuse, .kinds = tcp | udp | multicast},
    row{.name = "broadcast", .where = &address_options::broadcast, .kinds = udp},
    row{.name = "ttl", .where = &address_options::ttl, .kinds = tcp | udp | raw, .low = 1, .high = 255},
    row{.name = "ttl", .where = &address_options::ttl, .kinds = multicast, .high = 255},
    row{.name = "loop", .where = &address_options::loop, .kinds = multicast},
    row{.name = "interface", .where = &address_options::interface, .kinds = tcp | udp | multicast | raw},
    row{.name = "sndbuf",
        .where = &address_options::sndbuf,
        .kinds = unix_kinds | tcp | udp | multicast | raw,
        .low = 1},
    row{.name = "rcvbuf",
        .where = &address_options::rcvbuf,
        .kinds = unix_kinds | tcp | udp | multicast | raw,
        .low = 1},
};

bool fits(const row& r, const option_holder& holder) noexcept {
    return (r.kinds & set_of(holder.kind)) != 0 && !(r.for_paths && holder.abstract);
}

bool is_given(const row& r, const address_options& options) {
    return std::visit(
        [&](auto where) {
            const auto& value = options.*where;
            if constexpr (is_text<std::remove_cvref_t<decltype(value)>>)
                return !value.empty();
            else
                return value.has_value();
        },
        r.where);
}

const row* find(std::string_view name, const option_holder& holder) noexcept {
    for (const row& r : rows)
        if (r.name == name && fits(r, holder)) return &r;
    return nullptr;
}

// Why the holder does not have the option `name`, which it has not.
std::string refusal(std::string_view name, const option_holder& holder) {
    const std::string shown = quote(name);
    std::vector<std::string_view> names;  // of those that it has
    kind_set kinds = 0;
    for (const row& r : rows) {
        if (fits(r, holder)) names.push_back(r.name);
        if (r.name == name) kinds |= r.kinds;
    }
    if (kinds == 0) {
        const std::string unknown = "unknown option " + shown;
        if (const auto meant = nearest(name, names); !meant.empty())
            return unknown + ", did you mean '" + std::string(meant) + "'?";
        if (names.empty()) return unknown + ", " + std::string(to_string(holder.kind)) + " has none";
        std::string list;
        for (const auto known : names)
            list += (list.empty() ? "" : known == names.back() ? " or " : ", ") + std::string(known);
        return unknown + ", expected " + list;
    }
    if ((kinds & set_of(holder.kind)) != 0) return "an abstract name has no option " + shown + ", only a path has";
    std::string others;
    for (unsigned i = 0; i <= static_cast<unsigned>(address_kind::systemd); ++i) {
        const auto kind = static_cast<address_kind>(i);
        if ((kinds & set_of(kind)) == 0) continue;
        if (!others.empty()) others += ", ";
        others += to_string(kind);
    }
    return "option " + shown + " is not for " + std::string(to_string(holder.kind)) + ", it is for " + others;
}

std::optional<flaw> check_text(std::type_identity<owner_name>, std::string_view text) { return check_owner(text); }
std::optional<flaw> check_text(std::type_identity<interface_name>, std::string_view text) {
    return check_interface(text);
}

template <typename T>
constexpr unsigned base_of = std::is_same_v<T, std::optional<mode_t>> ? 8 : 10;

// What a value that is a number of some unit says.
template <typename T>
long long count_of(const T& value) {
    if constexpr (std::is_arithmetic_v<T>)
        return static_cast<long long>(value);
    else
        return static_cast<long long>(value.count());
}

std::optional<flaw> read(const row& r, std::string_view value, address_options& options) {
    return std::visit(
        [&](auto where) -> std::optional<flaw> {
            auto& to = options.*where;
            using type = std::remove_reference_t<decltype(to)>;
            if constexpr (is_text<type>) {
                if (auto wrong = check_text(std::type_identity<type>{}, value)) return wrong;
                to = value;
            } else if constexpr (std::is_same_v<type, std::optional<bool>>) {
                if (value != "0" && value != "1") return flaw{0, std::string(r.name) + ": expected 0 or 1"};
                to = value == "1";
            } else {
                const auto number = parse_number(value, r.name, r.low, r.high, base_of<type>);
                if (!number) return number.error();
                to = typename type::value_type(static_cast<int>(*number));  // rows have no greater numbers
            }
            return std::nullopt;
        },
        r.where);
}

std::optional<std::string> check(const row& r, const address_options& options) {
    return std::visit(
        [&](auto where) -> std::optional<std::string> {
            const auto& value = options.*where;
            using type = std::remove_cvref_t<decltype(value)>;
            const std::string name(r.name);
            if constexpr (is_text<type>) {
                if (value.truncated())
                    return "option '" + name + "' has at most " + std::to_string(type::capacity) + " bytes";
                if (auto wrong = check_text(std::type_identity<type>{}, value))
                    return "option '" + name + "': " + wrong->what;
            } else {
                const auto number = count_of(*value);
                if (number < 0)
                    return name + " " + std::to_string(number) + " is less than " + write_number(r.low, base_of<type>);
                if (auto wrong = check_number(static_cast<std::uint64_t>(number), name, r.low, r.high, base_of<type>))
                    return wrong->what;
            }
            return std::nullopt;
        },
        r.where);
}

std::string shown(const row& r, const address_options& options) {
    return std::visit(
        [&](auto where) -> std::string {
            const auto& from = options.*where;
            using type = std::remove_cvref_t<decltype(from)>;
            if constexpr (is_text<type>) {
                return encode(from);
            } else {
                return write_number(static_cast<std::uint64_t>(count_of(*from)), base_of<type>);
            }
        },
        r.where);
}

}  // namespace

std::optional<flaw> parse_options(std::string_view text, const option_holder& holder, address_options& options) {
    for (std::size_t at = 0;;) {
        const auto end = std::min(text.find('&', at), text.size());
        const auto item = text.substr(at, end - at);
        const auto name = item.substr(0, item.find('='));
        if (name.empty()) return flaw{at, "expected the name of an option"};
        const row* r = find(name, holder);
        if (!r) return flaw{at, refusal(name, holder)};
        if (is_given(*r, options)) return flaw{at, "option '" + std::string(name) + "' is given twice"};
        if (name.size() == item.size()) return flaw{end, "expected '=' and a value"};

        const auto value_at = at + name.size() + 1;
        const auto value = text.substr(value_at, end - value_at);
        const auto bytes = decode(value, "?=");
        if (!bytes) return flaw{value_at + bytes.error().at, bytes.error().what};
        if (auto wrong = read(*r, *bytes, options))
            return flaw{value_at + encoded_offset(value, wrong->at), std::move(wrong->what)};
        if (end == text.size()) return std::nullopt;
        at = end + 1;
    }
}

std::optional<std::string> check_options(const address_options& options, const option_holder& holder) {
    for (const row& r : rows) {
        if (!is_given(r, options)) continue;
        if (!fits(r, holder)) {
            if (find(r.name, holder)) continue;
            return refusal(r.name, holder);
        }
        if (auto wrong = check(r, options)) return wrong;
    }
    return std::nullopt;
}

std::string print_options(const address_options& options, const option_holder& holder) {
    std::string text;
    for (const row& r : rows) {
        if (!fits(r, holder) || !is_given(r, options)) continue;
        if (holder.kind == address_kind::udp_multicast && r.name == "interface") continue;
        text += text.empty() ? '?' : '&';
        text += r.name;
        text += '=';
        text += shown(r, options);
    }
    return text;
}

}  // namespace parley::detail
