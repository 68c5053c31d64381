// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// To which message a descriptor belongs, and what happens to one that nobody announced.

#include "channel_tools.hpp"
#include "forked.hpp"

#include <parley/message/datagram.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/standard_streams.hpp>
#include <parley/net/socket_options.hpp>

#include <boost/mpl/list.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(descriptor_frames_test)

using namespace parley;
using namespace parley::test;

namespace {

std::string announcing(std::string_view payload, unsigned descriptors) {
    frame_ends ends;
    (void)length_prefix().enclose(payload, descriptors, ends);
    return std::string(ends.head()) + std::string(payload);
}

using packet_protocols = boost::mpl::list<local_seqpacket, local_datagram>;

// A peer that sends what it likes, and a channel that has been made to receive it.
struct peer_fixture : channel_fixture {
    local_stream::socket peer{ex};
    std::vector<unique_fd> files{};

    local_channel channel_with(channel_options options) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        peer = std::move(a);
        return make(std::move(b), options);
    }
    // Sends bytes with descriptors of new files that hold these texts.
    void put(std::string_view bytes, const std::vector<std::string>& texts = {}) {
        std::vector<int> numbers;
        for (const auto& text : texts) {
            files.push_back(file_with(text));
            numbers.push_back(files.back().get());
        }
        BOOST_TEST_REQUIRE(!send(peer, bytes, numbers).ec);
    }
    // What came with the message received last.
    static std::vector<std::string> texts_of(any_channel& c) {
        std::vector<std::string> texts;
        for (const auto& fd : c.take_descriptors()) texts.push_back(text_of(fd.get()));
        return texts;
    }
    void check_message(any_channel& c, std::string_view text, const std::vector<std::string>& texts) {
        BOOST_TEST(receive_from(c).is(text));
        BOOST_TEST((texts_of(c) == texts));
    }
    void check_refused(any_channel& c, errc code, std::string_view context) {
        const auto refused = receive_from(c);
        BOOST_TEST(!refused.message.has_value());
        BOOST_TEST(refused.ec == make_error_code(code));
        BOOST_TEST(c.failure().context() == context);
        BOOST_TEST(!c.is_open());
    }
};

using texts = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(descriptor_frames_suite, peer_fixture)

BOOST_AUTO_TEST_CASE(a_descriptor_that_its_frame_does_not_announce_goes_to_no_other_message) {
    auto c = channel_with({.descriptors = 4});
    put(framed("announces none"), {"stray"});
    put(announcing("announces one", 1), {"own"});
    check_refused(c, errc::too_many_descriptors, "message 1, byte 0: 0 descriptors were announced, 1 have come");
}

BOOST_AUTO_TEST_CASE(nor_does_one_that_came_with_a_part_of_such_a_frame) {
    for (const std::size_t at : {std::size_t{1}, std::size_t{6}, std::size_t{9}}) {
        auto c = channel_with({.descriptors = 4});
        const auto first = framed("announces none");
        put(framed("good"));
        put(first.substr(0, at), {"stray"});
        put(first.substr(at) + announcing("announces one", 1));
        BOOST_TEST(receive_from(c).is("good"));
        check_refused(c, errc::too_many_descriptors, "message 2, byte 0: 0 descriptors were announced, 1 have come");
    }
}

BOOST_AUTO_TEST_CASE(one_that_is_missing_is_not_taken_from_the_next_message) {
    for (const unsigned second : {0U, 1U}) {
        for (const bool at_once : {false, true}) {
            auto c = channel_with({.descriptors = 4});
            received got;
            if (!at_once) c.async_receive(got.handler());
            put(announcing("announces one", 1));
            if (!at_once) run_ready(io);
            if (at_once || got.count == 0) put(announcing("the next", second), {"the next one's"});
            if (at_once) c.async_receive(got.handler());
            run_until(io, [&] { return got.count == 1; });
            BOOST_TEST(got.ec == make_error_code(errc::descriptors_lost));
            BOOST_TEST(c.failure().context() == "message 1, byte 0: 1 descriptors were announced, 0 have come");
        }
    }
}

BOOST_AUTO_TEST_CASE(with_several_frames_in_one_read_each_has_its_own) {
    auto c = channel_with({.descriptors = 2});
    put(framed("a") + framed("b"));
    put(announcing("c", 1), {"for c"});
    put(framed("d") + framed("e"));
    put(announcing("f", 2), {"for f", "too"});
    put(announcing("g", 1), {"for g"});
    put(framed("h"));
    check_message(c, "a", {});
    check_message(c, "b", {});
    check_message(c, "c", {"for c"});
    check_message(c, "d", {});
    check_message(c, "e", {});
    check_message(c, "f", {"for f", "too"});
    check_message(c, "g", {"for g"});
    check_message(c, "h", {});
    run_ready(io);
    BOOST_TEST(c.is_open());
}

