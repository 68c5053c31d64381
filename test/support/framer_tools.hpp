// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the tests of framers share.
#pragma once

#include <parley/message/framer.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace parley::test {

using kind = parsed_frame::kind;

/// The whole frame of a message.
template <framer F>
std::string enclosed(const F& f, std::string_view payload, unsigned descriptors = 0) {
    frame_ends ends;
    const auto ec = f.enclose(payload, descriptors, ends);
    BOOST_TEST_REQUIRE(!ec, ec.message());
    return std::string(ends.head()) + std::string(payload) + std::string(ends.tail());
}

/// Why a message cannot be sent.
template <framer F>
error_code refused(const F& f, std::string_view payload, unsigned descriptors = 0) {
    frame_ends ends;
    return f.enclose(payload, descriptors, ends);
}

/// `bytes` are no frame, because of `code`, and `context` says where.
template <framer F>
void check_failure(const F& f, std::string_view bytes, errc code, std::string_view context) {
    const auto parsed = f.parse(bytes, 0);
    BOOST_TEST((parsed.outcome == kind::failed));
    BOOST_TEST(parsed.code == make_error_code(code));
    BOOST_TEST(parsed.context() == context);
}

}  // namespace parley::test
