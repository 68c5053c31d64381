// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/protocol.hpp>

#include <parley/net/local.hpp>

#include "net_tools.hpp"

#include <boost/asio/generic/datagram_protocol.hpp>
#include <boost/asio/generic/seq_packet_protocol.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/local/stream_protocol.hpp>

BOOST_AUTO_TEST_SUITE(protocol_test)

using namespace parley;
using namespace parley::test;
using detail::shape_of;

template <typename Protocol>
bool has_shape(int type, bool local, bool internet) {
    const auto shape = shape_of<Protocol>();
    return shape.type == type && shape.local == local && shape.internet == internet;
}

BOOST_FIXTURE_TEST_SUITE(protocol_suite, net_fixture)

BOOST_AUTO_TEST_CASE(a_protocol_class_says_which_sockets_it_takes) {
    BOOST_TEST(has_shape<asio::generic::stream_protocol>(SOCK_STREAM, true, true));
    BOOST_TEST(has_shape<asio::generic::seq_packet_protocol>(SOCK_SEQPACKET, true, true));
    BOOST_TEST(has_shape<asio::generic::datagram_protocol>(SOCK_DGRAM, true, true));
    BOOST_TEST(has_shape<asio::local::stream_protocol>(SOCK_STREAM, true, false));
    BOOST_TEST(has_shape<asio::local::datagram_protocol>(SOCK_DGRAM, true, false));
    BOOST_TEST(has_shape<local_seqpacket>(SOCK_SEQPACKET, true, false));
    BOOST_TEST(has_shape<asio::ip::tcp>(SOCK_STREAM, false, true));
    BOOST_TEST(has_shape<asio::ip::udp>(SOCK_DGRAM, false, true));
}

BOOST_AUTO_TEST_CASE(a_family_leads_to_its_protocol) {
    BOOST_TEST((detail::protocol_for<asio::ip::tcp>(AF_INET) == asio::ip::tcp::v4()));
    BOOST_TEST((detail::protocol_for<asio::ip::tcp>(AF_INET6) == asio::ip::tcp::v6()));
    BOOST_TEST(detail::protocol_for<asio::generic::stream_protocol>(AF_UNIX).family() == AF_UNIX);
    BOOST_TEST(detail::protocol_for<local_seqpacket>(AF_UNIX).type() == SOCK_SEQPACKET);
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_not_taken_stays_with_its_owner) {
    raw_socket raw;
    unique_fd fd(::dup(raw.fd()));
    asio::local::stream_protocol::socket socket(io);
    BOOST_TEST(!detail::assign(socket, AF_UNIX, fd));
    BOOST_TEST(!fd);
    unique_fd second(::dup(raw.fd()));
    BOOST_TEST(detail::assign(socket, AF_UNIX, second) == asio::error::already_open);
    BOOST_TEST(static_cast<bool>(second));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
