// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/crash_handler.hpp>

#include <parley/core/error.hpp>
#include <parley/signal/send_signal.hpp>

#include "core/syscall.hpp"
#include "fault.hpp"
#include "forked.hpp"
#include "sanitizers.hpp"
#include "signal_leftovers.hpp"
#include "skip.hpp"

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <barrier>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <regex>
#include <string>
#include <thread>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(crash_handler_test)

// Every crash is a forked child's. The sanitizers own these signals in their builds, so there the crashes are skipped.

using boost::system::system_error;
using parley::crash_handler;
using parley::crash_stack;
using parley::signal_mask;

struct death {
    int status = 0;
    pid_t pid = 0;
    std::string report;

    bool by(int number) const { return WIFSIGNALED(status) && WTERMSIG(status) == number; }
    bool says(const std::string& text) const { return report.find(text) != std::string::npos; }
    bool matches(const std::string& pattern) const { return std::regex_search(report, std::regex(pattern)); }
};

// Runs `crash` in a child that has default dispositions, writes no core, and reports into a pipe.
death die(const std::function<void(int)>& crash, const std::function<void(pid_t)>& meanwhile = {}) {
    auto ends = parley::sys::pipe().value();
    parley::test::forked child([&] {
        const rlimit no_core{};
        ::setrlimit(RLIMIT_CORE, &no_core);
        for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(number, SIG_DFL);
        ends.reader.reset();
        crash(ends.writer.get());
        return 42;  // it survived
    });
    ends.writer.reset();
    if (meanwhile) meanwhile(child.pid());
    death end;
    char block[4096];
    while (const auto n = parley::sys::read(ends.reader.get(), block, sizeof block).value())
        end.report.append(block, n);
    end.pid = child.pid();
    end.status = child.wait();
    return end;
}

bool skipped() {
    if (parley::test::sanitized) parley::test::skip_case("the sanitizer handles this signal");
    return parley::test::sanitized;
}

volatile bool always = true;

[[gnu::noinline]] void write_to(volatile int* where) { *where = 1; }

[[gnu::noinline]] int overflow(volatile char* outer) {
    volatile char frame[512];
    frame[0] = outer[0];
    if (always) return overflow(frame) + frame[0];
    return frame[0];
}

void overflow_the_stack() {
    volatile char start = 1;
    overflow(&start);
}

[[gnu::noinline]] int divide(volatile int* a, volatile int* b) { return *a / *b; }

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_signal_leftovers)

BOOST_AUTO_TEST_CASE(reports_a_bad_address_and_dies_of_it) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        write_to(reinterpret_cast<volatile int*>(0x10));
    });
    BOOST_TEST(end.by(SIGSEGV), end.status);
    const auto pid = std::to_string(end.pid);
    BOOST_TEST(end.says("crash: SIGSEGV in " + std::string(program_invocation_short_name) + ", process " + pid +
                        ", thread " + pid + "\n"),
               end.report);
    BOOST_TEST(end.says("cause: nothing is mapped at the address (code 1)\n"), end.report);
    BOOST_TEST(end.says("address: 0x10\n"), end.report);
    BOOST_TEST(end.matches("instruction: 0x[0-9a-f]{4,16}\n"), end.report);
    BOOST_TEST(!end.says("stack overflow"), end.report);
    BOOST_TEST(end.matches("backtrace:\n(.*\\[0x[0-9a-f]+\\]\n){3,}end of crash report\n$"), end.report);
}

BOOST_AUTO_TEST_CASE(the_backtrace_begins_with_the_instruction_at_fault) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        write_to(reinterpret_cast<volatile int*>(0x10));
    });
    std::smatch found;
    BOOST_TEST_REQUIRE(std::regex_search(
        end.report, found, std::regex("instruction: (0x[0-9a-f]+)\nbacktrace:\n.*\\[(0x[0-9a-f]+)\\]\n")));
    BOOST_TEST(found[1].str() == found[2].str());
}

BOOST_AUTO_TEST_CASE(tells_forbidden_memory_from_none) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        void* const page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        write_to(static_cast<volatile int*>(page));
    });
    BOOST_TEST(end.by(SIGSEGV));
    BOOST_TEST(end.says("cause: the memory does not allow this access (code 2)\n"), end.report);
}

BOOST_AUTO_TEST_CASE(reports_a_division_by_zero) {
#if defined(__x86_64__) || defined(__i386__)
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        volatile int hundred = 100, zero = 0;
        volatile int result = divide(&hundred, &zero);
        (void)result;
    });
    BOOST_TEST(end.by(SIGFPE), end.status);
    BOOST_TEST(end.says("cause: integer division by zero (code 1)\n"), end.report);
#else
    parley::test::skip_case("this processor divides by zero");
#endif
}

