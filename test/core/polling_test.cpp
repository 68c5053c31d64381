// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/polling.hpp"

#include <parley/core/asio.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(polling_test)

namespace asio = parley::asio;
using parley::detail::awaited;
using parley::detail::looked;
using parley::detail::polling;

// Says what it is told to, and writes down what happens to it.
struct script {
    std::function<looked()> answer = [] { return looked::not_yet; };
    int looks = 0, left = 0;
    bool destroyed = false;
};

class scripted final : public awaited {
public:
    explicit scripted(script& s) : script_(s) {}
    ~scripted() override { script_.destroyed = true; }
    looked look() override { return ++script_.looks, script_.answer(); }
    void leave() override { ++script_.left; }

private:
    script& script_;
};

struct fixture {
    asio::io_context io;
    polling& loop = asio::use_service<polling>(io);
    std::optional<polling::running> here{loop};

    fixture() { loop.activate(true); }

    void add(script& s) {
        BOOST_REQUIRE(loop.has_room());
        loop.add(std::make_unique<scripted>(s));
    }
    bool io_has_work() {
        io.restart();
        return io.poll() == 0 && !io.stopped();
    }
};

BOOST_FIXTURE_TEST_SUITE(polling_suite, fixture)

BOOST_AUTO_TEST_CASE(it_is_found_behind_executors_of_its_context_alone) {
    asio::io_context other;
    asio::thread_pool pool(1);
    BOOST_TEST(polling::of(io.get_executor()) == &loop);
    BOOST_TEST(polling::of(asio::make_strand(io)) == nullptr);
    BOOST_TEST(polling::of(other.get_executor()) == nullptr);
    BOOST_TEST(polling::of(pool.get_executor()) == nullptr);
    here.reset();
    BOOST_TEST(polling::of(io.get_executor()) == &loop);
}

BOOST_AUTO_TEST_CASE(there_is_room_in_the_thread_of_a_loop_that_runs_and_polls) {
    BOOST_TEST(loop.has_room());
    std::thread([&] { BOOST_TEST(!loop.has_room()); }).join();
    loop.activate(false);
    BOOST_TEST(!loop.has_room());
    loop.activate(true);
    here.reset();
    BOOST_TEST(!loop.has_room());
}

BOOST_AUTO_TEST_CASE(there_is_room_for_eight) {
    std::vector<script> all(8);
    for (auto& one : all) add(one);
    BOOST_TEST(!loop.has_room());
    all[3].answer = [] { return looked::come; };
    all[5].answer = [] { return looked::in_vain; };
    BOOST_TEST(loop.look() == 1u);
    for (const auto& one : all) BOOST_TEST(one.looks == 1);
    BOOST_TEST(all[3].destroyed);
    BOOST_TEST(all[5].destroyed);
    BOOST_TEST(all[5].left == 0);
    std::vector<script> more(2);
    for (auto& one : more) add(one);
    BOOST_TEST(!loop.has_room());
    loop.activate(false);  // while the scripts are there
}

BOOST_AUTO_TEST_CASE(they_are_work_until_the_last_has_come) {
    BOOST_TEST(!io_has_work());
    script one, two;
    one.answer = two.answer = [] { return looked::come; };
    add(one);
    add(two);
    BOOST_TEST(io_has_work());
    BOOST_TEST(loop.look() == 2u);
    BOOST_TEST(loop.empty());
    BOOST_TEST(!io_has_work());
}

BOOST_AUTO_TEST_CASE(who_is_looked_for_in_vain_for_long_is_left_to_the_reactor) {
    script one;
    add(one);
    for (int i = 0; i < 1023; ++i) loop.look();
    BOOST_TEST(one.left == 0);
    loop.look();
    BOOST_TEST(one.left == 1);
    BOOST_TEST(one.destroyed);
    BOOST_TEST(loop.empty());
}

BOOST_AUTO_TEST_CASE(all_are_left_to_the_reactor_when_the_loop_blocks_and_when_it_ends) {
    script one, two;
    add(one);
    loop.activate(false);
    BOOST_TEST(one.left == 1);
    loop.activate(true);
    add(two);
    here.reset();
    BOOST_TEST(two.left == 1);
    BOOST_TEST(!io_has_work());
}

BOOST_AUTO_TEST_CASE(what_a_look_does_may_add_others) {
    script first, added;
    first.answer = [&] {
        add(added);
        return looked::come;
    };
    add(first);
    BOOST_TEST(loop.look() == 1u);
    BOOST_TEST(!loop.empty());
    loop.look();
    BOOST_TEST(added.looks == 1);
    loop.activate(false);
}

BOOST_AUTO_TEST_CASE(what_a_look_throws_comes_out_and_the_others_stay) {
    script bad, good;
    bad.answer = []() -> looked { throw std::runtime_error("mine"); };
    add(bad);
    add(good);
    BOOST_CHECK_THROW(loop.look(), std::runtime_error);
    BOOST_TEST(bad.destroyed);
    BOOST_TEST(!good.destroyed);
    BOOST_TEST(loop.look() == 0u);
    BOOST_TEST(good.looks == 1);
    loop.activate(false);
}

BOOST_AUTO_TEST_CASE(after_a_stop_nobody_is_looked_for) {
    script stops, next;
    stops.answer = next.answer = [&] {
        io.stop();
        return looked::come;
    };
    add(stops);
    add(next);
    BOOST_TEST(loop.look() == 1u);
    BOOST_TEST(next.looks == 0);
    loop.activate(false);
    BOOST_TEST(next.left == 1);
}

BOOST_AUTO_TEST_CASE(a_loop_within_a_loop_gives_the_thread_back) {
    asio::io_context inner;
    {
        polling& other = asio::use_service<polling>(inner);
        const polling::running now(other);
        other.activate(true);
        BOOST_TEST(other.has_room());
        BOOST_TEST(!loop.has_room());
    }
    BOOST_TEST(loop.has_room());
}

BOOST_AUTO_TEST_CASE(who_is_still_there_is_destroyed_with_the_context) {
    script one;
    {
        asio::io_context ending;
        polling& other = asio::use_service<polling>(ending);
        other.activate(true);
        other.add(std::make_unique<scripted>(one));
    }
    BOOST_TEST(one.destroyed);
    BOOST_TEST(one.left == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
