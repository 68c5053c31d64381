// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/lines.hpp>

#include "framer_tools.hpp"

#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(lines_test)

using namespace parley;
using namespace parley::test;

BOOST_AUTO_TEST_CASE(lines_end_either_way) {
    const lines f;
    BOOST_TEST(enclosed(lines(100, line_end::crlf), "a") == "a\r\n");
    const std::string_view wire = "one\r\n\r\ntw\ro\n\n";
    std::vector<std::string> found;
    for (auto rest = wire; !rest.empty();) {
        const auto parsed = f.parse(rest, 0);
        BOOST_TEST_REQUIRE((parsed.outcome == kind::complete));
        found.emplace_back(parsed.found.payload(rest));
        rest.remove_prefix(parsed.found.size);
    }
    BOOST_TEST(found == (std::vector<std::string>{"one", "", "tw\ro", ""}), boost::test_tools::per_element());
    BOOST_TEST((lines(8).parse_end("123456789").outcome == kind::failed));
    BOOST_TEST(f.parse_end("last\r").found.payload("last\r") == "last");
    for (const auto* wrong : {"a\nb", "a\n", "a\r"})
        BOOST_TEST(refused(f, wrong) == make_error_code(errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_line_is_not_looked_through_twice) {
    const std::string begun(1000, 'x');
    // What was seen may hold anything by now: only what came after it is looked at.
    const auto parsed = lines().parse("\n" + begun + "\n", begun.size());
    BOOST_TEST((parsed.outcome == kind::complete));
    BOOST_TEST(parsed.found.size == begun.size() + 2);
}

BOOST_AUTO_TEST_SUITE_END()