BOOST_AUTO_TEST_CASE(reports_an_illegal_instruction) {
    if (skipped()) return;
#if defined(__x86_64__) || defined(__i386__)
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        asm volatile("ud2");
    });
    BOOST_TEST(end.by(SIGILL), end.status);
    BOOST_TEST(end.matches("crash: SIGILL .*\ncause: no such (instruction|operand) "), end.report);
#else
    parley::test::skip_case("not known for this processor");
#endif
}

BOOST_AUTO_TEST_CASE(reports_memory_past_the_end_of_a_mapped_file) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        const int file = ::memfd_create("empty", MFD_CLOEXEC);
        write_to(static_cast<volatile int*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)));
    });
    BOOST_TEST(end.by(SIGBUS), end.status);
    BOOST_TEST(end.says("cause: there is no memory behind the address"), end.report);
}

BOOST_AUTO_TEST_CASE(reports_an_abort) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        std::abort();
    });
    BOOST_TEST(end.by(SIGABRT), end.status);
    BOOST_TEST(end.says("crash: SIGABRT in "), end.report);
    BOOST_TEST(end.says("cause: sent by process " + std::to_string(end.pid) + " (uid "), end.report);
    BOOST_TEST(!end.says("address:"), end.report);
    BOOST_TEST(end.says("end of crash report\n"), end.report);
}

BOOST_AUTO_TEST_CASE(a_signal_that_was_sent_names_its_sender_and_kills) {
    if (skipped()) return;
    for (const int number : {SIGSEGV, SIGFPE}) {
        auto ready = parley::sys::pipe().value();
        const auto end = die(
            [&](int report) {
                const crash_handler handler({.descriptor = report});
                parley::sys::write(ready.writer.get(), "!", 1).value();
                for (;;) ::pause();
            },
            [&](pid_t child) {
                char announced;
                ready.writer.reset();
                BOOST_TEST(parley::sys::read(ready.reader.get(), &announced, 1).value() == 1u);
                parley::send_signal(child, number).value();
            });
        BOOST_TEST(end.by(number), end.status);
        BOOST_TEST(end.says("cause: sent by process " + std::to_string(::getpid()) + " (uid "), end.report);
    }
}

BOOST_AUTO_TEST_CASE(reports_that_the_stack_overflowed) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        overflow_the_stack();
    });
    BOOST_TEST(end.by(SIGSEGV), end.status);
    BOOST_TEST(end.says("\nstack overflow: "), end.report);
    BOOST_TEST(end.says("end of crash report\n"), end.report);
}

BOOST_AUTO_TEST_CASE(reports_that_another_threads_stack_overflowed) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        std::thread([] {
            const crash_stack stack;
            overflow_the_stack();
        }).join();
    });
    BOOST_TEST(end.by(SIGSEGV), end.status);
    BOOST_TEST(end.says("\nstack overflow: "), end.report);
    const auto pid = std::to_string(end.pid);
    BOOST_TEST(!end.says("thread " + pid + "\n"), end.report);
}

// The limit that crash_stack is for.
BOOST_AUTO_TEST_CASE(without_a_stack_of_its_own_an_overflowing_thread_dies_unreported) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        std::thread(overflow_the_stack).join();
    });
    BOOST_TEST(end.by(SIGSEGV), end.status);
    BOOST_TEST(end.report == "");
}

BOOST_AUTO_TEST_CASE(reports_other_crashes_of_threads_without_a_stack_of_their_own) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report});
        std::thread([] { write_to(reinterpret_cast<volatile int*>(0x20)); }).join();
    });
    BOOST_TEST(end.by(SIGSEGV), end.status);
    BOOST_TEST(end.says("address: 0x20\n"), end.report);
}

BOOST_AUTO_TEST_CASE(threads_that_crash_together_do_not_mix_their_reports) {
    if (skipped()) return;
    for (int round = 0; round < 10; ++round) {
        const auto end = die([](int report) {
            const crash_handler handler({.descriptor = report});
            std::barrier together(3);
            const auto crash = [&] {
                together.arrive_and_wait();
                write_to(reinterpret_cast<volatile int*>(0x30));
            };
            std::thread first(crash), second(crash), third(crash);
            first.join();
            second.join();
            third.join();
        });
        BOOST_TEST(end.by(SIGSEGV), end.status);
        const std::string begin = "crash: SIGSEGV in ", finish = "end of crash report\n";
        BOOST_TEST(end.report.find(begin) == 0u);
        BOOST_TEST(end.says(finish));
        for (auto at = end.report.find(begin, 1); at != std::string::npos; at = end.report.find(begin, at + 1))
            BOOST_TEST((at >= finish.size() && end.report.compare(at - finish.size(), finish.size(), finish) == 0),
                       end.report);
    }
}

