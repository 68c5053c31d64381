// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Trees that are stopped although their handle or their context has gone, by policies of any length.

#include "process/process_tree_helper.hpp"

#include "tree_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <optional>

BOOST_AUTO_TEST_SUITE(process_tree_helper_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds any_time = std::chrono::milliseconds::max();

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree_helper_suite, tree_fixture)

BOOST_AUTO_TEST_CASE(a_tree_that_may_take_any_time_is_asked_when_its_handle_goes) {
    for (const auto grace : {any_time, any_time - 1ms}) {
        std::optional<tree_report> told;
        {
            auto tree = start_tree(shell("sleep 1000 & wait"), without_cgroup());
            tree.set_stop_policy({SIGTERM, grace});
            BOOST_TEST(soon_are(2));
            tree.async_wait_empty([&](error_code, const tree_report& report) { told = report; });
            io.restart();
            io.poll_one();
        }
        BOOST_TEST(soon([&] { return told.has_value(); }), "nobody has asked the tree to end");
        if (!told) return end_what_is_left();
        BOOST_TEST(told->leader == exit_status::signalled(SIGTERM));
    }
}

BOOST_AUTO_TEST_CASE(a_policy_that_may_take_any_time_and_has_not_begun_goes_on_without_its_context) {
    for (const auto grace : {any_time, any_time - 1ms, std::chrono::milliseconds::min()}) {
        {
            asio::io_context short_lived;
            auto tree =
                spawn_tree(short_lived.get_executor(), marked(shell("sleep 1000 & wait")), without_cgroup()).value();
            BOOST_TEST(soon_are(2));
            tree.async_stop({SIGTERM, grace}, [](error_code, const tree_report&) {});
        }
        const bool ended = soon([] { return children().empty(); });
        BOOST_TEST(ended, "nobody has asked the tree to end");
        if (!ended) return end_what_is_left();
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
