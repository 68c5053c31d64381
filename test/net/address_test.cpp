// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/address.hpp>

#include "run_task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

BOOST_AUTO_TEST_SUITE(address_test)

using namespace parley;
using namespace std::chrono_literals;

address parse(std::string_view text) { return address::parse(text).value(); }

// What `text` prints as; the error where it is none.
std::string printed(std::string_view text) {
    const auto a = address::parse(text);
    return a ? to_string(*a) : a.error().message();
}

BOOST_AUTO_TEST_SUITE(kinds)

BOOST_AUTO_TEST_CASE(every_kind_prints_as_it_was_written) {
    for (const std::string text : {
             "unix:/run/x.sock",
             "unix:@name",
             "unix-dgram:/run/x.sock",
             "unix-dgram:@name",
             "unix-seqpacket:/run/x.sock",
             "unix-seqpacket:@name",
             "tcp:localhost:80",
             "tcp:127.0.0.1:80",
             "tcp:[::1]:80",
             "tcp:[fe80::1%eth0]:80",
             "udp:example.org:53",
             "udp:10.1.2.3:53",
             "udp:[2001:db8::5]:53",
             "udp-multicast:239.1.1.1:5000",
             "udp-multicast:239.1.1.1:5000%eth0",
             "udp-multicast:[ff02::1]:5000%2",
             "raw:icmp",
             "raw:icmp6",
             "fd:0",
             "fd:2147483647",
             "systemd:web.socket",
         })
        BOOST_TEST(printed(text) == text);
}

BOOST_AUTO_TEST_CASE(every_kind_has_its_name) {
    BOOST_TEST(to_string(parse("unix:x").kind()) == "unix");
    BOOST_TEST(to_string(parse("unix-dgram:x").kind()) == "unix-dgram");
    BOOST_TEST(to_string(parse("unix-seqpacket:x").kind()) == "unix-seqpacket");
    BOOST_TEST(to_string(parse("tcp::1").kind()) == "tcp");
    BOOST_TEST(to_string(parse("udp::1").kind()) == "udp");
    BOOST_TEST(to_string(parse("udp-multicast:224.0.0.1:1").kind()) == "udp-multicast");
    BOOST_TEST(to_string(parse("raw:icmp").kind()) == "raw:icmp");
    BOOST_TEST(to_string(parse("raw:icmp6").kind()) == "raw:icmp6");
    BOOST_TEST(to_string(parse("fd:3").kind()) == "fd");
    BOOST_TEST(to_string(parse("systemd:x").kind()) == "systemd");
}

BOOST_AUTO_TEST_CASE(a_path_is_kept_byte_for_byte) {
    const auto a = parse("unix:/run/x.sock");
    BOOST_TEST(a.kind() == address_kind::unix_stream);
    BOOST_TEST(a.path() == "/run/x.sock");
    BOOST_TEST(a.is_unix());
    BOOST_TEST(!a.is_abstract());
    BOOST_TEST(a.host().empty());
    BOOST_TEST(a.port() == 0);
    BOOST_TEST(a.fd() == -1);
    BOOST_TEST(a.systemd_name().empty());
    BOOST_TEST(parse("unix:run/x.sock").path() == "run/x.sock");
    BOOST_TEST(parse("unix:./@x").path() == "./@x");
    BOOST_TEST(parse("unix:///run//x/").path() == "///run//x/");
}

BOOST_AUTO_TEST_CASE(a_name_behind_an_at_sign_is_abstract_and_a_path_may_begin_with_one) {
    const auto abstract = parse("unix:@name");
    BOOST_TEST(abstract.is_abstract());
    BOOST_TEST(abstract.path() == "name");
    const auto path = parse("unix:%40name");
    BOOST_TEST(!path.is_abstract());
    BOOST_TEST(path.path() == "@name");
    BOOST_TEST(to_string(path) == "unix:%40name");
    BOOST_TEST(abstract != path);
    BOOST_TEST(parse("unix:@@").path() == "@");
    BOOST_TEST(printed("unix:a@b") == "unix:a@b");
}

BOOST_AUTO_TEST_CASE(a_host_and_a_port_come_apart) {
    const auto name = parse("tcp:example.org:65535");
    BOOST_TEST(name.host() == "example.org");
    BOOST_TEST(name.port() == 65535);
    BOOST_TEST(!name.is_numeric());
    BOOST_TEST(!name.is_unix());
    BOOST_TEST(name.path().empty());
    BOOST_TEST(parse("tcp:1.2.3.4:1").is_numeric());
    const auto v6 = parse("udp:[fe80::1%eth0]:5");
    BOOST_TEST(v6.host() == "fe80::1");
    BOOST_TEST(v6.zone() == "eth0");
    BOOST_TEST(v6.is_numeric());
}

