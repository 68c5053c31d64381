// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels over everything that carries bytes or packets.

#include "channel_tools.hpp"

#include <parley/message/datagram.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/child.hpp>
#include <parley/process/pty.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/strand.hpp>
#include <boost/mpl/list.hpp>

#include <algorithm>
#include <numeric>

using namespace parley;
using namespace parley::test;

namespace {

using packet_protocols = boost::mpl::list<local_seqpacket, local_datagram>;

// `n` messages of many sizes go to `to`, which sends each back.
void check_echo(asio::io_context& io, any_channel& from, any_channel& to, std::size_t n, std::size_t step) {
    run_task(io, [](any_channel& a, any_channel& b, std::size_t all, std::size_t grow) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        const auto ask = [](any_channel& c, std::size_t many, std::size_t by) -> task<> {
            for (std::size_t i = 0; i < many; ++i) co_await c.async_send(numbered(i, 1 + i * by));
        };
        const auto echo = [](any_channel& c, std::size_t many) -> task<> {
            for (std::size_t i = 0; i < many; ++i) {
                const auto m = co_await c.async_receive();
                BOOST_TEST_REQUIRE(m.has_value());
                co_await c.async_send(*m);
            }
        };
        const auto check = [](any_channel& c, std::size_t many) -> task<> {
            for (std::size_t i = 0; i < many; ++i) {
                const auto m = co_await c.async_receive();
                BOOST_TEST_REQUIRE(m.has_value());
                BOOST_TEST_REQUIRE(is_numbered(*m, i));
            }
        };
        co_await (ask(a, all, grow) && echo(b, all) && check(a, all));
    }(from, to, n, step));
}

// A stream that takes and gives 1 to 7 bytes at a time, and whose end is a message of its own, as that of TLS is.
class choppy {
public:
    using executor_type = local_stream::socket::executor_type;

    explicit choppy(local_stream::socket socket) : socket_(std::move(socket)) {}

    executor_type get_executor() { return socket_.get_executor(); }
    void close() { socket_.close(); }

    template <typename Handler>
    void async_read_some(asio::mutable_buffer into, Handler handler) {
        socket_.async_read_some(asio::buffer(into, some()), std::move(handler));
    }
    template <typename Handler>
    void async_write_some(asio::const_buffer bytes, Handler handler) {
        socket_.async_write_some(asio::buffer(bytes, some()), std::move(handler));
    }
    template <typename Handler>
    void async_shutdown(Handler handler) {
        socket_.shutdown(local_stream::socket::shutdown_send);
        socket_.async_wait(local_stream::socket::wait_read, std::move(handler));  // for the end of the other side
    }

private:
    std::size_t some() { return 1 + (random_ = random_ * 1664525 + 1013904223) / 65536 % 7; }

    local_stream::socket socket_;
    std::uint32_t random_ = 17;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(channel_streams_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(unix_sockets_carry_messages) {
    auto [here, there] = make_channels();
    check_echo(io, here, there, 100, 997);
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(receive_from(there).is_end());
}

BOOST_AUTO_TEST_CASE(tcp_carries_messages) {
    using asio::ip::tcp;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket a(io);
    a.connect(acceptor.local_endpoint());
    channel here(std::move(a), length_prefix());
    channel there(acceptor.accept(), length_prefix());
    check_echo(io, here, there, 100, 997);
}

BOOST_AUTO_TEST_CASE(sockets_of_any_protocol_and_executor_carry_messages) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    using generic = asio::generic::stream_protocol;
    using on_strand = asio::basic_stream_socket<local_stream, asio::strand<asio::io_context::executor_type>>;
    on_strand other(asio::make_strand(io), local_stream(), b.release());
    channel here(generic::socket(std::move(a)), length_prefix());
    channel there(std::move(other), length_prefix());
    check_echo(io, here, there, 300, 97);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(packets_are_messages, Protocol, packet_protocols) {
    auto [a, b] = make_socket_pair<Protocol>(ex).value();
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram());
    check_echo(io, here, there, 300, 97);
    BOOST_TEST(send_to(here, "") == error_code());  // an empty message is none the less one
    BOOST_TEST(receive_from(there).is(""));
    BOOST_TEST(send_to(here, std::string(1 << 20, 'x')) == asio::error::message_size);
    BOOST_TEST(send_to(here, "after it") == error_code());
    BOOST_TEST(receive_from(there).is("after it"));
    BOOST_TEST(here.counters().messages_sent == 302u);
    BOOST_TEST(there.counters().messages_received == 302u);
}

BOOST_AUTO_TEST_CASE(a_seqpacket_connection_ends) {
    auto [a, b] = make_socket_pair<local_seqpacket>(ex).value();
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram());
    BOOST_TEST(here.try_send("the last"));
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(receive_from(there).is("the last"));
    BOOST_TEST(receive_from(there).is_end());
}

