// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/socket_file.hpp>

#include "forked.hpp"
#include "net_tools.hpp"

#include <utility>

BOOST_AUTO_TEST_SUITE(socket_file_test)

using namespace parley;
using namespace parley::test;

struct file_fixture : net_fixture {
    raw_socket bound;
    file_fixture() { BOOST_TEST_REQUIRE(bound.bind(path()) == 0); }
};

BOOST_FIXTURE_TEST_SUITE(socket_file_suite, file_fixture)

BOOST_AUTO_TEST_CASE(the_end_of_its_life_removes_the_file) {
    {
        const socket_file file(path());
        BOOST_TEST(file.path() == path());
        BOOST_TEST(file.is_still_ours());
    }
    BOOST_TEST(!exists(path()));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_none) {
    const socket_file missing(path("missing")), none;
    BOOST_TEST(missing.path().empty());
    BOOST_TEST(!missing.is_still_ours());
    BOOST_TEST(!none.is_still_ours());
}

BOOST_AUTO_TEST_CASE(what_has_taken_its_place_stays) {
    socket_file file(path());
    raw_socket successor;
    BOOST_TEST(::unlink(path().c_str()) == 0);
    BOOST_TEST_REQUIRE(successor.bind(path()) == 0);
    BOOST_TEST(!file.is_still_ours());
    file.remove();
    BOOST_TEST(exists(path()));
}

BOOST_AUTO_TEST_CASE(it_moves_and_is_removed_once) {
    socket_file first(path());
    socket_file second(std::move(first));
    BOOST_TEST(first.path().empty());  // NOLINT(bugprone-use-after-move)
    raw_socket other;
    BOOST_TEST_REQUIRE(other.bind(path("other")) == 0);
    second = socket_file(path("other"));
    BOOST_TEST(!exists(path()));  // what it had before
    BOOST_TEST(exists(path("other")));
    second.release();
    second.remove();
    BOOST_TEST(exists(path("other")));
}

BOOST_AUTO_TEST_CASE(a_forked_process_does_not_remove_it) {
    socket_file file(path());
    forked copy([&] {
        file.remove();
        return 0;
    });
    BOOST_TEST(copy.wait() == 0);
    BOOST_TEST(exists(path()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
