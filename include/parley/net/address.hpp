// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Where a socket listens or connects to, as a value: parsed from a line of text, printed as one, made of parts.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/net/short_text.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace parley {

/// What an address is for. The first part of its text says it.
enum class address_kind : std::uint8_t {
    unix_stream,     ///< "unix:", a local stream of bytes
    unix_datagram,   ///< "unix-dgram:", local datagrams
    unix_seqpacket,  ///< "unix-seqpacket:", local packets over a connection
    tcp,             ///< "tcp:"
    udp,             ///< "udp:"
    udp_multicast,   ///< "udp-multicast:"
    raw_icmp,        ///< "raw:icmp"
    raw_icmp6,       ///< "raw:icmp6"
    descriptor,      ///< "fd:", a socket that this process has already
    systemd,         ///< "systemd:", a socket that systemd has passed on by name
};

/// "unix", "unix-dgram", "unix-seqpacket", "tcp", "udp", "udp-multicast", "raw:icmp", "raw:icmp6", "fd", "systemd".
PARLEY_EXPORT std::string_view to_string(address_kind kind) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, address_kind kind);

/// How the socket of an address is set up: what stands behind the '?'. Each field is called as in the text, says for
/// which kinds it is, and is left to the listener, the connector or the kernel where it is not given. Numbers are
/// decimal, except `mode`; a yes or no is 1 or 0.
///
/// A value that is trivially copyable. Source: socket(7), unix(7), tcp(7), ip(7), ipv6(7).
struct address_options {
    /// Rights of the socket file, octal, 0 to 0777. UNIX paths.
    std::optional<mode_t> mode{};
    /// Owner of the socket file, a name of up to 63 bytes or a number; empty: not given. UNIX paths.
    short_text<63> user{};
    short_text<63> group{};
    /// Connections that wait for accept. UNIX streams and seqpackets, TCP.
    std::optional<int> backlog{};
    /// The deadline of a connect, 1 ms or more. UNIX streams and seqpackets, TCP.
    std::optional<saturated<std::chrono::milliseconds>> connect_timeout{};
    /// Send at once, without Nagle's delay. TCP.
    std::optional<bool> nodelay{};
    /// Ask a silent peer whether it is still there. TCP.
    std::optional<bool> keepalive{};
    /// Seconds of silence before the first question and between two, 1 to 32767, and how many go unanswered before the
    /// connection ends, 1 to 127. Each turns `keepalive` on unless it is given as 0. TCP.
    std::optional<saturated<std::chrono::seconds>> keepalive_idle{};
    std::optional<saturated<std::chrono::seconds>> keepalive_interval{};
    std::optional<int> keepalive_count{};
    /// How long what was sent may stay unacknowledged, in ms; 0 is the kernel's choice. TCP.
    std::optional<saturated<std::chrono::milliseconds>> user_timeout{};
    /// Bind although earlier connections linger (SO_REUSEADDR). TCP, UDP, multicast.
    std::optional<bool> reuse{};
    /// May send to a broadcast address. UDP.
    std::optional<bool> broadcast{};
    /// Hops that a packet may take, 1 to 255; for multicast also 0, which stays on this machine. TCP, UDP, multicast,
    /// raw.
    std::optional<int> ttl{};
    /// Whether this machine hears what it sends itself. Multicast.
    std::optional<bool> loop{};
    /// The interface that the socket is bound to; for multicast the one that joins and sends, in the text behind the
    /// port: ":5000%eth0". A name of 1 to 15 bytes, or a number; empty: not given. TCP, UDP, multicast, raw.
    short_text<15> interface = {};
    /// Bytes of the kernel's buffers, 1 or more. All but `fd` and `systemd`, whose sockets were set up by others.
    std::optional<int> sndbuf{};
    std::optional<int> rcvbuf{};

    friend bool operator==(const address_options&, const address_options&) = default;
};

namespace detail {
class address_builder;
}

/// Where a socket listens or connects to, of any kind, with its options.
///
///     unix:/run/x.sock         unix-dgram:/run/x.sock   unix-seqpacket:/run/x.sock
///     unix:@name               unix-dgram:@name         unix-seqpacket:@name
///     tcp:localhost:80         tcp:[::1]:80             tcp:[fe80::1%eth0]:80      tcp::80   tcp:80
///     udp:...                  like tcp
///     udp-multicast:239.1.1.1:5000%eth0                 udp-multicast:[ff02::1]:5000
///     raw:icmp                 raw:icmp6                fd:3                       systemd:name
///     unix:/run/x.sock?mode=0660&group=www&backlog=64
///
/// A value: copies, compares, hashes, prints. There is no empty address: one that exists has passed all checks, so it
/// can be printed, and what is printed parses to an equal one. Equal addresses print the same. Nothing here looks
/// anything up, opens anything or blocks. Any thread. Source: unix(7), ip(7), ipv6(7), RFC 1123, RFC 4007, RFC 5952.
class PARLEY_EXPORT address {
public:
    /// The address that `text` stands for. The whole text counts, nothing is trimmed.
    ///
    /// In paths, names and values of options "%2F" is a byte by its hexadecimal number. '%' and '?', in values '&' and
    /// '=', too, are written that way, and so are control characters; all else may be, and is printed so unless it is a
    /// visible ASCII character. A path may be relative and has 1 to 107 bytes, none of them NUL. A name behind '@' is
    /// abstract: 1 to 107 bytes of any value, NUL as "%00". A host is a name as RFC 1123 has them, an IPv4 address of
    /// four decimal numbers, or an IPv6 address in brackets; none means 127.0.0.1. Port 0 is any free port.
    ///
    /// Errors: `errc::invalid_address`, with a context like "address 'tcp:localhost:99999', byte 14: port 99999 is
    /// greater than 65535"; bytes of the text count from 0. Throws nothing but std::bad_alloc; takes time in proportion
    /// to the length of the text.
    [[nodiscard]] static result<address> parse(std::string_view text);

