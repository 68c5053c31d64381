// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The other side is a program that nobody here wrote: Python's sockets, and socat.

#include <parley/net/datagram.hpp>
#include <parley/net/fd_passing.hpp>
#include <parley/net/packet.hpp>

#include "process_tools.hpp"
#include "skip.hpp"
#include "socket_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/write.hpp>
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(socket_interop_test)

using namespace parley;
using namespace parley::test;

using protocols = boost::mpl::list<local_stream, local_datagram, local_seqpacket>;

struct interop : process_fixture {
    temporary_directory directory;
    std::array<char, 256> block{};

    // Python with `socket` as its descriptor 3.
    child python(const std::string& program, int socket) {
        const std::string imports = "import array, os, socket, struct, sys\ns = socket.socket(fileno=3)\n";
        return start({.program = "python3",
                      .arguments = {"-c", imports + program},
                      .search_path = true,
                      .descriptors = {{socket, 3}}});
    }
    template <typename Socket>
    ended<received_message> receive(Socket& socket, receive_options options = {}) {
        return end_of<received_message>(
            [&](auto h) { async_receive_with_fds(socket, asio::buffer(block), options, std::move(h)); });
    }
    template <typename Socket>
    ended<std::size_t> send(Socket& socket, std::string_view text, std::span<const int> fds = {}) {
        return end_of<std::size_t>([&](auto h) { async_send_with_fds(socket, asio::buffer(text), fds, std::move(h)); });
    }
    std::string_view text(std::size_t n) const { return {block.data(), n}; }
    bool ended_well(child& c) {
        const auto status = end_of(c);
        BOOST_TEST(status.success(), status);
        return status.success();
    }
    template <typename T, typename Start>
    ended<T> end_of(Start start) {
        return parley::test::end_of<T>(io, start);
    }
    using process_fixture::end_of;
    // socat from its standard input, or to its standard output, until the other side has ended.
    child socat(std::vector<std::string> arguments) {
        command what{.program = "socat", .search_path = true, .in = stdio::pipe(), .out = stdio::pipe()};
        for (auto& a : arguments) what.arguments.push_back(std::move(a));
        return start(what);
    }
    static bool has(const char* program) {
        return std::filesystem::exists(std::string("/usr/bin/") + program) ||
               std::filesystem::exists(std::string("/usr/local/bin/") + program);
    }
    static void wait_for(const std::string& path) {
        const auto end = std::chrono::steady_clock::now() + guard;
        while (!std::filesystem::exists(path) && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    }
};

BOOST_FIXTURE_TEST_SUITE(socket_interop, interop)

BOOST_AUTO_TEST_CASE_TEMPLATE(python_takes_our_descriptors, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto one = file_with("first file"), two = file_with("second file");
    auto peer = python(R"(
data, fds, flags, _ = socket.recv_fds(s, 100, 10)
text = b'|'.join(os.pread(fd, 100, 0) for fd in fds)
s.send(data + b': ' + text + b' %d' % (flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)))
)",
                       there.native_handle());
    const int fds[] = {one.get(), two.get()};
    send(here, "two files", fds);
    BOOST_TEST(text(receive(here).value.size) == "two files: first file|second file 0");
    ended_well(peer);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(we_take_descriptors_of_python, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    auto peer = python(R"(
fds = []
for i in range(253):
    fd = os.memfd_create('x')
    os.pwrite(fd, b'file %d' % i, 0)
    fds.append(fd)
socket.send_fds(s, [b'all ', b'of them'], fds)
s.recv(1)
)",
                       there.native_handle());
    const auto got = receive(here);
    BOOST_TEST(text(got.value.size) == "all of them");
    BOOST_REQUIRE(got.value.fds.size() == 253u);
    for (std::size_t i = 0; i < got.value.fds.size(); ++i)
        BOOST_TEST(text_of(got.value.fds[i].get()) == "file " + std::to_string(i));
    send(here, ".");
    ended_well(peer);
}

BOOST_AUTO_TEST_CASE(python_sends_credentials_and_descriptors_in_both_orders) {
    auto [here, there] = make_socket_pair<local_seqpacket>(ex).value();
    int on = 1;
    BOOST_TEST(::setsockopt(here.native_handle(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
    auto peer = python(R"(
who = (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack('3i', os.getpid(), os.getuid(), os.getgid()))
fds = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [3, 3]))
s.sendmsg([b'%d' % os.getpid()], [who, fds])
s.sendmsg([b'%d' % os.getpid()], [fds, who])
)",
                       there.native_handle());
    for (int i = 0; i < 2; ++i) {
        const auto got = receive(here);
        BOOST_TEST(got.value.fds.size() == 2u);
        BOOST_REQUIRE(got.value.sender.has_value());
        BOOST_REQUIRE(got.value.sender->pid.has_value());
        BOOST_TEST(std::to_string(*got.value.sender->pid) == text(got.value.size));
        BOOST_TEST((*got.value.sender->pid == peer.pid()));
    }
    ended_well(peer);
}

