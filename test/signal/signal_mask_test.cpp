// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/signal_mask.hpp>

#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_catalogue.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(signal_mask_test)

using parley::current_mask;
using parley::scoped_signal_block;
using parley::signal_mask;

volatile std::sig_atomic_t arrived = 0;

// Counts SIGUSR1 and SIGUSR2 and leaves mask and handlers as they were.
struct counting {
    counting() {
        arrived = 0;
        struct sigaction action {};
        action.sa_handler = [](int) { arrived = arrived + 1; };
        sigaction(SIGUSR1, &action, &earlier_[0]);
        sigaction(SIGUSR2, &action, &earlier_[1]);
        mask = current_mask().value();
    }
    ~counting() {
        parley::replace_mask(mask).value();
        sigaction(SIGUSR1, &earlier_[0], nullptr);
        sigaction(SIGUSR2, &earlier_[1], nullptr);
    }
    signal_mask mask;

private:
    struct sigaction earlier_[2];
};

BOOST_AUTO_TEST_CASE(is_a_value) {
    const signal_mask a{SIGTERM, SIGINT};
    signal_mask b = a;
    BOOST_TEST(a == b);
    BOOST_TEST(a == (signal_mask{SIGINT, SIGTERM, SIGINT}));
    b.insert(SIGHUP).value();
    BOOST_TEST(a != b);
    BOOST_TEST(a.size() == 2u);
    BOOST_TEST(signal_mask().empty());
    BOOST_TEST(signal_mask::none() == signal_mask());
}

BOOST_AUTO_TEST_CASE(one_number_is_a_mask) {
    const signal_mask one = SIGINT;
    BOOST_TEST(one == signal_mask{SIGINT});
    BOOST_TEST(one.size() == 1u);
}

BOOST_AUTO_TEST_CASE(prints_its_signals) {
    std::ostringstream out;
    out << signal_mask{SIGTERM, SIGINT, SIGRTMIN + 1} << ' ' << signal_mask();
    BOOST_TEST(out.str() == "{SIGINT, SIGTERM, SIGRTMIN+1} {}");
}

BOOST_AUTO_TEST_CASE(inserts_erases_and_contains) {
    signal_mask mask;
    mask.insert(SIGUSR1).value();
    mask.insert(SIGUSR1).value();
    BOOST_TEST(mask.contains(SIGUSR1));
    BOOST_TEST(!mask.contains(SIGUSR2));
    mask.erase(SIGUSR1).value();
    mask.erase(SIGUSR1).value();
    BOOST_TEST(mask.empty());
}

BOOST_AUTO_TEST_CASE(refuses_numbers_that_are_no_signal) {
    signal_mask mask;
    for (const int number : {0, -1, 32, 33, NSIG, 1 << 30}) {
        BOOST_TEST(mask.insert(number).error().code() == make_error_code(parley::errc::unknown_signal));
        BOOST_TEST(mask.erase(number).error().message() == "signal " + std::to_string(number) + ": no such signal");
        BOOST_TEST(!mask.contains(number));
        BOOST_CHECK_EXCEPTION((signal_mask{SIGINT, number}), boost::system::system_error,
                              [](const auto& e) { return e.code() == parley::errc::unknown_signal; });
    }
}

BOOST_AUTO_TEST_CASE(unites_intersects_and_subtracts) {
    const signal_mask a{SIGINT, SIGTERM}, b{SIGTERM, SIGHUP};
    BOOST_TEST((a | b) == (signal_mask{SIGINT, SIGTERM, SIGHUP}));
    BOOST_TEST((a & b) == (signal_mask{SIGTERM}));
    BOOST_TEST((a - b) == (signal_mask{SIGINT}));
}

BOOST_AUTO_TEST_CASE(all_holds_the_whole_catalogue) {
    const auto all = signal_mask::all();
    BOOST_TEST(all.size() == parley::signal_catalogue().size());
    BOOST_TEST(all.contains(SIGRTMAX));
    BOOST_TEST((all - all).empty());
    const std::vector<int> numbers = all.to_vector();
    BOOST_TEST(numbers.front() == 1);
    BOOST_TEST(numbers.back() == SIGRTMAX);
}

