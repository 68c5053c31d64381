// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/varint.hpp>

#include "framer_tools.hpp"

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(varint_test)

using namespace parley;
using namespace parley::test;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(a_varint_is_as_others_have_it) {
    const varint f;
    BOOST_TEST(enclosed(f, std::string(300, 'x')).substr(0, 2) == "\xac\x02");
    BOOST_TEST((f.parse("\x81\x80\x00x"s, 0).outcome == kind::complete));  // longer than it need be
    check_failure(f, "\x80\x80\x80\x80\x80\x01"s, errc::invalid_frame, "byte 5: a length of more than five bytes");
    check_failure(f, "\xff\xff\xff\xff\x7f"s, errc::limit_exceeded, "byte 0: the message is longer than the limit");
    check_failure(f, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, errc::invalid_frame,
                  "byte 5: a length of more than five bytes");
}

BOOST_AUTO_TEST_SUITE_END()
