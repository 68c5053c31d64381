// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Twice as much input is twice as much work, counted in steps, however it comes.

#include "channel_tools.hpp"
#include "fault.hpp"

#include <parley/message/content_length.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/message_pack.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/mpl/list.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(linear_work_test)

using namespace parley;
using namespace parley::test;

namespace {

// Counts how many bytes a framing is shown for the first time or again, and how often it is asked.
template <typename Framer>
struct counting {
    Framer framer{};
    std::size_t* steps = nullptr;

    parsed_frame parse(std::string_view bytes, std::size_t examined) const noexcept {
        *steps += 1 + (bytes.size() - examined);
        const auto parsed = framer.parse(bytes, examined);
        // What lies behind this frame will be shown again.
        if (parsed.outcome == parsed_frame::kind::complete)
            *steps -= bytes.size() - std::max(examined, parsed.found.size);
        return parsed;
    }
    parsed_frame parse_end(std::string_view bytes) const noexcept { return framer.parse_end(bytes); }
    error_code enclose(std::string_view payload, unsigned n, frame_ends& ends) const noexcept {
        return framer.enclose(payload, n, ends);
    }
    std::size_t limit() const noexcept { return framer.limit(); }
    std::size_t overhead() const noexcept { return framer.overhead(); }
};

template <typename Framer>
std::string wire_of(std::string_view payload) {
    frame_ends ends;
    (void)Framer().enclose(payload, 0, ends);
    return std::string(ends.head()) + std::string(payload) + std::string(ends.tail());
}

// How many bytes are looked at when `framing` is shown `wire`, a bit more each time.
template <typename Framer>
std::size_t steps_of(const std::string& wire, std::size_t at_once) {
    const Framer framing;
    std::size_t steps = 0, begin = 0, examined = 0, wanted = 1;
    for (std::size_t come = 0; come < wire.size();) {
        come = std::min(wire.size(), come + at_once);
        while (come - begin >= wanted) {
            steps += 1 + come - begin - examined;
            const auto parsed = framing.parse(std::string_view(wire).substr(begin, come - begin), examined);
            BOOST_TEST_REQUIRE((parsed.outcome != parsed_frame::kind::failed));
            const bool whole = parsed.outcome == parsed_frame::kind::complete;
            if (whole) steps -= come - begin - std::max(examined, parsed.found.size);
            begin += whole ? parsed.found.size : 0;
            examined = whole ? 0 : come - begin;
            wanted = whole ? 1 : parsed.wanted;
            if (come == begin) break;
        }
    }
    return steps;
}

using delimiting = boost::mpl::list<lines, nul_terminated, length_prefix, varint>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(linear_work_suite, channel_fixture)

BOOST_AUTO_TEST_CASE_TEMPLATE(framers_look_at_each_byte_once, Framer, delimiting) {
    for (const std::size_t at_once : {std::size_t{1}, std::size_t{3}, std::size_t{4096}}) {
        for (const auto& message : {std::string(10'000, 'x'), std::string("tiny")}) {
            const auto wire = wire_of<Framer>(message);
            std::string once, twice;
            while (once.size() < 20'000) once += wire;
            twice = once + once;
            const auto one = steps_of<Framer>(once, at_once), two = steps_of<Framer>(twice, at_once);
            BOOST_TEST(two <= 2 * one + 100);
            BOOST_TEST(one <= 10 * once.size());
        }
    }
}

// Those that remember do not look at what they have seen: it may change.
BOOST_AUTO_TEST_CASE(framers_that_remember_do_not_look_back) {
    auto wire = wire_of<content_length>(std::string(5000, 'x'));
    const std::size_t head = wire.find("\r\n\r\n") + 4;
    const content_length text;
    content_length::progress so_far;
    parsed_frame parsed;
    for (std::size_t come = 1; come <= wire.size(); ++come) {
        parsed = text.parse(std::string_view(wire).substr(0, come), so_far);
        BOOST_TEST_REQUIRE((parsed.outcome != parsed_frame::kind::failed));
        BOOST_TEST_REQUIRE(so_far.seen == std::min(come, head));
        if (come >= head) std::fill_n(wire.begin(), come, '\n');
    }
    BOOST_TEST((parsed.found == frame{wire.size(), head, 5000}));

    std::string values("\xdd\x00\x00\x10\x00", 5);
    for (int i = 0; i < 4096; ++i) values += std::string("\xa2zz", 3);
    const message_pack packed;
    message_pack::progress walked;
    for (std::size_t come = 1; come <= values.size(); ++come) {
        parsed = packed.parse(std::string_view(values).substr(0, come), walked);
        BOOST_TEST_REQUIRE((parsed.outcome != parsed_frame::kind::failed));
        BOOST_TEST_REQUIRE(walked.at + 5 > come);
        std::fill_n(values.begin(), walked.at, '\xc1');  // begins no value
    }
    BOOST_TEST((parsed.outcome == parsed_frame::kind::complete));
    BOOST_TEST(parsed.found.size == values.size());
}

// Of a line whose end does not come, and of a message whose length is known, by bytes that come one by one.
BOOST_AUTO_TEST_CASE(channels_show_a_framing_each_byte_once) {
    const auto steps_for = [&]<typename Framer>(Framer, const std::string& wire) {
        std::size_t steps = 0;
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        channel c(std::move(b), counting<Framer>{Framer(), &steps});
        received got;
        c.async_receive(got.handler());
        for (const char byte : wire) {
            asio::write(a, asio::buffer(&byte, 1));
            run_ready(io);
        }
        BOOST_TEST(got.count == 0);
        c.close();
        run_ready(io);
        return steps;
    };
    const auto once = steps_for(lines(), std::string(2000, 'x')), twice = steps_for(lines(), std::string(4000, 'x'));
    BOOST_TEST(once == 2 * 2000u);  // a byte and a call for each
    BOOST_TEST(twice == 2 * once);
    // And where it is known how much is wanted it is not asked in between.
    BOOST_TEST(steps_for(length_prefix(), framed(std::string(2000, 'x')).substr(0, 1500)) < 100u);
}

BOOST_AUTO_TEST_CASE(many_tiny_messages_in_one_read_are_shown_once) {
    const auto steps_for = [&](std::size_t n) {
        std::size_t steps = 0;
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        channel c(std::move(b), counting<lines>{lines(), &steps});
        std::string wire;
        for (std::size_t i = 0; i < n; ++i) wire += "x\n";
        asio::write(a, asio::buffer(wire));
        a.close();
        BOOST_TEST(all_of(io, c).size() == n);
        return steps;
    };
    const auto once = steps_for(20'000), twice = steps_for(40'000);
    BOOST_TEST(once <= 20'000u * 4);
    BOOST_TEST(twice <= 2 * once + 10'000);
}

// C: a full channel with many that wait to send.
BOOST_AUTO_TEST_CASE(the_cost_of_a_send_does_not_grow_with_those_that_wait) {
    const auto calls_per_send = [&](std::size_t waiting) {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        make_small(a);
        auto here = make(std::move(a), {.queue_bytes = 1000});
        auto there = make(std::move(b));
        fill(here);
        std::deque<std::size_t> order;
        for (std::size_t i = 0; i < waiting; ++i)
            here.async_send("0123456789", [&order, i](error_code ec) {
                BOOST_TEST_REQUIRE(!ec);
                order.push_back(i);
            });
        run_ready(io);
        const fault none(sys::call::sendmsg, 0);  // counts
        run_task(io, [](any_channel& from, std::deque<std::size_t>& until, std::size_t n) -> task<> {
            while (until.size() != n) co_await from.async_receive();
        }(there, order, waiting));
        BOOST_TEST(std::ranges::is_sorted(order));
        return static_cast<double>(none.seen()) / static_cast<double>(waiting);
    };
    const double few = calls_per_send(1000), many = calls_per_send(10'000);
    BOOST_TEST(many <= few * 1.5 + 0.01);
}

// Each of them would otherwise be looked for among all.
BOOST_AUTO_TEST_CASE(ten_thousand_that_wait_may_give_up_in_any_order) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    make_small(a);
    auto here = make(std::move(a), {.queue_bytes = 100});
    auto there = make(std::move(b));
    const std::size_t before = fill(here);
    constexpr std::size_t all = 10'000;
    std::deque<asio::cancellation_signal> stops(all);
    std::deque<done> results(all);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < all; ++i) texts.push_back(numbered(before + i, 50));
    for (std::size_t i = 0; i < all; ++i)
        here.async_send(texts[i], asio::bind_cancellation_slot(stops[i].slot(), results[i].handler()));
    for (std::size_t i = all; i-- > 2;) stops[i].emit(asio::cancellation_type::total);
    run_until(io,
              [&] { return std::ranges::all_of(results.begin() + 2, results.end(), [](auto& r) { return r.count; }); });
    check_numbered_until_end(io, here, there, before + 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
