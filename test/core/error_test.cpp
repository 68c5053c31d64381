// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <sstream>
#include <string>

BOOST_AUTO_TEST_SUITE(error_test)

using namespace parley;
namespace generic = boost::system::errc;

constexpr errc all[] = {errc::unknown_signal,
                        errc::signal_not_catchable,
                        errc::signal_not_blocked,
                        errc::signal_ignored,
                        errc::invalid_process,
                        errc::invalid_argument,
                        errc::child_ignored,
                        errc::program_not_found,
                        errc::not_a_fifo,
                        errc::limit_exceeded,
                        errc::no_child,
                        errc::not_piped,
                        errc::invalid_address,
                        errc::stage_failed,
                        errc::too_many_descriptors,
                        errc::descriptors_lost,
                        errc::unexpected_descriptor,
                        errc::invalid_frame,
                        errc::truncated_frame};

BOOST_AUTO_TEST_CASE(every_value_has_a_text_of_its_own) {
    std::string seen;
    for (const errc value : all) {
        const error_code ec = value;
        BOOST_TEST(ec.failed());
        BOOST_TEST(&ec.category() == &parley_category());
        BOOST_TEST(ec.message() != "unknown parley error");
        BOOST_TEST(seen.find("|" + ec.message() + "|") == std::string::npos);
        seen += "|" + ec.message() + "|";
    }
    BOOST_TEST(error_code(999, parley_category()).message() == "unknown parley error");
    BOOST_TEST(std::string(parley_category().name()) == "parley");
}

BOOST_AUTO_TEST_CASE(values_compare_with_the_generic_conditions_they_mean) {
    BOOST_TEST(make_error_code(errc::invalid_argument) == generic::invalid_argument);
    BOOST_TEST(make_error_code(errc::unknown_signal) == generic::invalid_argument);
    BOOST_TEST(make_error_code(errc::invalid_address) == generic::invalid_argument);
    BOOST_TEST(make_error_code(errc::program_not_found) == generic::no_such_file_or_directory);
    BOOST_TEST(make_error_code(errc::limit_exceeded) == generic::message_size);
    BOOST_TEST(make_error_code(errc::no_child) == generic::no_child_process);
    BOOST_TEST(make_error_code(errc::not_a_fifo) != generic::invalid_argument);
}

BOOST_AUTO_TEST_CASE(an_error_says_what_was_tried) {
    const error e(errc::not_a_fifo, "open '/tmp/x'");
    BOOST_TEST(e.message() == "open '/tmp/x': not a FIFO");
    BOOST_TEST(e.context() == "open '/tmp/x'");
    std::ostringstream out;
    out << e;
    BOOST_TEST(out.str() == e.message());
    out.str("");
    out << errc::not_a_fifo;
    BOOST_TEST(out.str() == "not a FIFO");
    BOOST_TEST(error(asio::error::broken_pipe).message() == error_code(asio::error::broken_pipe).message());
}

BOOST_AUTO_TEST_CASE(an_error_is_a_value_and_fits_where_a_code_is_wanted) {
    const error e(errc::no_child, "wait");
    const error copy = e;
    BOOST_CHECK(copy == e);
    BOOST_CHECK(error(errc::no_child, "signal") != e);
    const error_code& code = e;
    BOOST_TEST(code == make_error_code(errc::no_child));
}

BOOST_AUTO_TEST_CASE(the_value_of_a_failed_result_throws_code_and_context) {
    const result<int> failed = error(asio::error::access_denied, "bind 'x'");
    BOOST_CHECK_EXCEPTION(static_cast<void>(failed.value()), boost::system::system_error, [](const auto& e) {
        return e.code() == asio::error::access_denied && std::string(e.what()).starts_with("bind 'x'");
    });
    const result<void> nothing = error(errc::limit_exceeded, "lines");
    BOOST_CHECK_THROW(nothing.value(), boost::system::system_error);
    BOOST_TEST(result<int>(3).value() == 3);
}

BOOST_AUTO_TEST_SUITE_END()
