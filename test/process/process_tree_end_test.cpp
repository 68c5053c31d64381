// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What becomes of a tree, and of its cgroup, when the program that has started it is killed.

#include <parley/process/process_tree.hpp>

#include "tree_tools.hpp"

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_tree_end_test)

using namespace parley;
using namespace parley::test;
namespace fs = std::filesystem;

namespace {

struct end_fixture : tree_fixture {
    // The program that starts a tree is killed, and nothing of the tree is left. Gives the number that the program had.
    pid_t killed_with(const std::string& means) {
        auto host = marked(helper({"tree-that-dies-with-it", means}));
        host.out = stdio::pipe();
        auto program = start(host);
        const pid_t pid = program.pid();
        const auto said = run_task(io, next_line(program));
        BOOST_TEST(said.starts_with(means == "cgroup" ? "cgroup " : "group "), said);
        BOOST_TEST(soon([this] { return members().size() == 6; }), members().size());  // with the program itself
        BOOST_TEST(program.send_signal(SIGKILL).has_value());
        BOOST_TEST(end_of(program) == exit_status::signalled(SIGKILL));
        BOOST_TEST(soon([this] { return members().empty(); }), "the tree has outlived its parent");
        return pid;
    }

    // The watchers that run as children of this process.
    static std::size_t watchers() {
        std::size_t count = 0;
        for (const int pid : children()) {
            const auto line = sys::read_file(("/proc/" + std::to_string(pid) + "/cmdline").c_str(), 1 << 16);
            count += line && line->find("parley-tree-watcher") != std::string::npos ? 1U : 0U;
        }
        return count;
    }
};

// Where this process can make cgroups.
std::string place_of_cgroups() {
    const auto leaf = cgroup_leaf::make({});
    return leaf ? fs::path(leaf->path()).parent_path().string() : std::string();
}

std::uint64_t namespace_of_pids() {
    struct stat there {};
    return ::stat("/proc/self/ns/pid", &there) == 0 ? there.st_ino : 0;
}

std::string name_of(const process_row& owner, int number, std::uint64_t start, std::uint64_t space) {
    return "parley-" + std::to_string(owner.pid) + "-" + std::to_string(number) + "-" + std::to_string(start) + "-" +
           std::to_string(space);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_tree_end_suite, end_fixture)

BOOST_AUTO_TEST_CASE(a_tree_in_a_cgroup_dies_with_a_parent_that_is_killed_grandchildren_included) {
    const auto place = place_of_cgroups();
    if (!have_cgroup()) return;
    const auto its_own = "parley-" + std::to_string(killed_with("cgroup")) + "-";
    BOOST_TEST(soon([&] {
                   for (const auto& entry : fs::directory_iterator(place))
                       if (entry.path().filename().string().starts_with(its_own)) return false;
                   return true;
               }),
               "the watcher has left the cgroup");
}

BOOST_AUTO_TEST_CASE(a_tree_without_a_cgroup_dies_with_a_parent_that_is_killed_grandchildren_included) {
    killed_with("mark");
}

BOOST_AUTO_TEST_CASE(a_tree_within_a_tree_dies_with_a_parent_that_is_killed) {
    for (const std::string inner : {"mark", "cgroup"}) {
        if (inner == "cgroup" && !can_make_cgroup()) continue;
        auto program = start(marked(helper({"tree-in-tree", inner})));
        // The program, the leader of its tree, and the leader's tree.
        BOOST_TEST(soon([this] { return members().size() == 7; }), members().size());
        BOOST_TEST(program.send_signal(SIGKILL).has_value());
        BOOST_TEST(end_of(program) == exit_status::signalled(SIGKILL));
        BOOST_TEST(soon([this] { return members().empty(); }), "the inner tree, by " << inner << ", lives on");
    }
}

BOOST_AUTO_TEST_CASE(a_watcher_ends_with_its_tree_and_does_nothing_then) {
    for (const bool cgroup : {false, true}) {
        if (cgroup && !have_cgroup()) continue;
        auto options = cgroup ? with_cgroup() : without_cgroup();
        options.die_with_parent = true;
        {
            auto tree = start_tree(shell("sleep 1000 & wait"), options);
            BOOST_TEST(soon([] { return watchers() == 1; }));  // its command line comes a moment after its start
            BOOST_TEST(stop(tree).left.empty());
            BOOST_TEST(watchers() == 0u);
            BOOST_TEST(children().empty());
        }
        {
            auto tree = start_tree(shell("exit 3"), options);
            BOOST_TEST(wait_empty(tree).leader == exit_status::exited(3));
            BOOST_TEST(children().empty());
        }
        {
            asio::io_context short_lived;
            auto tree = spawn_tree(short_lived.get_executor(), marked(shell("sleep 1000 & wait")), options).value();
        }
        BOOST_TEST(soon([] { return children().empty(); }));
        const auto failed = spawn_tree(ex, {.program = "/no/such/program"}, options);
        BOOST_TEST(failed.has_error());
        BOOST_TEST(soon([] { return children().empty(); }), "a failed start has left its watcher");
    }
}

BOOST_AUTO_TEST_CASE(without_cgroup_and_mark_nothing_could_keep_the_promise) {
    auto options = without_cgroup();
    options.die_with_parent = true;
    options.mark = false;
    const auto refused = spawn_tree(ex, helper({"ready"}), options);
    BOOST_TEST_REQUIRE(refused.has_error());
    BOOST_TEST((refused.error().code() == boost::system::errc::not_supported), refused.error());
    BOOST_TEST(refused.error().context().find("die_with_parent") != std::string::npos);
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(the_next_start_removes_what_a_killed_program_has_left) {
    if (!have_cgroup()) return;
    auto host = helper({"tree-left-behind"});
    host.out = stdio::pipe();
    auto program = start(host);
    const auto left = run_task(io, next_line(program));
    BOOST_TEST_REQUIRE(fs::exists(left + "/cgroup.procs"));
    BOOST_TEST(run_task(io, next_line(program)) == "ready");
    auto tree = start_tree(helper({"ready"}), with_cgroup());
    BOOST_TEST(fs::exists(left), "the cgroup of a program that lives was removed");
    BOOST_TEST(program.send_signal(SIGKILL).has_value());
    end_of(program);
    BOOST_TEST(soon([&] {
        auto next = start_tree(helper({"ready"}), with_cgroup());
        stop(next, stop_policy::kill());
        return !fs::exists(left);
    }));
    BOOST_TEST(stop(tree).left.empty());
}

BOOST_AUTO_TEST_CASE(only_what_is_certainly_left_behind_is_removed) {
    if (!have_cgroup()) return;
    const auto place = place_of_cgroups();
    const auto here = namespace_of_pids();
    auto alive = start(helper({"ready"}));
    const auto living = read_row(alive.pid()).value().value();
    const pid_t forked = ::fork();
    if (forked == 0) ::_exit(0);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(forked), &info, WEXITED | WNOWAIT);
    const auto dead = read_row(forked).value().value();
    ::waitpid(forked, nullptr, 0);

    const auto make = [&](const std::string& name) {
        fs::create_directory(place + "/" + name);
        return place + "/" + name;
    };
    const auto of_the_dead = make(name_of(dead, 1, dead.start, here)),
               of_a_number_given_again = make(name_of(living, 2, living.start - 1, here)),
               of_an_earlier_version = make("parley-" + std::to_string(dead.pid) + "-3");
    fs::create_directories(of_the_dead + "/inner/most");
    const auto of_the_living = make(name_of(living, 4, living.start, here)),
               of_another_namespace = make(name_of(dead, 5, dead.start, here + 1)),
               of_a_living_earlier_version = make("parley-" + std::to_string(living.pid) + "-6"),
               no_name_of_ours = make("parley-" + std::to_string(dead.pid) + "-x"),
               no_name_at_all = make("parley-" + std::to_string(dead.pid)),
               inhabited = make(name_of(dead, 7, dead.start, here)),
               with_a_living_one_inside = make(name_of(dead, 8, dead.start, here));
    const auto inside = with_a_living_one_inside + "/" + name_of(living, 1, living.start, here);
    fs::create_directory(inside);
    auto inhabitant_plan = helper({"ready"});
    inhabitant_plan.cgroup = inhabited;
    auto inhabitant = start(inhabitant_plan);

    BOOST_TEST(soon([&] {  // starts that follow one another closely do not all look
        auto tree = start_tree(helper({"ready"}), with_cgroup());
        stop(tree, stop_policy::kill());
        return !fs::exists(of_the_dead) && !fs::exists(of_a_number_given_again) && !fs::exists(of_an_earlier_version);
    }));
    for (const auto& kept : {inside, of_the_living, of_another_namespace, of_a_living_earlier_version, no_name_of_ours,
                             no_name_at_all, inhabited}) {
        BOOST_TEST(fs::exists(kept), kept);
        if (kept != inhabited) fs::remove(kept);
    }
    fs::remove(with_a_living_one_inside);
    BOOST_TEST(inhabitant.send_signal(SIGKILL).has_value());
    end_of(inhabitant);
    BOOST_TEST(soon([&] {
        auto tree = start_tree(helper({"ready"}), with_cgroup());
        stop(tree, stop_policy::kill());
        return !fs::exists(inhabited);
    }));
}

BOOST_AUTO_TEST_CASE(a_cgroup_that_another_process_has_removed_before_it_was_entered_is_made_again) {
    if (!have_cgroup()) return;
    static int refusals = 0;
    refusals = 2;
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c != sys::call::child_cgroup || refusals == 0) return 0;
        --refusals;
        return ENODEV;
    });
    auto tree = spawn_tree(ex, marked(helper({"ready"})), with_cgroup());
    sys::set_fault_hook(earlier);
    BOOST_TEST_REQUIRE(tree.has_value());
    BOOST_TEST(refusals == 0);
    BOOST_TEST(stop(*tree).left.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
