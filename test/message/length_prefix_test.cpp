// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/length_prefix.hpp>

#include <parley/message/content_length.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>

#include "framer_tools.hpp"

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(length_prefix_test)

using namespace parley;
using namespace parley::test;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(only_a_length_prefix_carries_descriptors) {
    const length_prefix f;
    const auto parsed = f.parse(enclosed(f, "with", 253), 0);
    BOOST_TEST((parsed.outcome == kind::complete));
    BOOST_TEST(parsed.found.descriptors == 253u);
    for (const auto& ec : {refused(f, "", 254), refused(varint(), "", 1), refused(lines(), "", 1),
                           refused(nul_terminated(), "", 1), refused(content_length(), "", 1)})
        BOOST_TEST(ec == make_error_code(errc::too_many_descriptors));
}

BOOST_AUTO_TEST_CASE(the_header_of_a_length_prefix_is_as_documented) {
    const length_prefix f;
    BOOST_TEST(enclosed(f, std::string(0x10203, 'x'), 7).substr(0, 8) == "\x03\x02\x01\0\x01\0\x07\0"s);
    const auto head = [](std::string text) { return text; };
    check_failure(f, head("\1\0\0\0\2\0\0\0"s), errc::invalid_frame, "byte 4: version 1 was expected");
    check_failure(f, head("\1\0\0\0\1\4\0\0"s), errc::invalid_frame, "byte 5: a flag that version 1 does not have");
    check_failure(f, head("\1\0\0\0\1\0\xfe\0"s), errc::invalid_frame, "byte 6: more than 253 descriptors");
    check_failure(f, head("\1\0\0\0\1\0\0\1"s), errc::invalid_frame, "byte 7: 0 was expected");
    for (const auto& length : {"\xff\xff\xff\xff"s, "\1\0\0\1"s, "\0\0\0\x80"s})
        check_failure(f, length + "\1\0\0\0"s, errc::limit_exceeded, "byte 0: the message is longer than the limit");
}

BOOST_AUTO_TEST_CASE(a_web_browser_is_told_by_its_first_bytes) {
    const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    check_failure(length_prefix(), request.substr(0, 5), errc::invalid_frame, "byte 4: version 1 was expected");
    check_failure(content_length(), request, errc::invalid_frame, "byte 0: a field 'name: value' was expected");
}

BOOST_AUTO_TEST_SUITE_END()