BOOST_AUTO_TEST_CASE(goes_through_the_c_librarys_set_and_back) {
    const signal_mask mask{SIGINT, SIGRTMAX};
    BOOST_TEST(signal_mask(mask.native()) == mask);
}

BOOST_FIXTURE_TEST_CASE(a_blocked_signal_waits_until_it_is_let_through, counting) {
    BOOST_TEST(parley::block_signals({SIGUSR1}).value() == mask);
    parley::raise_signal(SIGUSR1).value();
    BOOST_TEST(arrived == 0);
    BOOST_TEST(parley::pending_signals().value() == signal_mask{SIGUSR1});
    BOOST_TEST(parley::unblock_signals({SIGUSR1}).value() == (mask | signal_mask{SIGUSR1}));
    BOOST_TEST(arrived == 1);
    BOOST_TEST(parley::pending_signals().value().empty());
}

BOOST_FIXTURE_TEST_CASE(replacing_sets_the_whole_mask, counting) {
    parley::block_signals({SIGUSR1}).value();
    const auto earlier = parley::replace_mask({SIGUSR2}).value();
    BOOST_TEST(earlier.contains(SIGUSR1));
    BOOST_TEST(current_mask().value() == signal_mask{SIGUSR2});
}

BOOST_FIXTURE_TEST_CASE(a_scope_holds_signals_back_and_restores_the_mask, counting) {
    parley::block_signals({SIGUSR2}).value();
    {
        const scoped_signal_block hold({SIGUSR1, SIGUSR2});
        BOOST_TEST(hold.earlier() == (mask | signal_mask{SIGUSR2}));
        parley::raise_signal(SIGUSR1).value();
        parley::raise_signal(SIGUSR2).value();
        BOOST_TEST(arrived == 0);
    }
    BOOST_TEST(arrived == 1);  // SIGUSR2 was blocked before and stays so
    BOOST_TEST(current_mask().value() == (mask | signal_mask{SIGUSR2}));
    parley::unblock_signals({SIGUSR2}).value();
    BOOST_TEST(arrived == 2);
}

BOOST_FIXTURE_TEST_CASE(scopes_nest, counting) {
    {
        const scoped_signal_block outer(SIGUSR1);
        { const scoped_signal_block inner({SIGUSR1, SIGUSR2}); }
        BOOST_TEST(current_mask().value() == (mask | signal_mask{SIGUSR1}));
    }
    BOOST_TEST(current_mask().value() == mask);
}

// As those of two coroutines on one thread do.
BOOST_FIXTURE_TEST_CASE(scopes_overlap, counting) {
    std::optional<scoped_signal_block> first(signal_mask{SIGUSR1, SIGUSR2}), second(SIGUSR1);
    first.reset();
    BOOST_TEST(current_mask().value() == (mask | signal_mask{SIGUSR1}));
    first.emplace(SIGUSR1);
    second.reset();
    BOOST_TEST(current_mask().value() == (mask | signal_mask{SIGUSR1}));
    parley::raise_signal(SIGUSR1).value();
    BOOST_TEST(arrived == 0);
    first.reset();
    BOOST_TEST(arrived == 1);
    BOOST_TEST(current_mask().value() == mask);
}

BOOST_FIXTURE_TEST_CASE(each_thread_has_its_own_mask_and_inherits_its_makers, counting) {
    const scoped_signal_block hold(SIGUSR1);
    signal_mask inherited;
    std::thread([&] {
        inherited = current_mask().value();
        parley::block_signals({SIGUSR2}).value();
    }).join();
    BOOST_TEST(inherited.contains(SIGUSR1));
    BOOST_TEST(!current_mask().value().contains(SIGUSR2));
}

BOOST_FIXTURE_TEST_CASE(the_kernel_never_blocks_kill_and_stop, counting) {
    const scoped_signal_block hold(signal_mask::all());
    BOOST_TEST(current_mask().value() == (signal_mask::all() - signal_mask{SIGKILL, SIGSTOP}));
}

BOOST_AUTO_TEST_SUITE_END()
