// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/fd_passing.hpp>

#include "socket_tools.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <string>

#include <sys/resource.h>
#include <sys/socket.h>

BOOST_AUTO_TEST_SUITE(fd_passing_test)

using namespace parley;
using namespace parley::test;

using protocols = boost::mpl::list<local_stream, local_datagram, local_seqpacket>;
using packet_protocols = boost::mpl::list<local_datagram, local_seqpacket>;

BOOST_FIXTURE_TEST_SUITE(fd_passing, socket_fixture)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_descriptor_comes_with_its_bytes, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto file = file_with("the file");
    const int fds[] = {file.get()};
    BOOST_TEST(send(here, "take this", fds).value == 9u);
    std::array<char, 64> block;
    const auto got = receive(there, block);
    BOOST_TEST(!got.ec);
    BOOST_TEST(std::string_view(block.data(), got.value.size) == "take this");
    BOOST_REQUIRE(got.value.fds.size() == 1u);
    BOOST_TEST(text_of(got.value.fds[0].get()) == "the file");
    BOOST_TEST(is_close_on_exec(got.value.fds[0].get()));
    BOOST_TEST(!got.value.sender.has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_to_253_descriptors_come_in_their_order, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto even = file_with("even"), odd = file_with("odd");
    for (const std::size_t n : {1u, 2u, 3u, 4u, 252u, 253u}) {
        std::vector<int> fds(n);
        for (std::size_t i = 0; i < n; ++i) fds[i] = i % 2 == 0 ? even.get() : odd.get();
        BOOST_TEST(send(here, "x", fds).value == 1u);
        std::array<char, 4> block;
        const auto got = receive(there, block);
        BOOST_TEST(!got.ec);
        BOOST_REQUIRE(got.value.fds.size() == n);
        for (std::size_t i = 0; i < n; ++i)
            BOOST_TEST(same_file(got.value.fds[i].get(), i % 2 == 0 ? even.get() : odd.get()));
    }
}

