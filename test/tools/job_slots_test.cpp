// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "job_slots.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace parley::tool {
BOOST_AUTO_TEST_SUITE(job_slots_test)
namespace {

struct job_slots_fixture {
    asio::io_context io;
    job_slots slots{io.get_executor(), 1};
    std::vector<int> order{};
    std::vector<int> refused{};

    task<> job(int n) {
        const auto own = co_await slots.async_take();
        order.push_back(n);
        co_await asio::post(asio::use_awaitable);
    }
    void start(int n, asio::cancellation_slot cancel = {}) {
        asio::co_spawn(io, job(n), asio::bind_cancellation_slot(cancel, [this, n](const std::exception_ptr& failure) {
                           if (failure) refused.push_back(n);
                       }));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(job_slots_suite, job_slots_fixture)

BOOST_AUTO_TEST_CASE(jobs_come_in_their_order) {
    for (int n = 0; n < 100; ++n) start(n);
    io.run();
    BOOST_TEST(order.size() == 100u);
    BOOST_TEST(std::ranges::is_sorted(order));
    BOOST_TEST(refused.empty());
}

BOOST_AUTO_TEST_CASE(one_that_is_cancelled_while_it_waits_has_no_turn) {
    asio::cancellation_signal cancel;
    std::optional<job_slots::slot> held;
    asio::co_spawn(
        io,
        [](job_slots& s, std::optional<job_slots::slot>& into) -> task<> { into.emplace(co_await s.async_take()); }(
                                                                   slots, held),
        [](const std::exception_ptr&) {});
    io.poll();
    BOOST_TEST_REQUIRE(held.has_value());
    start(1, cancel.slot());
    start(2);
    start(3);
    io.restart();
    io.poll();
    BOOST_TEST(slots.waiting() == 3u);
    cancel.emit(asio::cancellation_type::terminal);  // while it waits
    io.poll();
    BOOST_TEST(slots.waiting() == 2u);
    held.reset();
    io.run();
    BOOST_TEST((order == std::vector<int>{2, 3}));
    BOOST_TEST((refused == std::vector<int>{1}));
}

BOOST_AUTO_TEST_CASE(closing_ends_those_that_wait) {
    start(1);
    start(2);
    start(3);
    asio::post(io, [&] { slots.close(); });
    io.run();
    BOOST_TEST((order == std::vector<int>{1}));
    BOOST_TEST((refused == std::vector<int>{2, 3}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::tool