BOOST_AUTO_TEST_CASE(no_host_is_loopback) {
    BOOST_TEST(parse("tcp::8080") == parse("tcp:127.0.0.1:8080"));
    BOOST_TEST(parse("tcp:8080") == parse("tcp:127.0.0.1:8080"));
    BOOST_TEST(parse("udp:53") == parse("udp:127.0.0.1:53"));
    BOOST_TEST(address::tcp("", 8080).value() == parse("tcp:8080"));
}

BOOST_AUTO_TEST_CASE(port_0_is_any_free_port) {
    BOOST_TEST(printed("tcp::0") == "tcp:127.0.0.1:0");
    BOOST_TEST(printed("tcp:0") == "tcp:127.0.0.1:0");
    BOOST_TEST(printed("udp:[::]:0") == "udp:[::]:0");
}

BOOST_AUTO_TEST_CASE(hosts_have_one_form) {
    BOOST_TEST(printed("tcp:LocalHost:080") == "tcp:localhost:80");
    BOOST_TEST(printed("tcp:[2001:0DB8:0:0::0001]:80") == "tcp:[2001:db8::1]:80");
    BOOST_TEST(printed("tcp:[::FFFF:1.2.3.4]:80") == "tcp:[::ffff:1.2.3.4]:80");
    BOOST_TEST(parse("tcp:EXAMPLE.org:1") == parse("tcp:example.ORG:1"));
}

BOOST_AUTO_TEST_CASE(host_names_are_those_of_rfc_1123) {
    const std::string label(63, 'a');
    for (const std::string& host : {std::string("a"), std::string("1a"), std::string("3com.com"), std::string("a-b.c"),
                                    std::string("xn--bcher-kva.example"), std::string("example.org."), label,
                                    label + "." + label + "." + label + "." + std::string(61, 'b')})
        BOOST_TEST(printed("tcp:" + host + ":1") == "tcp:" + host + ":1");
}

BOOST_AUTO_TEST_CASE(zones_are_names_or_numbers_of_link_local_addresses) {
    BOOST_TEST(parse("tcp:[fe80::1%2]:1").zone() == "2");
    BOOST_TEST(parse("udp:[ff02::1%eth0.100]:1").zone() == "eth0.100");
    BOOST_TEST(parse("udp:[ff01::1%wlp0s20f3]:1").zone() == "wlp0s20f3");
    BOOST_TEST(parse("tcp:[fe80::1]:1").zone().empty());
}

