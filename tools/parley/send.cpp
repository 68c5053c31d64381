// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// parley send

#include "commands.hpp"
#include "common_options.hpp"
#include "failure.hpp"
#include "framing.hpp"
#include "streams.hpp"
#include "text.hpp"

#include <parley/core/timeout.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/connect_channel.hpp>
#include <parley/message/standard_streams.hpp>
#include <parley/net/datagram.hpp>

#include <boost/asio/local/datagram_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
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
    {.name = "wait", .letter = 'w', .value = "N", .help = "print N answers before the end"},
    {.name = "input", .letter = 'i', .value = "FORM", .help = "of messages: text (the default) or hex"},
    {.name = "output",
     .letter = 'o',
     .value = "FORM",
     .help = "of answers: text (the default), json: a JSON text in a line,\nor hex"},
    deadline_option,
    help_option,
};

constexpr std::string_view details =
    "Without a MESSAGE each line of standard input is one. ADDRESS may also be unix-seqpacket:, unix-dgram: and udp:,\n"
    "where each message is a packet.\n\n"
    "Exit code: 0; 2 for a wrong command line, where it cannot connect or send, where fewer than N answers come.\n\n"
    "  parley send unix:/run/me/log.sock 'it has begun' 'it has ended'\n"
    "  parley send tcp:localhost:7000 --framing length-prefix --wait 1 --deadline 2s ping\n"
    "  parley send udp:127.0.0.1:5000 --input hex 'ff 00 01'\n";

constexpr std::array<std::string_view, 2> input_forms{"text", "hex"};

struct send_plan {
    address where;
    any_framing framing;
    std::vector<std::string> messages;  // none: from standard input
    std::size_t answers;
    bool hex;
    message_form output;
    std::optional<std::chrono::milliseconds> deadline;
    std::shared_ptr<printer> out = std::make_shared<printer>();
    std::size_t received = 0;
};
using shared_plan = std::shared_ptr<send_plan>;

std::string decoded(std::string_view text) {
    auto bytes = from_hex(text);
    if (!bytes) throw usage_error("--input hex: " + in_quotes(text) + " is no hexadecimal text");
    return std::move(*bytes);
}

task<any_channel> connect(const send_plan& p) {
    const executor io = co_await asio::this_coro::executor;
    error_code ec;
    if (p.where.kind() == address_kind::unix_datagram) {  // has a name, unlike one that is connected: to be answered
        auto opened = open_datagram_sender<asio::local::datagram_protocol>(io, p.where);
        if (!opened) throw failure("cannot connect to " + to_string(p.where) + ": " + opened.error().code().message());
        co_return channel(std::move(opened->socket), datagram());
    }
    auto other = co_await std::visit(
        [&](const auto& framing) {
            return async_connect_channel(io, p.where, framing, asio::redirect_error(asio::use_awaitable, ec));
        },
        p.framing);
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec) throw failure("cannot connect to " + to_string(p.where) + ": " + ec.message());
    co_return other;
}

task<> send_one(any_channel& other, std::string_view message) {
    error_code ec;
    co_await other.async_send(message, asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec) throw failure(in_quotes(message) + " cannot be sent: " + ec.message());
}

task<> send_all(any_channel& other, const send_plan& p) {
    for (const auto& message : p.messages) co_await send_one(other, message);
    if (p.messages.empty()) {
        channel input(standard_streams(co_await asio::this_coro::executor), lines());
        while (const auto line = co_await input.async_receive(asio::use_awaitable)) {
            if (p.hex)
                co_await send_one(other, decoded(*line));
            else
                co_await send_one(other, *line);
        }
    }
    error_code ec;
    co_await other.async_flush(asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
    if (ec) throw failure("cannot send: " + ec.message());
}

task<> take_answers(any_channel& other, send_plan& p) {
    for (; p.received != p.answers; ++p.received) {
        error_code ec;
        const auto answer = co_await other.async_receive(asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
        const auto counted = "after " + std::to_string(p.received) + " of " + std::to_string(p.answers) + " answers";
        if (ec) throw failure(counted + ": " + (other.failure().code() ? other.failure().message() : ec.message()));
        if (!answer) throw failure(counted + " the other side has closed");
        p.out->line(printed(*answer, p.output, p.out->is_terminal()));
    }
}

task<int> talk(send_plan& p) {
    auto other = co_await connect(p);
    if (p.answers == 0) {
        co_await send_all(other, p);
    } else {
        co_await with_task_group([&](task_group& group) -> task<> {
            group.spawn(send_all(other, p));
            co_await take_answers(other, p);
        });
    }
    co_await other.async_shutdown(asio::use_awaitable);
    co_return 0;
}

task<int> run_send(shared_plan p) {
    if (!p->deadline) co_return co_await talk(*p);
    try {
        co_return co_await with_timeout(talk(*p), *p->deadline);
    } catch (const boost::system::system_error& e) {
        if (e.code() != asio::error::timed_out) throw;
        throw failure(to_string(p->where) + ": not done within " + to_text(*p->deadline) +
                      (p->answers != 0
                           ? ", with " + std::to_string(p->received) + " of " + std::to_string(p->answers) + " answers"
                           : ""));
    }
}

plan prepare(const command_line& line) {
    auto where = read_address(line.operand(0, "ADDRESS"));
    if (where.kind() == address_kind::udp_multicast)
        throw usage_error(to_string(where) + " is a group: it is for listen alone");
    auto framing = framing_for(line, where);
    const bool hex = line.choice("input", input_forms).value_or(0) == 1;
    std::vector<std::string> messages;
    for (const auto word : std::span(line.operands()).subspan(1))
        messages.push_back(hex ? decoded(word) : std::string(word));
    if (messages.empty()) check_standard_input();
    auto p = std::make_shared<send_plan>(send_plan{
        .where = std::move(where),
        .framing = std::move(framing),
        .messages = std::move(messages),
        .answers = line.number("wait", 0).value_or(0),
        .hex = hex,
        .output = output_form(line),
        .deadline = line.duration("deadline"),
    });
    return [p] { return run_send(p); };
}

}  // namespace

constinit const command send_command{.row = {.name = "send",
                                             .operands = "ADDRESS [MESSAGE...]",
                                             .summary = "Sends messages, and prints what is answered.",
                                             .options = rows,
                                             .most_operands = std::numeric_limits<std::size_t>::max(),
                                             .details = details},
                                     .prepare = prepare};

}  // namespace parley::tool
