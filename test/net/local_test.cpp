// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/address_endpoint.hpp>
#include <parley/net/local.hpp>

#include "fault.hpp"
#include "socket_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(local_test)

using namespace parley;
using namespace parley::test;

using protocols = boost::mpl::list<local_stream, local_datagram, local_seqpacket>;

BOOST_FIXTURE_TEST_SUITE(local, socket_fixture)

BOOST_AUTO_TEST_CASE_TEMPLATE(both_ends_are_close_on_exec_and_block_until_used, Protocol, protocols) {
    auto [one, two] = make_socket_pair<Protocol>(ex).value();
    for (const int fd : {one.native_handle(), two.native_handle()}) {
        BOOST_TEST(fd >= 3);
        BOOST_TEST(is_close_on_exec(fd));
        BOOST_TEST((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_end_that_was_used_leaves_the_other_blocking, Protocol, protocols) {
    auto [one, two] = make_socket_pair<Protocol>(ex).value();
    BOOST_TEST(end_of<std::size_t>(io, [&](auto h) {
                   if constexpr (std::is_same_v<Protocol, local_seqpacket>)
                       one.async_send(asio::buffer("x", 1), 0, std::move(h));
                   else
                       one.async_send(asio::buffer("x", 1), std::move(h));
               }).value == 1u);
    const unique_fd given(two.release());
    BOOST_TEST((::fcntl(given.get(), F_GETFL) & O_NONBLOCK) == 0);
    char byte = 0;
    BOOST_TEST(::read(given.get(), &byte, 1) == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_one_end_sends_the_other_receives, Protocol, protocols) {
    auto [one, two] = make_socket_pair<Protocol>(ex).value();
    BOOST_TEST(::send(one.native_handle(), "abc", 3, 0) == 3);
    char block[8];
    BOOST_TEST(::recv(two.native_handle(), block, sizeof block, 0) == 3);
}

BOOST_AUTO_TEST_CASE(seqpackets_connect_at_a_path_and_keep_their_borders) {
    const temporary_directory directory;
    const auto place = to_endpoint<local_seqpacket::endpoint>(address::unix_seqpacket(directory / "s").value()).value();
    local_seqpacket::acceptor acceptor(ex, place);
    local_seqpacket::socket client(ex), server(ex);
    acceptor.async_accept(server, [](error_code ec) { BOOST_TEST(!ec); });
    client.async_connect(place, [](error_code ec) { BOOST_TEST(!ec); });
    run_ready(io);
    BOOST_TEST(client.send(asio::buffer("one", 3), 0) == 3u);
    BOOST_TEST(client.send(asio::buffer("four", 4), 0) == 4u);
    char block[16];
    asio::socket_base::message_flags flags = 0;
    BOOST_TEST(server.receive(asio::buffer(block), flags) == 3u);
    BOOST_TEST(server.receive(asio::buffer(block), flags) == 4u);
    BOOST_TEST(to_address(place).value() == address::unix_seqpacket(directory / "s").value());
}

BOOST_AUTO_TEST_CASE(no_descriptor_left_for_a_pair_is_an_error_that_says_so) {
    const fault none_left{sys::call::socketpair, EMFILE};
    const auto made = make_socket_pair<local_stream>(ex);
    BOOST_REQUIRE(made.has_error());
    BOOST_TEST(made.error().code() == boost::system::errc::too_many_files_open);
    BOOST_TEST(made.error().context() == "socket pair");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
