// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Every public function of a handle that holds nothing: it was made so, moved from, or has let go. Each gives an error.

#include <parley/process/child.hpp>
#include <parley/process/init_duty.hpp>
#include <parley/process/pipeline.hpp>
#include <parley/process/process_tree.hpp>
#include <parley/process/pty.hpp>
#include <parley/signal/signal_watcher.hpp>

#include "process_tools.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(empty_handles_test)

using namespace parley;
using namespace parley::test;

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

template <typename Function>
bool throws_no_child(Function function) {
    try {
        function();
    } catch (const boost::system::system_error& e) {
        return e.code() == errc::no_child;
    }
    return false;
}

task<> child_gives_errors(child& c) {
    BOOST_TEST(!c);
    BOOST_TEST(c.pid() == 0);
    BOOST_TEST(c.pidfd().fd == -1);
    BOOST_TEST(throws_no_child([&] { c.in(); }));
    BOOST_TEST(throws_no_child([&] { c.out(); }));
    BOOST_TEST(throws_no_child([&] { c.err(); }));
    BOOST_TEST(throws_no_child([&] { c.terminal(); }));
    BOOST_TEST(throws_no_child([&] { c.get_executor(); }));
    BOOST_TEST(!c.try_wait());
    for (const int number : {0, SIGTERM}) BOOST_TEST((c.send_signal(number).error().code() == errc::no_child));
    BOOST_TEST((c.suspend().error().code() == errc::no_child));
    BOOST_TEST((c.resume().error().code() == errc::no_child));
    c.detach();
    BOOST_TEST((c.release().error().code() == errc::no_child));
    c.set_stop_policy({});
    const auto [waited, status] = co_await c.async_wait(as_tuple);
    BOOST_TEST((waited == errc::no_child));
    const auto [reported, report] = co_await c.async_report(as_tuple);
    BOOST_TEST((reported == errc::no_child));
    const auto [changed, change] = co_await c.async_wait_change(as_tuple);
    BOOST_TEST((changed == errc::no_child));
    const auto [stopped, end] = co_await c.async_stop(as_tuple);
    BOOST_TEST((stopped == errc::no_child));
    const auto [killed, killed_end] = co_await c.async_stop(stop_policy::kill(), as_tuple);
    BOOST_TEST((killed == errc::no_child));
}

task<> tree_gives_errors(process_tree& t) {
    BOOST_TEST(!t);
    BOOST_TEST(throws_no_child([&] { t.leader(); }));
    BOOST_TEST(throws_no_child([&] { t.get_executor(); }));
    BOOST_TEST((t.means() == tree_means::group));
    BOOST_TEST(t.cgroup() == "");
    BOOST_TEST(!t.why_no_cgroup().code());
    t.set_stop_policy({});
    const auto [waited, status] = co_await t.async_wait(as_tuple);
    BOOST_TEST((waited == errc::no_child));
    const auto [emptied, report] = co_await t.async_wait_empty(as_tuple);
    BOOST_TEST((emptied == errc::no_child));
    const auto [stopped, stop_report] = co_await t.async_stop(as_tuple);
    BOOST_TEST((stopped == errc::no_child));
    const auto [sent, count] = co_await t.async_send_signal(SIGTERM, as_tuple);
    BOOST_TEST((sent == errc::no_child));
    const auto [listed, members] = co_await t.async_list(as_tuple);
    BOOST_TEST((listed == errc::no_child));
    signal_watcher watcher(co_await asio::this_coro::executor, signal_mask{SIGUSR1});
    const auto [forwarded] = co_await t.async_forward(std::move(watcher), forward_to::tree, as_tuple);
    BOOST_TEST((forwarded == errc::no_child));
}

task<> terminal_gives_errors(pty& p) {
    BOOST_TEST(!p.is_open());
    BOOST_TEST(p.native_handle() == -1);
    BOOST_TEST(p.resize({}).has_error());
    BOOST_TEST(p.size().has_error());
    p.cancel();
    p.close();
    (void)p.get_executor();
    std::array<char, 8> block{};
    const auto [read, n] = co_await p.async_read_some(asio::buffer(block), as_tuple);
    BOOST_TEST((read == boost::system::errc::bad_file_descriptor), read.message());
    const auto [written, m] = co_await p.async_write_some(asio::buffer(block), as_tuple);
    BOOST_TEST((written == boost::system::errc::bad_file_descriptor), written.message());
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(empty_handles_suite, process_fixture)

BOOST_AUTO_TEST_CASE(a_child_that_is_none_gives_errors) {
    const auto what = helper({"exit", "0"});
    child made, moved = start(what), detached = start(what), assigned = start(what);
    auto kept = std::move(moved);
    detached.detach();
    kept = std::move(assigned);
    for (auto* c : {&made, &moved, &detached, &assigned}) run_task(io, child_gives_errors(*c));
    BOOST_TEST(end_of(kept) == exit_status::exited(0));
}

BOOST_AUTO_TEST_CASE(a_tree_that_is_none_gives_errors) {
    tree_options options;
    options.cgroup = cgroup_use::never;
    auto moved = spawn_tree(ex, helper({"exit", "0"}), options).value();
    auto kept = std::move(moved);
    process_tree made;
    for (auto* t : {&made, &moved}) run_task(io, tree_gives_errors(*t));
}

BOOST_AUTO_TEST_CASE(a_terminal_that_is_none_gives_errors) {
    auto pair = make_pty(ex).value();
    auto kept = std::move(pair.leader);
    run_task(io, terminal_gives_errors(pair.leader));
    kept.close();
    run_task(io, terminal_gives_errors(kept));
}

BOOST_AUTO_TEST_CASE(a_duty_that_is_over_does_nothing) {
    init_duty duty(ex);
    auto moved = std::move(duty);
    moved.close();
    for (auto* d : {&duty, &moved}) {
        d->claim(1);
        d->disclaim(1);
        BOOST_TEST(d->reaped() == 0u);
        d->close();
    }
}

BOOST_AUTO_TEST_CASE(a_pipeline_that_is_none_is_refused) {
    pipeline moved{helper({"exit", "0"})};
    const auto kept = std::move(moved);
    for (const auto& none : {pipeline(), moved}) {
        BOOST_TEST(to_shell(none) == "");
        const auto ec = run_task(io, [](executor on, pipeline what) -> task<error_code> {
            const auto [failed, result] = co_await async_run(on, what, as_tuple);
            BOOST_TEST(!result.success());
            co_return failed;
        }(ex, none));
        BOOST_TEST((ec == errc::invalid_argument));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
