// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/exit_status.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <sstream>

BOOST_AUTO_TEST_SUITE(exit_status_test)

using parley::exit_status;

BOOST_AUTO_TEST_CASE(nothing_is_known_of_a_fresh_status) {
    const exit_status s;
    BOOST_TEST(!s.known());
    BOOST_TEST(!s.success());
    BOOST_TEST(!s.exit_code().has_value());
    BOOST_TEST(!s.signal_number().has_value());
    BOOST_TEST(s.shell_code() == 255);
    BOOST_TEST(to_string(s) == "unknown");
}

BOOST_AUTO_TEST_CASE(only_exit_code_zero_is_success) {
    BOOST_TEST(exit_status::exited(0).success());
    BOOST_TEST(!exit_status::exited(1).success());
    BOOST_TEST(!exit_status::signalled(SIGTERM).success());
}

BOOST_AUTO_TEST_CASE(code_nine_and_signal_nine_are_different) {
    BOOST_TEST((exit_status::exited(9) != exit_status::signalled(9)));
    BOOST_TEST(exit_status::exited(9).exit_code().value() == 9);
    BOOST_TEST(exit_status::signalled(9).signal_number().value() == 9);
    BOOST_TEST(!exit_status::signalled(9).exit_code().has_value());
}

BOOST_AUTO_TEST_CASE(a_wait_status_is_read_as_wait_gives_it) {
    BOOST_TEST((exit_status::from_wait_status(3 << 8) == exit_status::exited(3)));
    BOOST_TEST((exit_status::from_wait_status(SIGTERM) == exit_status::signalled(SIGTERM)));
    BOOST_TEST((exit_status::from_wait_status(SIGSEGV | 0x80) == exit_status::signalled(SIGSEGV, true)));
}

BOOST_AUTO_TEST_CASE(a_stopped_process_has_not_ended) {
    BOOST_TEST(!exit_status::from_wait_status((SIGSTOP << 8) | 0x7f).known());
    BOOST_TEST(!exit_status::from_wait_status(0xffff).known());
}

BOOST_AUTO_TEST_CASE(the_shell_code_is_what_a_shell_would_say) {
    BOOST_TEST(exit_status::exited(3).shell_code() == 3);
    BOOST_TEST(exit_status::signalled(SIGINT).shell_code() == 130);
}

BOOST_AUTO_TEST_CASE(it_prints_for_people) {
    std::ostringstream out;
    out << exit_status::exited(3) << ", " << exit_status::signalled(SIGSEGV, true) << ", "
        << exit_status::signalled(SIGTERM);
    BOOST_TEST(out.str() == "exited with 3, killed by SIGSEGV (core dumped), killed by SIGTERM");
}

BOOST_AUTO_TEST_SUITE_END()
