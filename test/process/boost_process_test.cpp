// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The faults of Boost.Process v2's own start and wait, made to happen beside parley in the same place: what these tests
// look for is really there to be found. Each is known of Boost 1.81 and 1.83; a newer Boost may have mended it.

#include <parley/process/spawn.hpp>

#include "fault.hpp"
#include "forked.hpp"
#include "leftovers.hpp"
#include "process_tools.hpp"
#include "standard_streams.hpp"

#include <parley/pipe/pipe.hpp>
#include <parley/signal/disposition.hpp>
#include <parley/signal/signal_mask.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/connect_pipe.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/writable_pipe.hpp>
#include <boost/asio/write.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/version.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(boost_process_test)

using namespace parley;
using namespace parley::test;
namespace bp = boost::process::v2;

namespace {

constexpr bool known_boost = BOOST_VERSION < 108500;

boost::test_tools::assertion_result is_known_boost(boost::unit_test::test_unit_id) { return known_boost; }

struct context : process_fixture {
    std::string said_to_stock(std::vector<std::string> words) {
        asio::readable_pipe out(io);
        bp::process started(io, test_child(), words, bp::process_stdio{{}, out, {}});
        auto text = run_task(io, [](asio::readable_pipe& from) -> task<std::string> {
            std::string all;
            error_code ec;
            co_await asio::async_read(from, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ec));
            co_return all;
        }(out));
        error_code ignored;
        started.wait(ignored);
        return text;
    }
    std::string said_to_parley(argument_list words) { return run(helper(std::move(words))).out; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(boost_process_suite, context, *boost::unit_test::precondition(is_known_boost))

BOOST_AUTO_TEST_CASE(a_descriptor_leaks_into_the_stock_child) {
    const unique_fd leaked(::open("/etc/passwd", O_RDONLY));  // not close-on-exec, as other code makes them
    const auto shown = "\n" + std::to_string(leaked.get()) + " ";
    BOOST_TEST(said_to_stock({"descriptors"}).find(shown) != std::string::npos);
    BOOST_TEST(said_to_parley({"descriptors"}).find(shown) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_stock_start_that_fails_leaves_a_zombie) {
    BOOST_CHECK_THROW(bp::process(io, "/no/such/program", std::vector<std::string>{}), boost::system::system_error);
    BOOST_TEST(children().size() == 1u);  // dead, or about to run the exit handlers of a program that is not its own
    for (const int pid : children()) ::waitpid(pid, nullptr, 0);
    failure({.program = "/no/such/program"});
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(the_second_stock_waiter_gets_no_status) {
    bp::process stock(io, test_child(), std::vector<std::string>{"exit", "7"});
    std::vector<error_code> told;
    for (int i = 0; i < 2; ++i) stock.async_wait([&](error_code ec, int) { told.push_back(ec); });
    run_until(io, [&] { return told.size() == 2; });
    BOOST_TEST((!told[0] != !told[1]));
    auto ours = start(helper({"exit", "7"}));
    int right = 0;
    for (int i = 0; i < 2; ++i)
        ours.async_wait([&](error_code ec, exit_status s) { right += !ec && s == exit_status::exited(7); });
    run_until(io, [&] { return right == 2; });
}

BOOST_AUTO_TEST_CASE(the_stock_exit_code_mistakes_a_kill_for_an_exit) {
    const auto code_of_stock = [&](std::vector<std::string> words) {
        bp::process stock(io, test_child(), words);
        stock.wait();
        return stock.exit_code();
    };
    BOOST_TEST(code_of_stock({"exit", "9"}) == code_of_stock({"kill-self", "9"}));
    BOOST_TEST(status_of(helper({"exit", "9"})) != status_of(helper({"kill-self", "9"})));
}

BOOST_AUTO_TEST_CASE(the_stock_child_begins_with_the_parents_blocked_signals) {
    const scoped_signal_block blocked(signal_mask{SIGUSR1});
    const auto stock = said_to_stock({"signals"});
    const auto ours = said_to_parley({"signals"});
    BOOST_TEST(stock != ours);
    BOOST_TEST(stock.find("SigBlk:\t0000000000000200") != std::string::npos, stock);
    BOOST_TEST(ours.find("SigBlk:\t0000000000000000") != std::string::npos, ours);
}

BOOST_AUTO_TEST_CASE(the_stock_child_begins_with_the_parents_ignored_signals) {
    const scoped_disposition ignored(SIGUSR1, disposition::ignore);
    BOOST_TEST(said_to_stock({"signals"}).find("SigIgn:\t0000000000000200") != std::string::npos);
    BOOST_TEST(said_to_parley({"signals"}).find("SigIgn:\t0000000000000000") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_stock_wait_takes_an_ignored_sigchld_for_an_error_without_a_status) {
    const scoped_disposition ignored(SIGCHLD, disposition::ignore);
    // One that lives on: of one that has ended there is nothing left to open a pidfd of.
    bp::process stock(io, "/bin/sleep", std::vector<std::string>{"60"});
    BOOST_TEST(::kill(static_cast<pid_t>(stock.id()), SIGKILL) == 0);
    error_code ec;
    stock.wait(ec);
    BOOST_TEST((ec == boost::system::errc::no_child_process));
    BOOST_TEST((failure(helper({"exit", "7"})).code() == errc::child_ignored));  // before there is a child
}

BOOST_AUTO_TEST_CASE(a_stock_status_that_somebody_else_took_is_a_success_by_its_code) {
    const fault not_kept(sys::call::pidfd_get_info, ENOTTY);
    bp::process stock(io, test_child(), std::vector<std::string>{"exit", "7"});
    BOOST_TEST(::waitpid(static_cast<pid_t>(stock.id()), nullptr, 0) == static_cast<pid_t>(stock.id()));
    bool done = false;
    stock.async_wait([&](error_code ec, int code) {
        done = true;
        BOOST_TEST((ec == boost::system::errc::no_child_process));
        BOOST_TEST(bp::evaluate_exit_code(code) == 0);
    });
    run_until(io, [&] { return done; });
    auto ours = start(helper({"exit", "7"}));
    BOOST_TEST(::waitpid(ours.pid(), nullptr, 0) == ours.pid());
    const auto status = end_of(ours);
    BOOST_TEST(!status.known());
    BOOST_TEST(!status.success());
    BOOST_TEST(!status.exit_code().has_value());
}

BOOST_AUTO_TEST_CASE(a_stock_pipe_goes_to_every_program_that_anybody_starts) {
    const auto said_to_others = [] {
        FILE* pipe = ::popen((test_child() + " descriptors").c_str(), "r");
        std::string text(4096, '\0');
        text.resize(std::fread(text.data(), 1, text.size(), pipe));
        ::pclose(pipe);
        return "\n" + text;
    };
    const auto shown = [](auto& end) { return "\n" + std::to_string(end.native_handle()) + " "; };
    {
        asio::readable_pipe reader(io);
        asio::writable_pipe writer(io);
        asio::connect_pipe(reader, writer);
        const auto said = said_to_others();
        BOOST_TEST(said.find(shown(reader)) != std::string::npos);
        BOOST_TEST(said.find(shown(writer)) != std::string::npos);
    }
    auto ours = make_pipe(ex).value();
    const auto said = said_to_others();
    BOOST_TEST(said.find(shown(ours.reader)) == std::string::npos);
    BOOST_TEST(said.find(shown(ours.writer)) == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_write_to_a_stock_child_that_has_ended_kills_the_program) {
    // In a copy of this process, which is to die.
    forked stock([] {
        asio::io_context own;
        asio::writable_pipe in(own);
        bp::process ended(own, "/bin/true", std::vector<std::string>{}, bp::process_stdio{in, {}, {}});
        ended.wait();
        error_code ec;
        asio::write(in, asio::buffer("x", 1), ec);
        return 0;
    });
    const int status = stock.wait();
    BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE));
    auto ours = start({.program = "/bin/true", .in = stdio::pipe()});
    end_of(ours);
    const auto ec = run_task(io, [](child& c) -> task<error_code> {
        error_code told;
        co_await asio::async_write(c.in(), asio::buffer("x", 1), asio::redirect_error(asio::use_awaitable, told));
        co_return told;
    }(ours));
    BOOST_TEST(ec == asio::error::broken_pipe);
}

BOOST_AUTO_TEST_CASE(a_stock_start_that_fails_runs_the_parents_exit_handlers_in_the_child) {
    static const int self = ::getpid();
    static int mark = -1;
    std::atexit([] {
        if (::getpid() != self && mark >= 0 && ::write(mark, "x", 1) != 1) ::_exit(99);
    });
    const auto marks_of = [](const auto& start_something) {
        int ends[2];
        BOOST_REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
        const unique_fd reader(ends[0]), writer(ends[1]);
        // The stock launcher closes what it does not know of before its exec; the standard streams it leaves.
        const standard_streams ours(0, writer.get(), 2);
        mark = 1;
        start_something();
        for (const int pid : children()) ::waitpid(pid, nullptr, 0);
        mark = -1;
        char byte;
        int count = 0;
        while (::read(reader.get(), &byte, 1) == 1) ++count;
        return count;
    };
    const int stock = marks_of([&] {
        try {
            bp::process(io, "/no/such/program", std::vector<std::string>{});
        } catch (const boost::system::system_error&) {  // that it fails is no news
        }
    });
    const int ours = marks_of([&] { static_cast<void>(spawn(ex, {.program = "/no/such/program"})); });
    BOOST_TEST(stock == 1);
    BOOST_TEST(ours == 0);
}

BOOST_AUTO_TEST_CASE(the_stock_error_code_of_a_start_is_an_exception) {
    error_code ec;
    BOOST_CHECK_THROW(bp::default_process_launcher()(io, ec, "/no/such/program", std::vector<std::string>{}),
                      boost::system::system_error);
    BOOST_TEST(!ec);
    for (const int pid : children()) ::waitpid(pid, nullptr, 0);
    BOOST_TEST((failure({.program = "/no/such/program"}).code() == boost::system::errc::no_such_file_or_directory));
}

BOOST_AUTO_TEST_CASE(a_stock_wait_ignores_a_total_cancellation) {
    bp::process stock(io, test_child(), std::vector<std::string>{"ready"}, bp::process_stdio{{}, nullptr, {}});
    asio::cancellation_signal total;
    error_code told;
    bool done = false;
    const auto handler = [&](error_code ec, auto) { told = ec, done = true; };
    stock.async_wait(asio::bind_cancellation_slot(total.slot(), handler));
    run_ready(io);
    total.emit(asio::cancellation_type::total);
    run_ready(io);
    BOOST_TEST(!done);
    ::kill(static_cast<pid_t>(stock.id()), SIGKILL);
    run_until(io, [&] { return done; });
    done = false;
    auto what = helper({"ready"});
    what.out = stdio::null();
    auto ours = start(what);
    ours.async_wait(asio::bind_cancellation_slot(total.slot(), handler));
    run_ready(io);
    total.emit(asio::cancellation_type::total);
    run_until(io, [&] { return done; });
    BOOST_TEST(told == asio::error::operation_aborted);
    ours.set_stop_policy(stop_policy::kill());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
