// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/buffer.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>

BOOST_AUTO_TEST_SUITE(buffer_test)

using parley::buffer;

void put(buffer& b, std::string_view text) {
    const auto room = b.prepare(text.size());
    BOOST_TEST_REQUIRE(room.size() == text.size());
    std::memcpy(room.data(), text.data(), text.size());
    b.commit(text.size());
}

BOOST_AUTO_TEST_CASE(bytes_leave_in_the_order_they_came) {
    buffer b(100);
    BOOST_TEST(b.empty());
    put(b, "hello ");
    put(b, "world");
    BOOST_TEST(b.data() == "hello world");
    BOOST_TEST(b.size() == 11u);
    b.consume(6);
    BOOST_TEST(b.data() == "world");
    b.consume(5);
    BOOST_TEST(b.empty());
    BOOST_TEST(b.data() == "");
}

BOOST_AUTO_TEST_CASE(there_is_never_room_beyond_the_limit) {
    buffer b(10);
    BOOST_TEST(b.limit() == 10u);
    BOOST_TEST(b.prepare(1'000'000).size() == 10u);
    put(b, "12345678");
    BOOST_TEST(b.prepare(5).size() == 2u);
    put(b, "90");
    BOOST_TEST(b.full());
    BOOST_TEST(b.prepare(1).size() == 0u);
    BOOST_TEST(b.capacity() <= 10u);
    b.consume(3);
    BOOST_TEST(!b.full());
    BOOST_TEST(b.prepare(5).size() == 3u);
    BOOST_TEST(b.data() == "4567890");
}

BOOST_AUTO_TEST_CASE(a_limit_of_zero_holds_nothing) {
    buffer b(0);
    BOOST_TEST(b.full());
    BOOST_TEST(b.prepare(1).size() == 0u);
    b.commit(1);
    BOOST_TEST(b.empty());
}

BOOST_AUTO_TEST_CASE(no_memory_is_taken_before_bytes_are_asked_for) {
    const buffer b(std::size_t{1} << 60);
    BOOST_TEST(b.capacity() == 0u);
}

BOOST_AUTO_TEST_CASE(memory_grows_with_what_came_not_with_the_limit) {
    buffer b(std::size_t{1} << 40);
    put(b, "x");
    BOOST_TEST(b.capacity() <= 4096u);
    put(b, std::string(100'000, 'y'));
    BOOST_TEST(b.capacity() < 300'000u);
}

BOOST_AUTO_TEST_CASE(consumed_room_is_used_again) {
    buffer b(1024);
    for (int i = 0; i < 10'000; ++i) {
        put(b, "0123456789");
        b.consume(10);
        BOOST_TEST_REQUIRE(b.capacity() <= 1024u);
    }
}

BOOST_AUTO_TEST_CASE(counts_beyond_what_there_is_are_harmless) {
    buffer b(16);
    const auto room = b.prepare(4);
    std::memcpy(room.data(), "abcd", 4);
    b.commit(4);
    b.consume(1'000);
    BOOST_TEST(b.empty());
    static_cast<void>(b.prepare(4));
    b.commit(std::size_t{1} << 62);
    BOOST_TEST(b.size() <= 16u);
}

BOOST_AUTO_TEST_CASE(commit_never_counts_more_than_prepare_gave) {
    buffer b(1024);
    BOOST_TEST(b.prepare(4).size() == 4u);
    b.commit(100);
    BOOST_TEST(b.size() == 4u);
    b.commit(1);
    BOOST_TEST(b.size() == 4u);
}

BOOST_AUTO_TEST_CASE(what_was_prepared_stays_in_place_while_bytes_are_consumed) {
    buffer b(1024);
    put(b, "abc");
    const auto room = b.prepare(3);
    b.consume(3);
    std::memcpy(room.data(), "xyz", 3);
    b.commit(3);
    BOOST_TEST(b.data() == "xyz");
}

BOOST_AUTO_TEST_CASE(a_move_takes_the_bytes_along) {
    buffer a(100);
    put(a, "abc");
    buffer b = std::move(a);
    BOOST_TEST(b.data() == "abc");
    BOOST_TEST(a.empty());
    BOOST_TEST(a.capacity() == 0u);
    buffer c(5);
    put(c, "zzz");
    c = std::move(b);
    BOOST_TEST(c.data() == "abc");
    BOOST_TEST(c.limit() == 100u);
    auto& same = c;
    c = std::move(same);
    BOOST_TEST(c.data() == "abc");
    put(a, "again");
    BOOST_TEST(a.data() == "again");
}

BOOST_AUTO_TEST_CASE(any_sequence_of_steps_behaves_as_a_string_would) {
    std::mt19937 random(1);
    buffer b(5'000);
    std::string model;
    for (int i = 0; i < 20'000; ++i) {
        const std::size_t n = random() % 700;
        if (random() % 2 == 0) {
            const auto room = b.prepare(n);
            BOOST_TEST_REQUIRE(room.size() == std::min(n, 5'000 - model.size()));
            const std::string bytes(room.size(), static_cast<char>('a' + i % 26));
            if (!bytes.empty()) std::memcpy(room.data(), bytes.data(), bytes.size());
            b.commit(bytes.size());
            model += bytes;
        } else {
            b.consume(n);
            model.erase(0, n);
        }
        BOOST_TEST_REQUIRE(b.data() == model);
    }
}

BOOST_AUTO_TEST_SUITE_END()
