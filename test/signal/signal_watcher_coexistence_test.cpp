// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_watcher.hpp>

#include <parley/core/error.hpp>
#include <parley/signal/disposition.hpp>

#include "forked.hpp"
#include "signal_tools.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(signal_watcher_coexistence_test)

// A watcher beside everything else that may own a signal in the same process.

namespace {

namespace asio = boost::asio;
using parley::current_disposition;
using parley::disposition;
using parley::scoped_disposition;
using parley::signal_watcher;
using parley::test::run_until;
using parley::test::send;
using parley::test::wait_one;

volatile std::sig_atomic_t host_calls = 0;

void host_handler(int) { host_calls = host_calls + 1; }

// Installs a handler of the program's own, as a library loaded before or after might.
class host {
public:
    explicit host(int number) : number_(number) {
        host_calls = 0;
        struct sigaction action {};
        action.sa_handler = host_handler;
        action.sa_flags = SA_NODEFER;
        sigaddset(&action.sa_mask, SIGHUP);
        sigaction(number, &action, &earlier_);
        sigaction(number, nullptr, &installed_);
    }
    host(const host&) = delete;
    host& operator=(const host&) = delete;
    ~host() { sigaction(number_, &earlier_, nullptr); }
    bool in_force() const {
        struct sigaction now {};
        sigaction(number_, nullptr, &now);
        return parley::test::same_disposition(now, installed_);
    }

private:
    int number_;
    struct sigaction earlier_, installed_;
};

// Counts what an asio::signal_set sees.
struct counted_set {
    counted_set(asio::io_context& io, int number) : set(io, number) { next(); }
    void next() {
        set.async_wait([this](boost::system::error_code ec, int) {
            if (ec) return;
            ++count;
            next();
        });
    }
    asio::signal_set set;
    int count = 0;
};

BOOST_FIXTURE_TEST_SUITE(clean, parley::test::no_signal_leftovers)

BOOST_AUTO_TEST_CASE(a_handler_from_before_comes_back) {
    const host mine(SIGUSR1);
    asio::io_context io;
    {
        signal_watcher watcher(io.get_executor(), {SIGUSR1});
        BOOST_TEST(!mine.in_force());
        send(SIGUSR1);
        BOOST_TEST(wait_one(io, watcher).number == SIGUSR1);
        BOOST_TEST(host_calls == 0);  // set aside
    }
    BOOST_TEST(mine.in_force());
    send(SIGUSR1);
    BOOST_TEST(host_calls == 1);
}

BOOST_AUTO_TEST_CASE(close_restores_at_once) {
    const host mine(SIGUSR1);
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGUSR1});
    watcher.close();
    BOOST_TEST(mine.in_force());
}

BOOST_AUTO_TEST_CASE(a_handler_from_after_stays) {
    const scoped_disposition restore(SIGUSR1, disposition::default_action);
    asio::io_context io;
    std::optional<signal_watcher> watcher(std::in_place, io.get_executor(), parley::signal_mask{SIGUSR1});
    const host later(SIGUSR1);
    watcher.reset();
    BOOST_TEST(later.in_force());
    send(SIGUSR1);
    BOOST_TEST(host_calls == 1);
}

// Whoever installs a handler over a watcher's may restore that one when the watcher is long gone.
BOOST_AUTO_TEST_CASE(a_handler_brought_back_after_its_watcher_makes_way_for_the_one_before) {
    const host mine(SIGUSR1);
    asio::io_context io;
    std::optional<signal_watcher> watcher(std::in_place, io.get_executor(), parley::signal_mask{SIGUSR1});
    {
        const scoped_disposition over(SIGUSR1, disposition::ignore);
        watcher.reset();
    }
    BOOST_TEST(!mine.in_force());
    send(SIGUSR1);
    BOOST_TEST(mine.in_force());
    BOOST_TEST(host_calls == 1);
}

BOOST_AUTO_TEST_CASE(an_ignored_signal_is_watched_and_ignored_again) {
    const scoped_disposition quiet(SIGUSR1, disposition::ignore);
    asio::io_context io;
    {
        signal_watcher watcher(io.get_executor(), {SIGUSR1});
        send(SIGUSR1);
        BOOST_TEST(wait_one(io, watcher).number == SIGUSR1);
    }
    BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::ignore));
}

BOOST_AUTO_TEST_CASE(only_the_last_of_several_watchers_restores) {
    const host mine(SIGUSR1);
    asio::io_context io, elsewhere;
    auto first = std::make_unique<signal_watcher>(io.get_executor(), parley::signal_mask{SIGUSR1});
    auto second = std::make_unique<signal_watcher>(elsewhere.get_executor(), parley::signal_mask{SIGUSR1, SIGUSR2});
    first.reset();
    BOOST_TEST(!mine.in_force());
    send(SIGUSR1);
    BOOST_TEST(wait_one(elsewhere, *second).number == SIGUSR1);
    first = std::make_unique<signal_watcher>(io.get_executor(), parley::signal_mask{SIGUSR1});
    second.reset();
    send(SIGUSR1);
    BOOST_TEST(wait_one(io, *first).number == SIGUSR1);
    first.reset();
    BOOST_TEST(mine.in_force());
}

