// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The second half of a lecture on UNIX interprocess communication, sockets, each construct the way parley does it, one
// line of output each. docs/from-posix.md shows the regions of this file beside the C calls.

#include <parley/core/error.hpp>
#include <parley/loop/application.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/datagram.hpp>
#include <parley/net/fd_passing.hpp>
#include <parley/net/flags.hpp>
#include <parley/net/listen.hpp>
#include <parley/net/local.hpp>
#include <parley/net/packet.hpp>
#include <parley/net/peer.hpp>
#include <parley/net/socket_options.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace asio = parley::asio;
using namespace boost::asio::experimental::awaitable_operators;
using namespace std::chrono_literals;
using parley::executor;
using parley::task;
using stream_socket = asio::generic::stream_protocol::socket;

namespace {

// Ends the program when something is not as the page says.
void check(bool as_told, std::string_view what) {
    if (as_told) return;
    std::cout << "NOT SO: " << what << std::endl;
    std::exit(1);
}

parley::address name_of_this_run(const std::string& scheme) {
    return parley::address::parse(scheme + ":@parley-from-posix-" + std::to_string(::getpid())).value();
}

task<std::string> read_exactly(stream_socket& from, std::size_t size) {
    std::string text(size, '\0');
    co_await asio::async_read(from, asio::buffer(text), asio::use_awaitable);
    co_return text;
}

task<> a_pair(executor io) {
    // [pair]
    auto [here, there] = parley::make_socket_pair<asio::local::stream_protocol>(io).value();
    const std::string sent = "both directions, one after the other";
    co_await asio::async_write(here, asio::buffer(sent), asio::use_awaitable);
    here.shutdown(asio::socket_base::shutdown_send);  // no more from here; the other direction stays
    std::string received;
    parley::error_code end;
    co_await asio::async_read(there, asio::dynamic_buffer(received), asio::redirect_error(asio::use_awaitable, end));
    // [/pair]
    check(received == sent && end == asio::error::eof, "the end of a stream is eof");
    std::cout << "pair: " << received << std::endl;
}

task<> a_connection(executor io, parley::address where) {
    // [connection]
    auto server = parley::listen(io, where).value();
    const parley::connect_options within{.timeout = 5s};
    auto [accepted, connected] =
        co_await (server.async_accept(asio::use_awaitable) &&
                  parley::async_connect(io, server.local_address(), within, asio::use_awaitable));
    co_await asio::async_write(connected, asio::buffer("hello", 5), asio::use_awaitable);
    std::cout << "connection: " << where.kind() << ": " << co_await read_exactly(accepted, 5) << std::endl;
    // [/connection]
}

task<> nobody_there(executor io) {
    // [refused]
    parley::error_code failed;
    co_await parley::async_connect(io, name_of_this_run("unix"), asio::redirect_error(asio::use_awaitable, failed));
    std::cout << "connection: nobody listens: " << failed.message() << std::endl;
    // [/refused]
    check(failed == asio::error::connection_refused, "a name without a listener refuses");
}

task<> whom_it_is(executor io) {
    auto [here, there] = parley::make_socket_pair<asio::local::stream_protocol>(io).value();
    // [peer]
    const parley::peer_credentials who = parley::peer_of(here).value();  // SO_PEERCRED, SO_PEERGROUPS
    // [/peer]
    check(who.pid == ::getpid() && who.user == ::geteuid(), "it is this process");
    std::cout << "peer: " << (who.user == ::geteuid() ? "the same user" : "another user") << std::endl;
    co_return;
}

task<std::pair<stream_socket, stream_socket>> connected_by_tcp(executor io) {
    auto server = parley::listen(io, parley::address::parse("tcp:0").value()).value();
    auto [accepted, connected] = co_await (server.async_accept(asio::use_awaitable) &&
                                           parley::async_connect(io, server.local_address(), asio::use_awaitable));
    co_return std::pair(std::move(accepted), std::move(connected));
}

task<> flags(executor io) {
    auto [in, out] = co_await connected_by_tcp(io);
    std::array<char, 16> text{};
    // [flags]
    out.send(asio::buffer("head", 4), parley::message_more);  // MSG_MORE: it waits for the rest
    out.send(asio::buffer("tail", 4));
    co_await in.async_wait(asio::socket_base::wait_read, asio::use_awaitable);
    const auto seen = in.receive(asio::buffer(text), asio::socket_base::message_peek);  // MSG_PEEK: and it stays
    const auto taken = in.receive(asio::buffer(text));
    in.non_blocking(true);
    parley::error_code nothing;
    in.receive(asio::buffer(text), parley::message_dont_wait, nothing);  // MSG_DONTWAIT
    std::cout << "flags: seen " << seen << ", taken " << taken << ", then: " << nothing.message() << std::endl;
    // [/flags]
    check(seen == 8 && taken == 8, "what was peeked at is still there");
    check(nothing == asio::error::would_block, "nothing is left");
    // [urgent]
    out.send(asio::buffer("before", 6));
    out.send(asio::buffer("!", 1), asio::socket_base::message_out_of_band);
    co_await in.async_wait(asio::socket_base::wait_error, asio::use_awaitable);  // EPOLLPRI: there is urgent data
    char urgent = 0;
    in.receive(asio::buffer(&urgent, 1), asio::socket_base::message_out_of_band);
    while (!parley::at_urgent_mark(in).value()) in.receive(asio::buffer(text));  // sockatmark
    std::cout << "flags: urgent: " << urgent << std::endl;
    // [/urgent]
    check(urgent == '!', "the urgent byte comes by itself");
}

task<> options(executor io) {
    auto [in, out] = co_await connected_by_tcp(io);
    // [options]
    in.set_option(asio::socket_base::keep_alive(true));
    in.set_option(parley::keep_alive_idle(30s));
    in.set_option(parley::tcp_user_timeout(10s));
    parley::tcp_user_timeout given;
    in.get_option(given);
    std::cout << "options: what was sent may stay unacknowledged for " << given.value().count() << " ms" << std::endl;
    // [/options]
    check(given.value() == 10s, "an option keeps its unit");
}

task<> packets(executor io) {
    // [seqpacket]
    auto [here, there] = parley::make_socket_pair<parley::local_seqpacket>(io).value();
    co_await here.async_send(asio::buffer("one", 3), 0, asio::use_awaitable);
    co_await here.async_send(asio::buffer("", 0), 0, asio::use_awaitable);  // an empty packet is a packet
    here.close();
    std::array<char, 64> text{};
    for (;;) {
        const parley::received_packet packet = co_await parley::async_receive_packet(there, asio::buffer(text));
        if (packet.end) break;  // and only this is the end
        std::cout << "seqpacket: " << packet.size << " bytes" << std::endl;
    }
    // [/seqpacket]
}

task<> datagrams(executor io, parley::address where) {
    // [datagram]
    auto [inbox, place, file] = parley::open_datagram_receiver(io, where).value();  // socket, bind
    auto [outbox, destination] = parley::open_datagram_sender(io, place).value();   // socket, connect
    co_await outbox.async_send_to(asio::buffer("how late is it?", 15), destination, asio::use_awaitable);
    std::array<char, 8> small{};
    asio::generic::datagram_protocol::endpoint sender;
    parley::error_code cut;
    const auto packet = co_await parley::async_receive_packet_from(inbox, asio::buffer(small), sender,
                                                                   asio::redirect_error(asio::use_awaitable, cut));
    std::cout << "datagram: " << where.kind() << ": " << packet.size << " of " << packet.packet_size
              << " bytes: " << cut.message() << std::endl;
    // [/datagram]
    check(cut == asio::error::message_size && packet.packet_size == 15, "what was cut is told");
}

task<> beside_the_bytes(executor io) {
    auto [here, there] = parley::make_socket_pair<asio::local::datagram_protocol>(io).value();
    const parley::unique_fd file(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    check(file.get() >= 0, "there is a file to pass");
    // [ancillary]
    there.set_option(parley::pass_credentials(true));  // SO_PASSCRED
    const int files[] = {file.get()};
    co_await parley::async_send_with_fds(here, asio::buffer("a file", 6), files);  // SCM_RIGHTS
    std::array<char, 64> text{};
    const parley::received_message message = co_await parley::async_receive_with_fds(there, asio::buffer(text));
    std::cout << "ancillary: " << std::string_view(text.data(), message.size) << ", " << message.fds.size()
              << " descriptor, from " << (message.sender->pid == ::getpid() ? "this process" : "elsewhere")
              << std::endl;
    // [/ancillary]
    check(message.fds.at(0).get() != file.get(), "it is a descriptor of its own");
}

task<> all() {
    const executor io = co_await asio::this_coro::executor;
    co_await a_pair(io);
    co_await a_connection(io, name_of_this_run("unix"));
    co_await a_connection(io, parley::address::parse("tcp:0").value());
    co_await nobody_there(io);
    co_await whom_it_is(io);
    co_await flags(io);
    co_await options(io);
    co_await packets(io);
    co_await datagrams(io, name_of_this_run("unix-dgram"));
    co_await datagrams(io, parley::address::parse("udp:0").value());
    co_await beside_the_bytes(io);
}

}  // namespace

int main() { return parley::run(all()); }
