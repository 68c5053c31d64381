// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Promises that hold for every text, tried with many. The fuzzer, test/fuzz/address.cpp, looks for texts that break
// them with more patience.

#include <parley/net/address.hpp>

#include "address_promises.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <random>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(address_random_test)

using namespace parley;
using parley::test::broken_promise;

class dice {
public:
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
    char byte() { return static_cast<char>(below(256)); }
    template <typename T, std::size_t N>
    const T& one_of(const std::array<T, N>& list) {
        return list[below(N)];
    }

private:
    std::mt19937 engine_{20260101};  // the same every time, so that a failure comes back
};

constexpr std::array<std::string_view, 40> pieces{"unix:",
                                                  "unix-dgram:",
                                                  "unix-seqpacket:",
                                                  "tcp:",
                                                  "udp:",
                                                  "udp-multicast:",
                                                  "raw:icmp",
                                                  "raw:icmp6",
                                                  "fd:",
                                                  "systemd:",
                                                  "@",
                                                  "/run/x",
                                                  "localhost",
                                                  "127.0.0.1",
                                                  "[::1]",
                                                  "[fe80::1%eth0]",
                                                  ":80",
                                                  ":0",
                                                  ":65536",
                                                  "%eth0",
                                                  "239.1.1.1",
                                                  "[ff02::1]",
                                                  "?",
                                                  "&",
                                                  "=",
                                                  "%00",
                                                  "%2F",
                                                  "%zz",
                                                  "mode=0660",
                                                  "backlog=1",
                                                  "nodelay=1",
                                                  "ttl=3",
                                                  "loop=0",
                                                  "interface=2",
                                                  "user=a%26",
                                                  "reuse=1",
                                                  "sndbuf=4096",
                                                  "keepalive_idle=9",
                                                  "\n",
                                                  "\xff"};

std::string pieced_together(dice& d) {
    std::string text;
    for (auto n = d.below(8); n > 0; --n) text += d.one_of(pieces);
    return text;
}

constexpr std::array<std::string_view, 10> good{
    "unix:/run/x.sock?mode=0660&user=root&group=0&backlog=5",
    "unix-dgram:@a%00b?sndbuf=4096",
    "unix-seqpacket:%40x%20y",
    "tcp:example.org:80?nodelay=1&keepalive=1&keepalive_idle=60",
    "tcp:[fe80::1%eth0]:80?user_timeout=5",
    "udp:255.255.255.255:9?broadcast=1&ttl=3",
    "udp-multicast:[ff02::1]:5000%eth0?loop=1&ttl=0",
    "raw:icmp6?ttl=1&interface=lo",
    "fd:3",
    "systemd:web%20server",
};

std::string damaged(dice& d, std::string text) {
    for (auto n = d.below(4); n > 0 && !text.empty(); --n) {
        const auto at = d.below(text.size());
        switch (d.below(4)) {
            case 0:
                text[at] = d.byte();
                break;
            case 1:
                text.insert(at, 1, d.byte());
                break;
            case 2:
                text.erase(at, 1 + d.below(5));
                break;
            default:
                text.insert(at, text.substr(d.below(text.size())));
        }
    }
    return text;
}

void keeps_its_promises(std::string_view text) {
    const auto broken = broken_promise(text);
    if (!broken.empty()) BOOST_FAIL("'" << text << "': " << broken);
}

BOOST_AUTO_TEST_CASE(texts_of_random_bytes_break_nothing) {
    dice d;
    for (int i = 0; i < 4'000; ++i) {
        std::string text(d.below(40), ' ');
        for (char& c : text) c = d.byte();
        keeps_its_promises(text);
        keeps_its_promises("unix:@" + text);
        keeps_its_promises("unix:" + text);
    }
}

BOOST_AUTO_TEST_CASE(texts_of_the_pieces_of_addresses_break_nothing) {
    dice d;
    int addresses = 0;
    for (int i = 0; i < 10'000; ++i) {
        const auto text = pieced_together(d);
        keeps_its_promises(text);
        addresses += address::parse(text).has_value() ? 1 : 0;
    }
    BOOST_TEST(addresses > 100);  // of both sorts enough
}

BOOST_AUTO_TEST_CASE(damaged_addresses_break_nothing) {
    dice d;
    int addresses = 0;
    for (int i = 0; i < 10'000; ++i) {
        const auto text = damaged(d, std::string(d.one_of(good)));
        keeps_its_promises(text);
        addresses += address::parse(text).has_value() ? 1 : 0;
    }
    BOOST_TEST(addresses > 1'000);
}

BOOST_AUTO_TEST_CASE(any_path_and_any_name_comes_back) {
    dice d;
    for (int i = 0; i < 4'000; ++i) {
        std::string name(1 + d.below(107), ' ');
        for (char& c : name) c = d.byte();
        const auto abstract = address::abstract_seqpacket(name).value();
        BOOST_REQUIRE((address::parse(to_string(abstract)).value() == abstract));
        std::ranges::replace(name, '\0', 'x');
        const auto path = address::unix_datagram(name).value();
        BOOST_REQUIRE((address::parse(to_string(path)).value() == path));
        BOOST_REQUIRE((address::parse(to_string(path)).value().path() == name));
    }
}

BOOST_AUTO_TEST_CASE(a_megabyte_of_text_is_refused_without_being_repeated) {
    const std::string many(1 << 20, 'x');
    for (const std::string& text : {many, "unix:" + many, "unix:@" + many, "tcp:" + many + ":1", "tcp:[" + many,
                                    "fd:" + std::string(1 << 20, '9'), "systemd:" + many, "unix:/x?" + many,
                                    "unix:/x?user=" + many, "unix:/x?mode=" + many, "tcp:" + std::string(1 << 20, ':'),
                                    "tcp:" + std::string(1 << 20, '.') + ":1", "udp-multicast:239.1.1.1:1%" + many})
        keeps_its_promises(text);
}

BOOST_AUTO_TEST_SUITE_END()
