// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/framer.hpp>

#include <parley/message/content_length.hpp>
#include <parley/message/datagram.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>

#include "framer_tools.hpp"

#include <boost/mpl/list.hpp>

#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(framer_test)

using namespace parley;
using namespace parley::test;

namespace {

using framers = boost::mpl::list<length_prefix, varint, lines, nul_terminated, content_length>;

static_assert(framer<length_prefix> && framer<varint> && framer<lines> && framer<nul_terminated>);
static_assert(framer<content_length> && framer<datagram>);

const std::vector<std::string> messages = {
    "", "x", "{\"jsonrpc\":\"2.0\"}", std::string(127, 'a'), std::string(128, 'b'), std::string(20'000, 'c')};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_message_comes_back_however_its_bytes_are_divided, F, framers) {
    const F f;
    for (const auto& message : messages) {
        const auto wire = enclosed(f, message);
        BOOST_TEST(wire.size() <= message.size() + f.overhead());
        const std::string more = wire + "what follows is another frame";
        for (std::size_t examined = 0; examined < wire.size(); ++examined) {
            if (examined > 300 && examined + 300 < wire.size()) continue;
            const auto part = f.parse(std::string_view(wire).substr(0, examined), examined / 2);
            BOOST_TEST_REQUIRE((part.outcome == kind::incomplete));
            BOOST_TEST_REQUIRE(part.wanted > examined);
            BOOST_TEST_REQUIRE(part.wanted <= wire.size());
            const auto whole = f.parse(more, examined);
            BOOST_TEST_REQUIRE((whole.outcome == kind::complete));
            BOOST_TEST_REQUIRE(whole.found.size == wire.size());
            BOOST_TEST_REQUIRE(whole.found.payload(more) == message);
            BOOST_TEST_REQUIRE(whole.found.descriptors == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(frames_follow_one_another, F, framers) {
    const F f;
    std::string wire;
    for (const auto& message : messages) wire += enclosed(f, message);
    std::string_view rest = wire;
    for (const auto& message : messages) {
        const auto parsed = f.parse(rest, 0);
        BOOST_TEST_REQUIRE((parsed.outcome == kind::complete));
        BOOST_TEST(parsed.found.payload(rest) == message);
        rest.remove_prefix(parsed.found.size);
    }
    BOOST_TEST(rest.empty());
    BOOST_TEST((f.parse(rest, 0).outcome == kind::incomplete));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_ends_of_a_message_may_be_used_for_the_next, F, framers) {
    const F f;
    frame_ends ends;
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(!f.enclose("x", 0, ends));
        BOOST_TEST(std::string(ends.head()) + "x" + std::string(ends.tail()) == enclosed(f, "x"));
    }
}

BOOST_AUTO_TEST_CASE(what_has_no_room_at_the_ends_is_cut_off) {
    frame_ends ends;
    for (int i = 0; i < 100; ++i) {
        ends.append_head('h');
        ends.append_tail('t');
    }
    BOOST_TEST(ends.head().size() == frame_ends::capacity);
    BOOST_TEST(ends.tail().size() == 2u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_limit_is_exact_in_both_directions, F, framers) {
    const F wide(default_message_limit);
    const F narrow(100);
    const auto fits = enclosed(narrow, std::string(100, 'x'));
    BOOST_TEST((narrow.parse(fits, 0).outcome == kind::complete));
    BOOST_TEST(refused(narrow, std::string(101, 'x')) == make_error_code(errc::limit_exceeded));
    const auto parsed = narrow.parse(enclosed(wide, std::string(101, 'x')), 0);
    BOOST_TEST((parsed.outcome == kind::failed));
    BOOST_TEST(parsed.code == make_error_code(errc::limit_exceeded));
    BOOST_TEST(narrow.limit() == 100u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_stream_that_ends_within_a_message_is_an_error_or_a_last_line, F, framers) {
    const F f;
    const auto parsed = f.parse_end("half");
    if constexpr (std::is_same_v<F, lines>) {
        BOOST_TEST((parsed.outcome == kind::complete));
        BOOST_TEST(parsed.found.payload("half") == "half");
    } else {
        BOOST_TEST((parsed.outcome == kind::failed));
        BOOST_TEST(parsed.code == make_error_code(errc::truncated_frame));
        BOOST_TEST(parsed.context() == "byte 4: the stream ends within a message");
    }
    BOOST_TEST((f.parse_end("").outcome == kind::incomplete));  // there is no message
}

BOOST_AUTO_TEST_SUITE_END()
