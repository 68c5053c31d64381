// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What can go wrong around a start: arguments, the environment, the memory of the parent, a kernel that refuses.

#include <parley/process/spawn.hpp>

#include "fault.hpp"
#include "file_tools.hpp"
#include "process_tools.hpp"
#include "sanitizers.hpp"
#include "skip.hpp"
#include "temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(spawn_faults_test)

using namespace parley;
using namespace parley::test;

namespace {

long minor_faults() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return used.ru_minflt;
}

// A cgroup in which `most` processes may be; none where this machine does not let us make one.
class small_cgroup {
public:
    explicit small_cgroup(int most) {
        for (const char* root : {"/sys/fs/cgroup/pids", "/sys/fs/cgroup"}) {
            const auto path = std::string(root) + "/parley-test-" + std::to_string(::getpid());
            if (::mkdir(path.c_str(), 0755) != 0) continue;
            if (std::ofstream limit(path + "/pids.max"); limit && limit << most << std::flush) {
                path_ = path;
                return;
            }
            ::rmdir(path.c_str());
        }
    }
    small_cgroup(const small_cgroup&) = delete;
    small_cgroup& operator=(const small_cgroup&) = delete;
    ~small_cgroup() {
        const auto end = std::chrono::steady_clock::now() + guard;
        while (!path_.empty() && ::rmdir(path_.c_str()) != 0 && std::chrono::steady_clock::now() < end) {}
    }

    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(spawn_faults_suite, process_fixture)

// Arguments and environment

BOOST_AUTO_TEST_CASE(an_argument_that_is_too_long_is_told_as_that) {
    constexpr std::size_t most = 128 * 1024;  // MAX_ARG_STRLEN, with the NUL byte
    const auto fits = run({.program = "/bin/echo", .arguments = {std::string(most - 1, 'x')}});
    BOOST_TEST(fits.out.size() == most);
    const auto e = failure({.program = "/bin/echo", .arguments = {std::string(most, 'x')}});
    BOOST_TEST((e.code() == boost::system::errc::argument_list_too_long));
    BOOST_TEST(e.message() == "spawn /bin/echo: exec: Argument list too long");
    // All of them together, each of a size that is allowed: above a quarter of any stack.
    const rlimit stack{8 << 20, RLIM_INFINITY};
    rlimit earlier{};
    ::getrlimit(RLIMIT_STACK, &earlier);
    const rlimit lowered{std::min(stack.rlim_cur, earlier.rlim_max), earlier.rlim_max};
    ::setrlimit(RLIMIT_STACK, &lowered);
    const std::vector<std::string> many(64, std::string(most - 1, 'x'));
    const auto all = failure({.program = "/bin/echo", .arguments = many});
    ::setrlimit(RLIMIT_STACK, &earlier);
    BOOST_TEST((all.code() == boost::system::errc::argument_list_too_long), all.message());
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(what_is_preloaded_does_not_reach_a_clean_child) {
    const auto library = std::filesystem::path(test_child()).parent_path() / "parley_test_preloaded.so";
    BOOST_REQUIRE(std::filesystem::exists(library));
    ::setenv("LD_PRELOAD", library.c_str(), 1);
    command what{.program = "/bin/echo", .arguments = {"hello"}};
    const auto inherited = run(what).out;
    what.environment.base = environment_base::clean;
    const auto clean = run(what).out;
    what.environment.base = environment_base::empty;
    const auto empty = run(what).out;
    ::unsetenv("LD_PRELOAD");
    BOOST_TEST(inherited == "preloaded\nhello\n");  // it would do what it is there for
    BOOST_TEST(clean == "hello\n");
    BOOST_TEST(empty == "hello\n");
}

// The parent

BOOST_AUTO_TEST_CASE(a_failed_start_runs_no_exit_handler_and_flushes_no_buffer) {
    const temporary_directory place;
    const auto r = run(helper({"fail-to-start", place / "marker"}));
    BOOST_TEST(r.status.success());
    BOOST_TEST(r.out == "not marked\nat the end\n");
    BOOST_TEST(content(place / "marker") == "x");
}

BOOST_AUTO_TEST_CASE(no_start_copies_the_parents_page_tables) {
    // After a fork each page of the parent is read-only until it is written to, and that costs a fault. Pages that are
    // written to without a fault have not been shared.
    const std::size_t size = std::size_t{sanitized ? 64u : 1024u} << 20;
    constexpr std::size_t page = 4096, touched = 200, starts = 300;
    void* const made = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    BOOST_REQUIRE(made != MAP_FAILED);
    ::madvise(made, size, MADV_NOHUGEPAGE);
    auto* const bytes = static_cast<volatile char*>(made);
    for (std::size_t at = 0; at < size; at += page) bytes[at] = 1;
    const auto faults_of_touching = [&] {
        const long before = minor_faults();
        for (std::size_t i = 0; i < touched; ++i) bytes[size / touched / page * page * i] = 2;
        return minor_faults() - before;
    };
    const pid_t forked = ::fork();
    if (forked == 0) ::_exit(0);
    BOOST_TEST(::waitpid(forked, nullptr, 0) == forked);
    BOOST_TEST(faults_of_touching() >= static_cast<long>(touched));  // that is what one looks like
    long faults = 0;
    for (std::size_t i = 0; i < starts; ++i) {
        BOOST_TEST(status_of({.program = "/bin/true"}).success());
        faults += faults_of_touching();
    }
    ::munmap(made, size);
    BOOST_TEST(faults < static_cast<long>(starts * touched / 10));  // of 60,000; other threads have some, too
}

// Refusals

BOOST_AUTO_TEST_CASE(a_kernel_that_gives_no_pidfd_at_the_start_is_asked_for_one) {
    const fault no_pidfd(sys::call::clone_pidfd, ENOSYS);
    BOOST_TEST(status_of(helper({"exit", "7"})) == exit_status::exited(7));
    BOOST_TEST(no_pidfd.seen() == 1);
    auto running = run_task(io, start_ready(helper({"ready"})));
    BOOST_TEST(running.send_signal(SIGUSR1).has_value());
    BOOST_TEST(end_of(running) == exit_status::signalled(SIGUSR1));
    BOOST_TEST(failure({.program = "/no/such/program"}).message() ==
               "spawn /no/such/program: exec: No such file or directory");
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_start_without_a_pidfd_fails_and_leaves_no_child) {
    static std::atomic<int> refusal{0};
    status_of({.program = "/bin/true"});  // Asio has what it needs now
    for (const int errno_value : {ENOSYS, EMFILE, ENOMEM}) {
        refusal = errno_value;
        const auto before = open_descriptors();
        const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
            return c == sys::call::clone_pidfd || c == sys::call::pidfd_open ? refusal.load() : 0;
        });
        auto what = helper({"ready"});
        what.in = what.out = what.err = stdio::pipe();
        const auto e = failure(what);
        sys::set_fault_hook(earlier);
        BOOST_TEST((failed_step(e.code()) == spawn_step::clone), e.message());
        BOOST_TEST(e.code().value() % 65536 == errno_value, e.message());
        BOOST_TEST(children().empty());
        BOOST_TEST((open_descriptors() == before));
    }
}

