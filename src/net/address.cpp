// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/address.hpp>

#include "net/address_builder.hpp"
#include "net/address_options.hpp"
#include "net/address_syntax.hpp"

#include <ostream>

namespace parley {
namespace {

using detail::address_builder;

error wrong_part(address_kind kind, std::string_view part, std::string_view value, const detail::flaw& wrong) {
    return error(errc::invalid_address, std::string(to_string(kind)) + " address, " + std::string(part) + " " +
                                            detail::quote(value) + ", byte " + std::to_string(wrong.at) + ": " +
                                            wrong.what);
}

result<address> with(address a, const address_options& options) {
    if (const auto wrong = detail::check_options(options, address_builder::holder(a)))
        return error(errc::invalid_address, std::string(to_string(a.kind())) + " address, " + *wrong);
    address_builder::options(a) = options;
    return a;
}

result<address> make_path(address_kind kind, std::string_view path, const address_options& options) {
    if (const auto wrong = detail::check_path(path)) return wrong_part(kind, "path", path, *wrong);
    return with(address_builder::local(kind, std::string(path), false), options);
}

result<address> make_abstract(address_kind kind, std::string_view name, const address_options& options) {
    if (const auto wrong = detail::check_abstract_name(name)) return wrong_part(kind, "abstract name", name, *wrong);
    return with(address_builder::local(kind, std::string(name), true), options);
}

detail::checked<detail::host_parts> read_host(std::string_view host) {
    if (host.empty()) return detail::loopback();
    return host.find(':') != std::string_view::npos ? detail::parse_ipv6(host) : detail::parse_host(host);
}

result<address> make_internet(address_kind kind, std::string_view host, std::uint16_t port,
                              const address_options& options) {
    auto parts = read_host(host);
    if (!parts) return wrong_part(kind, "host", host, parts.error());
    return with(address_builder::internet(kind, std::move(*parts), port), options);
}

std::string print_path(const address& a) {
    std::string_view path = a.path();
    std::string text;
    if (a.is_abstract()) {
        text = "@";
    } else if (path.starts_with('@')) {
        text = "%40";
        path.remove_prefix(1);
    }
    return text + detail::encode(path);
}

std::string print_host(const address& a) {
    if (a.host().find(':') == std::string::npos) return a.host();
    std::string text = "[";
    text += a.host();
    if (!a.zone().empty()) {
        text += '%';
        text += a.zone();
    }
    return text + "]";
}

const std::string& nothing() noexcept {
    static const std::string empty;
    return empty;
}

}  // namespace

std::string_view to_string(address_kind kind) noexcept {
    switch (kind) {
        case address_kind::unix_stream:
            return "unix";
        case address_kind::unix_datagram:
            return "unix-dgram";
        case address_kind::unix_seqpacket:
            return "unix-seqpacket";
        case address_kind::tcp:
            return "tcp";
        case address_kind::udp:
            return "udp";
        case address_kind::udp_multicast:
            return "udp-multicast";
        case address_kind::raw_icmp:
            return "raw:icmp";
        case address_kind::raw_icmp6:
            return "raw:icmp6";
        case address_kind::descriptor:
            return "fd";
        case address_kind::systemd:
            return "systemd";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, address_kind kind) { return out << to_string(kind); }

result<address> address::unix_stream(std::string_view path, const address_options& options) {
    return make_path(address_kind::unix_stream, path, options);
}

result<address> address::unix_datagram(std::string_view path, const address_options& options) {
    return make_path(address_kind::unix_datagram, path, options);
}

result<address> address::unix_seqpacket(std::string_view path, const address_options& options) {
    return make_path(address_kind::unix_seqpacket, path, options);
}

result<address> address::abstract_stream(std::string_view name, const address_options& options) {
    return make_abstract(address_kind::unix_stream, name, options);
}

result<address> address::abstract_datagram(std::string_view name, const address_options& options) {
    return make_abstract(address_kind::unix_datagram, name, options);
}

result<address> address::abstract_seqpacket(std::string_view name, const address_options& options) {
    return make_abstract(address_kind::unix_seqpacket, name, options);
}

result<address> address::tcp(std::string_view host, std::uint16_t port, const address_options& options) {
    return make_internet(address_kind::tcp, host, port, options);
}

result<address> address::udp(std::string_view host, std::uint16_t port, const address_options& options) {
    return make_internet(address_kind::udp, host, port, options);
}

result<address> address::udp_multicast(std::string_view group, std::uint16_t port, const address_options& options) {
    constexpr auto kind = address_kind::udp_multicast;
    if (group.empty()) return wrong_part(kind, "group", group, {0, "expected a multicast group"});
    auto parts = read_host(group);
    if (!parts) return wrong_part(kind, "group", group, parts.error());
    if (!parts->multicast) return wrong_part(kind, "group", group, {0, "not a multicast address"});
    if (!parts->zone.empty())
        return wrong_part(kind, "group", group, {group.find('%'), "the interface is one of the options"});
    return with(address_builder::internet(kind, std::move(*parts), port), options);
}

result<address> address::raw_icmp(const address_options& options) {
    return with(address_builder::make(address_kind::raw_icmp), options);
}

result<address> address::raw_icmp6(const address_options& options) {
    return with(address_builder::make(address_kind::raw_icmp6), options);
}

result<address> address::descriptor(int fd) {
    if (fd < 0)
        return error(errc::invalid_address, "fd address, descriptor " + std::to_string(fd) + ": expected 0 or more");
    return address_builder::descriptor(fd);
}

result<address> address::systemd(std::string_view name) {
    if (const auto wrong = detail::check_systemd_name(name))
        return wrong_part(address_kind::systemd, "name", name, *wrong);
    return address_builder::systemd(std::string(name));
}

result<address> address::with_options(const address_options& options) const { return with(*this, options); }

bool address::is_unix() const noexcept {
    return kind_ == address_kind::unix_stream || kind_ == address_kind::unix_datagram ||
           kind_ == address_kind::unix_seqpacket;
}

const std::string& address::path() const noexcept { return is_unix() ? name_ : nothing(); }

const std::string& address::host() const noexcept {
    return is_unix() || kind_ == address_kind::systemd ? nothing() : name_;
}

const std::string& address::systemd_name() const noexcept { return kind_ == address_kind::systemd ? name_ : nothing(); }

std::string to_string(const address& a) {
    std::string text(to_string(a.kind()));
    if (a.kind() == address_kind::raw_icmp || a.kind() == address_kind::raw_icmp6)
        return text + detail::print_options(a.options(), address_builder::holder(a));
    text += ':';
    switch (a.kind()) {
        case address_kind::tcp:
        case address_kind::udp:
        case address_kind::udp_multicast:
            text += print_host(a);
            text += ':';
            text += std::to_string(a.port());
            if (a.kind() == address_kind::udp_multicast && !a.options().interface.empty()) {
                text += '%';
                text += a.options().interface;
            }
            break;
        case address_kind::descriptor:
            text += std::to_string(a.fd());
            break;
        case address_kind::systemd:
            text += detail::encode(a.systemd_name());
            break;
        default:
            text += print_path(a);
    }
    return text + detail::print_options(a.options(), address_builder::holder(a));
}

std::ostream& operator<<(std::ostream& out, const address& a) { return out << to_string(a); }

}  // namespace parley

// The options are left out: addresses that differ in nothing else are few.
std::size_t std::hash<parley::address>::operator()(const parley::address& a) const noexcept {
    const std::hash<std::string_view> text;
    std::size_t seed = static_cast<std::size_t>(a.kind()) * 2 + (a.is_abstract() ? 1 : 0);
    const auto mix = [&seed](std::size_t value) { seed ^= value + 0x9e3779b97f4a7c15u + (seed << 6) + (seed >> 2); };
    mix(text(a.path()));
    mix(text(a.host()));
    mix(text(a.zone()));
    mix(text(a.systemd_name()));
    mix(a.port());
    mix(static_cast<std::size_t>(a.fd()));
    return seed;
}
