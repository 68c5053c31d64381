// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "channel_tools.hpp"

#include <parley/message/lines.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/child.hpp>
#include <parley/process/spawn.hpp>

#include <utility>

BOOST_AUTO_TEST_SUITE(stream_pair_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(stream_pair_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(two_pipes_carry_messages) {
    auto one = make_pipe(ex).value(), two = make_pipe(ex).value();
    channel here(stream_pair(std::move(one.reader), std::move(two.writer)), length_prefix());
    channel there(stream_pair(std::move(two.reader), std::move(one.writer)), length_prefix());
    check_echo(io, here, there, 100, 997);
    BOOST_TEST(here.try_send("the last"));
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(receive_from(there).is("the last"));
    BOOST_TEST(receive_from(there).is_end());
}

BOOST_AUTO_TEST_CASE(a_full_pipe_holds_a_sender_back) {
    auto one = make_pipe(ex).value(), two = make_pipe(ex).value();
    channel here(stream_pair(std::move(one.reader), std::move(two.writer)), lines(), {.queue_bytes = 1000});
    std::size_t n = 0;
    while (here.try_send(numbered(n, 90))) ++n, run_ready(io);
    BOOST_TEST(n > 500u);  // what the pipe holds
    BOOST_TEST(n < 1000u);
    channel there(stream_pair(std::move(two.reader), std::move(one.writer)), lines());
    for (std::size_t i = 0; i < n; ++i) BOOST_TEST_REQUIRE(receive_from(there).is(numbered(i, 90)));
}

BOOST_AUTO_TEST_CASE(the_standard_streams_of_a_child_carry_lines) {
    auto cat = spawn(ex, {.program = "/bin/cat", .in = stdio::pipe(), .out = stdio::pipe()}).value();
    channel c(stream_pair(std::move(cat.out()), std::move(cat.in())), lines());
    BOOST_TEST(c.try_send("one"));
    BOOST_TEST(c.try_send("two"));
    BOOST_TEST(receive_from(c).is("one"));
    BOOST_TEST(receive_from(c).is("two"));
    done ended;
    c.async_end(ended.handler());  // closes its standard input
    BOOST_TEST(receive_from(c).is_end());
    run_task(io, [](child& of) -> task<> { BOOST_TEST((co_await of.async_wait()).success()); }(cat));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
