// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// An ended child whose number is held.

#include "process/child_state.hpp"

#include "core/syscall.hpp"
#include "process/own_children.hpp"
#include "process_tools.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(child_state_test)

using namespace parley;
using namespace parley::test;

namespace {

struct held_child : process_fixture {
    std::shared_ptr<child_state> state = made(ex);
    const pid_t pid = state->pid();

    held_child() { state->hold_number(); }
    ~held_child() { state.reset(); }

    exit_status end() {
        return run_task(io, [](std::shared_ptr<child_state> s) -> task<exit_status> {
            const auto wait = async_start<void(error_code, exit_status)>(
                asio::deferred,
                [s](completion_handler<void(error_code, exit_status)> h) { s->async_wait(std::move(h)); });
            co_return co_await wait(asio::use_awaitable);
        }(state));
    }

private:
    static std::shared_ptr<child_state> made(const executor& ex) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            for (;;) ::pause();
        }
        return std::make_shared<child_state>(ex, pid, sys::pidfd_open(pid).value(), stop_policy::kill(),
                                             child_origin{});
    }
};

bool is_zombie(pid_t pid) {
    const auto all = zombies();
    return std::ranges::find(all, pid) != all.end();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(child_state_suite, held_child)

BOOST_AUTO_TEST_CASE(a_held_child_tells_its_status_and_is_not_reaped) {
    BOOST_TEST(!state->send_signal(SIGUSR1, signal_sender::unknown));
    BOOST_TEST(end() == exit_status::signalled(SIGUSR1));
    BOOST_TEST(is_zombie(pid));
    BOOST_TEST(state->send_signal(SIGUSR1, signal_sender::unknown) == sys::make_code(ESRCH));
    BOOST_TEST(end() == exit_status::signalled(SIGUSR1));
    BOOST_TEST(state->try_wait().value() == exit_status::signalled(SIGUSR1));
    BOOST_TEST(!is_strange_child(pid));
}

BOOST_AUTO_TEST_CASE(an_end_that_is_seen_again_changes_nothing) {
    int told = 0;
    state->async_wait([&](error_code ec, exit_status status) {
        ++told;
        BOOST_TEST(!ec);
        BOOST_TEST(status == exit_status::signalled(SIGKILL));
    });
    run_ready(io);  // it watches
    state->send_signal(SIGKILL, signal_sender::unknown);
    while (!state->try_wait()) std::this_thread::yield();
    const auto first = state->report();
    const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < later) std::this_thread::yield();
    run_until(io, [&] { return told > 0; });
    run_ready(io);
    BOOST_TEST((state->report() == first), "the loop has seen the end that was known");
    state->try_wait();
    BOOST_TEST((state->report() == first));
    BOOST_TEST(end() == exit_status::signalled(SIGKILL));
    BOOST_TEST((state->report() == first));
    state->note_step(stop_step::asked, SIGKILL);
    BOOST_TEST((state->report() == first));
    state->release_number();
    state->note_step(stop_step::asked, SIGKILL);
    BOOST_TEST((state->report() == first));
    BOOST_TEST(told == 1);
}

BOOST_AUTO_TEST_CASE(to_let_go_of_a_child_that_has_ended_is_not_to_let_go_of_its_number) {
    state->send_signal(SIGKILL, signal_sender::unknown);
    while (!state->try_wait()) std::this_thread::yield();
    state->detach();
    BOOST_TEST(state->pidfd() >= 0);
    BOOST_TEST(is_zombie(pid));
}

BOOST_AUTO_TEST_CASE(a_harder_step_is_not_taken_back_by_a_policy_that_asks) {
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        return c == sys::call::pidfd_send_signal || c == sys::call::kill ? EPERM : 0;  // it lives on
    });
    state->begin_stop(stop_policy::kill());
    run_ready(io);
    BOOST_TEST((state->report().step == stop_step::killed));
    state->begin_stop({SIGTERM, std::chrono::hours(1)});
    run_ready(io);
    sys::set_fault_hook(earlier);
    BOOST_TEST((state->report().step == stop_step::killed));
    ::kill(pid, SIGKILL);
    BOOST_TEST(run_dry(io));
}

BOOST_AUTO_TEST_CASE(a_step_of_a_policy_is_noted_and_never_taken_back) {
    state->note_step(stop_step::killed, SIGUSR1);
    state->note_step(stop_step::asked, SIGUSR2);
    BOOST_TEST((state->report().step == stop_step::killed));
    ::kill(pid, SIGUSR2);
    end();
    BOOST_TEST((state->report().sender == signal_sender::stop_policy));
}

BOOST_AUTO_TEST_CASE(releasing_the_number_reaps) {
    state->send_signal(SIGKILL, signal_sender::unknown);
    end();
    BOOST_TEST(!is_strange_child(pid));
    state->release_number();
    BOOST_TEST(!is_zombie(pid));
    BOOST_TEST(is_strange_child(pid));
    state->release_number();
    BOOST_TEST(end() == exit_status::signalled(SIGKILL));
}

BOOST_AUTO_TEST_CASE(a_number_released_while_the_child_runs_is_reaped_at_its_end) {
    state->release_number();
    state->send_signal(SIGKILL, signal_sender::unknown);
    BOOST_TEST(!is_strange_child(pid));
    BOOST_TEST(end() == exit_status::signalled(SIGKILL));
    BOOST_TEST(!is_zombie(pid));
    BOOST_TEST(is_strange_child(pid));
}

BOOST_AUTO_TEST_CASE(the_last_holder_reaps_what_is_held) {
    state->send_signal(SIGKILL, signal_sender::unknown);
    end();
    state.reset();
    BOOST_TEST(!is_zombie(pid));
    BOOST_TEST(is_strange_child(pid));
}

BOOST_AUTO_TEST_CASE(who_is_left_to_the_reaper_is_ours_until_he_is_reaped) {
    state->detach();
    state.reset();
    BOOST_TEST(!is_strange_child(pid));
    ::kill(pid, SIGKILL);
    const auto deadline = std::chrono::steady_clock::now() + guard;
    while (!is_strange_child(pid) && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    BOOST_TEST(is_strange_child(pid));
    BOOST_TEST(!is_zombie(pid));
}

BOOST_AUTO_TEST_CASE(a_child_that_somebody_else_reaped_has_no_number) {
    ::kill(pid, SIGKILL);
    BOOST_TEST(::waitpid(pid, nullptr, 0) == pid);
    const auto status = end();
    BOOST_TEST((!status.known() || status == exit_status::signalled(SIGKILL)));
    BOOST_TEST(state->pidfd() == -1);
    BOOST_TEST(is_strange_child(pid));
    state->release_number();
}

BOOST_AUTO_TEST_CASE(who_takes_the_pidfd_takes_the_duty) {
    {
        const auto pidfd = state->release().value();
        BOOST_TEST(is_strange_child(pid));
        state.reset();
        BOOST_TEST(::waitpid(pid, nullptr, WNOHANG) == 0);  // neither asked nor reaped
        sys::pidfd_send_signal(pidfd.get(), SIGKILL);
    }
    BOOST_TEST(::waitpid(pid, nullptr, 0) == pid);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
