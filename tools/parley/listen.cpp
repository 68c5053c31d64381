// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// parley listen

#include "commands.hpp"
#include "common_options.hpp"
#include "failure.hpp"
#include "framing.hpp"
#include "streams.hpp"

#include <parley/loop/task_group.hpp>
#include <parley/message/channel_listener.hpp>
#include <parley/net/datagram.hpp>
#include <parley/net/packet.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace parley::tool {
namespace {

constexpr option_row rows[] = {
    message_framing_option,
    {.name = "echo", .letter = 'e', .help = "answer each message with the same"},
    {.name = "output",
     .letter = 'o',
     .value = "FORM",
     .help = "text (the default), json: a JSON text in a line, or hex"},
    {.name = "count", .letter = 'n', .value = "N", .help = "end after N messages"},
    quiet_option,
    help_option,
};

constexpr std::string_view details =
    "Prints each message and a newline. Text is printed as it came, with control characters as \\xNN on a terminal; "
    "as\n"
    "JSON what is no UTF-8 is {\"base64\": ...}. ADDRESS may also be unix-seqpacket:, unix-dgram:, udp: and\n"
    "udp-multicast:, whose packets are the messages.\n\n"
    "Ends at SIGINT or SIGTERM, or after N messages, with exit code 0.\n\n"
    "  parley listen unix:/run/me/log.sock\n"
    "  parley listen udp:127.0.0.1:5000 --output hex\n"
    "  parley listen tcp:127.0.0.1:7000 --framing length-prefix --echo\n";

struct listen_plan {
    address where;
    any_framing framing;
    message_form output;
    bool echo;
    std::size_t left;  // messages to come before the end
    bool quiet;
    std::shared_ptr<printer> out = std::make_shared<printer>();

    void print(std::string_view message) { out->line(printed(message, output, out->is_terminal())); }
    void listens_at(const address& a) const {
        if (!quiet) complain("listen", "listening at " + to_string(a));
    }
};
using shared_plan = std::shared_ptr<listen_plan>;

[[noreturn]] void cannot_listen(const error& e) { throw failure("cannot listen: " + e.message()); }

// Answers with `message`; false where the other side does not take it.
task<bool> echo(any_channel& other, std::string_view message) {
    error_code ec;
    co_await other.async_send(message, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) co_await other.async_flush(asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec) complain("listen", "cannot answer: " + ec.message());
    co_return !ec;
}

// Prints what comes over one connection, until it ends or no more is to be printed; then `listener` is closed.
task<> take_from(any_channel other, listen_plan& p, channel_listener& listener) {
    bool answering = p.echo;
    while (p.left != 0) {
        error_code ec;
        const auto message = co_await other.async_receive(asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec) {
            const auto& why = other.failure();
            complain("listen", "a connection has failed: " + (why.code() ? why.message() : ec.message()));
        }
        if (ec || !message || p.left == 0) break;
        p.print(*message);
        --p.left;
        answering = answering && co_await echo(other, *message);
    }
    if (p.left == 0) listener.close();
}

task<int> listen_to_channels(listen_plan& p) {
    const executor io = co_await asio::this_coro::executor;
    auto opened = std::visit([&](const auto& framing) { return listen_channels(io, p.where, framing); }, p.framing);
    if (!opened) cannot_listen(opened.error());
    auto listener = std::move(*opened);
    p.listens_at(listener.local_address());
    co_await with_task_group([&](task_group& group) -> task<> {
        while (p.left != 0) {
            error_code ec;
            auto other = co_await listener.async_accept(asio::redirect_error(asio::use_awaitable, ec));
            if (p.left == 0) break;
            if (ec) throw boost::system::system_error(ec, "accept");
            group.spawn(take_from(std::move(other), p, listener));
        }
        group.cancel();
    });
    co_return 0;
}

bool has_name(const asio::generic::datagram_protocol::endpoint& sender) noexcept {
    return sender.size() > offsetof(sockaddr, sa_data);
}

task<int> listen_to_datagrams(listen_plan& p) {
    const executor io = co_await asio::this_coro::executor;
    auto opened = open_datagram_receiver(io, p.where);
    if (!opened) cannot_listen(opened.error());
    auto receiver = std::move(*opened);
    p.listens_at(receiver.local_address);
    std::vector<char> room(datagram::default_limit);
    for (; p.left != 0; --p.left) {
        asio::generic::datagram_protocol::endpoint sender;
        const auto got =
            co_await async_receive_packet_from(receiver.socket, asio::buffer(room), sender, asio::use_awaitable);
        p.print({room.data(), got.size});
        if (!p.echo) continue;
        error_code ec = asio::error::not_connected;
        if (has_name(sender))
            co_await receiver.socket.async_send_to(asio::buffer(room, got.size), sender,
                                                   asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        if (ec) complain("listen", "cannot answer: " + (has_name(sender) ? ec.message() : "the sender has no address"));
    }
    co_return 0;
}

task<int> run_listen(shared_plan p) {
    const bool packets = p->where.kind() != address_kind::unix_seqpacket && has_packets(p->where);
    if (packets) co_return co_await listen_to_datagrams(*p);
    co_return co_await listen_to_channels(*p);
}

plan prepare(const command_line& line) {
    auto where = read_address(line.operand(0, "ADDRESS"));
    auto framing = framing_for(line, where);
    auto p = std::make_shared<listen_plan>(listen_plan{
        .where = std::move(where),
        .framing = std::move(framing),
        .output = output_form(line),
        .echo = line.has("echo"),
        .left = line.number("count", 1).value_or(std::numeric_limits<std::size_t>::max()),
        .quiet = line.has("quiet"),
    });
    return [p] { return run_listen(p); };
}

}  // namespace

constinit const command listen_command{.row = {.name = "listen",
                                               .operands = "ADDRESS",
                                               .summary = "Prints every message that comes.",
                                               .options = rows,
                                               .most_operands = 1,
                                               .details = details},
                                       .prepare = prepare,
                                       .is_server = true};

}  // namespace parley::tool
