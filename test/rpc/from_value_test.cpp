// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/from_value.hpp>

#include "point.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(from_value_test)
namespace {

template <typename T>
std::string refusal(const rpc::value& from) {
    const auto got = rpc::from_value<T>(from);
    BOOST_TEST_REQUIRE(got.has_error());
    BOOST_TEST(got.error().code() == make_error_code(parley::errc::invalid_argument));
    return got.error().message();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_value_becomes_the_type_that_it_fits) {
    BOOST_TEST(rpc::from_value<int>(7).value() == 7);
    BOOST_TEST(rpc::from_value<std::uint64_t>(UINT64_MAX).value() == UINT64_MAX);
    BOOST_TEST(rpc::from_value<double>(3).value() == 3.0);
    BOOST_TEST(rpc::from_value<std::string>("text").value() == "text");
    BOOST_TEST(!rpc::from_value<std::optional<int>>(nullptr).value());
    BOOST_TEST((rpc::from_value<rpc::bytes>(rpc::bytes{"\xff"}).value() == rpc::bytes{"\xff"}));
    BOOST_TEST((rpc::from_value<rpc::extension>(rpc::extension{3, "x"}).value() == rpc::extension{3, "x"}));
    const rpc::value points = rpc::array{rpc::object{{"x", 1}, {"y", 2}, {"label", "a"}, {"more", rpc::array{1, 2}}},
                                         rpc::object{{"y", 4}, {"x", 3}}};
    BOOST_TEST(
        (rpc::from_value<std::vector<point>>(points).value() == std::vector<point>{{1, 2, "a"}, {3, 4, std::nullopt}}));
    const rpc::value named = rpc::object{{"a", rpc::array()}, {"b", rpc::array{true}}};
    using lists = std::map<std::string, std::vector<bool>>;
    BOOST_TEST((rpc::from_value<lists>(named).value() == lists{{"a", {}}, {"b", {true}}}));
    BOOST_TEST((rpc::from_value<rpc::value>(points).value() == points));
}

BOOST_AUTO_TEST_CASE(one_that_does_not_fit_is_refused_with_the_place) {
    BOOST_TEST(refusal<int>("7").starts_with("value: an integer was expected, not \"7\""));
    BOOST_TEST(refusal<std::uint8_t>(256).starts_with("value: an integer from 0 to 255 was expected, not 256"));
    BOOST_TEST(refusal<std::vector<point>>(rpc::array{rpc::object{{"x", 1}, {"y", "2"}}})
                   .starts_with("value[0].y: an integer was expected, not \"2\""));
    BOOST_TEST(refusal<point>(rpc::object{{"x", 1}}).starts_with("value: \"y\" is missing"));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
