// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A server that its manager asks to end.

#include "leftovers.hpp"
#include "signal_state.hpp"
#include "temporary_directory.hpp"

#include <parley/loop/application.hpp>
#include <parley/rpc/connect.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <string>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(serve_exit_code_test)
namespace {

task<> serve_until_asked(std::string where) {
    rpc::serve_options options;
    options.on_listen = [](const rpc::endpoint&) { ::raise(SIGTERM); };
    co_await rpc::serve(co_await asio::this_coro::executor, where, rpc::router(), options);
}

struct serve_exit_code_fixture : no_leftovers, signal_state {
    serve_exit_code_fixture() : signal_state({SIGTERM}) {}
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(serve_exit_code_suite, serve_exit_code_fixture)

BOOST_AUTO_TEST_CASE(a_server_that_was_asked_to_end_can_say_that_this_is_success) {
    const temporary_directory place;
    const auto where = "unix:" + (place / "s");
    BOOST_TEST(parley::run(serve_until_asked(where)) == 128 + SIGTERM);
    BOOST_TEST(parley::run(serve_until_asked(where), {.exit_code_when_asked = 0}) == 0);
    BOOST_TEST(!std::filesystem::exists(place / "s"));
    BOOST_TEST(parley::run(serve_until_asked("unix:/no/such/place"), {.exit_code_when_asked = 0}) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