BOOST_AUTO_TEST_CASE(a_packet_above_the_limit_is_an_error) {
    auto [a, b] = make_socket_pair<local_seqpacket>(ex).value();
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram(100));
    BOOST_TEST(send_to(here, std::string(100, 'x')) == error_code());
    BOOST_TEST(send_to(here, std::string(101, 'x')) == error_code());
    BOOST_TEST(receive_from(there).is(std::string(100, 'x')));
    BOOST_TEST(receive_from(there).ec == asio::error::message_size);
}

BOOST_AUTO_TEST_CASE(packets_wait_for_room_and_keep_their_order) {
    auto [a, b] = make_socket_pair<local_seqpacket>(ex).value();
    channel here(std::move(a), datagram(), {.queue_messages = 10});
    channel there(std::move(b), datagram());
    static constexpr std::size_t all = 5000;
    run_task(io, [](auto& from, auto& to) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        const auto write = [](auto& c) -> task<> {
            for (std::size_t i = 0; i < all; ++i) co_await c.async_send(numbered(i, 100));
            co_await c.async_shutdown();
        };
        const auto read = [](auto& c) -> task<> {
            std::size_t i = 0;
            while (const auto m = co_await c.async_receive()) BOOST_TEST_REQUIRE(is_numbered(*m, i++));
            BOOST_TEST(i == all);
        };
        co_await (write(from) && read(to));
    }(here, there));
}

BOOST_AUTO_TEST_CASE(connected_udp_sockets_carry_messages) {
    using asio::ip::udp;
    udp::socket a(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    udp::socket b(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    a.connect(b.local_endpoint());
    b.connect(a.local_endpoint());
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram());
    for (std::size_t i = 0; i < 100; ++i) {
        BOOST_TEST_REQUIRE(!send_to(here, numbered(i, i * 600)));
        BOOST_TEST_REQUIRE(receive_from(there).is(numbered(i, i * 600)));
    }
}

BOOST_AUTO_TEST_CASE(nobody_at_the_other_end_of_udp_is_no_end) {
    using asio::ip::udp;
    udp::socket a(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    udp::socket b(io, udp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto where = b.local_endpoint();
    a.connect(where);
    const auto from = a.local_endpoint();
    b.close();
    channel here(std::move(a), datagram());
    received answer;
    here.async_receive(answer.handler());
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(send_to(here, "anybody?") == error_code());
        run_ready(io);
    }
    udp::socket late(io, where);
    late.connect(from);
    late.send(asio::buffer("I am", 4));
    run_until(io, [&] { return answer.count == 1; });
    BOOST_TEST(answer.is("I am"));
}

BOOST_AUTO_TEST_CASE(framings_and_sockets_that_do_not_fit_are_refused) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    BOOST_CHECK_THROW(channel(std::move(a), datagram()), boost::system::system_error);
    auto [c, d] = make_socket_pair<local_seqpacket>(ex).value();
    BOOST_CHECK_THROW(channel(std::move(c), length_prefix()), boost::system::system_error);
}

BOOST_AUTO_TEST_CASE(two_pipes_carry_messages) {
    auto one = make_pipe(ex).value(), two = make_pipe(ex).value();
    channel here(stream_pair(std::move(one.reader), std::move(two.writer)), length_prefix());
    channel there(stream_pair(std::move(two.reader), std::move(one.writer)), length_prefix());
    check_echo(io, here, there, 100, 997);
    BOOST_TEST(here.try_send("the last"));
    BOOST_TEST(shut_down(here) == error_code());
    BOOST_TEST(receive_from(there).is("the last"));
    BOOST_TEST(receive_from(there).is_end());
}

BOOST_AUTO_TEST_CASE(a_full_pipe_holds_a_sender_back) {
    auto one = make_pipe(ex).value(), two = make_pipe(ex).value();
    channel here(stream_pair(std::move(one.reader), std::move(two.writer)), lines(), {.queue_bytes = 1000});
    std::size_t n = 0;
    while (here.try_send(numbered(n, 90))) ++n, run_ready(io);
    BOOST_TEST(n > 500u);  // what the pipe holds
    BOOST_TEST(n < 1000u);
    channel there(stream_pair(std::move(two.reader), std::move(one.writer)), lines());
    for (std::size_t i = 0; i < n; ++i) BOOST_TEST_REQUIRE(receive_from(there).is(numbered(i, 90)));
}

// F7
BOOST_AUTO_TEST_CASE(a_stream_that_gives_a_few_bytes_at_a_time_carries_messages_exactly) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    channel here(choppy(std::move(a)), length_prefix());
    channel there(choppy(std::move(b)), length_prefix());
    check_echo(io, here, there, 60, 17);
}

