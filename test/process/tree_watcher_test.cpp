// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The process that kills trees when this one ends.

#include "process/tree_watcher.hpp"

#include "temporary_directory.hpp"
#include "tree_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(tree_watcher_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

struct watcher_fixture : tree_fixture {
    static tree_options dying() {
        auto options = without_cgroup();
        options.die_with_parent = true;
        return options;
    }

    // Those of a process.
    static std::vector<pid_t> watchers(pid_t of = ::getpid()) {
        std::vector<pid_t> found;
        auto listing = process_listing::open().value();
        for (auto pid = listing.next().value(); pid; pid = listing.next().value()) {
            const auto row = read_row(*pid);
            if (!row || !*row || (*row)->ended || (*row)->parent != of) continue;
            const auto line = sys::read_file(("/proc/" + std::to_string(*pid) + "/cmdline").c_str(), 1 << 16);
            if (line && line->find("parley-tree-watcher") != std::string::npos) found.push_back(*pid);
        }
        return found;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tree_watcher_suite, watcher_fixture)

BOOST_AUTO_TEST_CASE(trees_without_a_cgroup_share_one_watcher) {
    std::vector<process_tree> trees;
    for (int i = 0; i < 5; ++i) trees.push_back(start_tree(helper({"ready"}), dying()));
    BOOST_TEST(soon([] { return watchers().size() == 1; }), watchers().size());
    while (trees.size() > 1) {
        stop(trees.back(), stop_policy::kill());
        trees.pop_back();
        BOOST_TEST(watchers().size() == 1u);
    }
    stop(trees.back(), stop_policy::kill());
    BOOST_TEST(watchers().empty());
    trees.back() = start_tree(helper({"ready"}), dying());
    BOOST_TEST(soon([] { return watchers().size() == 1; }), watchers().size());
    stop(trees.back(), stop_policy::kill());
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(all_trees_of_a_program_that_is_killed_die) {
    auto program = run_task(io, start_ready(marked(helper({"trees-that-die-with-it", "40"}))));
    BOOST_TEST(soon_are(41));
    BOOST_TEST(program.send_signal(SIGKILL).has_value());
    BOOST_TEST(end_of(program) == exit_status::signalled(SIGKILL));
    BOOST_TEST(soon_are(0));
}

BOOST_AUTO_TEST_CASE(the_place_of_a_watcher_that_was_killed_is_taken_at_the_next_start) {
    auto what = marked(helper({"trees-that-die-with-it", "3"}));
    what.in = stdio::pipe();
    auto program = run_task(io, start_ready(what));
    BOOST_TEST(soon_are(4));
    BOOST_TEST(soon([&] { return watchers(program.pid()).size() == 1; }));
    for (const pid_t watcher : watchers(program.pid())) ::kill(watcher, SIGKILL);
    BOOST_TEST(soon([&] { return watchers(program.pid()).empty(); }));
    BOOST_TEST(::write(program.in().native_handle(), "x", 1) == 1);
    BOOST_TEST(run_task(io, next_line(program)) == "more");
    BOOST_TEST(soon_are(5));
    BOOST_TEST(program.send_signal(SIGKILL).has_value());
    end_of(program);
    BOOST_TEST(soon_are(0));
}

BOOST_AUTO_TEST_CASE(the_script_kills_who_carries_a_mark_and_nobody_else_with_grep_and_without) {
    const temporary_directory only_sleep;
    for (const char* directory : {"/usr/bin/", "/bin/"})
        if (fs::exists(std::string(directory) + "sleep") && !fs::exists(only_sleep / "sleep"))
            fs::create_symlink(std::string(directory) + "sleep", only_sleep / "sleep");
    for (const auto& path : std::vector<std::string>{"/usr/sbin:/usr/bin:/sbin:/bin", only_sleep.path()}) {
        const auto with_limit = [](std::uint64_t limit) {
            auto what = helper({"ready"});
            what.limits.push_back({RLIMIT_RTTIME, limit, RLIM_INFINITY});
            return what;
        };
        constexpr std::uint64_t mark = (std::uint64_t{1} << 62) + 12345;
        auto first = run_task(io, start_ready(with_limit(mark)));
        auto second = run_task(io, start_ready(with_limit(mark + 5)));
        auto removed = run_task(io, start_ready(with_limit(mark + 6)));
        auto other = run_task(io, start_ready(with_limit(mark + 7)));
        auto plain = run_task(io, start_ready(helper({"ready"})));
        const auto table = sys::memory_file("table").value();
        const std::string filling(11, '-'), nothing(31, '-');
        BOOST_TEST(!sys::write_at(table.get(),
                                  std::to_string(mark) + "\n" + filling + "\n" + nothing + "\n" +
                                      std::to_string(mark + 5) + "\n" + filling + "\n",
                                  0));
        command script{.program = "/bin/sh", .arguments = {"-c", script_for_marks(), "parley-tree-watcher"}};
        script.environment = {environment_base::empty, {{"PATH", path}}};
        script.in = stdio::null();
        script.descriptors.push_back({table.get(), 3});
        for (auto* killed : {&first, &second}) killed->async_wait([](error_code, exit_status) {});  // reaps it
        const auto r = run(script);
        BOOST_TEST(r.status.success());
        for (auto* killed : {&first, &second}) BOOST_TEST(end_of(*killed) == exit_status::signalled(SIGKILL));
        for (auto* lives : {&removed, &other, &plain}) {
            BOOST_TEST(!lives->try_wait().has_value());
            BOOST_TEST(lives->send_signal(SIGKILL).has_value());
            end_of(*lives);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_process_of_another_pid_namespace_in_the_cgroup_does_not_keep_the_watcher_from_the_others) {
    const temporary_directory place;
    const auto directory = place / "cgroup";
    fs::create_directory(directory);
    auto victim = start(helper({"ready"}));
    std::ofstream(directory + "/cgroup.procs") << "0\n" << victim.pid() << "\n";
    auto program = run_task(io, start_ready(helper({"watch-directory", directory})));
    BOOST_TEST(program.send_signal(SIGKILL).has_value());
    end_of(program);
    BOOST_TEST(soon([&] { return victim.try_wait().has_value(); }), "the watcher has killed itself");
    if (victim.try_wait()) BOOST_TEST(*victim.try_wait() == exit_status::signalled(SIGKILL));
    BOOST_TEST(soon([&] {  // then the watcher ends
        std::error_code ec;
        fs::remove_all(directory, ec);
        return !fs::exists(directory);
    }));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