BOOST_AUTO_TEST_CASE(one_call_may_bring_several_frames_and_what_belongs_to_them) {
    auto c = channel_with({.descriptors = 3});
    put(framed("a") + announcing("b", 1) + framed("c"), {"for b"});
    put(announcing("d", 1) + framed("e") + announcing("f", 2), {"for d", "for f", "too"});
    put(framed("g"));
    check_message(c, "a", {});
    check_message(c, "b", {"for b"});
    check_message(c, "c", {});
    check_message(c, "d", {"for d"});
    check_message(c, "e", {});
    check_message(c, "f", {"for f", "too"});
    check_message(c, "g", {});
    // But not for a frame of the next call.
    put(announcing("h", 1) + framed("i"), {"for h", "for nobody"});
    put(announcing("j", 1), {"for j"});
    check_message(c, "h", {"for h"});
    check_refused(c, errc::too_many_descriptors, "message 9, byte 0: 0 descriptors were announced, 1 have come");
}

BOOST_AUTO_TEST_CASE(descriptors_may_come_with_any_bytes_of_their_frame) {
    const auto wire = announcing("announces three", 3);
    for (std::size_t at = 1; at + 1 < wire.size(); ++at) {
        auto c = channel_with({.descriptors = 3});
        received got;
        c.async_receive(got.handler());
        put(wire.substr(0, at), at % 2 == 0 ? texts{} : texts{"1"});
        run_ready(io);
        put(wire.substr(at, 1), at % 2 == 0 ? texts{"1", "2"} : texts{"2"});
        run_ready(io);
        put(wire.substr(at + 1), {"3"});
        put(framed("another"));
        run_until(io, [&] { return got.count == 1; });
        BOOST_TEST(got.is("announces three"));
        BOOST_TEST((texts_of(c) == texts{"1", "2", "3"}));
        check_message(c, "another", {});
    }
}

