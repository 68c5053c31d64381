// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What is not an address is refused at the byte where it goes wrong, with the reason.

#include <parley/net/address.hpp>

#include "address_promises.hpp"

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(address_error_test)

using namespace parley;
using namespace std::chrono_literals;

// "byte 14: port 99999 is greater than 65535": the context behind the address itself.
std::string refusal(std::string_view text) {
    const auto a = address::parse(text);
    if (a) return "accepted: " + to_string(*a);
    BOOST_TEST(a.error().code() == make_error_code(errc::invalid_address));
    const std::string context = a.error().context();
    return context.substr(context.find("', byte ") + 3);
}

std::string refusal(const result<address>& a) {
    if (a) return "accepted: " + to_string(*a);
    BOOST_TEST(a.error().code() == make_error_code(errc::invalid_address));
    return a.error().context();
}

constexpr std::string_view all_schemes =
    "unix, unix-dgram, unix-seqpacket, tcp, udp, udp-multicast, raw, fd or systemd";

const std::string nul(1, '\0');

BOOST_AUTO_TEST_CASE(an_error_has_the_address_the_byte_and_the_reason) {
    const auto a = address::parse("tcp:localhost:99999");
    BOOST_TEST_REQUIRE(a.has_error());
    BOOST_TEST(a.error().message() ==
               "address 'tcp:localhost:99999', byte 14: port 99999 is greater than 65535: invalid address");
    BOOST_TEST(a.error().code() == boost::system::errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(an_error_shows_odd_bytes_by_number_and_long_texts_by_their_beginning) {
    BOOST_TEST(address::parse("x\n\xff:" + nul).error().context().starts_with("address 'x\\x0A\\xFF:\\x00', byte 0"));
    BOOST_TEST(
        address::parse("a', byte 9: \\").error().context().starts_with("address 'a\\x27, byte 9: \\x5C', byte 0"));
    const auto long_text = address::parse("unix:/" + std::string(4096, 'x')).error();
    BOOST_TEST(long_text.context() == "address 'unix:/" + std::string(74, 'x') +
                                          "...', byte 112: a path has at most 107 bytes, this one has 4097");
}

BOOST_AUTO_TEST_CASE(schemes) {
    const std::string expected = "byte 0: expected a scheme: " + std::string(all_schemes);
    BOOST_TEST(refusal("") == expected);
    BOOST_TEST(refusal(":x") == expected);
    BOOST_TEST(refusal("?mode=1") == expected);
    BOOST_TEST(refusal("http:x") == "byte 0: unknown scheme 'http', expected " + std::string(all_schemes));
    BOOST_TEST(refusal(" tcp:1") == "byte 0: unknown scheme ' tcp', did you mean 'tcp'?");
    BOOST_TEST(refusal("tcp") == "byte 3: expected ':' behind the scheme");
    BOOST_TEST(refusal("unix?mode=1") == "byte 4: expected ':' behind the scheme");
}

BOOST_AUTO_TEST_CASE(the_nearest_scheme_is_suggested) {
    const auto meant = [](std::string_view scheme) {
        const auto text = refusal(std::string(scheme) + ":x");
        const auto at = text.find("did you mean '");
        return at == std::string::npos ? "nothing" : text.substr(at + 14, text.size() - at - 16);
    };
    BOOST_TEST(meant("tpc") == "tcp");
    BOOST_TEST(meant("TCP") == "tcp");
    BOOST_TEST(meant("unx") == "unix");
    BOOST_TEST(meant("unix-datagram") == "unix-dgram");
    BOOST_TEST(meant("unix-seqpaket") == "unix-seqpacket");
    BOOST_TEST(meant("UDP-Multicast") == "udp-multicast");
    BOOST_TEST(meant("systemp") == "systemd");
    BOOST_TEST(meant("ftp") == "nothing");
    BOOST_TEST(meant("x") == "nothing");
    BOOST_TEST(meant(std::string(1000, 't')) == "nothing");
}

BOOST_AUTO_TEST_CASE(paths) {
    BOOST_TEST(refusal("unix:") == "byte 5: expected a path");
    BOOST_TEST(refusal("unix-dgram:?mode=1") == "byte 11: expected a path");
    BOOST_TEST(refusal("unix:@") == "byte 6: expected an abstract name");
    BOOST_TEST(refusal("unix:/a" + nul + "b") == "byte 7: a path cannot contain a NUL byte");
    BOOST_TEST(refusal("unix:/a%00b") == "byte 7: a path cannot contain a NUL byte");
    BOOST_TEST(refusal("unix:/%41%00b") == "byte 9: a path cannot contain a NUL byte");
    BOOST_TEST(refusal("unix:%00x") == "byte 5: a path cannot contain a NUL byte");
    BOOST_TEST(refusal("unix:@a" + nul) == "byte 7: byte 0x00 must be written %00");
    BOOST_TEST(refusal("unix:/x\n") == "byte 7: byte 0x0A must be written %0A");
    BOOST_TEST(refusal("unix:/x\x7f") == "byte 7: byte 0x7F must be written %7F");
    const std::string digits = "expected two hexadecimal digits behind '%'; '%' itself is %25";
    BOOST_TEST(refusal("unix:/a%") == "byte 7: " + digits);
    BOOST_TEST(refusal("unix:/a%2") == "byte 7: " + digits);
    BOOST_TEST(refusal("unix:/%20%g0") == "byte 9: " + digits);
    BOOST_TEST(refusal("unix:@%0g") == "byte 6: " + digits);
    BOOST_TEST(refusal("unix:/100%?mode=1") == "byte 9: " + digits);
}

BOOST_AUTO_TEST_CASE(a_path_has_1_to_107_bytes) {
    for (const std::size_t size : {1u, 2u, 106u, 107u}) {
        const std::string name(size, 'x');
        BOOST_TEST(address::parse("unix:" + name).value().path() == name);
        BOOST_TEST(address::parse("unix:@" + name).value().path() == name);
        BOOST_TEST(address::unix_seqpacket(name).value().path() == name);
        BOOST_TEST(address::abstract_datagram(name).value().path() == name);
    }
    for (const std::size_t size : {108u, 109u, 4096u}) {
        const std::string name(size, 'x'), has = " has at most 107 bytes, this one has " + std::to_string(size);
        const std::string shown = "'" + std::string(80, 'x') + "...'";
        BOOST_TEST(refusal("unix:" + name) == "byte 112: a path" + has);
        BOOST_TEST(refusal("unix-seqpacket:@" + name) == "byte 123: an abstract name" + has);
        BOOST_TEST(refusal(address::unix_stream(name)) == "unix address, path " + shown + ", byte 107: a path" + has);
        BOOST_TEST(refusal(address::abstract_datagram(name)) ==
                   "unix-dgram address, abstract name " + shown + ", byte 107: an abstract name" + has);
    }
    std::string coded;
    for (int i = 0; i < 107; ++i) coded += "%78";
    BOOST_TEST(address::parse("unix:" + coded).value().path() == std::string(107, 'x'));
    BOOST_TEST(refusal("unix:" + coded + "%79") == "byte 326: a path has at most 107 bytes, this one has 108");
}

BOOST_AUTO_TEST_CASE(ports) {
    BOOST_TEST(refusal("tcp:localhost:65536") == "byte 14: port 65536 is greater than 65535");
    BOOST_TEST(refusal("tcp:99999") == "byte 4: port 99999 is greater than 65535");
    BOOST_TEST(refusal("tcp::18446744073709551617") == "byte 5: port 18446744073709551617 is greater than 65535");
    BOOST_TEST(refusal("tcp::" + std::string(30, '9')) ==
               "byte 5: port " + std::string(24, '9') + "... is greater than 65535");
    BOOST_TEST(refusal("tcp:localhost:") == "byte 14: port: expected decimal digits");
    BOOST_TEST(refusal("tcp::") == "byte 5: port: expected decimal digits");
    BOOST_TEST(refusal("tcp::-1") == "byte 5: port: expected decimal digits, found '-'");
    BOOST_TEST(refusal("tcp::+1") == "byte 5: port: expected decimal digits, found '+'");
    BOOST_TEST(refusal("tcp::0x50") == "byte 6: port: expected decimal digits, found 'x'");
    BOOST_TEST(refusal("tcp:localhost:80/") == "byte 16: port: expected decimal digits, found '/'");
    BOOST_TEST(refusal("tcp:localhost:http") == "byte 14: port: expected decimal digits, found 'h'");
    BOOST_TEST(refusal("tcp::80 ") == "byte 7: port: expected decimal digits, found ' '");
    BOOST_TEST(refusal("tcp:[::1]:80\n") == "byte 12: port: expected decimal digits, found byte 0x0A");
    BOOST_TEST(refusal("udp::80%eth0") == "byte 7: port: expected decimal digits, found '%'");
    BOOST_TEST(refusal("tcp:localhost") == "byte 13: expected ':' and a port");
    BOOST_TEST(refusal("tcp:80a") == "byte 7: expected ':' and a port");
    BOOST_TEST(refusal("tcp:") == "byte 4: expected a host and a port");
    BOOST_TEST(refusal("udp:?ttl=1") == "byte 4: expected a host and a port");
}

BOOST_AUTO_TEST_CASE(host_names) {
    const std::string has = ": a host's name has letters, digits, '-' and '.', found ";
    BOOST_TEST(refusal("tcp:a_b:1") == "byte 5" + has + "'_'");
    BOOST_TEST(refusal("tcp:a b:1") == "byte 5" + has + "' '");
    BOOST_TEST(refusal("tcp:b\xc3\xbc.de:1") == "byte 5" + has + "byte 0xC3");
    BOOST_TEST(refusal("tcp:a%20b:1") == "byte 5" + has + "'%'");
    BOOST_TEST(refusal("tcp:a" + nul + ":1") == "byte 5" + has + "byte 0x00");
    BOOST_TEST(refusal("tcp:user@host:1") == "byte 8" + has + "'@'");
    BOOST_TEST(refusal("tcp://host:1") == "byte 4: expected a host behind the ':', not '//'");
    BOOST_TEST(refusal("tcp:*") == "byte 4: every interface is 0.0.0.0 or [::], not '*'");
    BOOST_TEST(refusal("tcp:-a:1") == "byte 4: a part of a host's name does not begin with '-'");
    BOOST_TEST(refusal("tcp:a.-b:1") == "byte 6: a part of a host's name does not begin with '-'");
    BOOST_TEST(refusal("tcp:a-:1") == "byte 5: a part of a host's name does not end with '-'");
    BOOST_TEST(refusal("tcp:a-.b:1") == "byte 5: a part of a host's name does not end with '-'");
    const std::string empty = ": expected a letter or a digit: a part of the host's name is empty";
    BOOST_TEST(refusal("tcp:.:1") == "byte 4" + empty);
    BOOST_TEST(refusal("tcp:.a:1") == "byte 4" + empty);
    BOOST_TEST(refusal("tcp:a..b:1") == "byte 6" + empty);
    BOOST_TEST(refusal("tcp:a..:1") == "byte 6" + empty);
    const std::string label(63, 'a');
    BOOST_TEST(refusal("tcp:" + label + "a:1") == "byte 67: a part of a host's name has at most 63 bytes");
    BOOST_TEST(refusal("tcp:b." + label + "a:1") == "byte 69: a part of a host's name has at most 63 bytes");
    const std::string name = label + "." + label + "." + label + "." + std::string(62, 'b');
    BOOST_TEST(refusal("tcp:" + name + ":1") == "byte 257: a host's name has at most 253 bytes, this one has 254");
    BOOST_TEST(refusal(address::tcp("a b", 1)) == "tcp address, host 'a b', byte 1" + has + "' '");
}

BOOST_AUTO_TEST_CASE(ipv4_addresses) {
    BOOST_TEST(refusal("tcp:1.2.3.256:1") == "byte 10: IPv4 part 256 is greater than 255");
    BOOST_TEST(refusal("tcp:1.2.3:1") == "byte 9: expected '.': an IPv4 address has four parts");
    BOOST_TEST(refusal("tcp:127.1:1") == "byte 9: expected '.': an IPv4 address has four parts");
    BOOST_TEST(refusal("tcp:2130706433:1") == "byte 4: IPv4 part 2130706433 is greater than 255");
    BOOST_TEST(refusal("tcp:1.2.3.4.5:1") == "byte 11: IPv4 part: expected decimal digits, found '.'");
    BOOST_TEST(refusal("tcp:1.2.3.4.:1") == "byte 11: IPv4 part: expected decimal digits, found '.'");
    BOOST_TEST(refusal("tcp:1.02.3.4:1") == "byte 6: IPv4 part 02 begins with 0");
    const std::string number = "the last part of a host's name is not a number";
    BOOST_TEST(refusal("tcp:0x7f000001:1") == "byte 4: " + number);
    BOOST_TEST(refusal("tcp:127.0.0.0x1:1") == "byte 12: " + number);
    BOOST_TEST(refusal("tcp:example.123:1") == "byte 12: " + number);
    BOOST_TEST(refusal("tcp:example.0x:1") == "byte 12: " + number);
    BOOST_TEST(refusal("tcp:example.1.:1") == "byte 12: " + number);
}

BOOST_AUTO_TEST_CASE(ipv6_addresses) {
    BOOST_TEST(refusal("tcp:::1:80") == "byte 4: an IPv6 address stands in brackets, '[::1]:80'");
    BOOST_TEST(refusal("udp:fe80::1:80") == "byte 4: an IPv6 address stands in brackets, '[::1]:80'");
    BOOST_TEST(refusal("tcp:[::1") == "byte 8: expected ']' behind the IPv6 address");
    BOOST_TEST(refusal("tcp:[::1]") == "byte 9: expected ':' and a port");
    BOOST_TEST(refusal("tcp:[::1]80") == "byte 9: expected ':' and a port");
    BOOST_TEST(refusal("tcp:[]:80") == "byte 5: expected an IPv6 address");
    BOOST_TEST(refusal("tcp:[1:2]:80") == "byte 5: '1:2' is not an IPv6 address");
    BOOST_TEST(refusal("tcp:[::1::]:80") == "byte 5: '::1::' is not an IPv6 address");
    BOOST_TEST(refusal("tcp:[1.2.3.4]:80") == "byte 5: '1.2.3.4' is not an IPv6 address");
    BOOST_TEST(refusal("tcp:[::g]:80") == "byte 7: an IPv6 address has hexadecimal digits and ':', found 'g'");
    BOOST_TEST(refusal("tcp:[::1 ]:80") == "byte 8: an IPv6 address has hexadecimal digits and ':', found ' '");
    BOOST_TEST(refusal("tcp:[::1%lo]:80") == "byte 8: only a link-local address has a zone");
    BOOST_TEST(refusal("tcp:[%eth0]:80") == "byte 5: expected an IPv6 address");
    BOOST_TEST(refusal("tcp:[fe80::1%]:80") == "byte 13: expected the name of an interface");
    BOOST_TEST(refusal("tcp:[fe80::1%a/b]:80") == "byte 14: the name of an interface cannot contain '/'");
    BOOST_TEST(refusal("tcp:[fe80::1%0]:80") == "byte 13: interface 0 is less than 1");
    BOOST_TEST(refusal("tcp:[fe80::1%4294967296]:80") == "byte 13: interface 4294967296 is greater than 2147483647");
    BOOST_TEST(refusal("tcp:[fe80::1%" + std::string(16, 'e') + "]:80") ==
               "byte 28: the name of an interface has at most 15 bytes, this one has 16");
    BOOST_TEST(refusal(address::tcp("fe80::1%..", 1)) ==
               "tcp address, host 'fe80::1%..', byte 8: '..' is not the name of an interface");
    BOOST_TEST(refusal(address::tcp("[::1]", 1)) ==
               "tcp address, host '[::1]', byte 0: an IPv6 address has hexadecimal digits and ':', found '['");
}

BOOST_AUTO_TEST_CASE(multicast_groups) {
    BOOST_TEST(refusal("udp-multicast:") == "byte 14: expected a multicast group and a port");
    BOOST_TEST(refusal("udp-multicast::5000") == "byte 14: expected a multicast group");
    BOOST_TEST(refusal("udp-multicast:5000") == "byte 14: IPv4 part 5000 is greater than 255");
    BOOST_TEST(refusal("udp-multicast:10.0.0.1:1") == "byte 14: '10.0.0.1' is not a multicast address");
    BOOST_TEST(refusal("udp-multicast:[::1]:1") == "byte 15: '::1' is not a multicast address");
    BOOST_TEST(refusal("udp-multicast:all:1") == "byte 14: 'all' is not a multicast address");
    BOOST_TEST(refusal("udp-multicast:239.1.1.1") == "byte 23: expected ':' and a port");
    BOOST_TEST(refusal("udp-multicast:239.1.1.1:%eth0") == "byte 24: port: expected decimal digits");
    BOOST_TEST(refusal("udp-multicast:239.1.1.1:1%") == "byte 26: expected the name of an interface");
    BOOST_TEST(refusal("udp-multicast:239.1.1.1:1%a:b") == "byte 27: the name of an interface cannot contain ':'");
    const std::string behind = ": the interface of a multicast group stands behind the port, ':5000%eth0'";
    BOOST_TEST(refusal("udp-multicast:[ff02::1%eth0]:1") == "byte 22" + behind);
    BOOST_TEST(refusal("udp-multicast:239.1.1.1:1%eth0?interface=eth0") ==
               "byte 31: option 'interface' is given twice");
    BOOST_TEST(refusal(address::udp_multicast("", 1)) ==
               "udp-multicast address, group '', byte 0: expected a multicast group");
    BOOST_TEST(refusal(address::udp_multicast("::1", 1)) ==
               "udp-multicast address, group '::1', byte 0: not a multicast address");
    BOOST_TEST(refusal(address::udp_multicast("ff02::1%eth0", 1)) ==
               "udp-multicast address, group 'ff02::1%eth0', byte 7: the interface is one of the options");
}

BOOST_AUTO_TEST_CASE(other_kinds) {
    BOOST_TEST(refusal("raw:") == "byte 4: expected icmp or icmp6");
    BOOST_TEST(refusal("raw:tcp") == "byte 4: unknown protocol 'tcp', expected icmp or icmp6");
    BOOST_TEST(refusal("fd:") == "byte 3: descriptor: expected decimal digits");
    BOOST_TEST(refusal("fd:-1") == "byte 3: descriptor: expected decimal digits, found '-'");
    BOOST_TEST(refusal("fd:2147483648") == "byte 3: descriptor 2147483648 is greater than 2147483647");
    BOOST_TEST(refusal("systemd:") == "byte 8: expected the name of a socket");
    BOOST_TEST(refusal("systemd:a:b") == "byte 9: the name of a socket has ASCII characters and no ':', found ':'");
    BOOST_TEST(refusal("systemd:%41%FF") ==
               "byte 11: the name of a socket has ASCII characters and no ':', found byte 0xFF");
    BOOST_TEST(refusal("systemd:" + std::string(256, 'x')) ==
               "byte 263: the name of a socket has at most 255 bytes, this one has 256");
    BOOST_TEST(refusal(address::descriptor(-1)) == "fd address, descriptor -1: expected 0 or more");
    BOOST_TEST(refusal(address::systemd("")) == "systemd address, name '', byte 0: expected the name of a socket");
}

BOOST_AUTO_TEST_CASE(the_form_of_options) {
    BOOST_TEST(refusal("unix:/x?") == "byte 8: expected the name of an option");
    BOOST_TEST(refusal("unix:/x?=1") == "byte 8: expected the name of an option");
    BOOST_TEST(refusal("unix:/x?mode=1&") == "byte 15: expected the name of an option");
    BOOST_TEST(refusal("unix:/x?mode=1&&backlog=1") == "byte 15: expected the name of an option");
    BOOST_TEST(refusal("unix:/x?mode") == "byte 12: expected '=' and a value");
    BOOST_TEST(refusal("unix:/x?mode&backlog=1") == "byte 12: expected '=' and a value");
    BOOST_TEST(refusal("unix:/x?mode=1&mode=1") == "byte 15: option 'mode' is given twice");
    BOOST_TEST(refusal("unix:/x?user=a&user=b") == "byte 15: option 'user' is given twice");
    BOOST_TEST(refusal("unix:/x?user=a?b") == "byte 14: '?' must be written %3F");
    BOOST_TEST(refusal("unix:/x?user=a=b") == "byte 14: '=' must be written %3D");
    BOOST_TEST(refusal("unix:/x?user=a%2") == "byte 14: expected two hexadecimal digits behind '%'; '%' itself is %25");
    BOOST_TEST(refusal("unix:/x?user=a\t") == "byte 14: byte 0x09 must be written %09");
}

BOOST_AUTO_TEST_CASE(options_that_there_are_not) {
    BOOST_TEST(refusal("tcp::1?nodely=1") == "byte 7: unknown option 'nodely', did you mean 'nodelay'?");
    BOOST_TEST(refusal("tcp::1?reuse=1&Keepalive=1") ==
               "byte 15: unknown option 'Keepalive', did you mean 'keepalive'?");
    BOOST_TEST(refusal("unix:@x?colour=red") ==
               "byte 8: unknown option 'colour', expected backlog, connect_timeout, sndbuf or rcvbuf");
    BOOST_TEST(refusal("fd:3?colour=red") == "byte 5: unknown option 'colour', fd has none");
    BOOST_TEST(refusal("tcp::1?mod=1").starts_with("byte 7: unknown option 'mod', expected backlog, "));
    BOOST_TEST(refusal("tcp::1?mode=0660") ==
               "byte 7: option 'mode' is not for tcp, it is for unix, unix-dgram, unix-seqpacket");
    BOOST_TEST(refusal("unix:/x?nodelay=1") == "byte 8: option 'nodelay' is not for unix, it is for tcp");
    BOOST_TEST(refusal("unix-dgram:/x?backlog=1") ==
               "byte 14: option 'backlog' is not for unix-dgram, it is for unix, unix-seqpacket, tcp");
    BOOST_TEST(refusal("raw:icmp?loop=1") == "byte 9: option 'loop' is not for raw:icmp, it is for udp-multicast");
    BOOST_TEST(refusal("fd:3?sndbuf=1").starts_with("byte 5: option 'sndbuf' is not for fd, it is for unix, "));
    BOOST_TEST(refusal("systemd:x?backlog=1").starts_with("byte 10: option 'backlog' is not for systemd, "));
    for (const std::string option : {"mode", "user", "group"})
        BOOST_TEST(refusal("unix:@x?" + option + "=1") ==
                   "byte 8: an abstract name has no option '" + option + "', only a path has");
}

BOOST_AUTO_TEST_CASE(values_of_options) {
    BOOST_TEST(refusal("tcp::1?nodelay=2") == "byte 15: nodelay: expected 0 or 1");
    BOOST_TEST(refusal("tcp::1?nodelay=true") == "byte 15: nodelay: expected 0 or 1");
    BOOST_TEST(refusal("tcp::1?nodelay=") == "byte 15: nodelay: expected 0 or 1");
    BOOST_TEST(refusal("unix:/x?mode=") == "byte 13: mode: expected octal digits");
    BOOST_TEST(refusal("unix:/x?mode=0680") == "byte 15: mode: expected octal digits, found '8'");
    BOOST_TEST(refusal("unix:/x?mode=%30%38") == "byte 16: mode: expected octal digits, found '8'");
    BOOST_TEST(refusal("unix:/x?mode=01777") == "byte 13: mode 01777 is greater than 0777");
    BOOST_TEST(refusal("unix:/x?backlog=2147483648") == "byte 16: backlog 2147483648 is greater than 2147483647");
    BOOST_TEST(refusal("unix:/x?backlog=-1") == "byte 16: backlog: expected decimal digits, found '-'");
    BOOST_TEST(refusal("tcp::1?ttl=0") == "byte 11: ttl 0 is less than 1");
    BOOST_TEST(refusal("udp-multicast:224.0.0.1:1?ttl=256") == "byte 30: ttl 256 is greater than 255");
    BOOST_TEST(refusal("tcp::1?connect_timeout=0") == "byte 23: connect_timeout 0 is less than 1");
    BOOST_TEST(refusal("tcp::1?user_timeout=5s") == "byte 21: user_timeout: expected decimal digits, found 's'");
    BOOST_TEST(refusal("tcp::1?keepalive_idle=32768") == "byte 22: keepalive_idle 32768 is greater than 32767");
    BOOST_TEST(refusal("tcp::1?keepalive_count=128") == "byte 23: keepalive_count 128 is greater than 127");
    BOOST_TEST(refusal("udp::1?sndbuf=0") == "byte 14: sndbuf 0 is less than 1");
    BOOST_TEST(refusal("udp::1?interface=a/b") == "byte 18: the name of an interface cannot contain '/'");
    BOOST_TEST(refusal("unix:/x?user=") == "byte 13: expected a name or a number");
    BOOST_TEST(refusal("unix:/x?group=%41:x") == "byte 17: a name of a user or group cannot contain ':'");
    BOOST_TEST(refusal("unix:/x?user=" + std::string(64, 'u')) ==
               "byte 76: a name of a user or group has at most 63 bytes, this one has 64");
    // The number that chown(2) takes for "as it is".
    BOOST_TEST(refusal("unix:/x?user=4294967295") == "byte 13: number 4294967295 is greater than 4294967294");
}

BOOST_AUTO_TEST_CASE(options_from_parts_are_held_to_the_same) {
    const auto tcp = [](const address_options& options) { return refusal(address::tcp("", 1, options)); };
    const auto file = [](const address_options& options) { return refusal(address::unix_stream("/x", options)); };
    BOOST_TEST(tcp({.mode = 0600}) ==
               "tcp address, option 'mode' is not for tcp, it is for unix, unix-dgram, unix-seqpacket");
    BOOST_TEST(refusal(address::abstract_stream("x", {.user = "root"})) ==
               "unix address, an abstract name has no option 'user', only a path has");
    BOOST_TEST(file({.mode = 01777}) == "unix address, mode 01777 is greater than 0777");
    BOOST_TEST(file({.group = nul}) ==
               "unix address, option 'group': a name of a user or group cannot contain byte 0x00");
    BOOST_TEST(file({.backlog = -1}) == "unix address, backlog -1 is less than 0");
    BOOST_TEST(tcp({.connect_timeout = 0ms}) == "tcp address, connect_timeout 0 is less than 1");
    BOOST_TEST(tcp({.user_timeout = 2147483648ms}) ==
               "tcp address, user_timeout 2147483648 is greater than 2147483647");
    BOOST_TEST(tcp({.keepalive_idle = -1s}) == "tcp address, keepalive_idle -1 is less than 1");
    BOOST_TEST(tcp({.ttl = 0}) == "tcp address, ttl 0 is less than 1");
    BOOST_TEST(tcp({.loop = true}) == "tcp address, option 'loop' is not for tcp, it is for udp-multicast");
    BOOST_TEST(tcp({.interface = "a b"}) ==
               "tcp address, option 'interface': the name of an interface cannot contain ' '");
    BOOST_TEST(tcp({.interface = "eth0.1234567890x"}) == "tcp address, option 'interface' has at most 15 bytes");
    BOOST_TEST(file({.user = std::string(64, 'u')}) == "unix address, option 'user' has at most 63 bytes");
    BOOST_TEST(to_string(address::unix_stream("x", {.user = std::string(63, 'u')}).value()) ==
               "unix:x?user=" + std::string(63, 'u'));
    BOOST_TEST(refusal(address::raw_icmp({.rcvbuf = 0})) == "raw:icmp address, rcvbuf 0 is less than 1");
}

BOOST_AUTO_TEST_CASE(parts_with_a_nul_are_refused) {
    const std::string odd("a\0b", 3);
    BOOST_TEST(refusal(address::unix_stream(odd)) ==
               "unix address, path 'a\\x00b', byte 1: a path cannot contain a NUL byte");
    BOOST_TEST(refusal(address::unix_stream("")) == "unix address, path '', byte 0: expected a path");
    BOOST_TEST(refusal(address::abstract_stream("")) ==
               "unix address, abstract name '', byte 0: expected an abstract name");
    BOOST_TEST(refusal(address::udp(odd, 1)).starts_with("udp address, host 'a\\x00b', byte 1: "));
    BOOST_TEST(refusal(address::udp(std::string("::1\0", 4), 1)).starts_with("udp address, host '::1\\x00', byte 3: "));
}

BOOST_AUTO_TEST_SUITE_END()