BOOST_AUTO_TEST_CASE(empty_packets_and_the_end_are_the_same_to_python_and_not_to_us) {
    auto [here, there] = make_socket_pair<local_seqpacket>(ex).value();
    auto peer = python("s.send(b''); s.send(b'x'); s.send(b'')", there.native_handle());
    there.close();
    BOOST_TEST(ended_well(peer));  // all is there, and the other side has ended
    std::string seen;
    for (;;) {
        const auto got = end_of<received_packet>(
            [&, &from = here](auto h) { async_receive_packet(from, asio::buffer(block), std::move(h)); });
        BOOST_TEST_REQUIRE(!got.ec);
        if (got.value.end) break;
        seen += got.value.size == 0 ? "empty " : "full ";
    }
    BOOST_TEST(seen == "empty full empty ");
}

BOOST_AUTO_TEST_CASE(python_speaks_datagrams_with_us_both_ways) {
    const std::string udp_port = [&] {
        const auto probe = open_datagram_receiver<asio::ip::udp>(ex, address::udp("", 0).value()).value();
        return std::to_string(probe.socket.local_endpoint().port());
    }();
    for (const auto& [place, connect] :
         {std::pair{"unix-dgram:" + directory.path() + "/s",
                    "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(''); s.connect('" + directory.path() +
                        "/s')\n"},
          std::pair{
              "udp:" + udp_port,
              "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('127.0.0.1', " + udp_port + "))\n"}}) {
        auto server = open_datagram_receiver(ex, address::parse(place).value()).value();
        auto peer = start({.program = "python3",
                           .arguments = {"-c", "import socket\n" + connect +
                                                   "s.send(b''); s.send(b'question')\n"
                                                   "assert s.recv(100) == b'answer'\n"},
                           .search_path = true});
        asio::generic::datagram_protocol::endpoint who;
        for (const char* expected : {"", "question"}) {
            const auto got = end_of<received_packet>(
                [&](auto h) { async_receive_packet_from(server.socket, asio::buffer(block), who, std::move(h)); });
            BOOST_TEST(text(got.value.size) == expected);
        }
        server.socket.send_to(asio::buffer("answer", 6), who);
        ended_well(peer);
    }
}

BOOST_AUTO_TEST_CASE(socat_speaks_seqpackets_with_us_both_ways) {
    if (!has("socat")) return skip_case("needs socat");
    const auto path = directory / "s";
    const auto place = to_endpoint<local_seqpacket::endpoint>(address::unix_seqpacket(path).value()).value();
    local_seqpacket::acceptor acceptor(ex, place);
    auto peer = socat({"-", "UNIX-CONNECT:" + path + ",socktype=5"});
    local_seqpacket::socket served(ex);
    error_code accepted = asio::error::would_block;
    acceptor.async_accept(served, [&](error_code ec) { accepted = ec; });
    run_until(io, [&] { return accepted != asio::error::would_block; });
    asio::write(peer.in(), asio::buffer("from socat", 10));
    BOOST_TEST(text(receive(served).value.size) == "from socat");
    send(served, "to socat\n");
    BOOST_TEST(run_task(io, next_line(peer)) == "to socat");
    peer.in().close();
    BOOST_TEST(receive(served).value.end);
    served.close();
    ended_well(peer);
}

BOOST_AUTO_TEST_CASE(we_speak_seqpackets_with_a_listening_socat) {
    if (!has("socat")) return skip_case("needs socat");
    const auto path = directory / "s";
    auto peer = socat({"UNIX-LISTEN:" + path + ",socktype=5", "EXEC:/bin/cat,pipes"});
    wait_for(path);
    const auto place = to_endpoint<local_seqpacket::endpoint>(address::unix_seqpacket(path).value()).value();
    local_seqpacket::socket client(ex);
    error_code ec = asio::error::connection_refused;  // bound, and not yet listening
    for (const auto end = std::chrono::steady_clock::now() + guard; ec && std::chrono::steady_clock::now() < end;
         std::this_thread::yield())
        client.connect(place, ec);
    BOOST_TEST(!ec);
    send(client, "there and back");
    BOOST_TEST(text(receive(client).value.size) == "there and back");
    client.shutdown(local_seqpacket::socket::shutdown_send);
    BOOST_TEST(receive(client).value.end);
    ended_well(peer);
}

BOOST_AUTO_TEST_CASE(socat_speaks_datagrams_with_us) {
    if (!has("socat")) return skip_case("needs socat");
    const auto path = directory / "s";
    auto server = open_datagram_receiver<local_datagram>(ex, address::unix_datagram(path).value()).value();
    auto peer = socat({"-u", "-", "UNIX-SENDTO:" + path});
    asio::write(peer.in(), asio::buffer("from socat", 10));
    const auto got = end_of<received_packet>(
        [&](auto h) { async_receive_packet(server.socket, asio::buffer(block), std::move(h)); });
    BOOST_TEST(text(got.value.size) == "from socat");
    peer.in().close();
    ended_well(peer);

    const auto other = directory / "other";
    auto listening = socat({"-u", "UNIX-RECV:" + other, "-"});
    wait_for(other);
    auto sender = open_datagram_sender<local_datagram>(ex, address::unix_datagram(other).value()).value();
    sender.socket.send(asio::buffer("to socat\n", 9));
    BOOST_TEST(run_task(io, next_line(listening)) == "to socat");
    listening.send_signal(SIGTERM).value();
    end_of(listening);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