BOOST_AUTO_TEST_CASE(a_child_that_cannot_be_adopted_stays_its_parents) {
    const pid_t pid = ::fork();
    if (pid == 0)
        for (;;) ::pause();
    for (const int errno_value : {ENOSYS, EMFILE, ENOMEM}) {
        const auto before = open_descriptors();
        const fault refused(sys::call::pidfd_open, errno_value);
        const auto adopted = adopt_child(ex, pid);
        BOOST_REQUIRE(adopted.has_error());
        BOOST_TEST(adopted.error().code().value() == errno_value);
        BOOST_TEST((open_descriptors() == before));
    }
    BOOST_TEST(::kill(pid, SIGKILL) == 0);
    int status = 0;
    BOOST_TEST(::waitpid(pid, &status, 0) == pid);
    BOOST_TEST(WTERMSIG(status) == SIGKILL);
}

BOOST_AUTO_TEST_CASE(a_full_cgroup_refuses_the_start_and_nothing_is_left) {
    const small_cgroup group(8);
    if (group.path().empty()) {
        skip_case("no cgroup with the pids controller can be made here");
        return;
    }
    auto what = helper({"start-until-refused"});
    what.cgroup = group.path();
    const auto r = run(what);
    BOOST_TEST(r.status.success());
    BOOST_TEST(
        r.out ==
        "7 started\n7 children\nspawn /bin/sleep: clone: Resource temporarily unavailable\n0 descriptors left\n");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
