// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/exit_report.hpp>

#include "process_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(exit_report_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct context : process_fixture {
    exit_report report_of(child& c) {
        return run_task(io, [](child& of) -> task<exit_report> { co_return co_await of.async_report(); }(c));
    }
    exit_report report_of(const command& what) {
        auto started = start(what);
        return report_of(started);
    }
};

exit_report full() {
    exit_report r{.program = "/bin/x", .pid = 42, .status = exit_status::exited(3)};
    r.usage = resource_usage{1500ms, 250ms, 3 << 20};
    r.run_time = 2s + 5ms;
    r.error_tail = "first\nx: cannot \"open\" \xff\x1b[31m\n";
    return r;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(exit_report_suite, context)

BOOST_AUTO_TEST_CASE(a_report_is_a_line_for_people) {
    auto r = full();
    BOOST_TEST(to_string(r) ==
               "/bin/x (42) exited with 3 after 2.005 s, CPU 1.500 s + 0.250 s, 3.0 MiB; last words: x: cannot "
               "\"open\" \\xff [31m");
    r.error_tail.clear();
    r.usage.reset();
    r.status = exit_status::signalled(SIGKILL);
    r.sender = signal_sender::stop_policy;
    BOOST_TEST(to_string(r) == "/bin/x (42) was killed by SIGKILL from its stop policy after 2.005 s");
    r.sender = signal_sender::send_signal;
    r.oom_killed = false;
    BOOST_TEST(to_string(r) == "/bin/x (42) was killed by SIGKILL from its parent after 2.005 s");
    r.sender = signal_sender::unknown;
    r.oom_killed = true;
    BOOST_TEST(to_string(r) == "/bin/x (42) was killed by SIGKILL by the out-of-memory killer after 2.005 s");
    r.oom_killed.reset();
    r.status = exit_status::exited(0);
    r.step = stop_step::asked;
    BOOST_TEST(to_string(r) == "/bin/x (42) exited with 0 when asked to end after 2.005 s");
    r.status = {};
    BOOST_TEST(to_string(r) == "/bin/x (42) ended, nobody knows how when asked to end after 2.005 s");
}

BOOST_AUTO_TEST_CASE(what_was_no_process_has_no_number) {
    exit_report r{.program = "upper", .status = exit_status::exited(0), .run_time = 5ms};
    BOOST_TEST(to_string(r) == "upper exited with 0 after 0.005 s");
    BOOST_TEST(to_json(r).find("\"pid\":null") != std::string::npos);
    r.status = {};
    BOOST_TEST(to_string(r) == "upper did not run to an end");
}

BOOST_AUTO_TEST_CASE(the_parts_of_a_report_print) {
    std::ostringstream out;
    out << stop_step::none << ' ' << stop_step::asked << ' ' << stop_step::killed << ' ' << signal_sender::unknown
        << ' ' << signal_sender::send_signal << ' ' << signal_sender::stop_policy << ' ' << *full().usage;
    BOOST_TEST(out.str() == "none asked killed unknown send_signal stop_policy CPU 1.500 s + 0.250 s, 3.0 MiB");
}

BOOST_AUTO_TEST_CASE(a_report_is_json_for_programs) {
    auto r = full();
    BOOST_TEST(to_json(r) ==
               "{\"program\":\"/bin/x\",\"pid\":42,\"exit_code\":3,\"signal\":null,\"core_dumped\":false,"
               "\"signal_sender\":null,\"stop_step\":\"none\",\"oom_killed\":null,\"run_time\":2.005000,"
               "\"user_time\":1.500000,\"system_time\":0.250000,\"peak_memory\":3145728,"
               "\"error_tail\":\"first\\u000ax: cannot \\\"open\\\" \\ufffd\\u001b[31m\\u000a\"}");
    r.status = exit_status::signalled(SIGSEGV, true);
    r.usage.reset();
    r.oom_killed = false;
    r.error_tail = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82";
    const auto text = to_json(r);
    BOOST_TEST(
        text.find("\"exit_code\":null,\"signal\":\"SIGSEGV\",\"core_dumped\":true,\"signal_sender\":\"unknown\"") !=
        std::string::npos);
    BOOST_TEST(text.find("\"oom_killed\":false") != std::string::npos);
    BOOST_TEST(text.find("\"peak_memory\":null") != std::string::npos);
    std::string bad;
    for (int i = 0; i < 11; ++i) bad += "\\ufffd";
    BOOST_TEST(text.ends_with("\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" + bad + "\"}"), text);
}

BOOST_AUTO_TEST_CASE(a_report_is_one_line_and_no_order_to_a_terminal) {
    exit_report r;
    r.program = "/bin/a\nb\x1b[2J";
    r.pid = 42;
    r.status = exit_status::exited(3);
    r.error_tail =
        "\xc2\x9b"
        "31m \x9b"
        "32m";
    const auto line = to_string(r);
    BOOST_TEST(line.starts_with("/bin/a\\x0ab\\x1b[2J (42) exited with 3"), line);
    BOOST_TEST(line.ends_with("last words: \\x9b31m \\x9b32m"), line);
    const auto json = to_json(r);
    BOOST_TEST(json.starts_with("{\"program\":\"/bin/a\\u000ab\\u001b[2J\""), json);
    BOOST_TEST(json.ends_with("\"error_tail\":\"\\u009b31m \\ufffd32m\"}"), json);
}

BOOST_AUTO_TEST_CASE(time_and_memory_are_the_childs) {
    const auto r = report_of(shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"));
    BOOST_TEST(r.status.success());
    BOOST_TEST(r.program == "/bin/sh");
    BOOST_REQUIRE(r.usage.has_value());
    BOOST_TEST((r.usage->user_time + r.usage->system_time).count() > 0);
    BOOST_TEST((r.usage->user_time + r.usage->system_time).count() < std::chrono::microseconds(guard).count());
    BOOST_TEST(r.usage->peak_memory > 100'000u);
    BOOST_TEST(r.run_time.count() > 0);
    BOOST_TEST((r.step == stop_step::none));
    BOOST_TEST(!r.oom_killed.has_value());
}

BOOST_AUTO_TEST_CASE(the_sender_of_the_deadly_signal_is_known_when_it_was_us) {
    auto c = run_task(io, start_ready(helper({"ready"})));
    BOOST_TEST(c.send_signal(SIGINT).has_value());
    const auto r = report_of(c);
    BOOST_TEST((r.sender == signal_sender::send_signal));
    BOOST_TEST(r.status == exit_status::signalled(SIGINT));
    const auto own = report_of(helper({"kill-self", std::to_string(SIGTERM)}));
    BOOST_TEST((own.sender == signal_sender::unknown));
}

BOOST_AUTO_TEST_CASE(the_step_of_the_stop_policy_is_told) {
    auto polite = run_task(io, start_ready(helper({"ready"})));
    run_task(io, [](child& c) -> task<> { co_await c.async_stop(stop_policy{SIGTERM, 60s}); }(polite));
    auto r = report_of(polite);
    BOOST_TEST((r.step == stop_step::asked));
    BOOST_TEST((r.sender == signal_sender::stop_policy));
    auto deaf = run_task(io, start_ready(helper({"ignore", std::to_string(SIGTERM)})));
    run_task(io, [](child& c) -> task<> { co_await c.async_stop(stop_policy{SIGTERM, 10ms}); }(deaf));
    r = report_of(deaf);
    BOOST_TEST((r.step == stop_step::killed));
    BOOST_TEST((r.sender == signal_sender::stop_policy));
    BOOST_TEST(to_string(r).find("killed by SIGKILL from its stop policy") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(who_ended_before_the_policy_began_was_not_asked) {
    auto c = run_task(io, start_ready(helper({"ready"})));
    bool stopped = false;
    c.async_stop(stop_policy{SIGTERM, 60s}, [&](error_code ec, exit_status) { stopped = !ec; });
    BOOST_TEST(c.send_signal(SIGKILL).has_value());
    while (!c.try_wait()) std::this_thread::yield();
    run_until(io, [&] { return stopped; });
    const auto r = report_of(c);
    BOOST_TEST((r.step == stop_step::none));
    BOOST_TEST((r.sender == signal_sender::send_signal));
}

BOOST_AUTO_TEST_CASE(a_kill_for_lack_of_memory_is_told_by_the_cgroup) {
    // A directory that looks like a cgroup: this machine may have none with the memory controller.
    const temporary_directory place;
    const auto count = [&](int kills) {
        std::ofstream(place / "memory.events") << "low 0\nhigh 0\nmax 7\noom 1\noom_kill " << kills << "\n";
    };
    std::ofstream(place / "cgroup.procs");
    count(2);
    auto what = helper({"ready"});
    what.cgroup = place.path();
    {
        auto c = run_task(io, start_ready(what));
        count(3);
        BOOST_TEST(c.send_signal(SIGKILL).has_value());
        BOOST_TEST((report_of(c).oom_killed == std::optional(true)));
    }
    auto c = run_task(io, start_ready(what));
    BOOST_TEST(c.send_signal(SIGKILL).has_value());
    BOOST_TEST((report_of(c).oom_killed == std::optional(false)));
    std::ifstream procs(place / "cgroup.procs");
    std::string written;
    procs >> written;
    BOOST_TEST(written.starts_with("0"));
}

BOOST_AUTO_TEST_CASE(a_run_reports_the_last_words) {
    const auto r = run(shell("echo fine; echo first >&2; echo last >&2; exit 4"));
    BOOST_TEST(r.report.error_tail == "first\nlast\n");
    BOOST_TEST(r.report.status == exit_status::exited(4));
    BOOST_TEST(r.report.pid > 0);
    BOOST_TEST(to_string(r.report).ends_with("; last words: last"));
    BOOST_TEST(run(shell("head -c 5000 /dev/zero | tr '\\0' x >&2")).report.error_tail == std::string(2048, 'x'));
}

BOOST_AUTO_TEST_CASE(a_report_needs_a_child) {
    child none;
    run_task(io, [](child& c) -> task<> {
        const auto [ec, r] = co_await c.async_report(asio::as_tuple(asio::use_awaitable));
        BOOST_TEST((ec == errc::no_child));
        BOOST_TEST(!r.status.known());
    }(none));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
