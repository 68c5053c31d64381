// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The longest time is as good as no limit, and never the shortest.

#include <parley/process/pipeline.hpp>
#include <parley/process/run.hpp>
#include <parley/process/stop_policy.hpp>

#include "process_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(endless_times_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using milliseconds_option = saturated<std::chrono::milliseconds>;

const std::vector<milliseconds_option> longest{std::chrono::milliseconds::max(), std::chrono::milliseconds::max() - 1ms,
                                               std::chrono::hours::max(), std::chrono::years(300),
                                               std::chrono::duration<double>(1e300)};

BOOST_FIXTURE_TEST_SUITE(endless_times_suite, process_fixture)

BOOST_AUTO_TEST_CASE(a_run_without_a_limit_comes_to_its_end) {
    for (const auto& time : longest) {
        const auto r = run_task(io, [](executor on, milliseconds_option limit) -> task<run_result> {
            const auto plan = shell("(sleep 0.02; echo late) & echo now");
            run_options options;
            options.timeout = limit;
            options.drain_grace = limit;
            co_return co_await async_run(on, plan, options, asio::use_awaitable);
        }(ex, time));
        BOOST_TEST(r.status.success());
        BOOST_TEST(r.out == "now\nlate\n");
        BOOST_TEST(r.drained);
    }
}

BOOST_AUTO_TEST_CASE(who_may_take_any_time_to_stop_is_not_killed) {
    for (const auto& time : longest) {
        const auto status = run_task(io, [](milliseconds_option grace) -> task<exit_status> {
            const auto plan = shell("trap 'sleep 0.02; exit 7' TERM; echo ready; while :; do sleep 0.01; done");
            auto c = co_await start_ready(plan);
            const stop_policy slow{SIGTERM, grace};
            co_return co_await c.async_stop(slow, asio::use_awaitable);
        }(time));
        BOOST_TEST(status == exit_status::exited(7));
    }
}

BOOST_AUTO_TEST_CASE(a_pipeline_without_a_limit_comes_to_its_end) {
    for (const auto& time : longest) {
        const auto r = run_task(io, [](executor on, milliseconds_option limit) -> task<pipeline_result> {
            const auto plan = shell("echo now; sleep 0.02; echo late") | command{.program = "/bin/cat"};
            pipeline_options options;
            options.timeout = limit;
            options.drain_grace = limit;
            co_return co_await async_run(on, plan, options, asio::use_awaitable);
        }(ex, time));
        BOOST_TEST(r.out == "now\nlate\n");
    }
}

BOOST_AUTO_TEST_CASE(a_policy_prints_its_time_whatever_it_is) {
    BOOST_TEST(to_string(stop_policy{SIGTERM, 1500ms}) == "SIGTERM, SIGKILL after 1.500 s");
    BOOST_TEST(to_string(stop_policy{SIGTERM, std::chrono::hours::max()}) == "SIGTERM, never SIGKILL");
    BOOST_TEST(to_string(stop_policy{SIGTERM, std::chrono::milliseconds::max() - 1ms}) ==
               "SIGTERM, SIGKILL after 9223372036854.775 s");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