BOOST_AUTO_TEST_CASE(a_stream_that_ends_with_a_message_is_ended_with_it) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    channel here(choppy(std::move(a)), length_prefix());
    auto there = make(std::move(b));
    BOOST_TEST(here.try_send("the last"));
    done closed;
    here.async_shutdown(closed.handler());
    BOOST_TEST(receive_from(there).is("the last"));
    BOOST_TEST(receive_from(there).is_end());
    BOOST_TEST(closed.count == 0);  // it waits for the answer
    there.close();
    run_until(io, [&] { return closed.count == 1; });
    BOOST_TEST(!closed.ec);
    BOOST_TEST(!here.is_open());
    // And one that never answers is not waited for.
    auto [c, d] = make_socket_pair<local_stream>(ex).value();
    channel alone(choppy(std::move(c)), length_prefix());
    done ended;
    alone.async_end(ended.handler());
    run_ready(io);
    BOOST_TEST(shut_down(alone) == error_code());
    BOOST_TEST(!alone.is_open());
    BOOST_TEST(ended.count == 1);
}

BOOST_AUTO_TEST_CASE(the_standard_streams_of_a_child_carry_lines) {
    auto cat = spawn(ex, {.program = "/bin/cat", .in = stdio::pipe(), .out = stdio::pipe()}).value();
    channel c(stream_pair(std::move(cat.out()), std::move(cat.in())), lines());
    BOOST_TEST(c.try_send("one"));
    BOOST_TEST(c.try_send("two"));
    BOOST_TEST(receive_from(c).is("one"));
    BOOST_TEST(receive_from(c).is("two"));
    done ended;
    c.async_end(ended.handler());  // closes its standard input
    BOOST_TEST(receive_from(c).is_end());
    run_task(io, [](child& of) -> task<> { BOOST_TEST((co_await of.async_wait()).success()); }(cat));
}

BOOST_AUTO_TEST_CASE(a_pseudo_terminal_carries_lines) {
    command program{.program = "/bin/sh", .arguments = {"-c", "while read -r word; do echo \"you said $word\"; done"}};
    program.in = program.out = program.err = stdio::pty();
    auto shell = spawn(ex, program).value();
    channel c(std::move(shell.terminal()), lines());
    BOOST_TEST(c.try_send("hello"));
    BOOST_TEST(receive_from(c).is("you said hello"));
    BOOST_TEST(c.try_send("bye"));
    BOOST_TEST(receive_from(c).is("you said bye"));
    c.close();  // hangs up
    run_task(io, [](child& of) -> task<> { co_await of.async_wait(); }(shell));
}