BOOST_AUTO_TEST_CASE(the_handler_of_before_has_the_last_word) {
    if (skipped()) return;
    for (const bool sent : {false, true}) {
        const auto end = die([&](int report) {
            std::signal(SIGSEGV, [](int) { ::_exit(9); });
            const crash_handler handler({.descriptor = report});
            if (sent)
                parley::raise_signal(SIGSEGV).value();
            else
                write_to(nullptr);
        });
        BOOST_TEST(WIFEXITED(end.status));
        BOOST_TEST(WEXITSTATUS(end.status) == 9);
        BOOST_TEST(end.says("end of crash report\n"), end.report);
    }
}

BOOST_AUTO_TEST_CASE(a_report_that_cannot_be_written_changes_nothing) {
    if (skipped()) return;
    const auto end = die([](int) {
        const crash_handler handler({.descriptor = -1});
        write_to(nullptr);
    });
    BOOST_TEST(end.by(SIGSEGV), end.status);
}

BOOST_AUTO_TEST_CASE(other_signals_may_be_reported_too) {
    if (skipped()) return;
    const auto end = die([](int report) {
        const crash_handler handler({.descriptor = report, .signals = {SIGQUIT, SIGTERM}});
        parley::raise_signal(SIGTERM).value();
    });
    BOOST_TEST(end.by(SIGTERM), end.status);
    BOOST_TEST(end.says("crash: SIGTERM in "), end.report);
}

BOOST_AUTO_TEST_CASE(after_its_scope_all_is_as_before) {
    stack_t before{}, during{}, after{};
    ::sigaltstack(nullptr, &before);
    {
        const crash_handler handler;
        ::sigaltstack(nullptr, &during);
        BOOST_TEST(during.ss_sp != before.ss_sp);
        BOOST_TEST(during.ss_size >= 64u * 1024);
        struct sigaction now {};
        sigaction(SIGSEGV, nullptr, &now);
        BOOST_TEST((now.sa_flags & (SA_SIGINFO | SA_ONSTACK)) == (SA_SIGINFO | SA_ONSTACK));
    }
    ::sigaltstack(nullptr, &after);
    BOOST_TEST(after.ss_sp == before.ss_sp);
    BOOST_TEST(after.ss_flags == before.ss_flags);
}

BOOST_AUTO_TEST_CASE(a_small_stack_is_made_big_enough) {
    const crash_stack stack(1);
    stack_t now{};
    ::sigaltstack(nullptr, &now);
    BOOST_TEST(now.ss_size >= 32u * 1024);
}

BOOST_AUTO_TEST_CASE(there_is_one_at_a_time) {
    {
        const crash_handler first;
        BOOST_CHECK_EXCEPTION(crash_handler(), system_error,
                              [](const auto& e) { return e.code() == parley::sys::make_code(EBUSY); });
        BOOST_CHECK_THROW(crash_handler(), system_error);  // and the first still counts
    }
    const crash_handler next;
}

BOOST_AUTO_TEST_CASE(refuses_signals_that_end_no_program) {
    const auto refused = [](const signal_mask& signals, parley::errc expected) {
        try {
            const crash_handler handler({.signals = signals});
            BOOST_ERROR("not refused: " << signals);
        } catch (const system_error& e) {
            BOOST_TEST(e.code() == make_error_code(expected));
        }
    };
    refused({SIGKILL}, parley::errc::signal_not_catchable);
    refused({SIGSEGV, SIGCHLD}, parley::errc::invalid_argument);
    refused({SIGTSTP}, parley::errc::invalid_argument);
    refused({}, parley::errc::invalid_argument);
    const crash_handler handler;  // none of them left the place taken
}

BOOST_AUTO_TEST_CASE(a_constructor_that_fails_leaves_nothing) {
    using parley::sys::call;
    const auto fails = [](call which, int nth) {
        const parley::test::no_signal_leftovers nothing_left;
        stack_t before{}, after{};
        ::sigaltstack(nullptr, &before);
        const parley::test::fault injected(which, ENOMEM, nth, 1);
        BOOST_CHECK_EXCEPTION(crash_handler(), system_error,
                              [](const auto& e) { return e.code() == parley::sys::make_code(ENOMEM); });
        BOOST_TEST(injected.seen() >= nth);
        ::sigaltstack(nullptr, &after);
        BOOST_TEST(after.ss_sp == before.ss_sp);
    };
    fails(call::mmap, 1);
    fails(call::mmap, 2);
    fails(call::sigaltstack, 1);
    for (int nth = 1; nth <= 10; ++nth) fails(call::sigaction, nth);
    const crash_handler handler;
}

BOOST_AUTO_TEST_CASE(a_stack_beyond_all_memory_is_an_error) {
    BOOST_CHECK_THROW(crash_stack(static_cast<std::size_t>(-1)), system_error);
    BOOST_CHECK_THROW(crash_stack(static_cast<std::size_t>(-1) / 2), system_error);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
