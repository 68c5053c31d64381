// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The parent that forks workers is a child of the test, in a process without threads.

#include <parley/process/prefork.hpp>

#include "process_tools.hpp"
#include "sanitizers.hpp"
#include "skip.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(prefork_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
using local = asio::local::stream_protocol;

namespace {

struct event_line {
    std::string what;
    unsigned index = 0;
    pid_t pid = 0;
    std::string rest;
};

struct context : process_fixture {
    std::string buffered;  // of the parent's lines

    child parent(argument_list words) {
        words.insert(words.begin(), "prefork");
        auto what = helper(std::move(words));
        what.out = stdio::pipe();
        return start(what);
    }
    event_line next(child& p) {
        std::istringstream line(run_task(io, [](child& of, std::string& text) -> task<std::string> {
            error_code ec;
            const auto n = co_await asio::async_read_until(of.out(), asio::dynamic_buffer(text), '\n',
                                                           asio::redirect_error(asio::use_awaitable, ec));
            const std::string said = text.substr(0, n == 0 ? 0 : n - 1);
            text.erase(0, n);
            co_return said;
        }(p, buffered)));
        event_line e;
        line >> e.what >> e.index >> e.pid;
        std::getline(line, e.rest);
        return e;
    }
    std::set<pid_t> started(child& p, unsigned count = 2) {
        std::set<pid_t> pids;
        for (unsigned i = 0; i < count; ++i) {
            const auto e = next(p);
            BOOST_TEST(e.what == "start");
            pids.insert(e.pid);
        }
        return pids;
    }
    exit_status stop(child& p) {
        BOOST_TEST(p.send_signal(SIGTERM).has_value());
        return end_of(p);
    }
    std::string ask(const std::string& path) {
        return run_task(io, [](const std::string& at) -> task<std::string> {
            local::socket s(co_await asio::this_coro::executor);
            co_await s.async_connect(local::endpoint(at), asio::use_awaitable);
            std::string text;
            co_await asio::async_read_until(s, asio::dynamic_buffer(text), '\n', asio::use_awaitable);
            co_return text;
        }(path));
    }
};

bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

// Not for ThreadSanitizer, whose own thread makes a fork refused.
boost::test_tools::assertion_result can_fork(boost::unit_test::test_unit_id) { return !under_tsan; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(prefork_suite, context, *boost::unit_test::precondition(can_fork))

BOOST_AUTO_TEST_CASE(the_workers_run_until_the_parent_is_asked_to_end) {
    auto p = parent({"wait"});
    const auto pids = started(p);
    BOOST_TEST(pids.size() == 2u);
    for (const pid_t pid : pids) BOOST_TEST(alive(pid));
    BOOST_TEST(stop(p) == exit_status::exited(0));
    for (int i = 0; i < 2; ++i) {
        const auto e = next(p);
        BOOST_TEST(e.what == "end");
        BOOST_TEST(e.rest == " exited with 0 -");
    }
    for (const pid_t pid : pids) BOOST_TEST(!alive(pid));
}

BOOST_AUTO_TEST_CASE(the_end_of_a_worker_prints) {
    std::ostringstream out;
    out << worker_end{1, 42, exit_status::signalled(SIGKILL), 100ms} << "; "
        << worker_end{0, 43, exit_status::exited(3), {}};
    BOOST_TEST(out.str() ==
               "worker 1 (42) was killed by SIGKILL, another starts in 100 ms; worker 0 (43) exited with 3");
}

BOOST_AUTO_TEST_CASE(a_worker_that_dies_is_replaced_in_its_place) {
    auto p = parent({"wait"});
    auto first = next(p), second = next(p);
    for (int i = 0; i < 5; ++i) {
        ::kill(second.pid, SIGKILL);
        const auto end = next(p);
        BOOST_TEST(end.what == "end");
        BOOST_TEST(end.pid == second.pid);
        BOOST_TEST(end.rest == " killed by SIGKILL 0");
        second = next(p);
        BOOST_TEST(second.what == "start");
        BOOST_TEST(second.index == 1u);
        BOOST_TEST(alive(first.pid));
    }
    BOOST_TEST(stop(p) == exit_status::exited(0));
    BOOST_TEST(!alive(second.pid));
}

BOOST_AUTO_TEST_CASE(a_crash_loop_slows_down) {
    auto p = parent({"throw"});
    std::string delays[2];
    while (delays[0].size() < 12 || delays[1].size() < 12) {
        const auto e = next(p);
        if (e.what == "end" && delays[e.index].size() < 12) delays[e.index] += e.rest.substr(e.rest.rfind(' '));
        if (e.what == "end") BOOST_TEST(e.rest.starts_with(" exited with 70 "));
    }
    BOOST_TEST(delays[0] == " 2 4 8 16 16");
    BOOST_TEST(delays[1] == " 2 4 8 16 16");
    BOOST_TEST(stop(p) == exit_status::exited(0));
}

BOOST_AUTO_TEST_CASE(the_code_that_a_worker_returns_is_its_exit_code) {
    auto p = parent({"exit", "42"});
    for (event_line e = next(p);; e = next(p))
        if (e.what == "end") {
            BOOST_TEST(e.rest == " exited with 42 2");
            break;
        }
    BOOST_TEST(stop(p) == exit_status::exited(0));
}

BOOST_AUTO_TEST_CASE(workers_that_do_not_listen_are_killed_after_the_grace) {
    auto p = parent({"deaf"});
    started(p);
    BOOST_TEST(stop(p) == exit_status::exited(0));
    const auto e = next(p);
    BOOST_TEST(e.what == "end");
    BOOST_TEST(!alive(e.pid));
}

BOOST_AUTO_TEST_CASE(the_workers_end_when_the_parent_is_killed) {
    for (const auto* work : {"wait", "deaf"}) {
        auto p = parent({work});
        const auto pids = started(p);
        BOOST_TEST(p.send_signal(SIGKILL).has_value());
        end_of(p);
        buffered.clear();
        const auto end = std::chrono::steady_clock::now() + guard;
        for (const pid_t pid : pids)
            while (alive(pid) && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
        for (const pid_t pid : pids) BOOST_TEST(!alive(pid));
    }
}

BOOST_AUTO_TEST_CASE(workers_share_a_listener) {
    const temporary_directory place;
    auto p = parent({"share", place / "s"});
    const auto pids = started(p);
    std::set<pid_t> answered;
    for (int i = 0; i < 50; ++i) {
        std::istringstream text(ask(place / "s"));
        unsigned index = 9;
        pid_t pid = 0;
        text >> index >> pid;
        BOOST_TEST(index < 2u);
        answered.insert(pid);
    }
    for (const pid_t pid : answered) BOOST_TEST(pids.count(pid) == 1u);
    BOOST_TEST(stop(p) == exit_status::exited(0));
}

BOOST_AUTO_TEST_CASE(the_parent_hands_connections_out_in_turn) {
    const temporary_directory place;
    auto p = parent({"hand-out", place / "s"});
    started(p);
    std::string turns;
    for (int i = 0; i < 20; ++i) turns += ask(place / "s").substr(0, 1);
    BOOST_TEST(turns == "01010101010101010101");
    BOOST_TEST(stop(p) == exit_status::exited(0));
}

BOOST_AUTO_TEST_CASE(a_worker_that_is_stopped_is_passed_over_when_it_is_full) {
    const temporary_directory place;
    auto p = parent({"hand-out", place / "s"});
    const auto first = next(p);
    const auto second = next(p);
    ::kill(first.pid, SIGSTOP);
    // Connections that nobody reads pile up for the first; the others go on being answered.
    std::vector<local::socket> waiting;
    int answered = 0;
    for (int i = 0; i < 200 && answered < 80; ++i) {
        waiting.emplace_back(io);
        waiting.back().connect(local::endpoint(place / "s"));
    }
    for (auto& s : waiting) {
        pollfd ready{s.native_handle(), POLLIN, 0};
        ::poll(&ready, 1, 50);
        if (ready.revents != 0) ++answered;
    }
    BOOST_TEST(answered >= 100);
    BOOST_TEST(answered < 200);
    ::kill(first.pid, SIGCONT);
    for (auto& s : waiting) {
        pollfd ready{s.native_handle(), POLLIN, 0};
        BOOST_TEST(::poll(&ready, 1, 60'000) == 1);
    }
    BOOST_TEST(stop(p) == exit_status::exited(0));
}

BOOST_AUTO_TEST_CASE(what_the_parent_had_not_written_is_written_once) {
    auto p = parent({"print"});
    const auto unflushed = next(p);  // "[unflushed]start ..."
    BOOST_TEST(unflushed.what == "[unflushed]start");
    next(p);
    BOOST_TEST(stop(p) == exit_status::exited(0));
    const auto all = next(p).what + next(p).what + next(p).what;
    BOOST_TEST(all.find("unflushed") == std::string::npos, all);
}

BOOST_AUTO_TEST_CASE(a_process_with_threads_is_refused) {
    const auto r = run(helper({"prefork", "threads"}));
    BOOST_TEST(r.status == exit_status::exited(9));
    BOOST_TEST(r.err == "prefork: this process has threads\n");
}

BOOST_AUTO_TEST_CASE(a_worker_that_cannot_be_waited_for_is_an_end_that_nobody_knows_and_no_spin) {
    auto p = parent({"unreapable"});
    std::set<std::string> ends;
    for (int lines = 0; lines < 4; ++lines)
        if (const auto e = next(p); e.what == "end") ends.insert(e.rest);
    BOOST_TEST(ends.size() == 1u);
    BOOST_TEST(ends.begin()->starts_with(" unknown"), *ends.begin());
    BOOST_TEST(p.send_signal(SIGKILL).has_value());
    end_of(p);
}

BOOST_AUTO_TEST_CASE(a_worker_whom_a_tracer_holds_back_is_looked_at_now_and_then) {
    auto p = parent({"count-waits"});
    const auto pids = started(p);
    auto tracing = helper({"trace", std::to_string(*pids.begin())});
    tracing.in = stdio::pipe();
    tracing.out = stdio::pipe();
    auto tracer = start(tracing);
    if (run_task(io, next_line(tracer)) != "ready") return skip_case("this machine does not let us trace");
    ::kill(*pids.begin(), SIGKILL);
    std::this_thread::sleep_for(500ms);  // in which one that spins makes 100,000 calls
    tracer.in().close();
    end_of(tracer);
    auto line = next(p);
    BOOST_TEST(line.what == "end");
    BOOST_TEST(line.pid == *pids.begin());
    BOOST_TEST(p.send_signal(SIGTERM).has_value());
    while (line.what != "waits" && !line.what.empty()) line = next(p);
    BOOST_TEST(line.what == "waits");
    BOOST_TEST(line.index > 0u);
    BOOST_TEST(line.index < 100u);
    end_of(p);
}

BOOST_AUTO_TEST_CASE(without_work_there_is_nothing_to_start) {
    const auto p = prefork({.workers = 1}, {});
    BOOST_TEST((p.error().code() == errc::invalid_argument || p.error().code() == errc::threads_exist));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