BOOST_AUTO_TEST_CASE(descriptors_come_with_their_messages) {
    const channel_options welcome{.descriptors = 253};
    auto [here, there] = make_channels(welcome, welcome);
    const auto before = descriptor_count();
    {
        std::vector<error_code> failed;
        const auto send = [&](std::string_view text, std::vector<std::string> files) {
            std::vector<unique_fd> fds;
            for (const auto& f : files) fds.push_back(file_with(f));
            here.async_send(text, std::move(fds), [&](error_code ec) {
                if (ec) failed.push_back(ec);
            });
        };
        send("none", {});
        send("one", {"a"});
        send("two", {"b", "c"});
        send("none again", {});
        send("not wanted", {"d", "e"});
        send("many", std::vector<std::string>(253, "m"));
        const auto files_of = [](std::vector<unique_fd> fds) {
            std::vector<std::string> texts;
            for (const auto& fd : fds) {
                BOOST_TEST(is_close_on_exec(fd.get()));
                texts.push_back(text_of(fd.get()));
            }
            return texts;
        };
        using texts = std::vector<std::string>;
        BOOST_TEST(receive_from(there).is("none"));
        BOOST_TEST((files_of(there.take_descriptors()) == texts{}));
        BOOST_TEST(receive_from(there).is("one"));
        BOOST_TEST((files_of(there.take_descriptors()) == texts{"a"}));
        BOOST_TEST((files_of(there.take_descriptors()) == texts{}));
        BOOST_TEST(receive_from(there).is("two"));
        BOOST_TEST((files_of(there.take_descriptors()) == texts{"b", "c"}));
        BOOST_TEST(receive_from(there).is("none again"));
        BOOST_TEST(receive_from(there).is("not wanted"));
        BOOST_TEST(receive_from(there).is("many"));
        BOOST_TEST(there.take_descriptors().size() == 253u);
        BOOST_TEST(failed.empty());
    }
    BOOST_TEST(descriptor_count() == before);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(descriptors_come_with_packets, Protocol, packet_protocols) {
    auto [a, b] = make_socket_pair<Protocol>(ex).value();
    channel here(std::move(a), datagram());
    channel there(std::move(b), datagram(), {.descriptors = 2});
    std::vector<unique_fd> fds;
    fds.push_back(file_with("with a packet"));
    here.async_send("take it", std::move(fds), [](error_code ec) { BOOST_TEST(!ec); });
    BOOST_TEST(receive_from(there).is("take it"));
    const auto got = there.take_descriptors();
    BOOST_REQUIRE(got.size() == 1u);
    BOOST_TEST(text_of(got[0].get()) == "with a packet");
}

BOOST_AUTO_TEST_CASE(descriptors_wait_with_their_messages) {
    auto [a, b] = make_socket_pair<local_stream>(ex).value();
    a.set_option(asio::socket_base::send_buffer_size(4096));
    auto here = make(std::move(a), {.queue_bytes = 3000});
    auto there = make(std::move(b), {.descriptors = 1});
    static constexpr std::size_t all = 300;
    run_task(io, [](any_channel& from, any_channel& to) -> task<> {
        using namespace asio::experimental::awaitable_operators;
        const auto write = [](any_channel& c) -> task<> {
            for (std::size_t i = 0; i < all; ++i) {
                std::vector<unique_fd> fds;
                if (i % 3 == 0) fds.push_back(file_with(std::to_string(i)));
                const auto text = numbered(i, 10 + i * 7);
                co_await c.async_send(text, std::move(fds));
            }
        };
        const auto read = [](any_channel& c) -> task<> {
            for (std::size_t i = 0; i < all; ++i) {
                const auto m = co_await c.async_receive();
                BOOST_TEST_REQUIRE((m && is_numbered(*m, i)));
                const auto fds = c.take_descriptors();
                BOOST_TEST_REQUIRE(fds.size() == (i % 3 == 0 ? 1u : 0u));
                if (!fds.empty()) BOOST_TEST_REQUIRE(text_of(fds[0].get()) == std::to_string(i));
            }
        };
        co_await (write(from) && read(to));
    }(here, there));
}

BOOST_AUTO_TEST_CASE(descriptors_that_are_not_welcome_are_closed_and_an_error) {
    (void)make_channels();  // the context has opened what it needs
    const auto before = descriptor_count();
    {
        auto [here, there] = make_channels();
        std::vector<unique_fd> fds;
        fds.push_back(file_with("unasked"));
        BOOST_TEST(here.try_send("good"));
        here.async_send("take it", std::move(fds), [](error_code) {});
        BOOST_TEST(receive_from(there).is("good"));
        BOOST_TEST(receive_from(there).ec == make_error_code(errc::too_many_descriptors));
        BOOST_TEST(there.failure().context() == "message 2, byte 0: descriptors are not welcome here");
    }
    {
        auto [a, b] = make_socket_pair<local_stream>(ex).value();
        auto there = make(std::move(b), {.descriptors = 4});
        // Announced and not there; there and not announced.
        frame_ends ends;
        (void)length_prefix().enclose("x", 2, ends);
        asio::write(a, asio::buffer(std::string(ends.head()) + "x"));
        BOOST_TEST(receive_from(there).ec == make_error_code(errc::descriptors_lost));
        auto [c, d] = make_socket_pair<local_stream>(ex).value();
        auto flooded = make(std::move(d), {.descriptors = 253});
        const auto file = file_with("again and again");
        const auto many = repeated(file.get(), 200);
        received got;
        flooded.async_receive(got.handler());
        const auto wire = framed("a long message of which a byte comes at a time");
        for (std::size_t i = 0; i < 5 && got.count == 0; ++i) {
            send(c, wire.substr(i, 1), many);
            run_ready(io);
        }
        run_until(io, [&] { return got.count == 1; });
        BOOST_TEST(got.ec == make_error_code(errc::too_many_descriptors));
    }
    BOOST_TEST(descriptor_count() == before);
}

BOOST_AUTO_TEST_CASE(descriptors_need_a_unix_socket) {
    using asio::ip::tcp;
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket a(io);
    a.connect(acceptor.local_endpoint());
    channel here(std::move(a), length_prefix());
    std::vector<unique_fd> fds;
    fds.push_back(file_with("stays"));
    done result;
    here.async_send("x", std::move(fds), result.handler());
    run_until(io, [&] { return result.count == 1; });
    BOOST_TEST(result.ec == asio::error::operation_not_supported);
    BOOST_CHECK_THROW(channel(acceptor.accept(), length_prefix(), {.descriptors = 1}), std::exception);
}

BOOST_AUTO_TEST_SUITE_END()
