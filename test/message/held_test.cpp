// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What peers that do not finish what they began can make the channels of a listener hold.

#include "forked.hpp"
#include "held_tools.hpp"
#include "resident_memory.hpp"
#include "sanitizers.hpp"

#include <parley/message/channel_listener.hpp>
#include <parley/message/connect_channel.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(held_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

constexpr uid_t nobody = 65534;

boost::test_tools::assertion_result is_root(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result can(::geteuid() == 0);
    can.message() << "only root can be somebody else";
    return can;
}

// What the stranger does: many connections, on each a byte of a message with as many descriptors as the kernel takes.
int flood(const std::string& to, std::size_t connections) {
    if (::setresgid(nobody, nobody, nobody) != 0 || ::setresuid(nobody, nobody, nobody) != 0) return 2;
    std::vector<raw_socket> sockets;
    const unique_fd something(::dup(0));
    const auto many = repeated(something.get(), most_fds_per_message);
    char byte = 100;  // of a length
    for (std::size_t i = 0; i < connections; ++i) {
        auto& s = sockets.emplace_back();
        if (s.connect(to) != 0) return 3;
        alignas(cmsghdr) char control[CMSG_SPACE(most_fds_per_message * sizeof(int))]{};
        iovec part{&byte, 1};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        auto* const header = CMSG_FIRSTHDR(&message);
        *header = {CMSG_LEN(most_fds_per_message * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        std::memcpy(CMSG_DATA(header), many.data(), many.size() * sizeof(int));
        if (::sendmsg(s.fd(), &message, MSG_NOSIGNAL) < 0 && errno != EPIPE) return 4;
    }
    for (auto& s : sockets) {  // each is closed or kept
        if (::recv(s.fd(), &byte, 1, MSG_DONTWAIT) > 0) return 5;
    }
    ::pause();
    return 0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(held_suite, held_fixture)

BOOST_AUTO_TEST_CASE(four_peers_that_stop_within_a_large_message_hold_no_more_than_all_may_and_one) {
    auto server = listening({.held = {.unfinished_timeout = 1h}});  // slow machines take long for so much
    ::malloc_trim(0);
    const long before = resident_kib();
    for (int i = 0; i < 4; ++i) {
        connect_to(server);
        sessions.back().unsent = header_of(16 * mebi, 0) + std::string(15 * mebi, 'x');
    }
    run_while_all_send([&] { return sessions.front().unsent.empty(); });
    std::string().swap(sessions.front().unsent);
    send_some_for(100);
    const auto held = server.held().unfinished_bytes;
    BOOST_TEST(held > 16 * mebi);
    BOOST_TEST(held <= 16 * mebi + 15 * mebi);
    BOOST_TEST(server.held().waits == 3u);
    for (std::size_t i = 1; i < 4; ++i) {
        BOOST_TEST(sessions[i].unsent.size() > 8 * mebi);
        BOOST_TEST(sessions[i].got.count == 0);
        std::string().swap(sessions[i].unsent);
    }
    ::malloc_trim(0);
    if (!sanitized) BOOST_TEST(resident_kib() - before < 44 * 1024);
    // Others are served.
    auto& other = connect_to(server);
    other.unsent = framed(std::string(50'000, 'y'));
    run_while_all_send([&] { return other.got.count == 1; });
    BOOST_TEST(other.got.is(std::string(50'000, 'y')));
    std::ostringstream out;
    out << server.held();
    BOOST_TEST(out.str() == std::to_string(held) + " bytes of unfinished messages, 0 descriptors, 3 waits, 0 closed");
    sessions.clear();
    BOOST_TEST(server.held().unfinished_bytes == 0u);
}

BOOST_AUTO_TEST_CASE(messages_that_wait_for_room_come_whole_in_their_order) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1h}});
    std::vector<std::size_t> order;
    std::size_t most = 0;
    for (std::size_t i = 0; i < 20; ++i) {
        auto& s = connect_to(server);
        s.unsent = framed(numbered(i, 600'000)).substr(0, 100'000);
        run_while_all_send([&] { return s.unsent.empty() || server.held().waits != 0; });
        send_some_for(3);
    }
    BOOST_TEST(server.held().waits == 4u);  // there are 16 steps
    std::vector<bool> seen(20);
    for (std::size_t i = 0; i < 20; ++i) sessions[i].unsent += framed(numbered(i, 600'000)).substr(100'000);
    run_while_all_send([&] {
        most = std::max(most, server.held().unfinished_bytes);
        for (std::size_t i = 0; i < 20; ++i) {
            if (seen[i] || sessions[i].got.count == 0) continue;
            BOOST_TEST(sessions[i].got.is(numbered(i, 600'000)));
            seen[i] = true;
            order.push_back(i);
            sessions[i].channel.async_receive([](error_code, auto) {});  // the message is read
        }
        return order.size() == 20;
    });
    BOOST_TEST(std::ranges::is_sorted(order));
    BOOST_TEST(most <= mebi + 600'000);
    run_ready(io);
    BOOST_TEST(server.held().unfinished_bytes == 0u);
    BOOST_TEST(server.held().closed == 0u);
}

BOOST_AUTO_TEST_CASE(the_message_that_is_unfinished_for_longest_gives_way) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 50ms}});
    auto& stalled = connect_to(server);
    stalled.unsent = header_of(600'000, 0) + std::string(500'000, 'x');
    run_while_all_send([&] { return stalled.unsent.empty(); });
    send_some_for(3);
    BOOST_TEST(server.held().unfinished_bytes == 7 * room_step);
    auto& next = connect_to(server);
    next.unsent = framed(numbered(7, 800'000));
    run_while_all_send([&] { return next.got.count == 1; });
    BOOST_TEST(next.got.is(numbered(7, 800'000)));
    BOOST_TEST(stalled.got.ec == make_error_code(errc::limit_exceeded));
    BOOST_TEST(!stalled.channel.is_open());
    BOOST_TEST(
        stalled.channel.failure().context() ==
        "message 1: it or its descriptors were held for 50 ms while other connections of the listener needed the "
        "room");
    BOOST_TEST(server.held().closed == 1u);
}

BOOST_AUTO_TEST_CASE(a_message_that_nobody_waits_for_may_take_its_time) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1ms}});
    auto& slow = connect_to(server);
    const auto message = numbered(3, 2 * mebi);  // more than all may hold, but alone
    slow.unsent = framed(message).substr(0, mebi);
    run_while_all_send([&] { return slow.unsent.empty(); });
    auto& small = connect_to(server);
    small.unsent = framed("small");
    run_while_all_send([&] { return small.got.count == 1; });
    std::this_thread::sleep_for(20ms);
    run_ready(io);
    BOOST_TEST(slow.channel.is_open());
    slow.unsent = framed(message).substr(mebi);
    run_while_all_send([&] { return slow.got.count == 1; });
    BOOST_TEST(slow.got.is(message));
    BOOST_TEST(server.held().closed == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_waits_may_go) {
    auto server = listening({.held = {.unfinished_bytes = room_step}});
    for (int i = 0; i < 4; ++i) {
        auto& s = connect_to(server);
        s.unsent = header_of(mebi, 0) + std::string(100'000, 'x');
        run_while_all_send([&] { return s.unsent.empty() || server.held().waits != 0; });
        send_some_for(3);
    }
    BOOST_TEST(server.held().waits == 3u);
    sessions[1].channel.close();
    sessions[2].channel.cancel();
    run_until(io, [&] { return sessions[2].got.count == 1; });
    BOOST_TEST(sessions[2].got.ec == asio::error::operation_aborted);
    BOOST_TEST(server.held().unfinished_bytes == room_step);
    sessions[0].channel.close();
    BOOST_TEST(server.held().unfinished_bytes == room_step);  // of the last
    run_ready(io);
    sessions[2].channel.close();
    run_ready(io);
    BOOST_TEST(server.held().unfinished_bytes == room_step);
    server = channel_listener();
    sessions[3].channel.close();
    run_ready(io);
}

BOOST_AUTO_TEST_CASE(without_a_limit_none_waits) {
    auto server = listening({.held = {.unfinished_bytes = std::nullopt, .descriptors = std::nullopt}});
    for (int i = 0; i < 4; ++i) connect_to(server).unsent = header_of(16 * mebi, 0) + std::string(2 * mebi, 'x');
    run_while_all_send([&] { return std::ranges::all_of(sessions, [](auto& s) { return s.unsent.empty(); }); });
    BOOST_TEST(server.held().waits == 0u);
}

BOOST_AUTO_TEST_CASE(a_large_message_leaves_no_large_memory_behind) {
    auto server = listening({});
    const long before = resident_kib();
    for (std::size_t i = 0; i < 4; ++i) {
        auto& s = connect_to(server);
        s.unsent = framed(numbered(i, 15 * mebi)) + framed("next").substr(0, 5);
        run_while_all_send([&] { return s.got.count == 1; });
        BOOST_TEST(s.got.is(numbered(i, 15 * mebi)));
        s.got = {};
        std::string().swap(s.unsent);
        s.channel.async_receive(s.got.handler());
        run_ready(io);
    }
    ::malloc_trim(0);
    if (!sanitized) BOOST_TEST(resident_kib() - before < 16 * 1024);
    BOOST_TEST(server.held().unfinished_bytes == 0u);
}

BOOST_AUTO_TEST_CASE(descriptors_of_all_connections_have_one_limit) {
    auto server = listening({.channel = {.descriptors = 253}, .held = {.unfinished_timeout = 1h, .descriptors = 300}});
    const auto file = file_with("held");
    auto& first = connect_to(server);
    send_with(first, header_of(100, 253), file.get(), 253);
    run_ready(io);
    BOOST_TEST(server.held().descriptors == 253u);
    auto& second = connect_to(server);
    send_with(second, header_of(100, 100), file.get(), 100);
    run_until(io, [&] { return second.got.count == 1; });
    BOOST_TEST(second.got.ec == make_error_code(errc::too_many_descriptors));
    BOOST_TEST(!second.channel.is_open());
    BOOST_TEST(second.channel.failure().context() ==
               "message 1, byte 0: the connections of the listener hold as many descriptors as they may");
    BOOST_TEST(server.held().closed == 1u);
    // There is room for a few, which count until they are taken, or closed by the next receive.
    auto& third = connect_to(server);
    for (int round = 0; round < 3; ++round) {
        send_with(third, header_of(0, 47), file.get(), 47);
        run_until(io, [&] { return third.got.count == 1; });
        BOOST_TEST(third.got.is(""));
        BOOST_TEST(server.held().descriptors == 300u);
        if (round != 1) BOOST_TEST(third.channel.take_descriptors().size() == 47u);
        third.got = {};
        third.channel.async_receive(third.got.handler());
        BOOST_TEST(server.held().descriptors == 253u);
    }
    first.channel.close();
    BOOST_TEST(server.held().descriptors == 0u);
}

BOOST_AUTO_TEST_CASE(descriptors_that_are_held_for_longest_give_way) {
    auto server = listening({.channel = {.descriptors = 253}, .held = {.unfinished_timeout = 0ms, .descriptors = 300}});
    const auto file = file_with("held");
    auto& stalled = connect_to(server);
    send_with(stalled, header_of(100, 253), file.get(), 253);
    run_ready(io);
    auto& second = connect_to(server);
    send_with(second, header_of(0, 100), file.get(), 100);
    run_until(io, [&] { return second.got.count == 1 && stalled.got.count == 1; });
    BOOST_TEST(stalled.got.ec == make_error_code(errc::limit_exceeded));
    BOOST_TEST(server.held().descriptors == 0u);
    BOOST_TEST(server.held().closed == 2u);
    auto& third = connect_to(server);
    send_with(third, header_of(0, 100), file.get(), 100);
    run_until(io, [&] { return third.got.count == 1; });
    BOOST_TEST(third.got.is(""));
    BOOST_TEST(third.channel.take_descriptors().size() == 100u);
}

BOOST_AUTO_TEST_CASE(packets_have_the_same_limit) {
    auto server = listen_channels(io.get_executor(), at("unix-seqpacket:" + path()), length_prefix(),
                                  {.channel = {.descriptors = 2}, .held = {.descriptors = 3}})
                      .value();
    run([](channel_listener& s) -> task<> {
        const auto file = file_with("held");
        const auto connected = [&]() -> task<std::pair<any_channel, any_channel>> {
            auto a = co_await async_connect_channel(s.get_executor(), s.local_address());
            auto b = co_await s.async_accept();
            co_return std::pair(std::move(a), std::move(b));
        };
        auto [a, there] = co_await connected();
        auto [b, here] = co_await connected();
        for (auto* to : {&a, &b}) {
            std::vector<unique_fd> fds;
            for (int i = 0; i < 2; ++i) fds.push_back(file_with("held"));
            co_await to->async_send("two", std::move(fds));
        }
        BOOST_TEST((co_await there.async_receive() == "two"));
        error_code ec;
        co_await here.async_receive(asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == make_error_code(errc::too_many_descriptors));
        BOOST_TEST(here.failure().context() ==
                   "message 1: the connections of the listener hold as many descriptors as they may");
        BOOST_TEST(s.held().descriptors == 2u);
    }(server));
}

// M: 39 connections of a stranger held 19,704 descriptors.
BOOST_AUTO_TEST_CASE(a_flood_of_descriptors_by_a_stranger_leaves_the_others_theirs,
                     *boost::unit_test::precondition(is_root)) {
    constexpr std::size_t connections = 60, most = 1000;
    BOOST_REQUIRE(::chmod(directory.path().c_str(), 0711) == 0);
    auto server =
        listen_channels(io.get_executor(), local("?mode=0666"), length_prefix(),
                        {.channel = {.descriptors = 253}, .held = {.unfinished_timeout = 1h, .descriptors = most}})
            .value();
    const auto before = descriptor_count();
    forked stranger([&] { return flood(path(), connections); });
    std::size_t failed = 0;
    const auto accept_one = [&] {
        any_channel c;
        run_until(io, [&, started = false]() mutable {
            if (!std::exchange(started, true))
                server.async_accept([&](error_code, any_channel a) { c = std::move(a); });
            return c.is_open();
        });
        auto& s = sessions.emplace_back(session{std::move(c), local_stream::socket(io)});
        s.channel.async_receive([&](error_code ec, auto m) {
            s.got.handler()(ec, m);
            if (ec == make_error_code(errc::too_many_descriptors)) ++failed;
        });
    };
    std::size_t largest = 0;
    for (std::size_t i = 0; i < connections; ++i) {
        accept_one();
        run_ready(io);
        largest = std::max(largest, descriptor_count() - before);
    }
    run_until(io, [&] {
        largest = std::max(largest, descriptor_count() - before);
        return failed == connections - most / 253;
    });
    BOOST_TEST(largest <= most + connections + 8);
    BOOST_TEST(server.held().descriptors <= most);
    BOOST_TEST(server.held().closed == failed);
    // Another one comes, with a descriptor, and is served.
    auto& honest = connect_to(server);
    const auto file = file_with("served");
    send_with(honest, header_of(5, 1) + "hello", file.get(), 1);
    run_until(io, [&] { return honest.got.count == 1; });
    BOOST_TEST(honest.got.is("hello"));
    BOOST_TEST(text_of(honest.channel.take_descriptors().at(0).get()) == "served");
    BOOST_TEST(server.held().descriptors == most / 253 * 253);
}

BOOST_AUTO_TEST_CASE(the_limit_of_descriptors_is_half_of_what_this_process_may_have) {
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    BOOST_TEST(half_of_all_descriptors() == now.rlim_cur / 2);
    BOOST_TEST(held_options().descriptors.value() == now.rlim_cur / 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
