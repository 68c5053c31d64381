// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/timer.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>

BOOST_AUTO_TEST_SUITE(timer_test)

using namespace parley;
using namespace parley::detail;
using namespace std::chrono;
using namespace std::chrono_literals;

constexpr auto longest = nanoseconds::max();
constexpr auto shortest = nanoseconds::min();

BOOST_AUTO_TEST_CASE(what_fits_is_exact) {
    static_assert(clamped<nanoseconds>(0s) == 0ns);
    static_assert(clamped<nanoseconds>(-3ms) == -3'000'000ns);
    static_assert(clamped<nanoseconds>(292 * 365 * 24h) == 292 * 365 * 24h);
    static_assert(clamped<nanoseconds>(longest) == longest);
    static_assert(clamped<nanoseconds>(shortest) == shortest);
    static_assert(clamped<nanoseconds>(9'223'372'036s) == 9'223'372'036s);
    static_assert(clamped<milliseconds>(hours(24)) == 86'400'000ms);
    BOOST_TEST((clamped<nanoseconds>(duration<std::int8_t>(100)) == 100s));
    BOOST_TEST((clamped<nanoseconds>(duration<std::uint64_t, std::nano>(7)) == 7ns));
    BOOST_TEST((clamped<nanoseconds>(duration<std::int64_t, std::ratio<3>>(2)) == 6s));
}

BOOST_AUTO_TEST_CASE(what_is_finer_is_rounded_up) {
    BOOST_TEST((clamped<milliseconds>(1us) == 1ms));
    BOOST_TEST((clamped<milliseconds>(-1'999us) == -1ms));
    BOOST_TEST((clamped<milliseconds>(5'000us) == 5ms));
    BOOST_TEST((clamped<milliseconds>(longest) == ceil<milliseconds>(longest)));
    BOOST_TEST((clamped<nanoseconds>(duration<std::int64_t, std::pico>(1'001)) == 2ns));
    BOOST_TEST((clamped<nanoseconds>(duration<double>(0.25)) == 250ms));
    BOOST_TEST((clamped<milliseconds>(duration<float, std::milli>(0.5F)) == 1ms));
    BOOST_TEST((clamped<nanoseconds>(duration<std::int64_t, std::ratio<1, 3>>(6)) == 2s));
}

BOOST_AUTO_TEST_CASE(what_is_too_long_is_the_longest) {
    BOOST_TEST((clamped<nanoseconds>(9'223'372'037s) == longest));
    BOOST_TEST((clamped<nanoseconds>(-9'223'372'037s) == shortest));
    BOOST_TEST((clamped<nanoseconds>(300 * 365 * 24h) == longest));
    BOOST_TEST((clamped<nanoseconds>(microseconds::max()) == longest));
    BOOST_TEST((clamped<nanoseconds>(milliseconds::max()) == longest));
    BOOST_TEST((clamped<nanoseconds>(seconds::max()) == longest));
    BOOST_TEST((clamped<nanoseconds>(hours::max()) == longest));
    BOOST_TEST((clamped<nanoseconds>(years::max()) == longest));
    BOOST_TEST((clamped<nanoseconds>(hours::min()) == shortest));
    BOOST_TEST((clamped<nanoseconds>(milliseconds::min()) == shortest));
    BOOST_TEST((clamped<nanoseconds>(duration<std::uint64_t>(std::numeric_limits<std::uint64_t>::max())) == longest));
    BOOST_TEST((clamped<milliseconds>(hours::max()) == milliseconds::max()));
    BOOST_TEST((clamped<nanoseconds>(duration<std::int64_t, std::exa>(1)) == longest));
    BOOST_TEST((clamped<nanoseconds>(duration<std::int64_t, std::exa>(-1)) == shortest));
}

BOOST_AUTO_TEST_CASE(floating_point_has_no_other_rule) {
    using limits = std::numeric_limits<double>;
    BOOST_TEST((clamped<nanoseconds>(duration<double>(limits::max())) == longest));
    BOOST_TEST((clamped<nanoseconds>(duration<double>(limits::infinity())) == longest));
    BOOST_TEST((clamped<nanoseconds>(duration<double>(-limits::infinity())) == shortest));
    BOOST_TEST((clamped<nanoseconds>(duration<double>(limits::quiet_NaN())) == 0ns));
    BOOST_TEST((clamped<nanoseconds>(duration<float, hours::period>(std::numeric_limits<float>::max())) == longest));
    BOOST_TEST((clamped<nanoseconds>(duration<long double>(1e30L)) == longest));
}

BOOST_AUTO_TEST_CASE(a_time_point_has_an_end) {
    using time_point = steady_clock::time_point;
    const time_point start(5s);
    BOOST_TEST((time_after(start, 3s) == time_point(8s)));
    BOOST_TEST((time_after(start, -8s) == time_point(-3s)));
    BOOST_TEST((time_after(start, nanoseconds::max()) == time_point::max()));
    BOOST_TEST((time_after(start, nanoseconds::max() - 5s) == time_point::max()));
    BOOST_TEST((time_after(start, nanoseconds::max() - 6s) == time_point::max() - 1s));
    BOOST_TEST((time_after(start, hours::max()) == time_point::max()));
    BOOST_TEST((time_after(time_point::max(), 1s) == time_point::max()));
    BOOST_TEST((time_after(time_point::min(), -1s) == time_point::min()));
    BOOST_TEST((time_after(time_point(-5s), nanoseconds::min()) == time_point::min()));
    BOOST_TEST((time_after(hours::max()) == time_point::max()));
    const auto before = steady_clock::now();
    const auto later = time_after(1h);
    BOOST_TEST((later >= before + 1h));
    BOOST_TEST((later <= steady_clock::now() + 1h));
}

BOOST_AUTO_TEST_CASE(poll_waits_in_pieces_and_for_ever) {
    using time_point = steady_clock::time_point;
    BOOST_TEST(poll_until(time_point::max()) == -1);
    BOOST_TEST(poll_until(time_point::max() - 1ns) == 3'600'000);
    BOOST_TEST(poll_until(time_after(25 * 24h)) == 3'600'000);
    BOOST_TEST(poll_until(time_point()) == 0);
    BOOST_TEST(poll_until(time_point::min()) == 0);
    const int soon = poll_until(time_after(10s));
    BOOST_TEST(soon > 0);
    BOOST_TEST(soon <= 10'000);
    BOOST_TEST(poll_until(time_after(1us)) <= 1);
}

BOOST_AUTO_TEST_CASE(a_count_fits_into_an_int) {
    BOOST_TEST(int_count(7s) == 7);
    BOOST_TEST(int_count(seconds::max()) == std::numeric_limits<int>::max());
    BOOST_TEST(int_count(seconds::min()) == std::numeric_limits<int>::min());
}

BOOST_AUTO_TEST_CASE(an_option_takes_every_duration) {
    struct options {
        std::optional<saturated<milliseconds>> timeout{};
        saturated<milliseconds> grace{5'000};
    };
    options o{.timeout = 2s};
    BOOST_TEST((*o.timeout == 2s));
    BOOST_TEST((o.grace == 5s));
    BOOST_TEST((saturated<milliseconds>() == 0ms));
    o.timeout = hours::max();
    BOOST_TEST((*o.timeout == milliseconds::max()));
    o.grace = 1us;
    BOOST_TEST((o.grace == 1ms));
    o.grace = duration<double>(1.5);
    BOOST_TEST((o.grace == 1'500ms));
    const milliseconds plain = o.grace;
    BOOST_TEST((plain * 2 == 3s));
    BOOST_TEST((ceil<seconds>(o.grace) == 2s));
}

BOOST_AUTO_TEST_SUITE_END()
