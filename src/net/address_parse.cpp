// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Text to address: a scheme, ':', a body that depends on the scheme, and perhaps '?' with options.

#include <parley/net/address.hpp>

#include "net/address_builder.hpp"
#include "net/address_options.hpp"
#include "net/address_syntax.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace parley {
namespace {

using detail::address_builder;
using detail::checked;
using detail::flaw;

constexpr auto npos = std::string_view::npos;

enum class scheme { local, internet, raw, descriptor, systemd };

struct scheme_row {
    std::string_view name;
    scheme what;
    address_kind kind;
};

constexpr std::array schemes{
    scheme_row{"unix", scheme::local, address_kind::unix_stream},
    scheme_row{"unix-dgram", scheme::local, address_kind::unix_datagram},
    scheme_row{"unix-seqpacket", scheme::local, address_kind::unix_seqpacket},
    scheme_row{"tcp", scheme::internet, address_kind::tcp},
    scheme_row{"udp", scheme::internet, address_kind::udp},
    scheme_row{"udp-multicast", scheme::internet, address_kind::udp_multicast},
    scheme_row{"raw", scheme::raw, address_kind::raw_icmp},
    scheme_row{"fd", scheme::descriptor, address_kind::descriptor},
    scheme_row{"systemd", scheme::systemd, address_kind::systemd},
};

constexpr std::string_view scheme_list =
    "unix, unix-dgram, unix-seqpacket, tcp, udp, udp-multicast, raw, fd or systemd";

// A flaw of a part, as one of the text in which the part begins at `start`.
flaw moved(flaw wrong, std::size_t start) {
    wrong.at += start;
    return wrong;
}

checked<address> parse_whole(std::string_view text);

std::string did_you_mean(std::string_view text) { return ", did you mean " + detail::quote(text) + "?"; }

// Instead of a '*' before ':' and a port.
std::string every_interface(address_kind kind, std::string_view colon_and_port) {
    const auto with = [&](const char* host) {
        return detail::quote(std::string(to_string(kind)) + host + std::string(colon_and_port));
    };
    return ", did you mean " + with(":0.0.0.0") + " or " + with(":[::]") + "?";
}

// The scheme that `name`, which is none, may stand for; empty: none.
std::string_view nearest_scheme(std::string_view name) {
    if (name == "unix-stream") return "unix";
    std::array<std::string_view, schemes.size()> names;
    std::ranges::transform(schemes, names.begin(), &scheme_row::name);
    return detail::nearest(name, names);
}

// What is wrong with a text that begins with `name`, which is no scheme.
flaw no_scheme(std::string_view name, std::string_view text) {
    const std::string expected = "expected a scheme";
    const bool local = name.starts_with('@') || name.find('/') != npos;
    const auto nearest = local ? std::string_view() : nearest_scheme(name);
    if (!nearest.empty()) return {0, "unknown scheme " + detail::quote(name) + did_you_mean(nearest)};
    if (text.starts_with("*:")) return {0, expected + every_interface(address_kind::tcp, text.substr(1))};
    const auto meant = (local ? "unix:" : "tcp:") + std::string(text);
    if (parse_whole(meant)) return {0, expected + did_you_mean(meant)};
    if (local) return {0, expected + "; a path is written unix:/path, an abstract name unix:@name"};
    if (name.empty()) return {0, expected + ": " + std::string(scheme_list)};
    return {0, "unknown scheme " + detail::quote(name) + ", expected " + std::string(scheme_list)};
}

checked<scheme_row> find_scheme(std::string_view text) {
    const auto end = std::min({text.find(':'), text.find('?'), text.size()});
    const auto name = text.substr(0, end);
    const auto row = std::ranges::find(schemes, name, &scheme_row::name);
    if (row == schemes.end()) return no_scheme(name, text);
    if (end == text.size() || text[end] != ':') return flaw{end, "expected ':' behind the scheme"};
    return *row;
}

// In what follows, offsets are those of the body.

checked<address> parse_local(address_kind kind, std::string_view body) {
    const bool abstract = body.starts_with('@');
    const std::size_t start = abstract ? 1 : 0;
    const auto text = body.substr(start);
    auto name = detail::decode(text, "");
    if (!name) {
        auto wrong = moved(name.error(), start);
        if (!abstract && body[wrong.at] == '\0') wrong.what = "a path cannot contain a NUL byte";
        return wrong;
    }
    const auto wrong = abstract ? detail::check_abstract_name(*name) : detail::check_path(*name);
    if (wrong) return flaw{start + detail::encoded_offset(text, wrong->at), wrong->what};
    return address_builder::local(kind, std::move(*name), abstract);
}

constexpr const char* interface_behind_port = "the interface of a multicast group stands behind the port, ':5000%eth0'";

// A host, and where the port begins.
struct host_before_port {
    detail::host_parts host;
    std::size_t port;
};

checked<host_before_port> parse_bracketed(address_kind kind, std::string_view body) {
    const auto close = body.find(']');
    if (close == npos) return flaw{body.size(), "expected ']' behind the IPv6 address"};
    const auto text = body.substr(1, close - 1);
    if (kind == address_kind::udp_multicast && text.find('%') != npos)
        return flaw{1 + text.find('%'), interface_behind_port};
    auto host = detail::parse_ipv6(text);
    if (!host) return moved(host.error(), 1);
    const auto behind = body.substr(close + 1, 1);
    if (kind == address_kind::udp_multicast && behind == "%") return flaw{close + 1, interface_behind_port};
    if (behind != ":") return flaw{close + 1, "expected ':' and a port"};
    return host_before_port{std::move(*host), close + 2};
}

// A port, ':' and a host, where it is the other way round.
bool is_swapped(std::string_view body) {
    const auto colon = std::min(body.find(':'), body.size());
    if (!std::ranges::all_of(body.substr(0, colon), detail::is_digit)) return false;
    const auto host = body.substr(std::min(colon + 1, body.size()));
    if (!host.starts_with('[')) return detail::parse_host(host).has_value();
    return host.ends_with(']') && detail::parse_ipv6(host.substr(1, host.size() - 2)).has_value();
}

checked<host_before_port> parse_plain(address_kind kind, std::string_view body) {
    const bool multicast = kind == address_kind::udp_multicast;
    const auto percent = multicast ? body.find('%') : npos;
    const auto colon = body.substr(0, percent).rfind(':');
    if (colon == npos && percent != npos) return flaw{percent, interface_behind_port};
    if (!multicast && (colon == 0 || std::ranges::all_of(body, detail::is_digit)))
        return host_before_port{detail::loopback(), colon == 0 ? std::size_t{1} : 0};
    const auto text = body.substr(0, colon);
    if (text.empty()) return flaw{0, "expected a multicast group"};
    if (text == "*" && colon != npos && !multicast)
        return flaw{0, "'*' is not a host" + every_interface(kind, body.substr(colon))};
    if (is_swapped(body)) {
        const auto first = body.find(':');
        const auto right = std::string(body.substr(first + 1)) + ":" + std::string(body.substr(0, first));
        return flaw{0, "the host stands before the port" + did_you_mean(std::string(to_string(kind)) + ":" + right)};
    }
    if (text.find(':') != npos) return flaw{0, "an IPv6 address stands in brackets, '[::1]:80'"};
    auto host = detail::parse_host(text);
    if (!host) return host.error();
    if (colon == npos) return flaw{body.size(), "expected ':' and a port"};
    return host_before_port{std::move(*host), colon + 1};
}

checked<address> parse_internet(address_kind kind, std::string_view body, address_options& options) {
    const bool multicast = kind == address_kind::udp_multicast;
    if (body.empty())
        return flaw{0, multicast ? "expected a multicast group and a port" : "expected a host and a port"};
    if (body.starts_with("//")) return flaw{0, "expected a host behind the ':', not '//'"};
    const bool bracketed = body.front() == '[';
    auto place = bracketed ? parse_bracketed(kind, body) : parse_plain(kind, body);
    if (!place) return place.error();
    if (multicast && !place->host.multicast)
        return flaw{bracketed ? 1u : 0u, detail::quote(place->host.host) + " is not a multicast address"};

    const auto percent = multicast ? body.find('%', place->port) : npos;
    const auto digits = body.substr(place->port, percent == npos ? npos : percent - place->port);
    const auto port = detail::parse_number(digits, "port", 0, std::numeric_limits<std::uint16_t>::max());
    if (!port) return moved(port.error(), place->port);
    if (percent != npos) {
        const auto interface = body.substr(percent + 1);
        if (const auto wrong = detail::check_interface(interface)) return moved(*wrong, percent + 1);
        options.interface = interface;
    }
    return address_builder::internet(kind, std::move(place->host), static_cast<std::uint16_t>(*port));
}

checked<address> parse_raw(std::string_view body) {
    if (body == "icmp") return address_builder::make(address_kind::raw_icmp);
    if (body == "icmp6") return address_builder::make(address_kind::raw_icmp6);
    if (body.empty()) return flaw{0, "expected icmp or icmp6"};
    return flaw{0, "unknown protocol " + detail::quote(body) + ", expected icmp or icmp6"};
}

checked<address> parse_descriptor(std::string_view body) {
    const auto fd = detail::parse_number(body, "descriptor", 0, std::numeric_limits<int>::max());
    if (!fd) return fd.error();
    return address_builder::descriptor(static_cast<int>(*fd));
}

checked<address> parse_systemd(std::string_view body) {
    auto name = detail::decode(body, "");
    if (!name) return name.error();
    if (const auto wrong = detail::check_systemd_name(*name))
        return flaw{detail::encoded_offset(body, wrong->at), wrong->what};
    return address_builder::systemd(std::move(*name));
}

checked<address> parse_body(const scheme_row& row, std::string_view body, address_options& options) {
    switch (row.what) {
        case scheme::local:
            return parse_local(row.kind, body);
        case scheme::internet:
            return parse_internet(row.kind, body, options);
        case scheme::raw:
            return parse_raw(body);
        case scheme::descriptor:
            return parse_descriptor(body);
        case scheme::systemd:
            break;
    }
    return parse_systemd(body);
}

checked<address> parse_whole(std::string_view text) {
    const auto row = find_scheme(text);
    if (!row) return row.error();
    const auto start = row->name.size() + 1;
    const auto question = text.find('?', start);
    address_options options;
    auto a = parse_body(*row, text.substr(start, question == npos ? npos : question - start), options);
    if (!a) return moved(a.error(), start);
    if (question != npos) {
        const auto holder = address_builder::holder(*a);
        if (auto wrong = detail::parse_options(text.substr(question + 1), holder, options))
            return moved(std::move(*wrong), question + 1);
    }
    address_builder::options(*a) = options;
    return a;
}

}  // namespace

result<address> address::parse(std::string_view text) {
    auto a = parse_whole(text);
    if (a) return std::move(*a);
    return error(errc::invalid_address,
                 "address " + detail::quote(text) + ", byte " + std::to_string(a.error().at) + ": " + a.error().what);
}

}  // namespace parley