// All orders in which a signal_set and a watcher come and go; both must see every signal while they live.
void meet(const std::string& steps) {
    BOOST_TEST_CONTEXT(steps) {
        asio::io_context io, elsewhere;
        const auto work = asio::make_work_guard(io), more_work = asio::make_work_guard(elsewhere);
        std::optional<signal_watcher> watcher;
        std::optional<counted_set> set;
        for (const char step : steps) {
            if (step == 'W') watcher.emplace(io.get_executor(), parley::signal_mask{SIGUSR1});
            if (step == 'S') set.emplace(elsewhere, SIGUSR1);
            if (step == 'w') watcher.reset();
            if (step == 's') set.reset();
            if (!watcher && !set) continue;
            const int before = set ? set->count : 0;
            send(SIGUSR1);
            if (watcher) BOOST_TEST(wait_one(io, *watcher).number == SIGUSR1);
            if (set) run_until(elsewhere, [&] { return set->count == before + 1; });
            elsewhere.restart();
            elsewhere.poll();
            io.restart();
            io.poll();
            if (watcher) BOOST_TEST(!watcher->try_wait());
            if (set) BOOST_TEST(set->count == before + 1);
        }
    }
}

BOOST_AUTO_TEST_CASE(lives_beside_a_signal_set_in_every_order) {
    for (const auto* steps : {"SWws", "SWsw", "WSws", "WSsw", "SWwWws", "WSsSsw", "WwSWsw"}) {
        meet(steps);
        BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::default_action), steps);
    }
}

BOOST_AUTO_TEST_CASE(a_handler_from_before_comes_back_unless_a_signal_set_outlives_the_watcher) {
    const host mine(SIGUSR1);
    meet("Ww");
    BOOST_TEST(mine.in_force());
    meet("WSsw");
    BOOST_TEST(mine.in_force());
    meet("WSws");  // now the signal_set is the last to go, and it never restores
    BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::default_action));
}

BOOST_AUTO_TEST_CASE(a_signal_set_from_before_keeps_its_rights) {
    asio::io_context io;
    counted_set set(io, SIGUSR1);
    struct sigaction of_asio {
    }, now{};
    sigaction(SIGUSR1, nullptr, &of_asio);
    { signal_watcher watcher(io.get_executor(), {SIGUSR1}); }
    sigaction(SIGUSR1, nullptr, &now);
    BOOST_TEST(parley::test::same_disposition(of_asio, now));
    send(SIGUSR1);
    run_until(io, [&] { return set.count == 1; });
}

BOOST_AUTO_TEST_CASE(a_handler_laid_over_a_signal_set_is_still_called) {
    asio::io_context io;
    counted_set set(io, SIGUSR1);
    const host over(SIGUSR1);
    signal_watcher watcher(io.get_executor(), {SIGUSR1});
    send(SIGUSR1);
    BOOST_TEST(wait_one(io, watcher).number == SIGUSR1);
    BOOST_TEST(host_calls == 1);
    watcher.close();
    BOOST_TEST(over.in_force());
}

BOOST_AUTO_TEST_CASE(what_was_said_of_children_is_said_still) {
    asio::io_context io;
    counted_set set(io, SIGCHLD);
    struct sigaction earlier {
    }, over{}, now{};
    over.sa_handler = [](int) {};
    over.sa_flags = SA_NOCLDSTOP;
    sigaction(SIGCHLD, &over, &earlier);
    {
        signal_watcher watcher(io.get_executor(), {SIGCHLD});
        sigaction(SIGCHLD, nullptr, &now);
        BOOST_TEST((now.sa_flags & SA_NOCLDSTOP) != 0);
        BOOST_TEST((now.sa_flags & SA_RESTART) != 0);
        BOOST_TEST((now.sa_flags & SA_ONSTACK) != 0);
    }
    sigaction(SIGCHLD, &earlier, nullptr);
}

// Asio's own registrations in a forked child are those of the child's own signal_sets.
BOOST_AUTO_TEST_CASE(a_forked_child_may_have_signal_sets_of_its_own) {
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGUSR1, SIGRTMIN});
    parley::test::forked child([] {
        asio::io_context own;
        signal_watcher mine(own.get_executor(), {SIGRTMIN});  // which takes the process over
        {
            counted_set set(own, SIGUSR1);
            send(SIGUSR1);
            run_until(own, [&] { return set.count == 1; });
        }
        return current_disposition(SIGUSR1).value() == disposition::default_action ? 5 : 6;
    });
    BOOST_TEST(child.wait() == 5 << 8);
}

