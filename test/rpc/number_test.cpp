// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Numbers that do not fit, and those that nearly do not.

#include <parley/rpc/codec.hpp>
#include <parley/rpc/from_value.hpp>

#include "rpc/decimal.hpp"
#include "rpc/message_pack.hpp"
#include "rpc/tape.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(number_test)
namespace {

/// What was read; the text of the error where it was refused.
template <typename T>
std::pair<T, std::string> read(std::string_view digits) {
    rpc::detail::tape t;
    auto outcome = rpc::detail::parse_json(digits, t);
    if (!outcome.good()) return {T{}, outcome.problem};
    T into{};
    rpc::decode_error why;
    if (!rpc::codec<T>::decode(t.root(), into, why)) return {T{}, why.message("")};
    return {into, ""};
}

template <typename T>
void check(std::string_view digits, T expected) {
    const auto [got, problem] = read<T>(digits);
    BOOST_TEST(problem == "", digits << ": " << problem);
    BOOST_TEST(got == expected, digits << " became " << got);
}
template <typename T>
void check_refused(std::string_view digits) {
    const auto [got, problem] = read<T>(digits);
    BOOST_TEST(problem != "", digits << " became " << got);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_float_is_the_one_nearest_to_what_was_written) {
    const float after_one = std::nextafter(1.0F, 2.0F), second = std::nextafter(after_one, 2.0F);
    using limits = std::numeric_limits<float>;
    check("0.1", 0.1F);
    check("1.000000059604644775390625", 1.0F);  // in the middle: the even one
    check("1.000000059604644775390626", after_one);
    check("1.0000000596046447753906250000000000000000001", after_one);
    check("1.000000178813934326171875", second);
    check("1.000000178813934326171874999999999999999", after_one);
    check("-1.000000059604644775390626", -after_one);
    check("16777217", 16777216.0F);
    check("18014399583223809", 18014400656965632.0F);  // an integer whose double lies in the middle
    check("3.4028235e38", limits::max());
    check("340282356779733661637539395458142568447.9", limits::max());
    check("1e-46", 0.0F);
    check("7.006492321624085354618e-46", 0.0F);
    check("7.006492321624085354619e-46", limits::denorm_min());
}

BOOST_AUTO_TEST_CASE(a_number_out_of_range_is_never_infinite) {
    for (const auto* digits : {"3.4028236e38", "-1e39", "1e300", "340282356779733661637539395458142568448"}) {
        check_refused<float>(digits);
        check<double>(digits, std::stod(digits));
    }
    BOOST_TEST(read<float>("1e39").second == "a number that a float holds was expected, not 1e+39");
    for (const auto* digits : {"1e309", "-1e309", "1e999999999", "1e99999999999999999999"}) {
        check_refused<float>(digits);
        check_refused<double>(digits);
        check_refused<long double>(digits);
        check_refused<rpc::value>(digits);
    }
    check_refused<double>(std::string(400, '9'));
    check<double>("1" + std::string(300, '0'), 1e300);
    check<double>("0." + std::string(5000, '0') + "1", 0.0);
    check<double>("0." + std::string(5000, '0') + "1e5001", 1.0);
    std::vector<float> all;
    const rpc::value v = rpc::array{1, 1e39};
    const auto got = rpc::from_value<std::vector<float>>(v);
    BOOST_TEST_REQUIRE(got.has_error());
    BOOST_TEST(got.error().context() == "value[1]: a number that a float holds was expected, not 1e+39");

    // In MessagePack infinity is a number that is sent.
    std::string packed;
    rpc::detail::message_pack_encoder(packed).number(std::numeric_limits<double>::infinity());
    rpc::detail::tape t;
    BOOST_TEST_REQUIRE(rpc::detail::parse_message_pack(packed, t).good());
    float into = 0;
    rpc::decode_error why;
    BOOST_TEST(rpc::codec<float>::decode(t.root(), into, why));
    BOOST_TEST(std::isinf(into));
}

BOOST_AUTO_TEST_CASE(an_integer_is_what_was_written_or_is_refused) {
    check<std::int64_t>("9223372036854775807", INT64_MAX);
    check<std::int64_t>("-9223372036854775808", INT64_MIN);
    check<std::int64_t>("3.0", 3);
    check<std::int64_t>("30e-1", 3);
    check<std::int64_t>("-0.0", 0);
    check<std::int64_t>("0e5", 0);
    check<std::int64_t>("1e18", 1'000'000'000'000'000'000);
    check<std::int64_t>("9007199254740992.0", 9007199254740992);
    check<std::uint64_t>("1e19", 10'000'000'000'000'000'000U);
    check<std::uint64_t>("18446744073709551615", UINT64_MAX);
    check<std::int8_t>("-1.28e2", -128);
    for (const auto* digits : {"9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
                               "9007199254740993.0", "9007199254740993e0", "-1e19", "1.00000000000000000001",
                               "4503599627370496.25", "0.5", "1e-400", "1e19", "1e300"})
        check_refused<std::int64_t>(digits);
    for (const auto* digits : {"18446744073709551616", "-1", "-1.0", "18446744073709551615.0", "1e20"})
        check_refused<std::uint64_t>(digits);
    BOOST_TEST(read<std::int8_t>("2e2").second == "an integer from -128 to 127 was expected, not 200.0");
}

BOOST_AUTO_TEST_CASE(numbers_are_compared_as_they_are) {
    using rpc::detail::decimal;
    const auto same = [](std::string_view a, std::string_view b) {
        return decimal(a).canonical() == decimal(b).canonical();
    };
    BOOST_TEST(same("1", "1.0"));
    BOOST_TEST(same("1", "0.01e2"));
    BOOST_TEST(same("-120", "-1.2E+2"));
    BOOST_TEST(same("0", "-0.00e17"));
    BOOST_TEST(same("100000000000000000000000000000", "1e29"));
    BOOST_TEST(!same("100000000000000000000000000000", "100000000000000000000000000001"));
    BOOST_TEST(!same("1", "-1"));
    BOOST_TEST(!same("1.5", "15"));
    BOOST_TEST((decimal("-9223372036854775808").integer() == INT64_MIN));
    BOOST_TEST(!decimal("9223372036854775808").integer());
    BOOST_TEST(!decimal("1e99999999999").integer());
    BOOST_TEST((decimal("1000e-3").integer() == 1));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
