// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// OpenBSD's netcat at the other end, as client and as server, over UNIX sockets, TCP and UDP.

#include <parley/net/datagram.hpp>
#include <parley/net/packet.hpp>

#include "net_tools.hpp"
#include "process_tools.hpp"
#include "skip.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/data/test_case.hpp>

#include <array>
#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(netcat_interop_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;
namespace data = boost::unit_test::data;
using stream = asio::generic::stream_protocol::socket;

struct netcat_fixture : process_fixture {
    temporary_directory directory;
    const std::string path = directory / "s";

    /// False, with a message, where there is none: other programs of this name have other options.
    static bool is_here() {
        const bool here = exists("/bin/nc.openbsd");
        if (!here) skip_case("needs netcat-openbsd");
        return here;
    }
    child netcat(argument_list arguments) {
        return start({.program = "/bin/nc.openbsd",
                      .arguments = std::move(arguments),
                      .in = stdio::pipe(),
                      .out = stdio::pipe(),
                      .err = stdio::to_stdout()});
    }
};

/// What the program says up to its end.
task<std::string> output_of(child& c) {
    std::string all;
    error_code ended;
    co_await asio::async_read(c.out(), asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ended));
    BOOST_TEST(ended == asio::error::eof);
    co_return all;
}

/// The last word of the line that begins so, which netcat says after others: "Listening on localhost 41234". Nothing
/// may be said behind it before it is answered.
task<std::string> last_word(child& c, std::string begin) {
    std::string text;
    for (;;) {
        const auto n = co_await asio::async_read_until(c.out(), asio::dynamic_buffer(text), '\n', asio::use_awaitable);
        const auto line = text.substr(0, n - 1);
        text.erase(0, n);
        if (line.starts_with(begin)) co_return line.substr(line.rfind(' ') + 1);
    }
}

/// Both say something; netcat ends first, and still hears what we say.
task<> talk(stream& s, child& other) {
    const std::string text(100'000, 'x');
    co_await asio::async_write(s, asio::buffer(text), asio::use_awaitable);
    std::string there(text.size(), '\0');
    co_await asio::async_read(other.out(), asio::buffer(there), asio::use_awaitable);
    BOOST_TEST((there == text));
    co_await asio::async_write(other.in(), asio::buffer("from netcat", 11), asio::use_awaitable);
    other.in().close();
    std::string heard;
    error_code ended;
    co_await asio::async_read(s, asio::dynamic_buffer(heard), asio::redirect_error(asio::use_awaitable, ended));
    BOOST_TEST(ended == asio::error::eof);
    BOOST_TEST(heard == "from netcat");
    co_await asio::async_write(s, asio::buffer("the end", 7), asio::use_awaitable);
    s.close();
    BOOST_TEST(co_await output_of(other) == "the end");
}

/// netcat sends a datagram and hears the answer to it.
template <typename Socket>
task<> answer_question(Socket& socket, child& other) {
    std::array<char, 64> block;
    typename Socket::endpoint_type who;
    co_await asio::async_write(other.in(), asio::buffer("question", 8), asio::use_awaitable);
    const auto got = co_await async_receive_packet_from(socket, asio::buffer(block), who, asio::use_awaitable);
    BOOST_TEST(std::string_view(block.data(), got.size) == "question");
    socket.send_to(asio::buffer("answer\n", 7), who);
    BOOST_TEST(co_await next_line(other) == "answer");
    co_await other.async_stop(asio::use_awaitable);
}

BOOST_FIXTURE_TEST_SUITE(netcat_interop, netcat_fixture)

BOOST_DATA_TEST_CASE(netcat_is_a_client, data::make({"unix", "tcp"}), family) {
    if (!is_here()) return;
    const bool local = std::string(family) == "unix";
    auto server = parley::listen(ex, at(local ? "unix:" + path : "tcp:0")).value();
    auto client =
        local ? netcat({"-N", "-U", path}) : netcat({"-N", "127.0.0.1", std::to_string(server.local_address().port())});
    run_task(io, [](listener& listening, child& other) -> task<> {
        stream s = co_await listening.async_accept(asio::use_awaitable);
        co_await talk(s, other);
    }(server, client));
    BOOST_TEST(end_of(client).success());
}

BOOST_DATA_TEST_CASE(netcat_is_the_server, data::make({"unix", "tcp"}), family) {
    if (!is_here()) return;
    const bool local = std::string(family) == "unix";
    auto server = local ? netcat({"-v", "-N", "-l", "-U", path}) : netcat({"-v", "-N", "-n", "-l", "127.0.0.1", "0"});
    run_task(io, [](asio::io_context& loop, child& other, std::string file, bool is_local) -> task<> {
        const auto found = co_await last_word(other, "Listening on");
        const auto where = is_local ? "unix:" + file : "tcp:127.0.0.1:" + found;
        stream s = co_await async_connect(loop.get_executor(), at(where), asio::use_awaitable);
        co_await last_word(other, "Connection received");
        co_await talk(s, other);
    }(io, server, path, local));
    BOOST_TEST(end_of(server).success());
}

BOOST_AUTO_TEST_CASE(netcat_asks_over_udp) {
    if (!is_here()) return;
    auto server = open_datagram_receiver<asio::ip::udp>(ex, at("udp:0")).value();
    auto client = netcat({"-u", "127.0.0.1", std::to_string(server.local_address.port())});
    run_task(io, answer_question(server.socket, client));
}

BOOST_AUTO_TEST_CASE(netcat_answers_over_udp) {
    if (!is_here()) return;
    auto server = netcat({"-v", "-n", "-u", "-l", "127.0.0.1", "0"});
    run_task(io, [](executor on, child& other) -> task<> {
        auto client =
            open_datagram_sender<asio::ip::udp>(on, at("udp:127.0.0.1:" + co_await last_word(other, "Bound on")))
                .value();
        client.socket.send(asio::buffer("question\n", 9));
        std::string said;  // "Connection received on ..." first
        co_await asio::async_read_until(other.out(), asio::dynamic_buffer(said), "question\n", asio::use_awaitable);
        co_await asio::async_write(other.in(), asio::buffer("answer", 6), asio::use_awaitable);
        std::array<char, 64> block;
        const auto got = co_await async_receive_packet(client.socket, asio::buffer(block), asio::use_awaitable);
        BOOST_TEST(std::string_view(block.data(), got.size) == "answer");
        co_await other.async_stop(asio::use_awaitable);
    }(ex, server));
}

BOOST_AUTO_TEST_CASE(netcat_sends_unix_datagrams) {
    if (!is_here()) return;
    auto server = open_datagram_receiver<asio::local::datagram_protocol>(ex, at("unix-dgram:" + path)).value();
    auto client = netcat({"-u", "-U", path});
    run_task(io, answer_question(server.socket, client));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