// What the kernel does, and channels rely on.
BOOST_AUTO_TEST_CASE(a_receive_reads_across_bytes_without_descriptors_and_ends_with_the_send_that_has_some) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    const auto file = file_with("");
    std::array<char, 64> block;
    const auto next = [&](std::size_t room) {
        auto got = receive(there, {block.data(), room});
        BOOST_TEST(!got.ec);
        return std::pair(std::string(block.data(), got.value.size), got.value.fds.size());
    };
    using pair = std::pair<std::string, std::size_t>;
    send(here, "before");
    send(here, "with one", repeated(file.get(), 1));
    send(here, "after");
    send(here, "with two", repeated(file.get(), 2));
    send(here, "the last");
    BOOST_TEST((next(64) == pair("beforewith one", 1)));
    BOOST_TEST((next(6) == pair("afterw", 2)));  // with the first of its bytes
    BOOST_TEST((next(64) == pair("ith twothe last", 0)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(more_than_253_are_refused_before_anything_is_sent, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto file = file_with("");
    for (const std::size_t n : {254u, 1000u}) {
        const auto sent = send(here, "x", repeated(file.get(), n));
        BOOST_TEST((sent.ec == errc::too_many_descriptors));
        BOOST_TEST(sent.value == 0u);
        BOOST_TEST(try_send_with_fds(here, asio::buffer("x", 1), repeated(file.get(), n)).error().message() ==
                   "send with " + std::to_string(n) + " descriptors: too many descriptors with one message");
    }
    BOOST_TEST(!try_receive_with_fds(there, asio::buffer(std::array<char, 4>().data(), 4)).value().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bytes_without_descriptors_are_fine, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    BOOST_TEST(send(here, "bytes").value == 5u);
    std::array<char, 64> block;
    const auto got = receive(there, block, {.most_fds = 0});
    BOOST_TEST(!got.ec);
    BOOST_TEST(got.value.size == 5u);
    BOOST_TEST(got.value.fds.empty());
}

BOOST_AUTO_TEST_CASE(descriptors_need_a_byte_on_a_stream) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    const auto file = file_with("");
    const int fds[] = {file.get()};
    BOOST_TEST((send(here, "", fds).ec == errc::invalid_argument));
    BOOST_TEST(!send(here, "").ec);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_empty_packet_carries_descriptors, Protocol, packet_protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto file = file_with("in an empty one");
    const int fds[] = {file.get()};
    BOOST_TEST(!send(here, "", fds).ec);
    std::array<char, 4> block;
    const auto got = receive(there, block);
    BOOST_TEST(!got.ec);
    BOOST_TEST(!got.value.end);
    BOOST_TEST(got.value.size == 0u);
    BOOST_REQUIRE(got.value.fds.size() == 1u);
    BOOST_TEST(text_of(got.value.fds[0].get()) == "in an empty one");
}

BOOST_AUTO_TEST_CASE(the_end_of_a_stream_is_a_value) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    send(here, "last");
    here.close();
    std::array<char, 64> block;
    BOOST_TEST(receive(there, block).value.size == 4u);
    const auto got = receive(there, block);
    BOOST_TEST(!got.ec);
    BOOST_TEST(got.value.end);
    BOOST_TEST(got.value.size == 0u);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_seqpacket_connection_is_told_from_empty_packets_before_it) {
    for (const bool shut_down : {false, true}) {
        auto [here, there] = make_socket_pair<local_seqpacket>(ex).value();
        std::array<char, 64> block;
        send(here, "");
        auto got = receive(there, block);
        BOOST_TEST((!got.ec && !got.value.end));
        send(here, "");
        send(here, "");
        if (shut_down)
            here.shutdown(local_seqpacket::socket::shutdown_send);
        else
            here.close();
        for (int i = 0; i < 2; ++i) {
            got = receive(there, block);
            BOOST_TEST((!got.ec && !got.value.end && got.value.size == 0));
            BOOST_TEST(!got.value.sender.has_value());
        }
        for (int i = 0; i < 2; ++i) {
            got = receive(there, block);
            BOOST_TEST((!got.ec && got.value.end));
        }
        int passes = 1;
        socklen_t size = sizeof passes;
        BOOST_TEST(::getsockopt(there.native_handle(), SOL_SOCKET, SO_PASSCRED, &passes, &size) == 0);
        BOOST_TEST(passes == 0);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_receive_waits_for_what_comes_later, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto file = file_with("late");
    std::array<char, 64> block;
    ended<received_message> got;
    async_receive_with_fds(there, asio::buffer(block), got.handler());
    run_ready(io);
    BOOST_TEST(!got.done());
    const int fds[] = {file.get()};
    send(here, "x", fds);
    run_until(io, [&] { return got.done(); });
    BOOST_REQUIRE(got.value.fds.size() == 1u);
    BOOST_TEST(text_of(got.value.fds[0].get()) == "late");
}

BOOST_AUTO_TEST_CASE(a_receive_that_waits_ends_with_its_connection) {
    auto [stream, stream_peer] = make_socket_pair<local_stream>(ex).value();
    auto [packets, packets_peer] = make_socket_pair<local_seqpacket>(ex).value();
    auto [datagrams, datagrams_peer] = make_socket_pair<local_datagram>(ex).value();
    std::array<char, 64> block;
    ended<received_message> one, two, three;
    async_receive_with_fds(stream, asio::buffer(block), one.handler());
    async_receive_with_fds(packets, asio::buffer(block), two.handler());
    async_receive_with_fds(datagrams, asio::buffer(block), three.handler());
    run_ready(io);
    stream_peer.close();
    packets_peer.close();
    datagrams.shutdown(local_datagram::socket::shutdown_receive);
    run_until(io, [&] { return one.done() && two.done() && three.done(); });
    BOOST_TEST((!one.ec && one.value.end));
    BOOST_TEST((!two.ec && two.value.end));
    BOOST_TEST((!three.ec && three.value.end));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_receive_is_cancelled_by_every_type_and_loses_nothing, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    std::array<char, 64> block;
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::cancellation_signal cancel;
        ended<received_message> got;
        async_receive_with_fds(there, asio::buffer(block), asio::bind_cancellation_slot(cancel.slot(), got.handler()));
        run_ready(io);
        cancel.emit(type);
        run_until(io, [&] { return got.done(); });
        BOOST_TEST(got.ec == asio::error::operation_aborted);
    }
    send(here, "kept");
    BOOST_TEST(receive(there, block).value.size == 4u);
}

BOOST_AUTO_TEST_CASE(closing_or_destroying_the_context_ends_what_waits) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    std::array<char, 64> block;
    ended<received_message> got;
    async_receive_with_fds(there, asio::buffer(block), got.handler());
    run_ready(io);
    there.close();
    run_until(io, [&] { return got.done(); });
    BOOST_TEST(got.ec == asio::error::operation_aborted);
    BOOST_TEST(receive(there, block).ec == asio::error::bad_descriptor);
    BOOST_TEST(send(there, "x").ec == asio::error::bad_descriptor);
    {
        asio::io_context other;
        auto [one, two] = make_socket_pair<local_stream>(other.get_executor()).value();
        async_receive_with_fds(one, asio::buffer(block), [](error_code, received_message) {});
        run_ready(other);
        const auto file = file_with("");
        const int fds[] = {file.get()};
        BOOST_TEST(try_send_with_fds(two, asio::buffer("x", 1), fds).value().value() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(it_works_with_coroutines_futures_and_other_executors) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    const auto file = file_with("shared");
    std::array<char, 64> block;
    run_task(
        io, [](local_stream::socket& from, local_stream::socket& to, int fd, std::array<char, 64>& into) -> task<> {
            const int fds[] = {fd};
            const auto n = co_await async_send_with_fds(from, asio::buffer("x", 1), fds);
            BOOST_TEST(n == 1u);
            const auto first = co_await async_receive_with_fds(to, asio::buffer(into), receive_options{.most_fds = 1});
            BOOST_TEST(first.fds.size() == 1u);
            co_await async_send_with_fds(from, asio::buffer("y", 1), fds, asio::use_awaitable);
            const auto second = co_await async_receive_with_fds(to, asio::buffer(into));
            BOOST_TEST(second.fds.size() == 1u);
        }(here, there, file.get(), block));
    auto future = async_receive_with_fds(there, asio::buffer(block), asio::use_future);
    send(here, "z");
    run_until(io, [&] { return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    BOOST_TEST(future.get().size == 1u);

    asio::io_context other;
    ended<std::size_t> sent;
    async_send_with_fds(here, asio::buffer("x", 1), {}, asio::bind_executor(other, sent.handler()));
    run_ready(io);
    BOOST_TEST(!sent.done());
    run_ready(other);
    BOOST_TEST(sent.done());
}

BOOST_AUTO_TEST_CASE(a_generic_socket_carries_descriptors_if_it_is_a_unix_one) {
    auto ends = make_socket_pair<local_stream>(ex).value();
    asio::generic::stream_protocol::socket here(std::move(ends.first)), there(std::move(ends.second));
    const auto file = file_with("generic");
    const int fds[] = {file.get()};
    BOOST_TEST(!send(here, "x", fds).ec);
    std::array<char, 4> block;
    BOOST_TEST(receive(there, block).value.fds.size() == 1u);

    asio::ip::tcp::acceptor acceptor(ex, {asio::ip::address_v4::loopback(), 0});
    asio::ip::tcp::socket client(ex);
    client.connect(acceptor.local_endpoint());
    asio::generic::stream_protocol::socket over_tcp(std::move(client));
    BOOST_TEST((send(over_tcp, "x", fds).ec == errc::invalid_argument));
    BOOST_TEST(send(over_tcp, "x").value == 1u);
}

BOOST_AUTO_TEST_CASE(a_number_that_is_not_open_is_an_error_and_nothing_is_sent) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    const int fds[] = {999'999};
    BOOST_TEST(send(here, "x", fds).ec == asio::error::bad_descriptor);
    std::array<char, 4> block;
    BOOST_TEST(!try_receive_with_fds(there, asio::buffer(block)).value().has_value());
}

BOOST_AUTO_TEST_CASE(a_peer_that_has_gone_is_broken_pipe_and_no_signal) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    there.close();
    const auto file = file_with("");
    const int fds[] = {file.get()};
    BOOST_TEST(send(here, "x", fds).ec == asio::error::broken_pipe);
    auto [packets, other] = make_socket_pair<local_seqpacket>(ex).value();
    other.close();
    BOOST_TEST(send(packets, "x", fds).ec == asio::error::broken_pipe);
}

BOOST_AUTO_TEST_CASE(many_buffers_go_and_come_as_one) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    std::string bytes(3000, 'x');
    std::vector<asio::const_buffer> parts;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>('a' + i % 26);
        parts.emplace_back(&bytes[i], 1);
        if (i % 7 == 0) parts.emplace_back();
    }
    const auto sent = end_of<std::size_t>(io, [&](auto h) { async_send_with_fds(here, parts, {}, std::move(h)); });
    BOOST_TEST(sent.value == bytes.size());
    std::string got(bytes.size(), '\0');
    std::vector<asio::mutable_buffer> room;
    for (std::size_t i = 0; i < got.size(); i += 300) room.emplace_back(&got[i], 300);
    const auto received =
        end_of<received_message>(io, [&](auto h) { async_receive_with_fds(there, room, std::move(h)); });
    BOOST_TEST(received.value.size == bytes.size());
    BOOST_TEST(got == bytes);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