BOOST_AUTO_TEST_CASE(a_multicast_group_has_its_interface_behind_the_port) {
    const auto a = parse("udp-multicast:239.1.1.1:5000%eth0");
    BOOST_TEST(a.host() == "239.1.1.1");
    BOOST_TEST(a.port() == 5000);
    BOOST_TEST(a.options().interface == "eth0");
    BOOST_TEST(a == parse("udp-multicast:239.1.1.1:5000?interface=eth0"));
    BOOST_TEST(a == address::udp_multicast("239.1.1.1", 5000, {.interface = "eth0"}).value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(coding)

BOOST_AUTO_TEST_CASE(what_is_not_visible_is_printed_by_its_number) {
    BOOST_TEST(printed("unix:/a b") == "unix:/a%20b");
    BOOST_TEST(printed("unix:/a%0Ab") == "unix:/a%0Ab");
    BOOST_TEST(printed("unix:/\xc3\xbc") == "unix:/%C3%BC");
    BOOST_TEST(printed("unix:@\x80\xff") == "unix:@%80%FF");
    BOOST_TEST(printed("systemd:my socket") == "systemd:my%20socket");
}

BOOST_AUTO_TEST_CASE(what_separates_is_printed_by_its_number) {
    BOOST_TEST(printed("unix:/%25%3f%26%3d") == "unix:/%25%3F%26%3D");
    BOOST_TEST(parse("unix:/%25%3f%26%3d").path() == "/%?&=");
    BOOST_TEST(parse("unix:/a=b&c").path() == "/a=b&c");
    BOOST_TEST(parse("unix:/x?user=a%26b%3Dc").options().user == "a&b=c");
    BOOST_TEST(printed("unix:/x?user=a%26b%3Dc") == "unix:/x?user=a%26b%3Dc");
}

BOOST_AUTO_TEST_CASE(what_need_not_be_coded_may_be) {
    BOOST_TEST(parse("unix:%2frun%2Fx") == parse("unix:/run/x"));
    BOOST_TEST(parse("unix:/x?mode=%30660") == parse("unix:/x?mode=0660"));
}

BOOST_AUTO_TEST_CASE(abstract_names_have_any_bytes) {
    const std::string name("\0a\0\xff\0", 5);
    const auto a = parse("unix:@%00a%00%ff%00");
    BOOST_TEST((a.path() == name));
    BOOST_TEST(to_string(a) == "unix:@%00a%00%FF%00");
    BOOST_TEST(address::abstract_stream(name).value() == a);
}

BOOST_AUTO_TEST_CASE(parts_are_not_decoded) {
    BOOST_TEST(address::unix_stream("/a%20b").value().path() == "/a%20b");
    BOOST_TEST(to_string(address::unix_stream("/a%20b").value()) == "unix:/a%2520b");
    BOOST_TEST(address::unix_stream("@x").value().path() == "@x");
    BOOST_TEST(to_string(address::unix_stream("@x").value()) == "unix:%40x");
    BOOST_TEST(to_string(address::unix_stream("/x?mode=1").value()) == "unix:/x%3Fmode%3D1");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(options_of_a_socket_file) {
    const auto o = parse("unix:/x?mode=0660&user=www-data&group=33&backlog=128").options();
    BOOST_TEST(o.mode.value() == 0660u);
    BOOST_TEST(o.user == "www-data");
    BOOST_TEST(o.group == "33");
    BOOST_TEST(o.backlog.value() == 128);
    BOOST_TEST(!o.nodelay.has_value());
}

BOOST_AUTO_TEST_CASE(options_of_tcp) {
    const auto o = parse(
                       "tcp::80?backlog=0&connect_timeout=1500&nodelay=1&keepalive=0&keepalive_idle=60&"
                       "keepalive_interval=5&keepalive_count=3&user_timeout=30000&reuse=1&ttl=64&interface=lo&"
                       "sndbuf=65536&rcvbuf=131072")
                       .options();
    BOOST_TEST(o.backlog.value() == 0);
    BOOST_TEST((o.connect_timeout == 1500ms));
    BOOST_TEST(o.nodelay.value());
    BOOST_TEST(!o.keepalive.value());
    BOOST_TEST((o.keepalive_idle == 60s));
    BOOST_TEST((o.keepalive_interval == 5s));
    BOOST_TEST(o.keepalive_count.value() == 3);
    BOOST_TEST((o.user_timeout == 30s));
    BOOST_TEST(o.reuse.value());
    BOOST_TEST(o.ttl.value() == 64);
    BOOST_TEST(o.interface == "lo");
    BOOST_TEST(o.sndbuf.value() == 65536);
    BOOST_TEST(o.rcvbuf.value() == 131072);
}

BOOST_AUTO_TEST_CASE(options_of_datagrams) {
    BOOST_TEST(parse("udp::1?broadcast=1").options().broadcast.value());
    const auto o = parse("udp-multicast:239.1.1.1:1%2?ttl=0&loop=0").options();
    BOOST_TEST(o.ttl.value() == 0);
    BOOST_TEST(!o.loop.value());
    BOOST_TEST(o.interface == "2");
    BOOST_TEST(parse("raw:icmp6?ttl=1&interface=eth0").options().ttl.value() == 1);
}

BOOST_AUTO_TEST_CASE(options_print_in_one_order_and_form) {
    BOOST_TEST(printed("unix:/x?backlog=007&mode=660") == "unix:/x?mode=0660&backlog=7");
    BOOST_TEST(printed("unix:/x?mode=0") == "unix:/x?mode=0");
    BOOST_TEST(printed("tcp:80?reuse=0&nodelay=1") == "tcp:127.0.0.1:80?nodelay=1&reuse=0");
    BOOST_TEST(parse("tcp:80?reuse=0&nodelay=1") == parse("tcp:80?nodelay=1&reuse=0"));
}

BOOST_AUTO_TEST_CASE(every_option_comes_back_from_its_parts) {
    const auto file = address::unix_stream("/x", {.mode = 0640, .user = "a b", .group = "g", .sndbuf = 1});
    BOOST_TEST(to_string(file.value()) == "unix:/x?mode=0640&user=a%20b&group=g&sndbuf=1");
    const auto tcp = address::tcp("h", 1,
                                  {.backlog = 2147483647,
                                   .connect_timeout = 1ms,
                                   .nodelay = false,
                                   .keepalive = true,
                                   .keepalive_idle = 32767s,
                                   .keepalive_interval = 1s,
                                   .keepalive_count = 127,
                                   .user_timeout = 0ms,
                                   .reuse = true,
                                   .ttl = 255,
                                   .interface = "eth0"});
    BOOST_TEST(to_string(tcp.value()) ==
               "tcp:h:1?backlog=2147483647&connect_timeout=1&nodelay=0&keepalive=1&keepalive_idle=32767&"
               "keepalive_interval=1&keepalive_count=127&user_timeout=0&reuse=1&ttl=255&interface=eth0");
    BOOST_TEST(parse(to_string(tcp.value())) == tcp.value());
}

// GCC 12 spoils a temporary made with braces in a co_await expression when one of its members has a destructor.
static_assert(std::is_trivially_copyable_v<address_options> && std::is_trivially_destructible_v<address_options>);

task<> keep(address& place, address what) {
    place = std::move(what);
    co_return;
}

BOOST_AUTO_TEST_CASE(options_may_be_made_within_a_co_await_expression) {
    asio::io_context io;
    auto first = parse("fd:3"), second = first;
    test::run_task(io, [&]() -> task<> {
        co_await keep(first, address::tcp("localhost", 80).value());
        co_await keep(second, address::unix_stream("/x", {.mode = 0600, .user = "a_name_of_many_letters"}).value());
    }());
    BOOST_TEST(to_string(first) == "tcp:localhost:80");
    BOOST_TEST(to_string(second) == "unix:/x?mode=0600&user=a_name_of_many_letters");
}

BOOST_AUTO_TEST_CASE(options_change_and_the_place_stays) {
    const auto a = parse("unix:@x?backlog=5");
    const auto b = a.with_options({.sndbuf = 4096}).value();
    BOOST_TEST(to_string(b) == "unix:@x?sndbuf=4096");
    BOOST_TEST(to_string(a) == "unix:@x?backlog=5");
    BOOST_TEST(a.with_options({}).value() == parse("unix:@x"));
    BOOST_TEST((a.with_options({.mode = 0600}).error().code() == errc::invalid_address));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(addresses_copy_and_compare) {
    const auto a = parse("tcp:localhost:80");
    auto b = a;
    BOOST_TEST(a == b);
    b = parse("udp:localhost:80");
    BOOST_TEST(a != b);
    BOOST_TEST(a != parse("tcp:localhost:81"));
    BOOST_TEST(a != parse("tcp:localhost:80?reuse=1"));
    BOOST_TEST(parse("unix:x") != parse("unix-dgram:x"));
    BOOST_TEST(parse("tcp:[fe80::1%1]:1") != parse("tcp:[fe80::1%2]:1"));
}

BOOST_AUTO_TEST_CASE(addresses_are_keys) {
    std::unordered_set<address> set;
    for (const auto* text : {"tcp::1", "tcp:1", "tcp:127.0.0.1:1", "udp::1", "unix:a", "unix:@a", "fd:1", "systemd:a",
                             "tcp::1?reuse=1", "raw:icmp", "raw:icmp6"})
        set.insert(parse(text));
    BOOST_TEST(set.size() == 9u);
    BOOST_TEST(set.contains(parse("tcp:1")));
    BOOST_TEST(!set.contains(parse("tcp:2")));
}

BOOST_AUTO_TEST_CASE(addresses_and_kinds_print_to_streams) {
    std::ostringstream out;
    out << parse("unix:/x") << " " << address_kind::udp_multicast;
    BOOST_TEST(out.str() == "unix:/x udp-multicast");
}

BOOST_AUTO_TEST_CASE(parts_make_the_same_addresses_as_texts) {
    BOOST_TEST(address::unix_stream("/x").value() == parse("unix:/x"));
    BOOST_TEST(address::unix_datagram("/x").value() == parse("unix-dgram:/x"));
    BOOST_TEST(address::unix_seqpacket("/x").value() == parse("unix-seqpacket:/x"));
    BOOST_TEST(address::abstract_stream("x").value() == parse("unix:@x"));
    BOOST_TEST(address::abstract_datagram("x").value() == parse("unix-dgram:@x"));
    BOOST_TEST(address::abstract_seqpacket("x").value() == parse("unix-seqpacket:@x"));
    BOOST_TEST(address::tcp("LOCALHOST", 80).value() == parse("tcp:localhost:80"));
    BOOST_TEST(address::tcp("fe80::1%eth0", 80).value() == parse("tcp:[fe80::1%eth0]:80"));
    BOOST_TEST(address::udp("::1", 80).value() == parse("udp:[::1]:80"));
    BOOST_TEST(address::udp_multicast("ff05::2", 80).value() == parse("udp-multicast:[ff05::2]:80"));
    BOOST_TEST(address::raw_icmp().value() == parse("raw:icmp"));
    BOOST_TEST(address::raw_icmp6({.ttl = 3}).value() == parse("raw:icmp6?ttl=3"));
    BOOST_TEST(address::descriptor(3).value() == parse("fd:3"));
    BOOST_TEST(address::systemd("web").value() == parse("systemd:web"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
