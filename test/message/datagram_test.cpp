// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/datagram.hpp>

#include "framer_tools.hpp"

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(datagram_test)

using namespace parley;
using namespace parley::test;

BOOST_AUTO_TEST_CASE(a_packet_is_a_message) {
    const datagram f(10);
    BOOST_TEST((f.parse("", 0).outcome == kind::complete));
    BOOST_TEST(f.parse("0123456789", 0).found.payload("0123456789") == "0123456789");
    check_failure(f, "0123456789a", errc::limit_exceeded, "byte 10: the packet is too large");
    BOOST_TEST(enclosed(f, "abc") == "abc");
    BOOST_TEST(refused(f, "0123456789a") == make_error_code(errc::limit_exceeded));
}

BOOST_AUTO_TEST_SUITE_END()
