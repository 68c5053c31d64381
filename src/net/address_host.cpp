// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Hosts: names as RFC 1123 has them, IPv4 and IPv6 addresses. The C library's getaddrinfo takes more for an address, as
// 127.1, 0x7f000001 and 2130706433; here these are errors, so that what is printed is what is meant.

#include "net/address_syntax.hpp"

#include <algorithm>
#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace parley::detail {
namespace {

bool is_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f'); }

// Where the last label of a name begins.
std::size_t last_label(std::string_view host) noexcept {
    if (host.ends_with('.')) host.remove_suffix(1);
    return host.rfind('.') + 1;  // npos + 1 is 0
}

// A label that getaddrinfo takes for a part of an IPv4 address.
bool is_number(std::string_view label) noexcept {
    if (label.ends_with('.')) label.remove_suffix(1);
    if (label.starts_with("0x")) return std::ranges::all_of(label.substr(2), is_hex);
    return std::ranges::all_of(label, is_digit);
}

checked<host_parts> parse_ipv4(std::string_view text) {
    std::size_t at = 0;
    unsigned first = 0;
    for (int part = 0; part < 4; ++part) {
        const std::size_t dot = part < 3 ? text.find('.', at) : text.size();
        const auto digits = text.substr(at, dot == std::string_view::npos ? dot : dot - at);
        const auto number = parse_number(digits, "IPv4 part", 0, 255);
        if (!number) return flaw{at + number.error().at, number.error().what};
        if (digits.size() > 1 && digits.front() == '0')
            return flaw{at, "IPv4 part " + std::string(digits) + " begins with 0"};
        if (dot == std::string_view::npos) return flaw{text.size(), "expected '.': an IPv4 address has four parts"};
        if (part == 0) first = static_cast<unsigned>(*number);
        at = dot + 1;
    }
    return host_parts{
        .host = std::string(text), .zone = {}, .numeric = true, .multicast = first >= 224 && first <= 239};
}

std::optional<flaw> check_host_name(std::string_view name) {
    constexpr std::size_t longest_name = 253, longest_label = 63;
    if (name.ends_with('.')) name.remove_suffix(1);  // an absolute name
    std::size_t label = 0;                           // where it begins
    for (std::size_t i = 0; i <= name.size(); ++i) {
        const char c = i < name.size() ? name[i] : '.';
        if (c == '.') {
            if (i == label) return flaw{i, "expected a letter or a digit: a part of the host's name is empty"};
            if (name[i - 1] == '-') return flaw{i - 1, "a part of a host's name does not end with '-'"};
            label = i + 1;
            continue;
        }
        if (!is_letter(c) && !is_digit(c) && c != '-')
            return flaw{i, "a host's name has letters, digits, '-' and '.', found " + quote_byte(c)};
        if (c == '-' && i == label) return flaw{i, "a part of a host's name does not begin with '-'"};
        if (i - label >= longest_label) return flaw{i, "a part of a host's name has at most 63 bytes"};
    }
    if (name.size() > longest_name)
        return flaw{longest_name, "a host's name has at most 253 bytes, this one has " + std::to_string(name.size())};
    return std::nullopt;
}

}  // namespace

checked<host_parts> parse_host(std::string_view text) {
    if (text.empty()) return flaw{0, "expected a host"};
    if (text == "*") return flaw{0, "every interface is 0.0.0.0 or [::], not '*'"};
    std::string host(text);
    std::ranges::transform(host, host.begin(), lower);
    if (const auto wrong = check_host_name(host)) return *wrong;
    if (host.find_first_not_of("0123456789.") == std::string::npos) return parse_ipv4(host);
    // By RFC 1123 the last label of a name is not a number.
    if (const auto label = last_label(host); is_number(std::string_view(host).substr(label)))
        return flaw{label, "the last part of a host's name is not a number"};
    return host_parts{.host = std::move(host), .zone = {}, .numeric = false, .multicast = false};
}

checked<host_parts> parse_ipv6(std::string_view text) {
    const auto percent = text.find('%');
    const std::string digits(text.substr(0, percent));
    if (digits.empty()) return flaw{0, "expected an IPv6 address"};
    const auto odd = std::ranges::find_if_not(digits, [](char c) { return is_hex(lower(c)) || c == ':' || c == '.'; });
    if (odd != digits.end())
        return flaw{static_cast<std::size_t>(odd - digits.begin()),
                    "an IPv6 address has hexadecimal digits and ':', found " + quote_byte(*odd)};
    in6_addr binary{};
    if (::inet_pton(AF_INET6, digits.c_str(), &binary) != 1) return flaw{0, quote(digits) + " is not an IPv6 address"};

    const bool multicast = IN6_IS_ADDR_MULTICAST(&binary);
    std::string zone;
    if (percent != std::string_view::npos) {
        zone = text.substr(percent + 1);
        if (auto wrong = check_interface(zone)) return flaw{percent + 1 + wrong->at, std::move(wrong->what)};
        // Anywhere else the kernel would not look at it.
        if (!IN6_IS_ADDR_LINKLOCAL(&binary) && !IN6_IS_ADDR_MC_LINKLOCAL(&binary) && !IN6_IS_ADDR_MC_NODELOCAL(&binary))
            return flaw{percent, "only a link-local address has a zone"};
    }
    std::array<char, INET6_ADDRSTRLEN> printed;
    ::inet_ntop(AF_INET6, &binary, printed.data(), printed.size());
    return host_parts{.host = printed.data(), .zone = std::move(zone), .numeric = true, .multicast = multicast};
}

}  // namespace parley::detail
