// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/spawn.hpp>

#include "fault.hpp"
#include "leftovers.hpp"
#include "process_tools.hpp"
#include "temporary_directory.hpp"

#include <parley/process/run.hpp>
#include <parley/signal/disposition.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(spawn_failure_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(spawn_failure_suite, process_fixture)

BOOST_AUTO_TEST_CASE(a_program_that_discards_exit_statuses_is_told) {
    {
        const scoped_disposition ignored(SIGCHLD, disposition::ignore);
        const auto e = failure(helper({"exit", "0"}));
        BOOST_TEST((e.code() == errc::child_ignored));
        BOOST_TEST(e.message().find("SIGCHLD") != std::string::npos);
    }
    struct sigaction no_wait {
    }, earlier{};
    no_wait.sa_handler = SIG_DFL;
    no_wait.sa_flags = SA_NOCLDWAIT;
    ::sigaction(SIGCHLD, &no_wait, &earlier);
    BOOST_TEST((failure(helper({"exit", "0"})).code() == errc::child_ignored));
    ::sigaction(SIGCHLD, &earlier, nullptr);
    BOOST_TEST(run(helper({"exit", "7"})).status == exit_status::exited(7));
}

// Failures

BOOST_AUTO_TEST_CASE(each_way_to_fail_names_its_step_and_leaves_nothing) {
    temporary_directory place;
    std::ofstream(place / "text") << "no program";
    std::ofstream(place / "no-interpreter") << "#!/no/such/interpreter\n";
    ::chmod((place / "no-interpreter").c_str(), 0755);
    std::ofstream(place / "garbage") << "\x7f"
                                        "ELFgarbage";
    ::chmod((place / "garbage").c_str(), 0755);
    struct expectation {
        command what;
        boost::system::errc::errc_t code;
        spawn_step step;
    };
    using namespace boost::system::errc;
    const std::vector<expectation> expected{
        {{.program = "/no/such/program"}, no_such_file_or_directory, spawn_step::exec},
        {{.program = place / "text"}, permission_denied, spawn_step::exec},
        {{.program = "/"}, permission_denied, spawn_step::exec},
        {{.program = place / "no-interpreter"}, no_such_file_or_directory, spawn_step::exec},
        {{.program = place / "garbage"}, executable_format_error, spawn_step::exec},
        {{.program = "/bin/true", .directory = "/no/such/place"}, no_such_file_or_directory, spawn_step::directory},
        {{.program = "/bin/true", .directory = "/dev/null"}, not_a_directory, spawn_step::directory},
    };
    for (const auto& [what, code, step] : expected) {
        const auto e = failure(what);
        BOOST_TEST((e.code() == code), e.message());
        BOOST_TEST((failed_step(e.code()) == step), e.message());
        BOOST_TEST(e.message().find("spawn " + shell_quote(what.program)) == 0u);
    }
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(ten_thousand_failures_leave_nothing) {
    BOOST_TEST(
        spawn(ex, {.program = "/no/such/program", .in = stdio::pipe()}).has_error());  // Asio has what it needs now
    const auto before = open_descriptors().size();
    for (int i = 0; i < 10000; ++i)
        BOOST_REQUIRE(spawn(ex, {.program = "/no/such/program", .in = stdio::pipe()}).has_error());
    BOOST_TEST(children().empty());
    BOOST_TEST(open_descriptors().size() == before);
}

BOOST_AUTO_TEST_CASE(a_hundred_failures_do_not_disturb_a_living_child) {
    auto living = run_task(io, start_ready(helper({"ready"})));
    for (int i = 0; i < 100; ++i) BOOST_REQUIRE(spawn(ex, {.program = "/no/such/program"}).has_error());
    BOOST_TEST(!living.try_wait().has_value());
    BOOST_TEST(living.send_signal(SIGUSR1).has_value());
    BOOST_TEST(run_task(io, [](child& c) -> task<exit_status> { co_return co_await c.async_wait(); }(living)) ==
               exit_status::signalled(SIGUSR1));
}

BOOST_AUTO_TEST_CASE(exit_handlers_do_not_run_in_a_child_that_fails) {
    static std::atomic<int> runs{0};
    std::atexit([] { ++runs; });
    std::printf("buffered once");  // would be flushed by exit()
    BOOST_TEST(spawn(ex, {.program = "/no/such/program"}).has_error());
    BOOST_TEST(runs == 0);
    std::printf("\n");
}

BOOST_AUTO_TEST_CASE(what_the_kernel_refuses_is_an_error_and_no_child) {
    struct refusal {
        sys::call call;
        int errno_value;
        spawn_step step;
    };
    const std::array refusals{
        refusal{sys::call::clone, EAGAIN, spawn_step::clone},
        refusal{sys::call::clone, ENOMEM, spawn_step::clone},
        refusal{sys::call::mmap, ENOMEM, spawn_step::clone},
        refusal{sys::call::pipe2, EMFILE, spawn_step::prepare},
        refusal{sys::call::pipe2, ENFILE, spawn_step::prepare},
        refusal{sys::call::child_setsid, EPERM, spawn_step::session},
        refusal{sys::call::child_dup, EMFILE, spawn_step::descriptors},
        refusal{sys::call::child_chdir, EIO, spawn_step::directory},
        refusal{sys::call::child_sigaction, EINVAL, spawn_step::signals},
        refusal{sys::call::child_sigmask, EINVAL, spawn_step::signals},
        refusal{sys::call::child_exec, ENOMEM, spawn_step::exec},
    };
    for (const auto& r : refusals) {
        const fault injected(r.call, r.errno_value);
        const auto e =
            failure({.program = "/bin/true", .directory = "/", .in = stdio::pipe(), .group = process_group::session});
        BOOST_TEST((failed_step(e.code()) == r.step), e.message());
        BOOST_TEST(e.code().value() % 65536 == r.errno_value, e.message());
        BOOST_TEST(children().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_group_that_cannot_be_entered_is_named) {
    auto c = helper({"exit", "0"});
    c.group = process_group::own;
    auto gone = start(c);
    c.group = process_group::inherit;
    c.join_group = gone.pid();
    BOOST_TEST(end_of(gone).success());
    const auto e = failure(c);
    BOOST_TEST((failed_step(e.code()) == spawn_step::group));
    BOOST_TEST(e.message().find("group " + std::to_string(c.join_group) + ": setpgid: ") != std::string::npos,
               e.message());
    c.join_group = -1;
    BOOST_TEST((failure(c).code() == errc::invalid_argument));
    c.join_group = ::getpgrp();
    c.group = process_group::session;
    BOOST_TEST((failure(c).code() == errc::invalid_argument));
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_failed_start_throws_with_program_and_step) {
    try {
        (void)spawn(ex, {.program = "/no/such/program"}).value();
        BOOST_ERROR("no exception");
    } catch (const boost::system::system_error& e) {
        BOOST_TEST(std::string(e.what()).find("spawn /no/such/program: exec: No such file or directory") == 0u);
    }
}

BOOST_AUTO_TEST_CASE(every_step_has_a_name) {
    for (int step = 1; step <= static_cast<int>(spawn_step::exec); ++step)
        BOOST_TEST(to_string(static_cast<spawn_step>(step)) != "?");
    BOOST_TEST((failed_step(asio::error::eof) == spawn_step{}));
}

// Threads

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
