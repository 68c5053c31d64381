// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// parley call

#include "arguments.hpp"
#include "child_line.hpp"
#include "commands.hpp"
#include "common_options.hpp"
#include "failure.hpp"
#include "framing.hpp"
#include "streams.hpp"
#include "text.hpp"
#include "words.hpp"

#include <parley/core/timeout.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/process/spawn.hpp>
#include <parley/rpc/connect.hpp>
#include <parley/rpc/reply_stream.hpp>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace parley::tool {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 2s;  // for what the other side has to do beside answering: to close, to end

constexpr option_row rows[] = {
    {.name = "child",
     .letter = 'c',
     .value = "COMMAND",
     .help = "call a child instead of an ADDRESS, over its standard streams"},
    protocol_option,
    json_framing_option,
    {.name = "text", .letter = 't', .help = "an ARGUMENT that is no JSON is text"},
    {.name = "params",
     .value = "JSON",
     .help = "all arguments at once, an array or an object; - reads them\nfrom standard input"},
    {.name = "notify", .letter = 'n', .help = "send it without waiting for an answer"},
    {.name = "more", .letter = 'm', .help = "print partial results as they come, then the result, one in\na line"},
    {.name = "stream", .help = "the same as --more"},
    deadline_option,
    {.name = "compact", .help = "print in one line, as it is done where standard output is\nno terminal"},
    {.name = "pretty", .help = "print indented"},
    help_option,
};

constexpr std::string_view details =
    "An ARGUMENT is JSON, by place: 5 true '\"text\"' '[1, 2]' '{\"a\": 1}'; or name=JSON, by name. The result is "
    "printed\n"
    "as JSON. For varlink one ARGUMENT that is an object is all arguments by name.\n\n"
    "Exit code: 0 with a result; 1 for a fault, which is printed on standard error, the last line as JSON; 2 where\n"
    "there was no answer: a wrong command line, no connection, the deadline.\n\n"
    "  parley call unix:/run/calc.sock add 2 3\n"
    "  parley call tcp:localhost:7000 subtract minuend=42 subtrahend=23\n"
    "  parley call unix:/run/systemd/resolve/io.systemd.Resolve?protocol=varlink \\\n"
    "      io.systemd.Resolve.ResolveHostname '{\"name\": \"example.org\"}'\n"
    "  parley call --child 'mcp-server --quiet' --protocol mcp ping\n";

struct call_plan {
    std::optional<rpc::endpoint> where{};
    std::vector<std::string> child{};
    rpc::protocol protocol{};
    std::string target{};  // for messages
    std::string method{};
    call_arguments arguments{};
    bool notify = false;
    bool parts = false;
    bool pretty = false;
    std::optional<std::chrono::milliseconds> deadline{};
    std::shared_ptr<printer> out = std::make_shared<printer>();
    std::string doing{};  // for messages: what is waited for
};
using shared_plan = std::shared_ptr<call_plan>;

// Calls `function` with the arguments as rpc takes them.
template <typename F>
auto with_arguments(const call_arguments& arguments, F function) {
    return arguments.by_name ? function(rpc::named(arguments.named)) : function(rpc::placed(arguments.placed));
}

int print_fault(const call_plan& p, const rpc::fault& f) {
    complain("call", p.method + ": " + f.describe());
    const rpc::object all{{"code", f.number()}, {"message", f.message()}, {"data", f.data()}};
    complain_in_json(all);
    return 1;
}

task<> take_parts(const call_plan& p, const rpc::peer& other) {
    auto parts = with_arguments(p.arguments, [&](auto arguments) {
        return rpc::open_stream<rpc::value>(other, p.method, std::move(arguments));
    });
    while (const auto part = co_await parts.async_next()) p.out->line(to_json_text(*part, p.pretty));
    p.out->line(to_json_text(parts.result(), p.pretty));
}

task<int> ask(const call_plan& p, rpc::connection& other) {
    try {
        if (p.notify) {
            if (p.arguments.by_name)
                co_await other.async_notify(p.method, rpc::named(p.arguments.named))(asio::use_awaitable);
            else
                co_await other.async_notify(p.method, rpc::placed(p.arguments.placed))(asio::use_awaitable);
            error_code ignored;
            co_await with_timeout(other.async_shutdown(), patience, asio::redirect_error(asio::use_awaitable, ignored));
        } else if (p.parts) {
            co_await take_parts(p, other);
        } else {
            const auto result = co_await with_arguments(p.arguments, [&](auto arguments) {
                return other.async_call<rpc::value>(p.method, std::move(arguments));
            });
            p.out->line(to_json_text(result, p.pretty));
        }
        co_return 0;
    } catch (const rpc::call_error& e) {
        if (e.fault()) co_return print_fault(p, *e.fault());
        if (e.code() == asio::error::operation_aborted) throw;
        throw failure(p.target + ": " + text_of(e));
    }
}

