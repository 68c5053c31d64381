// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who the child is and what it may use.

#include <parley/process/spawn.hpp>

#include "fault.hpp"
#include "process_tools.hpp"
#include "skip.hpp"
#include "temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(spawn_surroundings_test)

using namespace parley;
using namespace parley::test;

namespace {

struct context : process_fixture {
    std::string said_by(command what) {
        const auto r = run(what);
        BOOST_TEST(r.status.success(), r.err);
        return r.out;
    }
};

command with_identity(std::string line, identity who) {
    auto c = shell(std::move(line));
    c.run_as = std::move(who);
    return c;
}

constexpr uid_t somebody = 65533;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(spawn_surroundings_suite, context)

BOOST_AUTO_TEST_CASE(the_umask_is_the_parents_or_as_asked) {
    const mode_t earlier = ::umask(027);
    auto c = shell("umask");
    BOOST_TEST(said_by(c) == "0027\n");
    c.umask = 0077;
    BOOST_TEST(said_by(c) == "0077\n");
    ::umask(earlier);
}

BOOST_AUTO_TEST_CASE(a_umask_of_more_than_nine_bits_is_refused) {
    auto c = shell("true");
    c.umask = 01000;
    BOOST_TEST(failure(c).message().find("umask") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_nice_value_is_absolute) {
    auto c = shell("nice");
    c.nice = 7;
    BOOST_TEST(said_by(c) == "7\n");
    c.nice = 20;
    BOOST_TEST(failure(c).message().find("nice 20 is not within") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_child_runs_on_the_cpus_it_was_given) {
    auto c = shell("grep Cpus_allowed_list /proc/self/status");
    c.cpus = {0};
    BOOST_TEST(said_by(c) == "Cpus_allowed_list:\t0\n");
    c.cpus = {60000};
    const auto e = failure(c);
    BOOST_TEST((failed_step(e.code()) == spawn_step::affinity));
    c.cpus = {-1};
    BOOST_TEST(failure(c).message().find("there is no CPU -1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(limits_hold_in_the_child_and_only_there) {
    auto c = shell("ulimit -Sn; ulimit -Hn; ulimit -Sc");
    c.limits = {{RLIMIT_NOFILE, 64, 128}, {RLIMIT_CORE, 0, resource_limit::unlimited}};
    if (::geteuid() != 0) c.limits[1].hard = 0;
    rlimit before{}, after{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    BOOST_TEST(said_by(c) == "64\n128\n0\n");
    ::getrlimit(RLIMIT_NOFILE, &after);
    BOOST_TEST(before.rlim_cur == after.rlim_cur);
}

BOOST_AUTO_TEST_CASE(limits_that_cannot_be_are_refused_by_name) {
    auto c = shell("true");
    c.limits = {{RLIMIT_NOFILE, 128, 64}};
    BOOST_TEST(failure(c).message().find("RLIMIT_NOFILE: the soft limit is above the hard one") != std::string::npos);
    c.limits = {{999, 1, 1}};
    BOOST_TEST(failure(c).message().find("there is no resource 999") != std::string::npos);
    c.limits = {{RLIMIT_NOFILE, resource_limit::unlimited, resource_limit::unlimited}};  // above fs.nr_open
    const auto e = failure(c);
    BOOST_TEST((failed_step(e.code()) == spawn_step::limits));
    BOOST_TEST(e.message().find("RLIMIT_NOFILE") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(all_of_an_identity_is_taken_on) {
    if (!is_root_or_skip()) return;
    const auto c = with_identity(
        "id -u; id -ru; id -g; id -G; grep ^Cap /proc/self/status | sort -u -k 2 | grep -v Bnd; "
        "grep ^Uid /proc/self/status",
        {somebody, 65532, {65530, 65531}});
    const auto said = said_by(c);
    BOOST_TEST(said.starts_with("65533\n65533\n65532\n65532 65530 65531\nCapInh:\t0000000000000000\n"), said);
    BOOST_TEST(said.ends_with("Uid:\t65533\t65533\t65533\t65533\n"), said);
    BOOST_TEST(::getuid() == 0u);
    BOOST_TEST(said_by(with_identity("id -G", {somebody, 65532})) == "65532\n");  // none of root's groups
}

BOOST_AUTO_TEST_CASE(an_identity_that_is_refused_in_part_fails_the_start) {
    if (!is_root_or_skip()) return;
    const auto c = with_identity("touch /tmp/parley-must-not-run", {somebody, somebody, {7}});
    for (const auto call : {sys::call::child_setgroups, sys::call::child_setresgid, sys::call::child_setresuid}) {
        for (const int how : {EPERM, EAGAIN, sys::pretend}) {  // refused, or taken for done and not done
            const fault one(call, how);
            const auto e = failure(c);
            BOOST_TEST((failed_step(e.code()) == spawn_step::identity), e.message());
            BOOST_TEST(e.message().find("user 65533, group 65533") != std::string::npos);
        }
    }
    BOOST_TEST(::access("/tmp/parley-must-not-run", F_OK) != 0);
}

BOOST_AUTO_TEST_CASE(nobody_cannot_become_somebody) {
    if (!is_root_or_skip()) return;
    auto c = with_identity("true", {somebody, somebody});
    c.run_as->user = static_cast<uid_t>(-1);
    BOOST_TEST(failure(c).message().find("run_as: -1 is nobody") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_directory_is_entered_as_the_user_of_the_child) {
    if (!is_root_or_skip()) return;
    const temporary_directory place;
    ::chmod(place.path().c_str(), 0700);
    auto c = with_identity("pwd", {somebody, somebody});
    c.directory = place.path();
    const auto e = failure(c);
    BOOST_TEST((failed_step(e.code()) == spawn_step::directory));
    BOOST_TEST((e.code() == boost::system::errc::permission_denied));
}

BOOST_AUTO_TEST_CASE(users_are_found_by_name) {
    const auto root = find_identity("root");
    BOOST_REQUIRE(root.has_value());
    BOOST_TEST(root->user == 0u);
    BOOST_TEST(root->group == 0u);
    const auto nobody = find_identity("nobody");
    BOOST_REQUIRE(nobody.has_value());
    BOOST_TEST(nobody->user == 65534u);
    BOOST_TEST((find_identity("no such user").error().code() == errc::unknown_user));
    BOOST_TEST((find_identity("").error().code() == errc::unknown_user));
    BOOST_TEST((find_identity(std::string("root\0x", 6)).error().code() == errc::unknown_user));
}

BOOST_AUTO_TEST_CASE(rights_cannot_be_gained_where_they_were_given_up) {
    auto c = shell("grep NoNewPrivs /proc/self/status");
    BOOST_TEST(said_by(c) == "NoNewPrivs:\t0\n");
    c.no_new_privs = true;
    BOOST_TEST(said_by(c) == "NoNewPrivs:\t1\n");
    const fault refused(sys::call::child_prctl, EINVAL);
    BOOST_TEST((failed_step(failure(c).code()) == spawn_step::no_new_privs));
}

BOOST_AUTO_TEST_CASE(a_cgroup_that_is_none_is_named) {
    auto c = shell("true");
    c.cgroup = "/no/such/cgroup";
    const auto e = failure(c);
    BOOST_TEST((failed_step(e.code()) == spawn_step::cgroup));
    BOOST_TEST(e.message().find("/no/such/cgroup") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_a_command_says_a_shell_does) {
    auto c = helper({"exit", "0"});
    c.umask = 027;
    c.nice = 5;
    c.cpus = {0};
    c.limits = {{RLIMIT_NOFILE, 64, 64}};
    c.no_new_privs = true;
    c.program = "/bin/sh";
    c.arguments = {"-c", "umask; nice; ulimit -n; grep -e NoNewPrivs -e Cpus_allowed_list /proc/self/status"};
    const auto direct = said_by(c);
    BOOST_TEST(direct == "0027\n5\n64\nNoNewPrivs:\t1\nCpus_allowed_list:\t0\n");
    BOOST_TEST(said_by(shell(to_shell(c))) == direct, to_shell(c));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
