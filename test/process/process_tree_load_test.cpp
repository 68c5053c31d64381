// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Many trees in one process: all are told of their ends, and are stopped. PARLEY_TREES says how many.

#include <parley/process/process_tree.hpp>

#include "descriptor_limits.hpp"
#include "tree_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(process_tree_load_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

using load_clock = std::chrono::steady_clock;

std::size_t how_many() {
    if (const char* said = std::getenv("PARLEY_TREES")) return static_cast<std::size_t>(std::atol(said));
    return sanitized ? 40 : std::clamp<std::size_t>(std::size_t{100} * sys::usable_cpus(), 100, 1000);
}

auto milliseconds_since(load_clock::time_point begin) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(load_clock::now() - begin).count();
}

struct load_fixture : tree_fixture {
    const std::size_t count = how_many();
    const many_descriptors enough{};

    std::vector<process_tree> start_all(const tree_options& options) {
        std::vector<process_tree> trees;
        const auto what = marked({.program = "/bin/sleep", .arguments = {"1000"}});
        for (std::size_t i = 0; i < count; ++i) trees.push_back(spawn_tree(ex, what, options).value());
        return trees;
    }

    // Runs the loop until all are told; a second without any progress is one too many.
    void until_told(const std::size_t& told) {
        auto last = load_clock::now();
        for (std::size_t before = told; told != count;) {
            io.restart();
            io.run_one_for(10ms);
            if (told != before) last = load_clock::now();
            before = told;
            if (load_clock::now() - last > guard) break;
        }
        BOOST_TEST(told == count);
    }

    void waits_and_is_told(const tree_options& options) {
        auto trees = start_all(options);
        std::size_t told = 0;
        for (auto& tree : trees)
            tree.async_wait_empty([&](error_code ec, const tree_report& r) {
                BOOST_TEST(!ec);
                BOOST_TEST(r.found == 1u);
                ++told;
            });
        while (io.run_one_for(200ms) != 0) {}  // until each has been looked at, and waits
        // One after the other: from the end of a process to the word of it.
        load_clock::duration longest{};
        for (std::size_t i = 0; i < std::min<std::size_t>(count, 20); ++i) {
            const auto wanted = told + 1;
            const auto begin = load_clock::now();
            BOOST_TEST(trees[i * count / 20 % count].leader().send_signal(SIGKILL).has_value());
            run_until(io, [&] { return told >= wanted; });
            longest = std::max(longest, load_clock::now() - begin);
        }
        const auto begin = load_clock::now();
        for (auto& tree : trees) (void)tree.leader().send_signal(SIGKILL);
        until_told(told);
        BOOST_TEST_MESSAGE(count << " trees: told of one end after "
                                 << std::chrono::duration_cast<std::chrono::milliseconds>(longest).count()
                                 << " ms at the most, of all at once after " << milliseconds_since(begin) << " ms");
        BOOST_TEST(children().empty());
    }

    void stops(const tree_options& options) {
        auto trees = start_all(options);
        std::size_t told = 0;
        const auto begin = load_clock::now();
        for (auto& tree : trees)
            tree.async_stop([&](error_code ec, const tree_report& r) {
                BOOST_TEST(!ec);
                BOOST_TEST(r.left.empty());
                ++told;
            });
        until_told(told);
        BOOST_TEST_MESSAGE(count << " trees: stopped in " << milliseconds_since(begin) << " ms");
        BOOST_TEST(children().empty());
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree_load_suite, load_fixture)

BOOST_AUTO_TEST_CASE(many_trees_are_told_of_their_ends) {
    if (!enough.are(count * 4)) return;
    waits_and_is_told(without_cgroup());
}

BOOST_AUTO_TEST_CASE(many_trees_of_a_subreaper_are_told_of_their_ends) {
    if (!enough.are(count * 4)) return;
    auto options = without_cgroup();
    options.subreaper = true;
    waits_and_is_told(options);
}

BOOST_AUTO_TEST_CASE(many_trees_are_stopped) {
    if (!enough.are(count * 4)) return;
    stops(without_cgroup());
}

BOOST_AUTO_TEST_CASE(many_trees_of_a_subreaper_are_stopped) {
    if (!enough.are(count * 4)) return;
    auto options = without_cgroup();
    options.subreaper = true;
    stops(options);
}

BOOST_AUTO_TEST_CASE(many_trees_in_cgroups_are_told_and_stopped) {
    if (!enough.are(count * 4) || !have_cgroup()) return;
    waits_and_is_told(with_cgroup());
    stops(with_cgroup());
}

BOOST_AUTO_TEST_CASE(many_trees_whose_context_goes_away_are_stopped) {
    if (!enough.are(count * 4)) return;
    {
        asio::io_context short_lived;
        std::vector<process_tree> trees;
        const auto what = marked({.program = "/bin/sleep", .arguments = {"1000"}});
        for (std::size_t i = 0; i < count; ++i)
            trees.push_back(spawn_tree(short_lived.get_executor(), what, without_cgroup()).value());
    }
    BOOST_TEST(threads() <= 3u, "a thread for each tree");
    BOOST_TEST(soon([] { return children().empty(); }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