task<int> call_address(call_plan& p, rpc::connect_rpc_options options) {
    p.doing = "connection";
    const executor io = co_await asio::this_coro::executor;
    const rpc::router nothing;
    std::optional<rpc::connection> other;
    try {
        other.emplace(co_await rpc::connect(io, *p.where, nothing, options));
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) throw;
        throw failure("cannot connect to " + p.target + ": " + e.code().message());
    }
    p.doing = "answer";
    co_return co_await ask(p, *other);
}

// Waits for the end of a child whose input is closed; one that stays is asked to end.
task<std::optional<exit_status>> end_of(parley::child& process) {
    error_code ec;
    exit_status status =
        co_await with_timeout(process.async_wait(), patience, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) co_return status;
    co_await process.async_stop(asio::redirect_error(asio::use_awaitable, ec));
    co_return std::nullopt;
}

task<int> call_child(call_plan& p, rpc::connect_rpc_options options) {
    const executor io = co_await asio::this_coro::executor;
    auto what = command_of(p.child);
    what.in = stdio::pipe();
    what.out = stdio::pipe();
    auto started = spawn(io, what);
    if (!started) throw failure(started.error().message());
    auto process = std::move(*started);
    rpc::connection other(p.protocol.make_channel(stream_pair(std::move(process.out()), std::move(process.in()))),
                          rpc::router(), options.connection);
    p.doing = "answer";
    int code = 2;
    std::string why;
    try {
        code = co_await ask(p, other);
    } catch (const failure& e) {
        why = e.what();
    }
    error_code ignored;  // what it says behind its answer goes on being read, so that it does not die of that
    co_await with_timeout(other.async_end(), patience, asio::redirect_error(asio::use_awaitable, ignored));
    const auto status = co_await end_of(process);
    if (!why.empty()) throw failure(why + (status ? " (the child has ended: " + to_string(*status) + ")" : ""));
    if (status && !status->success()) complain("call", p.target + ": " + to_string(*status));
    co_return code;
}

task<int> run_call(shared_plan p) {
    rpc::connect_rpc_options options;
    options.connection.protocol = p->protocol;
    auto all = p->where ? call_address(*p, options) : call_child(*p, options);
    if (!p->deadline) co_return co_await std::move(all);
    try {
        co_return co_await with_timeout(std::move(all), *p->deadline);
    } catch (const boost::system::system_error& e) {
        if (e.code() != asio::error::timed_out) throw;
        throw failure(p->target + ": no " + p->doing + " within " + to_text(*p->deadline));
    }
}

// One object is what varlink takes: all arguments by name.
void name_arguments(const rpc::protocol& protocol, call_arguments& arguments) {
    if (protocol.name() != "varlink" || arguments.by_name || arguments.placed.size() != 1) return;
    const auto* members = arguments.placed[0].get_if<rpc::object>();
    if (!members) return;
    arguments = {.by_name = true, .named = rpc::object(*members), .placed = {}};
}

plan prepare(const command_line& line) {
    auto p = std::make_shared<call_plan>();
    std::size_t next = 0;
    if (const auto child = line.value("child")) {
        p->child = split_words("--child", *child);
        p->protocol = read_protocol(line);
        p->target = p->child.front();
    } else {
        const auto text = line.operand(next++, "ADDRESS");
        p->where = read_endpoint(line, text);
        p->protocol = p->where->protocol;
        p->target = to_string(p->where->address);
    }
    p->method = line.operand(next++, "METHOD");
    const std::span<const std::string_view> words(line.operands());
    if (const auto params = line.value("params")) {
        if (words.size() > next) throw usage_error("--params has all arguments, found " + in_quotes(words[next]));
        p->arguments = read_all_arguments(*params == "-" ? read_standard_input() : std::string(*params));
    } else {
        p->arguments = read_arguments(words.subspan(next), line.has("text"));
    }
    name_arguments(p->protocol, p->arguments);
    p->notify = line.has("notify");
    p->parts = line.has("more") || line.has("stream");
    if (p->notify && p->parts) throw usage_error("--notify and --more do not go together");
    line.exclude("compact", "pretty");
    p->pretty = line.has("pretty") || (!line.has("compact") && !p->parts && p->out->is_terminal());
    p->deadline = line.duration("deadline");
    return [p] { return run_call(p); };
}

}  // namespace

constinit const command call_command{.row = {.name = "call",
                                             .operands = "ADDRESS METHOD [ARGUMENT...]",
                                             .summary = "Calls a method and prints its result as JSON.",
                                             .options = rows,
                                             .most_operands = std::numeric_limits<std::size_t>::max(),
                                             .details = details},
                                     .prepare = prepare};

}  // namespace parley::tool
