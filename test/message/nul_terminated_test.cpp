// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/nul_terminated.hpp>

#include "framer_tools.hpp"

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(nul_terminated_test)

using namespace parley;
using namespace parley::test;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(a_nul_within_a_message_cannot_be_sent) {
    BOOST_TEST(refused(nul_terminated(), "a\0b"s) == make_error_code(errc::invalid_argument));
    BOOST_TEST(!refused(nul_terminated(), "a\nb\r"));
}

BOOST_AUTO_TEST_SUITE_END()
