// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/boost_initializer.hpp>

#include "process_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(boost_initializer_test)

using namespace parley;
using namespace parley::test;
namespace bp = boost::process::v2;

namespace {

struct context : process_fixture {
    std::string all_of(asio::readable_pipe& from) {
        return run_task(io, [](asio::readable_pipe& p) -> task<std::string> {
            std::string text;
            error_code ec;
            co_await asio::async_read(p, asio::dynamic_buffer(text), asio::redirect_error(asio::use_awaitable, ec));
            co_return text;
        }(from));
    }
};

// An initializer of our own: notes which of its members ran.
struct recorder {
    std::string seen;
    error_code refuse_setup, refuse_exec;

    template <typename Launcher, typename Path>
    error_code on_setup(Launcher&, const Path&, const char* const*) {
        seen += "setup ";
        return refuse_setup;
    }
    template <typename Launcher, typename Path>
    error_code on_exec_setup(Launcher&, const Path&, const char* const*) {
        return refuse_exec;
    }
    template <typename Launcher, typename Path>
    void on_error(Launcher&, const Path&, const char* const*, const error_code&) {
        seen += "error ";
    }
    template <typename Launcher, typename Path>
    void on_success(Launcher&, const Path&, const char* const*) {
        seen += "success ";
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(boost_initializer_suite, context)

BOOST_AUTO_TEST_CASE(streams_of_boost_process_work) {
    asio::readable_pipe out(io);
    {
        auto c = spawn(ex, shell("cat; echo out"), bp::process_stdio{nullptr, out, {}}).value();
        BOOST_TEST(end_of(c).success());
    }
    BOOST_TEST(all_of(out) == "out\n");
}

BOOST_AUTO_TEST_CASE(start_directory_and_environment_of_boost_process_work) {
    temporary_directory place;
    const std::vector<std::string> variables{"PARLEY_A=1", "PARLEY_B=2"};
    bp::process_environment environment(variables);
    auto what = shell("pwd; echo $PARLEY_A$PARLEY_B$PATH_NOT_THERE");
    what.out = stdio::pipe();
    auto c = spawn(ex, what, bp::process_start_dir(place.path()), environment).value();
    BOOST_TEST(all_of(c.out()) == place.path() + "\n12\n");
    BOOST_TEST(end_of(c).success());
}

BOOST_AUTO_TEST_CASE(a_custom_initializer_is_called_on_success) {
    recorder r;
    auto c = spawn(ex, helper({"exit", "0"}), r).value();
    BOOST_TEST(r.seen == "setup success ");
    BOOST_TEST(end_of(c).success());
}

BOOST_AUTO_TEST_CASE(a_custom_initializer_can_refuse_in_the_parent) {
    recorder r;
    r.refuse_setup = asio::error::access_denied;
    BOOST_TEST((spawn(ex, helper({"exit", "0"}), r).error().code() == asio::error::access_denied));
    BOOST_TEST(r.seen == "setup error ");
}

BOOST_AUTO_TEST_CASE(a_custom_initializer_can_refuse_in_the_child) {
    recorder r;
    r.refuse_exec = error_code(EACCES, boost::system::system_category());
    const auto e = spawn(ex, helper({"exit", "0"}), r).error();
    BOOST_TEST((failed_step(e.code()) == spawn_step::initializer));
    BOOST_TEST((e.code() == boost::system::errc::permission_denied));
    BOOST_TEST(r.seen == "setup error ");
    BOOST_TEST(children().empty());
}

BOOST_AUTO_TEST_CASE(a_program_that_does_not_exist_calls_on_error) {
    recorder r;
    BOOST_TEST(spawn(ex, {.program = "/no/such/program"}, r).has_error());
    BOOST_TEST(r.seen == "setup error ");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