    // From parts, with the same checks. Nothing is decoded: a '%' is a '%'. Errors: `errc::invalid_address`, with a
    // context like "tcp address, port ..." or "unix address, path '...', byte 107: ..."; bytes count from 0.

    /// At a path. A relative one counts from the working directory at the time of use.
    [[nodiscard]] static result<address> unix_stream(std::string_view path, const address_options& options = {});
    [[nodiscard]] static result<address> unix_datagram(std::string_view path, const address_options& options = {});
    [[nodiscard]] static result<address> unix_seqpacket(std::string_view path, const address_options& options = {});
    /// In the abstract namespace, which knows no rights; `name` without '@' and without the kernel's leading NUL.
    [[nodiscard]] static result<address> abstract_stream(std::string_view name, const address_options& options = {});
    [[nodiscard]] static result<address> abstract_datagram(std::string_view name, const address_options& options = {});
    [[nodiscard]] static result<address> abstract_seqpacket(std::string_view name, const address_options& options = {});
    /// `host` without brackets: "localhost", "127.0.0.1", "fe80::1%eth0"; empty: 127.0.0.1.
    [[nodiscard]] static result<address> tcp(std::string_view host, std::uint16_t port,
                                             const address_options& options = {});
    [[nodiscard]] static result<address> udp(std::string_view host, std::uint16_t port,
                                             const address_options& options = {});
    /// `group` is a multicast address; the interface is one of the options.
    [[nodiscard]] static result<address> udp_multicast(std::string_view group, std::uint16_t port,
                                                       const address_options& options = {});
    [[nodiscard]] static result<address> raw_icmp(const address_options& options = {});
    [[nodiscard]] static result<address> raw_icmp6(const address_options& options = {});
    /// A descriptor by its number, which is lent.
    [[nodiscard]] static result<address> descriptor(int fd);
    /// A socket as sd_listen_fds_with_names(3) names it: 1 to 255 visible ASCII characters or spaces, without ':'.
    [[nodiscard]] static result<address> systemd(std::string_view name);

    /// The same place with other options. Errors: as above.
    [[nodiscard]] result<address> with_options(const address_options& options) const;

    address_kind kind() const noexcept { return kind_; }
    const address_options& options() const noexcept { return options_; }

    /// UNIX kinds: the path, or the abstract name without '@'. Empty for others.
    const std::string& path() const noexcept;
    bool is_abstract() const noexcept { return abstract_; }
    /// True for the three kinds of local sockets.
    bool is_unix() const noexcept;

    /// TCP and UDP: the host, in lower case, or the multicast group; an IPv6 address without brackets and zone, in the
    /// form of RFC 5952. Empty for others.
    const std::string& host() const noexcept;
    /// The host is an IPv4 or IPv6 address and needs no resolving.
    bool is_numeric() const noexcept { return numeric_; }
    /// TCP and UDP: the zone of a link-local IPv6 address, "eth0" or a number. Empty for others.
    const std::string& zone() const noexcept { return zone_; }
    /// TCP and UDP; 0 for others.
    std::uint16_t port() const noexcept { return port_; }

    /// `fd`: the descriptor; -1 for others.
    int fd() const noexcept { return fd_; }
    /// `systemd`: the name of the socket. Empty for others.
    const std::string& systemd_name() const noexcept;

    friend bool operator==(const address&, const address&) = default;

private:
    friend class detail::address_builder;
    explicit address(address_kind kind) noexcept : kind_(kind) {}

    std::string name_;  // path, abstract name, host, group, or systemd's name
    std::string zone_;
    address_options options_;
    int fd_ = -1;
    std::uint16_t port_ = 0;
    address_kind kind_;
    bool abstract_ = false;
    bool numeric_ = false;
};

/// The text of the address in its one form: "tcp:127.0.0.1:80" for "tcp::80". `address::parse` takes it back.
PARLEY_EXPORT std::string to_string(const address& a);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const address& a);

}  // namespace parley

template <>
struct std::hash<parley::address> {
    PARLEY_EXPORT std::size_t operator()(const parley::address& a) const noexcept;
};
