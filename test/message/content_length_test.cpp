// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/content_length.hpp>

#include "framer_tools.hpp"

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(content_length_test)

using namespace parley;
using namespace parley::test;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(a_header_of_text_is_as_language_servers_have_it) {
    const content_length f;
    BOOST_TEST(enclosed(f, "{}") == "Content-Length: 2\r\n\r\n{}");
    const std::string_view wire =
        "content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:\t 2 \r\n\r\n{}rest";
    const auto parsed = f.parse(wire, 0);
    BOOST_TEST((parsed.outcome == kind::complete));
    BOOST_TEST(parsed.found.payload(wire) == "{}");
    const auto wrong = [&](const std::string& header, errc code, std::string_view context) {
        check_failure(f, header + "\r\n\r\n", code, context);
    };
    wrong("Content-Type: x", errc::invalid_frame, "byte 19: a header without Content-Length");
    wrong("Content-Length: 1\r\nContent-Length: 1", errc::invalid_frame, "byte 19: a second Content-Length");
    for (const auto* number : {"", "-1", "+1", "0x1", "1 1", "1.0", "one"})
        wrong("Content-Length: "s + number, errc::invalid_frame,
              number[0] == 0 ? "byte 16: a number was expected" : "byte 16: a number was expected");
    for (const auto* number : {"16777217", "4294967295", "9223372036854775808", "99999999999999999999999"})
        wrong("Content-Length: "s + number, errc::limit_exceeded, "byte 16: the message is longer than the limit");
    wrong(": 2", errc::invalid_frame, "byte 0: a field 'name: value' was expected");
    wrong("Content-Length: 2\nX: y", errc::invalid_frame, "byte 17: a line of the header ends with CR LF");
    check_failure(f, "Content-Length: 2\n\n{}", errc::invalid_frame, "byte 17: a line of the header ends with CR LF");
    check_failure(f, std::string(4096, 'x'), errc::invalid_frame, "byte 4096: a header of more than 4 KiB");
}

BOOST_AUTO_TEST_SUITE_END()
