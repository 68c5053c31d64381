// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Where it is plain what was meant by a text that is no address, the error says so.

#include <parley/net/address.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(address_meant_test)

using namespace parley;

// "byte 0: expected a scheme, ...": the context behind the address itself.
std::string refusal(std::string_view text) {
    const auto a = address::parse(text);
    if (a) return "accepted: " + to_string(*a);
    const std::string context = a.error().context();
    return context.substr(context.find("', byte ") + 3);
}

BOOST_AUTO_TEST_CASE(what_was_meant_is_suggested) {
    const std::string schemes =
        ", expected unix, unix-dgram, unix-seqpacket, tcp, udp, udp-multicast, raw, fd or systemd";
    const std::string path = "byte 0: expected a scheme; a path is written unix:/path, an abstract name unix:@name";
    const std::string behind = ": the interface of a multicast group stands behind the port, ':5000%eth0'";
    struct {
        std::string written, told;
    } const cases[] = {
        // without a scheme
        {"localhost:80", "byte 0: expected a scheme, did you mean 'tcp:localhost:80'?"},
        {"127.0.0.1:80?nodelay=1", "byte 0: expected a scheme, did you mean 'tcp:127.0.0.1:80?nodelay=1'?"},
        {"[::1]:80", "byte 0: expected a scheme, did you mean 'tcp:[::1]:80'?"},
        {":80", "byte 0: expected a scheme, did you mean 'tcp::80'?"},
        {"80", "byte 0: expected a scheme, did you mean 'tcp:80'?"},
        {"*:80", "byte 0: expected a scheme, did you mean 'tcp:0.0.0.0:80' or 'tcp:[::]:80'?"},
        {"@name", "byte 0: expected a scheme, did you mean 'unix:@name'?"},
        {"@tcp:80", "byte 0: expected a scheme, did you mean 'unix:@tcp:80'?"},
        {"@", path},
        {"/run/x.sock", "byte 0: expected a scheme, did you mean 'unix:/run/x.sock'?"},
        {"/tcp", "byte 0: expected a scheme, did you mean 'unix:/tcp'?"},
        {"run/x:y?mode=0600", "byte 0: expected a scheme, did you mean 'unix:run/x:y?mode=0600'?"},
        {"/run/100%", path},
        {"a_b:80", "byte 0: unknown scheme 'a_b'" + schemes},
        // with one that there is not
        {"unix-stream:/x", "byte 0: unknown scheme 'unix-stream', did you mean 'unix'?"},
        {"http://host/", "byte 0: unknown scheme 'http'" + schemes},
        {"http://host:80", "byte 0: unknown scheme 'http'" + schemes},
        // in another order
        {"tcp:80:localhost", "byte 4: the host stands before the port, did you mean 'tcp:localhost:80'?"},
        {"udp:80:10.0.0.1", "byte 4: the host stands before the port, did you mean 'udp:10.0.0.1:80'?"},
        {"tcp:80:[::1]", "byte 4: the host stands before the port, did you mean 'tcp:[::1]:80'?"},
        {"tcp:80:81", "byte 6: expected '.': an IPv4 address has four parts"},
        {"tcp:1:2:3:4", "byte 4: an IPv6 address stands in brackets, '[::1]:80'"},
        {"udp-multicast:239.1.1.1%eth0:5000", "byte 23" + behind},
        {"udp-multicast:239.1.1.1%eth0", "byte 23" + behind},
        {"udp-multicast:[ff02::1%eth0]:5000", "byte 22" + behind},
        {"udp-multicast:[ff02::1]%eth0:5000", "byte 23" + behind},
        // for every interface
        {"tcp:*:80", "byte 4: '*' is not a host, did you mean 'tcp:0.0.0.0:80' or 'tcp:[::]:80'?"},
        {"udp:*:80", "byte 4: '*' is not a host, did you mean 'udp:0.0.0.0:80' or 'udp:[::]:80'?"},
        {"tcp:80?timeout=5",
         "byte 7: unknown option 'timeout', expected backlog, connect_timeout, nodelay, keepalive, keepalive_idle, "
         "keepalive_interval, keepalive_count, user_timeout, reuse, ttl, interface, sndbuf or rcvbuf"},
    };
    for (const auto& [written, told] : cases)
        BOOST_TEST(refusal(written) == told, written << " -> " << refusal(written));
    BOOST_TEST(refusal("/" + std::string(4096, 'x')) == path);
}

// What is suggested can be copied.
BOOST_AUTO_TEST_CASE(a_suggested_address_is_one) {
    for (const char* text :
         {"localhost:80", "[::1]:80", ":80", "*:80", "@name", "/run/x.sock", "run/x:y?mode=0600", "tcp:80:localhost",
          "tcp:80:[::1]", "udp-multicast:80:239.1.1.1", "tcp:*:80", "udp:*:80"}) {
        const auto told = refusal(text);
        const auto at = told.find("did you mean '");
        BOOST_TEST_REQUIRE(at != std::string::npos, told);
        for (auto begin = told.find('\'', at); begin != std::string::npos;) {
            const auto end = told.find('\'', begin + 1);
            const auto meant = told.substr(begin + 1, end - begin - 1);
            BOOST_TEST(address::parse(meant).has_value(), text << " -> " << meant);
            begin = told.find('\'', end + 1);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
