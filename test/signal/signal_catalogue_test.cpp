// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_catalogue.hpp>

#include "forked.hpp"
#include "sanitizers.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(signal_catalogue_test)

namespace fs = std::filesystem;
using parley::default_action;
using parley::signal_catalogue;

constexpr int survived = 42;

// A directory for core dumps, gone at the end.
struct scratch_directory {
    scratch_directory() {
        std::string name = (fs::temp_directory_path() / "parley-test-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        path = name;
    }
    ~scratch_directory() { fs::remove_all(path); }
    fs::path path;
};

// In the child: a process on its own that dumps as little as possible, then the signal with its default action.
int meet(int number, const fs::path& directory) {
    ::setpgid(0, 0);  // a stop from the terminal is ignored in an orphaned group; this one has a parent outside
    fs::current_path(directory);
    std::ofstream("/proc/self/coredump_filter") << "0";
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_CORE, &limit);
    std::signal(number, SIG_DFL);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, nullptr);
    ::kill(::getpid(), number);
    return survived;
}

// Whether a core dump would become a file in the current directory.
bool dumps_are_seen() {
    std::string pattern;
    std::ifstream("/proc/sys/kernel/core_pattern") >> pattern;
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    return !parley::test::sanitized && limit.rlim_max == RLIM_INFINITY && !pattern.empty() && pattern[0] != '|' &&
           pattern[0] != '/';
}

BOOST_AUTO_TEST_CASE(every_default_action_is_what_the_kernel_does) {
    const scratch_directory scratch;
    const bool see_dumps = dumps_are_seen();
    if (!see_dumps) BOOST_TEST_MESSAGE("core dumps do not become files here: core is taken for terminate");
    for (const auto& row : signal_catalogue()) {
        parley::test::forked child([&] { return meet(row.number, scratch.path); });
        const int status = child.wait(true);
        const std::string seen = std::string(row.name) + ": status " + std::to_string(status);
        switch (row.action) {
            case default_action::core:
                if (see_dumps) BOOST_TEST(WCOREDUMP(status), seen);
                [[fallthrough]];
            case default_action::terminate:
                BOOST_TEST(WIFSIGNALED(status), seen);
                BOOST_TEST(WTERMSIG(status) == row.number, seen);
                if (row.action == default_action::terminate) BOOST_TEST(!WCOREDUMP(status), seen);
                break;
            case default_action::stop:
                BOOST_TEST(WIFSTOPPED(status), seen);
                BOOST_TEST(WSTOPSIG(status) == row.number, seen);
                break;
            case default_action::ignore:
            case default_action::resume:
                BOOST_TEST(WIFEXITED(status), seen);
                BOOST_TEST(WEXITSTATUS(status) == survived, seen);
                break;
        }
    }
}

BOOST_AUTO_TEST_CASE(the_signal_that_resumes_ends_a_stop) {
    parley::test::forked child([] {
        ::kill(::getpid(), SIGSTOP);
        return survived;
    });
    BOOST_TEST(WIFSTOPPED(child.wait(true)));
    BOOST_TEST((parley::find_signal(SIGCONT)->action == default_action::resume));
    ::kill(child.pid(), SIGCONT);
    const int status = child.wait();
    BOOST_TEST(WIFEXITED(status));
}

BOOST_AUTO_TEST_CASE(catchable_is_what_the_kernel_lets_a_program_handle) {
    for (const auto& row : signal_catalogue()) {
        struct sigaction now {};
        BOOST_TEST_REQUIRE(sigaction(row.number, nullptr, &now) == 0);
        parley::test::forked child([&] { return std::signal(row.number, SIG_IGN) == SIG_ERR ? 1 : 0; });
        BOOST_TEST((WEXITSTATUS(child.wait()) == 0) == row.catchable, row.name);
    }
}

BOOST_AUTO_TEST_CASE(every_number_of_this_kernel_has_one_row) {
    std::set<int> seen;
    for (const auto& row : signal_catalogue()) BOOST_TEST(seen.insert(row.number).second, row.name);
    for (int number = 1; number < NSIG; ++number) {
        sigset_t set;
        sigemptyset(&set);
        const bool usable = sigaddset(&set, number) == 0;  // refuses the C library's own
        BOOST_TEST(seen.contains(number) == usable, "signal " << number);
    }
    BOOST_TEST(std::ranges::is_sorted(signal_catalogue(), {}, &parley::signal_info::number));
}

BOOST_AUTO_TEST_CASE(names_are_those_of_the_c_library) {
    for (const auto& row : signal_catalogue()) {
        if (row.number >= SIGRTMIN) continue;
        const char* abbreviation = ::sigabbrev_np(row.number);
        BOOST_TEST_REQUIRE(abbreviation);
        const std::string expected =
            row.number == SIGIO ? "IO" : abbreviation;  // the library says POLL, signal(7) says IO
        BOOST_TEST(row.name == "SIG" + expected);
        BOOST_TEST(!row.text.empty());
    }
}

BOOST_AUTO_TEST_CASE(finds_a_row_by_number) {
    BOOST_TEST_REQUIRE(parley::find_signal(SIGTERM));
    BOOST_TEST(parley::find_signal(SIGTERM)->name == "SIGTERM");
    for (const int number : {0, -1, 32, 33, NSIG, 1 << 30}) BOOST_TEST(!parley::find_signal(number));
}

BOOST_AUTO_TEST_CASE(each_class_has_its_signals) {
    using parley::signal_class;
    const auto class_of = [](int number) { return parley::find_signal(number)->cls; };
    BOOST_TEST((class_of(SIGFPE) == signal_class::hardware_condition));
    BOOST_TEST((class_of(SIGALRM) == signal_class::software_condition));
    BOOST_TEST((class_of(SIGIO) == signal_class::io_notification));
    BOOST_TEST((class_of(SIGTSTP) == signal_class::process_control));
    BOOST_TEST((class_of(SIGXCPU) == signal_class::resource_control));
}

BOOST_AUTO_TEST_CASE(classes_and_actions_have_names) {
    BOOST_TEST(to_string(parley::signal_class::io_notification) == "I/O notification");
    BOOST_TEST(to_string(default_action::resume) == "continue");
    BOOST_TEST(to_string(static_cast<default_action>(99)) == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()
