// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/message_pack.hpp>

#include "framer_tools.hpp"

#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(message_pack_test)

using namespace parley;
using namespace parley::test;
using namespace std::string_literals;

namespace {

static_assert(framer<message_pack>);

// A value of each form that the specification has.
const std::vector<std::string> values = {
    "\x00"s,
    "\x7f"s,
    "\xe0"s,
    "\xff"s,
    "\xc0"s,
    "\xc2"s,
    "\xc3"s,  // small ones
    "\x80"s,
    "\x81\xa1k\x01"s,
    "\x90"s,
    "\x92\x01\x92\x02\xa1x"s,
    "\xa0"s,
    "\xa3"
    "abc"s,  // short ones
    "\xc4\x02\x00\xff"s,
    "\xc5\x00\x01x"s,
    "\xc6\x00\x00\x00\x01x"s,  // bytes
    "\xc7\x03\x05"
    "abc"s,
    "\xc8\x00\x01\x05"
    "a"s,
    "\xc9\x00\x00\x00\x01\x05"
    "a"s,  // extensions
    "\xca\x00\x00\x00\x00"s,
    "\xcb\x00\x00\x00\x00\x00\x00\x00\x00"s,  // numbers
    "\xcc\x80"s,
    "\xcd\x01\x00"s,
    "\xce\x00\x01\x00\x00"s,
    "\xcf\x00\x00\x00\x01\x00\x00\x00\x00"s,
    "\xd0\x80"s,
    "\xd1\x80\x00"s,
    "\xd2\x80\x00\x00\x00"s,
    "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s,
    "\xd4\x05"
    "a"s,
    "\xd5\x05"
    "ab"s,
    "\xd6\x05"
    "abcd"s,
    "\xd7\x05"
    "abcdefgh"s,
    "\xd8\x05"
    "abcdefghabcdefgh"s,
    "\xd9\x02"
    "ab"s,
    "\xda\x00\x02"
    "ab"s,
    "\xdb\x00\x00\x00\x02"
    "ab"s,
    "\xdc\x00\x02\x01\x02"s,
    "\xdd\x00\x00\x00\x02\x01\xc0"s,
    "\xde\x00\x01\xa1k\x01"s,
    "\xdf\x00\x00\x00\x01\xa1k\x93\x01\x02\x03"s,
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_end_of_every_value_is_found_however_its_bytes_are_divided) {
    const message_pack f;
    for (const auto& value : values) {
        BOOST_TEST(enclosed(f, value) == value);
        const std::string more = value + "\xc1 what follows is none";
        for (std::size_t come = 0; come < value.size(); ++come) {
            const auto part = f.parse(std::string_view(value).substr(0, come), 0);
            BOOST_TEST_REQUIRE((part.outcome == kind::incomplete));
            BOOST_TEST_REQUIRE(part.wanted > come);
            BOOST_TEST_REQUIRE(part.wanted <= value.size());
        }
        const auto whole = f.parse(more, 0);
        BOOST_TEST_REQUIRE((whole.outcome == kind::complete));
        BOOST_TEST(whole.found.payload(more) == value);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_value_is_refused_with_its_place) {
    const message_pack f;
    check_failure(f, "\xc1"s, errc::invalid_frame, "byte 0: no value of MessagePack begins with this byte");
    check_failure(f, "\x92\x01\xc1"s, errc::invalid_frame, "byte 2: no value of MessagePack begins with this byte");
    BOOST_TEST(f.parse_end("\x92\x01"s).code == make_error_code(errc::truncated_frame));
    BOOST_TEST(refused(f, ""s) == make_error_code(errc::invalid_argument));
    BOOST_TEST(refused(f, "\x92\x01"s) == make_error_code(errc::invalid_argument));
    BOOST_TEST(refused(f, "\x01\x02"s) == make_error_code(errc::invalid_argument));
    BOOST_TEST(refused(f, "\x01"s, 1) == make_error_code(errc::too_many_descriptors));
}

BOOST_AUTO_TEST_CASE(what_is_announced_is_compared_with_the_limit_at_once) {
    const message_pack f(100);
    constexpr std::string_view at = "byte 0: the message is longer than the limit";
    check_failure(f, "\xdb\xff\xff\xff\xff"s, errc::limit_exceeded, at);
    check_failure(f, "\xdd\xff\xff\xff\xff"s, errc::limit_exceeded, at);
    check_failure(f, "\xdf\xff\xff\xff\xff"s, errc::limit_exceeded, at);
    check_failure(f, "\xc9\xff\xff\xff\xff"s, errc::limit_exceeded, at);
    check_failure(f, "\x92\xdc\x00\x32\xdc\x00\x32"s, errc::limit_exceeded, at);
    check_failure(message_pack(0), "", errc::limit_exceeded, at);
    BOOST_TEST((f.parse("\xd9\x62" + std::string(98, 'x'), 0).outcome == kind::complete));
    check_failure(f, "\xd9\x63", errc::limit_exceeded, at);
    BOOST_TEST(refused(f, "\xd9\x63" + std::string(99, 'x')) == make_error_code(errc::limit_exceeded));
}

BOOST_AUTO_TEST_CASE(bytes_that_come_one_by_one_are_walked_over_once) {
    const message_pack f;
    for (const auto& value : values) {
        message_pack::progress so_far;
        for (std::size_t come = 1; come < value.size(); ++come) {
            BOOST_TEST_REQUIRE((f.parse(std::string_view(value).substr(0, come), so_far).outcome == kind::incomplete));
            BOOST_TEST(so_far.at <= come);
        }
        const auto whole = f.parse(value, so_far);
        BOOST_TEST_REQUIRE((whole.outcome == kind::complete));
        BOOST_TEST(whole.found.size == value.size());
    }
    // Each step goes on where the last one was: otherwise these are a hundred thousand million steps.
    const std::string deep = std::string(500000, '\x91') + '\x01';
    message_pack::progress so_far;
    for (std::size_t come = 1; come < deep.size(); ++come)
        if (f.parse(std::string_view(deep).substr(0, come), so_far).outcome != kind::incomplete || so_far.at != come)
            BOOST_FAIL("not where it was");
    BOOST_TEST((f.parse(deep, so_far).outcome == kind::complete));
}

BOOST_AUTO_TEST_CASE(depth_costs_nothing) {
    const message_pack f;
    const std::string deep = std::string(1000000, '\x91') + '\x01';
    BOOST_TEST((f.parse(deep, 0).outcome == kind::complete));
}

BOOST_AUTO_TEST_SUITE_END()
