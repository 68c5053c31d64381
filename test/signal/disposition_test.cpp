// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/signal/disposition.hpp>

#include <parley/signal/send_signal.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstring>

BOOST_AUTO_TEST_SUITE(disposition_test)

using parley::current_disposition;
using parley::disposition;
using parley::scoped_disposition;
using parley::set_disposition;

void never(int) {}

BOOST_AUTO_TEST_CASE(sets_and_reads_default_and_ignore) {
    set_disposition(SIGUSR1, disposition::ignore).value();
    BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::ignore));
    parley::raise_signal(SIGUSR1).value();  // and lives on
    set_disposition(SIGUSR1, disposition::default_action).value();
    BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::default_action));
}

BOOST_AUTO_TEST_CASE(sees_a_handler) {
    std::signal(SIGUSR1, never);
    BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::handler));
    set_disposition(SIGUSR1, disposition::default_action).value();
}

BOOST_AUTO_TEST_CASE(a_scope_restores_handler_flags_and_mask) {
    struct sigaction installed {
    }, restored{};
    installed.sa_sigaction = [](int, siginfo_t*, void*) {};
    installed.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
    sigemptyset(&installed.sa_mask);
    sigaddset(&installed.sa_mask, SIGHUP);
    BOOST_TEST_REQUIRE(sigaction(SIGUSR1, &installed, nullptr) == 0);
    {
        const scoped_disposition quiet(SIGUSR1, disposition::ignore);
        BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::ignore));
        {
            const scoped_disposition inner(SIGUSR1, disposition::default_action);
            BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::default_action));
        }
        BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::ignore));
    }
    BOOST_TEST_REQUIRE(sigaction(SIGUSR1, nullptr, &restored) == 0);
    BOOST_TEST((restored.sa_sigaction == installed.sa_sigaction));
    BOOST_TEST((restored.sa_flags & (SA_SIGINFO | SA_NODEFER | SA_RESTART)) == (SA_SIGINFO | SA_NODEFER | SA_RESTART));
    BOOST_TEST(sigismember(&restored.sa_mask, SIGHUP) == 1);
    BOOST_TEST(sigismember(&restored.sa_mask, SIGINT) == 0);
    set_disposition(SIGUSR1, disposition::default_action).value();
}

BOOST_AUTO_TEST_CASE(kill_and_stop_have_no_other_disposition) {
    for (const int number : {SIGKILL, SIGSTOP}) {
        BOOST_TEST((current_disposition(number).value() == disposition::default_action));
        BOOST_TEST(set_disposition(number, disposition::ignore).error().code() ==
                   make_error_code(parley::errc::signal_not_catchable));
    }
    BOOST_TEST(set_disposition(SIGKILL, disposition::ignore).error().message() ==
               "SIGKILL: this signal cannot be caught, blocked or ignored");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_no_signal) {
    for (const int number : {0, -1, 32, 33, NSIG}) {
        BOOST_TEST(current_disposition(number).error().code() == make_error_code(parley::errc::unknown_signal));
        BOOST_TEST(set_disposition(number, disposition::ignore).error().code() ==
                   make_error_code(parley::errc::unknown_signal));
    }
    BOOST_CHECK_THROW(scoped_disposition(0, disposition::ignore), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(refuses_to_install_a_handler_that_it_was_not_given) {
    const auto refused = set_disposition(SIGUSR1, disposition::handler);
    BOOST_TEST(refused.error().code() == make_error_code(parley::errc::invalid_argument));
    BOOST_TEST((current_disposition(SIGUSR1).value() == disposition::default_action));
}

BOOST_AUTO_TEST_CASE(dispositions_have_names) {
    BOOST_TEST(to_string(disposition::default_action) == "default");
    BOOST_TEST(to_string(disposition::ignore) == "ignore");
    BOOST_TEST(to_string(disposition::handler) == "handler");
}

BOOST_AUTO_TEST_SUITE_END()
