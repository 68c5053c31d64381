// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels of a listener that wait for room: which of them goes on, which one gives way, and what ends a wait.

#include "held_tools.hpp"
#include "resident_memory.hpp"
#include "sanitizers.hpp"

#include <parley/message/lines.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(held_room_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

bool come(const session& s) { return s.got.count == 1; }

// The bytes of a message, so many of them, behind a header that announces more.
std::string part_of(std::size_t size, std::size_t part) { return header_of(size, 0) + std::string(part, 'x'); }

// A framing that never finds an end, and has a limit that it does not keep.
class without_end {
public:
    parsed_frame parse(std::string_view bytes, std::size_t) const noexcept {
        return parsed_frame::incomplete(bytes.size() + 1);
    }
    parsed_frame parse_end(std::string_view) const noexcept {
        return parsed_frame::failed(errc::truncated_frame, 0, "");
    }
    error_code enclose(std::string_view, unsigned, frame_ends& ends) const noexcept {
        return ends.clear(), error_code();
    }
    std::size_t limit() const noexcept { return 10'000; }
    std::size_t overhead() const noexcept { return 0; }
};

struct counted_end {
    int& count;
    ~counted_end() { ++count; }
};

task<> receive_one_from(any_channel c, int& ended) {
    const counted_end at_the_end{ended};
    (void)co_await c.async_receive();
}

struct room_fixture : held_fixture {
    // A connection that has sent all this, and whose channel has read what it can of it.
    session& connect_and_send(channel_listener& server, std::string bytes) {
        auto& s = connect_to(server);
        s.unsent = std::move(bytes);
        send_some_for(20);
        return s;
    }
    void receive_again(session& s) {
        s.got = {};
        s.channel.async_receive(s.got.handler());
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(held_room_suite, room_fixture)

// --- who goes on

BOOST_AUTO_TEST_CASE(long_lines_of_many_peers_all_come) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1h}}, lines());
    std::size_t most = 0;
    for (std::size_t i = 0; i < 20; ++i) connect_to(server).unsent = numbered(i, 300'000);
    run_while_all_send([&] { return server.held().waits >= 15; });
    for (auto& s : sessions) s.unsent += "\n";
    run_while_all_send([&] {
        most = std::max(most, server.held().unfinished_bytes);
        return std::ranges::all_of(sessions, come);
    });
    for (std::size_t i = 0; i < 20; ++i) BOOST_TEST(sessions[i].got.is(numbered(i, 300'000)));
    BOOST_TEST(most > mebi - room_step);
    BOOST_TEST(most <= mebi + 300'000);
    BOOST_TEST(server.held().closed == 0u);
    BOOST_TEST(server.held().unfinished_bytes == 0u);
}

BOOST_AUTO_TEST_CASE(of_those_that_wait_for_the_same_message_none_is_closed_for_it) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1s}}, lines());
    auto& stalled = connect_and_send(server, std::string(850'000, 'x'));
    auto& one = connect_and_send(server, numbered(1, 400'000));
    auto& two = connect_and_send(server, numbered(2, 400'000));
    auto& three = connect_and_send(server, numbered(3, 400'000));
    for (auto* s : {&one, &two, &three}) s->unsent += "\n";
    run_while_all_send([&] { return come(one) && come(two) && come(three); });
    BOOST_TEST(one.got.is(numbered(1, 400'000)));
    BOOST_TEST(two.got.is(numbered(2, 400'000)));
    BOOST_TEST(three.got.is(numbered(3, 400'000)));
    BOOST_TEST(stalled.got.ec == make_error_code(errc::limit_exceeded));
    BOOST_TEST(server.held().closed == 1u);
}

BOOST_AUTO_TEST_CASE(the_time_that_a_message_waits_for_room_does_not_count_against_it) {
    auto server = listening({.held = {.unfinished_bytes = 4 * room_step, .unfinished_timeout = 1500ms}}, lines());
    auto& stalled = connect_and_send(server, std::string(200'000, 'x'));
    auto& waits = connect_and_send(server, std::string(250'000, 'y'));
    auto& third = connect_and_send(server, numbered(3, 400'000));
    BOOST_TEST(server.held().waits == 2u);
    run_while_all_send([&] { return come(stalled); });
    BOOST_TEST(stalled.got.ec == make_error_code(errc::limit_exceeded));
    waits.unsent += std::string(300'000, 'y');
    // Now the one that has waited holds the room, and another needs it.
    run_while_all_send([&] { return waits.unsent.empty() && server.held().waits > 2; });
    for (int i = 0; i < 20; ++i) io.run_for(10ms);
    BOOST_TEST(waits.channel.is_open());
    waits.unsent = "\n";
    third.unsent += "\n";
    run_while_all_send([&] { return come(waits) && come(third); });
    BOOST_TEST(waits.got.is(std::string(550'000, 'y')));
    BOOST_TEST(third.got.is(numbered(3, 400'000)));
    BOOST_TEST(server.held().closed == 1u);
}

BOOST_AUTO_TEST_CASE(a_message_that_has_come_whole_holds_no_room) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1h}});
    auto& first = connect_to(server);
    first.unsent = framed(numbered(1, 900'000));
    run_while_all_send([&] { return come(first); });
    BOOST_TEST(server.held().unfinished_bytes == 0u);
    auto& second = connect_to(server);  // while the first is handled
    second.unsent = framed(numbered(2, 900'000));
    run_while_all_send([&] { return come(second); });
    BOOST_TEST(second.got.is(numbered(2, 900'000)));
    BOOST_TEST(first.got.is(numbered(1, 900'000)));
    BOOST_TEST(first.channel.is_open());
    BOOST_TEST(server.held().waits == 0u);
}

BOOST_AUTO_TEST_CASE(the_last_line_of_a_stream_that_has_ended_holds_no_room) {
    auto server = listening({.held = {.unfinished_bytes = mebi}}, lines());
    auto& s = connect_to(server);
    s.unsent = numbered(1, 900'000);
    run_while_all_send([&] {
        if (s.unsent.empty() && s.peer.is_open()) s.peer.close();
        return come(s);
    });
    BOOST_TEST(s.got.is(numbered(1, 900'000)));
    BOOST_TEST(server.held().unfinished_bytes == 0u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_sends_one_large_message_after_another_is_not_the_oldest) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1s}});
    const auto work = asio::make_work_guard(io);  // also while none receives
    auto& other = connect_to(server);
    auto& busy = connect_to(server);
    std::size_t sent = 0, got = 0;
    const auto go_on = [&] {
        if (busy.unsent.size() < 300'000) busy.unsent += framed(numbered(sent++, 300'000));
        send_some(busy);
        if (!come(busy)) return;
        BOOST_TEST_REQUIRE(busy.got.is(numbered(got++, 300'000)));
        receive_again(busy);
    };
    const auto end = std::chrono::steady_clock::now() + 1300ms;
    run_while_all_send([&] {
        go_on();
        return std::chrono::steady_clock::now() > end;
    });
    other.unsent = framed(numbered(7, mebi));
    run_while_all_send([&] {
        go_on();
        return come(other);
    });
    BOOST_TEST(other.got.is(numbered(7, mebi)));
    const auto all = got + 3;
    run_while_all_send([&] {
        go_on();
        return got >= all;
    });
    BOOST_TEST(busy.channel.is_open());
    BOOST_TEST(server.held().closed == 0u);
}

BOOST_AUTO_TEST_CASE(a_header_alone_holds_no_room) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1h}});
    for (int i = 0; i < 20; ++i) connect_and_send(server, header_of(16 * mebi, 0));
    BOOST_TEST(server.held().unfinished_bytes == 0u);
    auto& honest = connect_to(server);
    honest.unsent = framed(numbered(1, 900'000));
    run_while_all_send([&] { return come(honest); });
    BOOST_TEST(honest.got.is(numbered(1, 900'000)));
    BOOST_TEST(server.held().waits == 0u);
    // What has come counts, in steps.
    sessions.front().unsent = std::string(200'000, 'x');
    send_some_for(20);
    BOOST_TEST(server.held().unfinished_bytes == 3 * room_step);
}

// --- who gives way

BOOST_AUTO_TEST_CASE(a_channel_that_gives_way_frees_its_room_although_nobody_receives_there) {
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 50ms}});
    auto& stalled = connect_and_send(server, part_of(1'000'000, 950'000));
    stalled.channel.cancel();
    run_until(io, [&] { return come(stalled); });
    BOOST_TEST(stalled.got.ec == asio::error::operation_aborted);
    auto& next = connect_to(server);
    next.unsent = framed(numbered(1, 900'000));
    run_while_all_send([&] { return come(next); });
    BOOST_TEST(next.got.is(numbered(1, 900'000)));
    BOOST_TEST(server.held().closed == 1u);
    BOOST_TEST(server.held().unfinished_bytes == 0u);
    receive_again(stalled);
    run_until(io, [&] { return come(stalled); });
    BOOST_TEST(stalled.got.ec == make_error_code(errc::limit_exceeded));
    BOOST_TEST(!stalled.channel.is_open());
}

BOOST_AUTO_TEST_CASE(a_channel_that_gives_way_closes_its_descriptors_although_nobody_receives_there) {
    auto server = listening({.channel = {.descriptors = 253}, .held = {.unfinished_timeout = 0ms, .descriptors = 300}});
    const auto file = file_with("held");
    auto& stalled = connect_to(server);
    const auto before = descriptor_count();
    send_with(stalled, header_of(0, 3) + header_of(100, 250), file.get(), 253);
    run_ready(io);
    BOOST_TEST(stalled.got.is(""));  // nobody takes its descriptors, and nobody receives again
    BOOST_TEST(server.held().descriptors == 253u);
    auto& second = connect_to(server);
    send_with(second, header_of(0, 100), file.get(), 100);
    run_until(io, [&] { return come(second); });
    run_ready(io);
    BOOST_TEST(second.got.ec == make_error_code(errc::too_many_descriptors));
    BOOST_TEST(server.held().descriptors == 0u);
    BOOST_TEST(server.held().closed == 2u);
    BOOST_TEST(descriptor_count() <= before + 2);
    BOOST_TEST(stalled.channel.take_descriptors().empty());
    receive_again(stalled);
    run_until(io, [&] { return come(stalled); });
    BOOST_TEST(stalled.got.ec == make_error_code(errc::limit_exceeded));
}

BOOST_AUTO_TEST_CASE(messages_before_those_with_descriptors_are_received_from_a_channel_that_gives_way) {
    auto server = listening({.channel = {.descriptors = 253}, .held = {.unfinished_timeout = 0ms, .descriptors = 300}});
    const auto file = file_with("held");
    auto& stalled = connect_to(server);
    send_with(stalled, framed("one") + framed("two") + header_of(0, 253), file.get(), 253);
    run_until(io, [&] { return come(stalled); });
    BOOST_TEST(stalled.got.is("one"));
    auto& second = connect_to(server);
    send_with(second, header_of(0, 100), file.get(), 100);
    run_until(io, [&] { return come(second); });
    run_ready(io);
    BOOST_TEST(server.held().descriptors == 0u);
    receive_again(stalled);
    run_until(io, [&] { return come(stalled); });
    BOOST_TEST(stalled.got.is("two"));
    BOOST_TEST(stalled.channel.counters().messages_received == 2u);
    receive_again(stalled);
    run_until(io, [&] { return come(stalled); });
    BOOST_TEST(stalled.got.ec == make_error_code(errc::limit_exceeded));
}

// --- what ends a wait

BOOST_AUTO_TEST_CASE(a_receive_that_is_cancelled_gives_its_place_and_its_room_back) {
    for (const bool granted : {false, true}) {
        sessions.clear();
        auto server = listening({.held = {.unfinished_bytes = 2 * room_step, .unfinished_timeout = 1h}});
        auto& first = connect_and_send(server, part_of(1'000'000, 900'000));
        auto& second = connect_and_send(server, part_of(190'000, 100'000));
        auto& third = connect_and_send(server, framed(numbered(3, 190'000)));
        BOOST_TEST(server.held().waits == 2u);
        if (granted) first.channel.close();
        second.channel.cancel();
        run_ready(io);
        BOOST_TEST(second.got.ec == asio::error::operation_aborted);
        first.unsent = std::string(100'000, 'x');
        if (granted) first.unsent.clear();
        run_while_all_send([&] { return come(third); });
        BOOST_TEST(third.got.is(numbered(3, 190'000)));
        BOOST_TEST(server.held().unfinished_bytes == 0u);
        // It has lost nothing.
        receive_again(second);
        second.unsent += std::string(90'000, 'x');
        run_while_all_send([&] { return come(second); });
        BOOST_TEST(second.got.is(std::string(190'000, 'x')));
        BOOST_TEST(server.held().closed == 0u);
    }
}

BOOST_AUTO_TEST_CASE(peers_that_go_while_their_channels_wait_for_room_are_noticed) {
    auto server = listening({.held = {.unfinished_bytes = 2 * room_step, .unfinished_timeout = 1h}}, lines());
    auto& holder = connect_and_send(server, std::string(900'000, 'x'));
    const auto before = descriptor_count();
    for (std::size_t i = 0; i < 40; ++i) {
        auto& s = connect_and_send(server, numbered(i, i % 3 == 0 ? 190'000 : 100'000) + (i % 3 == 1 ? "\n" : ""));
        BOOST_TEST_REQUIRE(s.unsent.empty());
        if (i % 2 == 0)
            s.peer.close();
        else
            s.peer.shutdown(asio::socket_base::shutdown_send);
    }
    BOOST_TEST(server.held().waits == 40u);
    run_until(io, [&] { return std::ranges::count_if(sessions, come) == 40; });
    for (std::size_t i = 0; i < 40; ++i)
        BOOST_TEST(sessions[i + 1].got.is(numbered(i, i % 3 == 0 ? 190'000 : 100'000)));
    for (std::size_t i = 0; i < 40; ++i) {
        receive_again(sessions[i + 1]);
        sessions[i + 1].peer.close();
    }
    run_until(io, [&] { return std::ranges::count_if(sessions, come) == 40; });
    for (std::size_t i = 0; i < 40; ++i) BOOST_TEST(sessions[i + 1].got.is_end());
    for (std::size_t i = 0; i < 40; ++i) sessions[i + 1].channel.close();
    BOOST_TEST(descriptor_count() == before);
    BOOST_TEST(holder.channel.is_open());
    BOOST_TEST(server.held().closed == 0u);
}

BOOST_AUTO_TEST_CASE(peers_over_tcp_that_go_while_their_channels_wait_for_room_are_noticed) {
    using tcp = asio::ip::tcp;
    auto server = listen_channels(io.get_executor(), at("tcp:127.0.0.1:0"), length_prefix(),
                                  {.held = {.unfinished_bytes = 2 * room_step, .unfinished_timeout = 1h}})
                      .value();
    const auto connected = [&](tcp::socket& peer) {
        any_channel there;
        server.async_accept([&](error_code, any_channel c) { there = std::move(c); });
        peer.connect({asio::ip::address_v4::loopback(), server.local_address().port()});
        run_until(io, [&] { return there.is_open(); });
        return there;
    };
    tcp::socket holds(io), goes(io);
    auto holder = connected(holds);
    received held, gone;
    holder.async_receive(held.handler());
    asio::write(holds, asio::buffer(part_of(1'000'000, 300'000)));
    run_until(io, [&] { return server.held().unfinished_bytes > 2 * room_step; });
    auto channel = connected(goes);
    channel.async_receive(gone.handler());
    asio::write(goes, asio::buffer(part_of(1'000'000, 100'000)));
    run_until(io, [&] { return server.held().waits == 1; });
    goes.close();
    run_until(io, [&] { return gone.count == 1; });
    BOOST_TEST(gone.ec == make_error_code(errc::truncated_frame));
    BOOST_TEST(!channel.is_open());
    BOOST_TEST(holder.is_open());
}

BOOST_AUTO_TEST_CASE(a_shutdown_over_tcp_reads_what_comes_although_there_is_no_room) {
    using tcp = asio::ip::tcp;
    for (const bool cancelled : {true, false}) {
        auto server = listen_channels(io.get_executor(), at("tcp:127.0.0.1:0"), length_prefix(),
                                      {.held = {.unfinished_bytes = 2 * room_step, .unfinished_timeout = 1h}})
                          .value();
        const auto connected = [&](tcp::socket& peer) {
            any_channel there;
            server.async_accept([&](error_code, any_channel c) { there = std::move(c); });
            peer.connect({asio::ip::address_v4::loopback(), server.local_address().port()});
            run_until(io, [&] { return there.is_open(); });
            peer.non_blocking(true);
            return there;
        };
        tcp::socket holds(io), slow(io);
        auto holder = connected(holds);
        received held, none;
        holder.async_receive(held.handler());
        holds.non_blocking(false);
        asio::write(holds, asio::buffer(part_of(1'000'000, 300'000)));
        run_until(io, [&] { return server.held().unfinished_bytes > 2 * room_step; });
        auto channel = connected(slow);
        channel.async_receive(none.handler());
        auto unsent = part_of(12'000'000, 12'000'000);
        const auto send_some = [&] {
            error_code ec;
            unsent.erase(0, slow.write_some(asio::buffer(unsent.data(), std::min(unsent.size(), mebi)), ec));
            BOOST_TEST_REQUIRE((!ec || ec == asio::error::would_block));
        };
        run_until(io, [&] {
            send_some();
            return server.held().waits == 1;
        });
        for (int i = 0; i < 100; ++i) {
            send_some();
            run_ready(io);
        }
        BOOST_TEST_REQUIRE(!unsent.empty());
        if (cancelled) {
            channel.cancel();
            run_until(io, [&] { return none.count == 1; });
        }
        done told, closed;
        channel.async_send("too slow", told.handler());
        channel.async_shutdown(closed.handler());
        run_until(io, [&] {
            send_some();
            return unsent.empty();
        });
        std::string answer;
        bool end = false;
        run_until(io, [&] {
            char some[100];
            error_code ec;
            answer.append(some, slow.read_some(asio::buffer(some), ec));
            end = ec == asio::error::eof;
            BOOST_TEST_REQUIRE((!ec || end || ec == asio::error::would_block));
            return end;
        });
        BOOST_TEST(answer == framed("too slow"));
        slow.close();
        run_until(io, [&] { return closed.count == 1; });
        BOOST_TEST(!closed.ec);
        holder.close();
        run_ready(io);
    }
}

BOOST_AUTO_TEST_CASE(a_peer_that_goes_behind_more_than_its_framing_allows_is_no_end_of_a_stream) {
    auto server = listening({.held = {.unfinished_bytes = room_step, .unfinished_timeout = 1h}}, without_end());
    connect_and_send(server, std::string(100'000, 'x'));
    auto& s = connect_and_send(server, std::string(190'000, 'x'));
    BOOST_TEST_REQUIRE(s.unsent.empty());
    BOOST_TEST(server.held().waits == 1u);
    s.peer.close();
    run_until(io, [&] { return come(s); });
    BOOST_TEST(s.got.ec == make_error_code(errc::limit_exceeded));
    BOOST_TEST(s.channel.failure().context() == "message 1, byte 0: the framing wants more than its own limit");
}

BOOST_AUTO_TEST_CASE(a_context_that_is_destroyed_destroys_channels_that_wait_for_room) {
    std::vector<raw_socket> peers(4);
    int ended = 0;
    {
        asio::io_context own;
        auto server = listen_channels(own.get_executor(), local(), lines(),
                                      {.held = {.unfinished_bytes = room_step, .unfinished_timeout = 1h}})
                          .value();
        for (auto& p : peers) {
            BOOST_TEST_REQUIRE(p.connect(path()) == 0);
            server.async_accept([&](error_code, any_channel c) {
                asio::co_spawn(own, receive_one_from(std::move(c), ended), asio::detached);
            });
            const std::string some(100'000, 'x');
            run_until(own, [&] { return ::send(p.fd(), some.data(), some.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0; });
        }
        run_until(own, [&] { return server.held().waits == 3; });
        server = channel_listener();
    }
    BOOST_TEST(ended == 4);
}

// --- what is free

BOOST_AUTO_TEST_CASE(idle_channels_hold_no_more_than_is_free) {
    constexpr std::size_t many = 200;
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1h}});
    std::string small;
    for (int i = 0; i < 400; ++i) small += framed(std::string(1000, 's'));
    for (std::size_t i = 0; i < many; ++i) connect_to(server);
    ::malloc_trim(0);
    const long before = resident_kib();
    for (auto& s : sessions) {
        s.unsent = small;
        std::size_t count = 0;
        run_until(io, [&] {
            send_some(s);
            if (!come(s)) return false;
            receive_again(s);
            return ++count == 400;
        });
        std::string().swap(s.unsent);
    }
    ::malloc_trim(0);
    if (!sanitized) BOOST_TEST(resident_kib() - before < static_cast<long>(many) * 72);
}

BOOST_AUTO_TEST_CASE(lines_that_do_not_end_hold_no_more_than_is_free_and_what_is_counted) {
    constexpr std::size_t many = 200;
    auto server = listening({.held = {.unfinished_bytes = mebi, .unfinished_timeout = 1h}}, lines());
    for (std::size_t i = 0; i < many; ++i) connect_to(server);
    ::malloc_trim(0);
    const long before = resident_kib();
    for (auto& s : sessions) s.unsent.assign(150'000, 'x');
    run_while_all_send([&] { return std::ranges::all_of(sessions, [](auto& s) { return s.unsent.empty(); }); });
    for (auto& s : sessions) std::string().swap(s.unsent);
    send_some_for(10);
    ::malloc_trim(0);
    BOOST_TEST(server.held().unfinished_bytes >= mebi);
    BOOST_TEST(server.held().unfinished_bytes <= mebi + 2 * room_step);
    if (!sanitized) BOOST_TEST(resident_kib() - before < static_cast<long>(many) * 72 + 2048);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