BOOST_AUTO_TEST_CASE(an_ignored_hangup_stays_ignored) {
    const scoped_disposition nohup(SIGHUP, disposition::ignore);
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGHUP, SIGUSR1});
    BOOST_TEST(watcher.signals() == parley::signal_mask{SIGUSR1});
    BOOST_TEST((current_disposition(SIGHUP).value() == disposition::ignore));
    send(SIGHUP);
    send(SIGUSR1);
    BOOST_TEST(wait_one(io, watcher).number == SIGUSR1);
    BOOST_TEST(!watcher.try_wait());
}

BOOST_AUTO_TEST_CASE(an_ignored_hangup_stays_ignored_for_a_signalfd_too) {
    const scoped_disposition nohup(SIGHUP, disposition::ignore);
    const parley::test::blocked held({SIGHUP, SIGUSR1});
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGHUP, SIGUSR1});
    BOOST_TEST(watcher.uses_signalfd());
    send(SIGHUP);
    send(SIGUSR1);
    BOOST_TEST(wait_one(io, watcher).number == SIGUSR1);
    BOOST_TEST(!watcher.try_wait());
}

BOOST_AUTO_TEST_CASE(a_watcher_of_nothing_but_an_ignored_hangup_waits_without_error) {
    const scoped_disposition nohup(SIGHUP, disposition::ignore);
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGHUP});
    parley::test::waited result;
    watcher.async_wait(parley::test::into(result));
    send(SIGHUP);
    io.poll();
    BOOST_TEST(!result.done);
    watcher.close();
    run_until(io, [&] { return result.aborted(); });
}

BOOST_AUTO_TEST_CASE(an_ignored_hangup_is_watched_when_asked) {
    const scoped_disposition nohup(SIGHUP, disposition::ignore);
    asio::io_context io;
    {
        signal_watcher watcher(io.get_executor(), {SIGHUP}, {.even_if_ignored = true});
        send(SIGHUP);
        BOOST_TEST(wait_one(io, watcher).number == SIGHUP);
    }
    BOOST_TEST((current_disposition(SIGHUP).value() == disposition::ignore));
}

BOOST_AUTO_TEST_CASE(a_signalfd_changes_no_disposition) {
    const parley::test::blocked held({SIGUSR1, SIGTERM});
    const auto before = parley::test::dispositions();
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGUSR1, SIGTERM});
    for (const auto& [number, now] : parley::test::dispositions())
        BOOST_TEST(parley::test::same_disposition(now, before.at(number)));
}

// Nothing of what a forked child gets may reach the watchers of the parent, nor its signal_sets.
BOOST_AUTO_TEST_CASE(the_signals_of_a_forked_child_stay_its_own) {
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGRTMIN, SIGUSR1});
    counted_set set(io, SIGRTMIN);
    parley::test::waited result;
    watcher.async_wait(parley::test::into(result));
    io.poll();
    {
        const parley::test::forked child([] {
            for (;;) ::pause();
            return 0;
        });
        for (int i = 0; i < 1000; ++i) parley::queue_signal(child.pid(), SIGRTMIN, i).value();
        for (int i = 0; i < 1000; ++i) parley::send_signal(child.pid(), SIGUSR1).value();
        // Until the child has taken all and pauses again.
        const auto path = "/proc/" + std::to_string(child.pid()) + "/status";
        run_until(io, [&] {
            io.poll();
            std::ifstream file(path);
            const std::string status(std::istreambuf_iterator<char>(file), {});
            return status.find("ShdPnd:\t0000000000000000") != std::string::npos &&
                   status.find("State:\tS") != std::string::npos;
        });
    }
    io.restart();
    io.poll();
    BOOST_TEST(!result.done);
    BOOST_TEST(set.count == 0);
    send(SIGUSR1);
    run_until(io, [&] { return result.done; });
    BOOST_TEST(result.event.sender_pid == ::getpid());
}

BOOST_AUTO_TEST_CASE(a_forked_child_may_have_watchers_of_its_own) {
    asio::io_context io;
    signal_watcher watcher(io.get_executor(), {SIGRTMIN});
    parley::test::forked child([&] {
        io.notify_fork(asio::io_context::fork_child);
        asio::io_context own;
        signal_watcher mine(own.get_executor(), {SIGRTMIN});
        send(SIGRTMIN, 8);
        return wait_one(own, mine).value;
    });
    BOOST_TEST(child.wait() == 8 << 8);
    BOOST_TEST(!watcher.try_wait());
    send(SIGRTMIN, 9);
    BOOST_TEST(wait_one(io, watcher).value == 9);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

BOOST_AUTO_TEST_SUITE_END()
