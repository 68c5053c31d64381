// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Descriptors that come with messages.

#include "channel_tools.hpp"

#include <parley/message/datagram.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/mpl/list.hpp>

#include <exception>

BOOST_AUTO_TEST_SUITE(channel_descriptors_test)

using namespace parley;
using namespace parley::test;

namespace {

using packet_protocols = boost::mpl::list<local_seqpacket, local_datagram>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(channel_descriptors_suite, channel_fixture)

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

BOOST_AUTO_TEST_SUITE_END()
