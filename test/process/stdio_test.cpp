// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/stdio.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(stdio_test)

using parley::stdio;

BOOST_AUTO_TEST_CASE(the_default_is_to_inherit) { BOOST_TEST((stdio() == stdio::inherit())); }

BOOST_AUTO_TEST_CASE(plans_compare_by_kind_and_detail) {
    BOOST_TEST((stdio::read_file("/a") == stdio::read_file("/a")));
    BOOST_TEST((stdio::read_file("/a") != stdio::read_file("/b")));
    BOOST_TEST((stdio::truncate_file("/a") != stdio::append_file("/a")));
    BOOST_TEST((stdio::descriptor(3) != stdio::descriptor(4)));
    BOOST_TEST((stdio::pipe() != stdio::pipe(65536)));
}

BOOST_AUTO_TEST_CASE(a_plan_tells_what_it_is) {
    BOOST_TEST(stdio::read_file("/a").path() == "/a");
    BOOST_TEST(stdio::descriptor(7).fd() == 7);
    BOOST_TEST(stdio::pipe(4096).capacity() == 4096u);
    BOOST_TEST((stdio::null().what() == stdio::kind::null));
}

BOOST_AUTO_TEST_SUITE_END()