BOOST_AUTO_TEST_CASE(a_large_message_brings_its_own_and_not_those_of_what_follows) {
    auto c = channel_with({.descriptors = 1});
    const std::string large = numbered(1, 100'000);
    const auto wire = announcing(large, 1) + framed("between");
    received got;
    c.async_receive(got.handler());
    put(wire.substr(0, 50'000), {"for the large one"});
    run_ready(io);
    put(wire.substr(50'000));
    put(announcing("the next", 1), {"for the next"});
    run_until(io, [&] { return got.count == 1; });
    BOOST_TEST(got.is(large));
    BOOST_TEST((texts_of(c) == texts{"for the large one"}));
    check_message(c, "between", {});
    check_message(c, "the next", {"for the next"});
}

BOOST_AUTO_TEST_CASE(a_frame_that_has_not_come_whole_is_refused_once_too_many_have_come) {
    const auto before = descriptor_count();
    {
        auto c = channel_with({.descriptors = 4});
        received got;
        c.async_receive(got.handler());
        put(announcing("not whole", 1).substr(0, 10), {"one", "two"});
        run_until(io, [&] { return got.count == 1; });
        BOOST_TEST(got.ec == make_error_code(errc::too_many_descriptors));
        BOOST_TEST(c.failure().context() == "message 1, byte 0: 1 descriptors were announced, 2 have come");
        files.clear();
        peer.close();
    }
    {
        auto c = channel_with({.descriptors = 4});
        received got;
        c.async_receive(got.handler());
        put(announcing("not whole", 5).substr(0, 10));
        run_until(io, [&] { return got.count == 1; });
        BOOST_TEST(got.ec == make_error_code(errc::too_many_descriptors));
        BOOST_TEST(c.failure().context() == "message 1, byte 0: 5 descriptors are announced, at most 4 are welcome");
        peer.close();
    }
    BOOST_TEST(descriptor_count() == before);
}

// M: 506 were held, whatever the option said.
BOOST_AUTO_TEST_CASE(no_more_are_held_than_one_message_may_bring) {
    auto c = channel_with({.descriptors = 4});
    received got;
    c.async_receive(got.handler());
    const auto wire = framed("a long message of which a byte comes at a time");
    const auto file = file_with("again and again");
    const auto before = descriptor_count();
    std::vector<std::size_t> held;
    for (std::size_t i = 0; i < 4 && got.count == 0; ++i) {
        send(peer, wire.substr(i, 1), repeated(file.get(), i == 3 ? 2 : 1));
        run_ready(io);
        if (got.count == 0) held.push_back(descriptor_count() - before);
    }
    BOOST_TEST((held == std::vector<std::size_t>{1, 2, 3}));
    BOOST_TEST(got.count == 1);
    BOOST_TEST(got.ec == make_error_code(errc::too_many_descriptors));
    BOOST_TEST(c.failure().context() == "message 1, byte 0: more than 4 descriptors have come");
    auto flooded = channel_with({.descriptors = 4});
    put(framed("good"));
    send(peer, wire.substr(0, 1), repeated(file.get(), 253));
    BOOST_TEST(receive_from(flooded).is("good"));
    check_refused(flooded, errc::too_many_descriptors, "message 2, byte 0: more than 4 descriptors have come");
}

BOOST_AUTO_TEST_CASE(where_none_is_welcome_one_that_comes_closes_the_channel) {
    for (const bool announced : {false, true}) {
        auto c = channel_with({});
        put(framed("good"));
        put(announcing("bad", announced ? 1 : 0), {"unasked"});
        put(framed("not seen"));
        BOOST_TEST(receive_from(c).is("good"));
        check_refused(c, errc::too_many_descriptors, "message 2, byte 0: descriptors are not welcome here");
    }
    // Also with a byte of a frame that has not come whole, and where the channel has waited before.
    auto c = channel_with({});
    put(framed("good"));
    BOOST_TEST(receive_from(c).is("good"));
    received got;
    c.async_receive(got.handler());
    run_ready(io);
    put(framed("bad").substr(0, 1), {"unasked"});
    run_until(io, [&] { return got.count == 1; });
    BOOST_TEST(got.ec == make_error_code(errc::too_many_descriptors));
    BOOST_TEST(c.failure().context() == "message 2, byte 0: descriptors are not welcome here");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(packets_bring_no_more_than_is_welcome, Protocol, packet_protocols) {
    for (const unsigned welcome : {0U, 2U}) {
        const auto before = descriptor_count();
        {
            auto [a, b] = make_socket_pair<Protocol>(ex).value();
            channel c(std::move(b), datagram(), {.descriptors = welcome});
            const auto file = file_with("unasked");
            send(a, "good");
            send(a, "bad", repeated(file.get(), welcome + 1));
            BOOST_TEST(receive_from(c).is("good"));
            BOOST_TEST(receive_from(c).ec == make_error_code(errc::too_many_descriptors));
            BOOST_TEST(!c.is_open());
            BOOST_TEST(c.failure().code() == make_error_code(errc::too_many_descriptors));
        }
        BOOST_TEST(descriptor_count() == before);
    }
}

BOOST_AUTO_TEST_CASE(a_framing_that_announces_none_gets_none) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    peer = std::move(a);
    auto c = make<lines>(std::move(b), {.descriptors = 4});
    put("good\n");
    put("bad", {"stray"});
    BOOST_TEST(receive_from(c).is("good"));
    BOOST_TEST(receive_from(c).ec == make_error_code(errc::too_many_descriptors));
    BOOST_TEST(c.failure().context() == "message 2, byte 0: 0 descriptors were announced, 1 have come");
}

BOOST_AUTO_TEST_CASE(standard_input_that_brings_descriptors_is_an_error) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    peer = std::move(a);
    put(framed("unasked"), {"stray"});
    forked child([&] {
        ::dup2(b.native_handle(), 0);
        ::dup2(b.native_handle(), 1);
        asio::io_context loop;
        channel c(parley::standard_streams(loop.get_executor()), length_prefix());
        received got;
        c.async_receive(got.handler());
        run_until(loop, [&] { return got.count == 1; });
        return got.ec == make_error_code(errc::too_many_descriptors) && !c.is_open() ? 0 : 1;
    });
    BOOST_TEST(child.wait() == 0);
}

// Credentials beside the bytes look like descriptors where only a flag says that something was there.
BOOST_AUTO_TEST_CASE(credentials_are_no_descriptors) {
    for (const unsigned welcome : {0U, 2U}) {
        auto c = channel_with({.descriptors = welcome});
        c.stream().set_option(pass_credentials(true));
        put(framed("a") + framed("b"));
        check_message(c, "a", {});
        check_message(c, "b", {});
        if (welcome == 0) continue;
        put(announcing("c", 1), {"for c"});
        put(framed("d"));
        check_message(c, "c", {"for c"});
        check_message(c, "d", {});
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
