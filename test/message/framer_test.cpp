// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/framer.hpp>

#include <parley/message/content_length.hpp>
#include <parley/message/datagram.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace std::string_literals;

namespace {

using kind = parsed_frame::kind;
using framers = boost::mpl::list<length_prefix, varint, lines, nul_terminated, content_length>;

static_assert(framer<length_prefix> && framer<varint> && framer<lines> && framer<nul_terminated>);
static_assert(framer<content_length> && framer<datagram>);

template <framer F>
std::string enclosed(const F& f, std::string_view payload, unsigned descriptors = 0) {
    frame_ends ends;
    const auto ec = f.enclose(payload, descriptors, ends);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    return std::string(ends.head()) + std::string(payload) + std::string(ends.tail());
}

template <framer F>
error_code refused(const F& f, std::string_view payload, unsigned descriptors = 0) {
    frame_ends ends;
    return f.enclose(payload, descriptors, ends);
}

template <framer F>
void check_failure(const F& f, std::string_view bytes, errc code, std::string_view context) {
    const auto parsed = f.parse(bytes, 0);
    BOOST_TEST((parsed.outcome == kind::failed));
    BOOST_TEST(parsed.code == make_error_code(code));
    BOOST_TEST(parsed.context() == context);
}

const std::vector<std::string> messages = {
    "", "x", "{\"jsonrpc\":\"2.0\"}", std::string(127, 'a'), std::string(128, 'b'), std::string(20'000, 'c')};

}  // namespace

BOOST_AUTO_TEST_SUITE(framer_suite)

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

BOOST_AUTO_TEST_CASE(a_varint_is_as_others_have_it) {
    const varint f;
    BOOST_TEST(enclosed(f, std::string(300, 'x')).substr(0, 2) == "\xac\x02");
    BOOST_TEST((f.parse("\x81\x80\x00x"s, 0).outcome == kind::complete));  // longer than it need be
    check_failure(f, "\x80\x80\x80\x80\x80\x01"s, errc::invalid_frame, "byte 5: a length of more than five bytes");
    check_failure(f, "\xff\xff\xff\xff\x7f"s, errc::limit_exceeded, "byte 0: the message is longer than the limit");
    check_failure(f, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s, errc::invalid_frame,
                  "byte 5: a length of more than five bytes");
}

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

BOOST_AUTO_TEST_CASE(a_nul_within_a_message_cannot_be_sent) {
    BOOST_TEST(refused(nul_terminated(), "a\0b"s) == make_error_code(errc::invalid_argument));
    BOOST_TEST(!refused(nul_terminated(), "a\nb\r"));
}

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

BOOST_AUTO_TEST_CASE(a_packet_is_a_message) {
    const datagram f(10);
    BOOST_TEST((f.parse("", 0).outcome == kind::complete));
    BOOST_TEST(f.parse("0123456789", 0).found.payload("0123456789") == "0123456789");
    check_failure(f, "0123456789a", errc::limit_exceeded, "byte 10: the packet is too large");
    BOOST_TEST(enclosed(f, "abc") == "abc");
    BOOST_TEST(refused(f, "0123456789a") == make_error_code(errc::limit_exceeded));
}

BOOST_AUTO_TEST_SUITE_END()
