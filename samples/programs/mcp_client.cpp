// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What an assistant does: starts a server of the Model Context Protocol, asks what tools it has, and uses them. One of
// them takes long: it is watched, and once given up.
//
//     mcp_client [SERVER [ARGUMENT...]]
//
// The server is mcp_server beside this program, unless another one with its tools is given.

#include <parley/loop/application.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/process/spawn.hpp>
#include <parley/rpc/connection.hpp>
#include <parley/rpc/reply_stream.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace asio = parley::asio;
namespace rpc = parley::rpc;
using namespace std::chrono_literals;

// [types]
// As much of the protocol's types as is used here. What else a message has in them is passed over.
namespace mcp {

struct tool {
    std::string name{};
    std::optional<std::string> description{};
};
BOOST_DESCRIBE_STRUCT(tool, (), (name, description))

struct tools {
    std::vector<tool> tools{};
};
BOOST_DESCRIBE_STRUCT(tools, (), (tools))

struct content {
    std::string type{};
    std::optional<std::string> text{};
};
BOOST_DESCRIBE_STRUCT(content, (), (type, text))

struct result {
    std::vector<mcp::content> content{};
    std::optional<bool> isError{};
};
BOOST_DESCRIBE_STRUCT(result, (), (content, isError))

struct progress {
    double progress = 0;
    std::optional<double> total{};
    std::optional<std::string> message{};
};
BOOST_DESCRIBE_STRUCT(progress, (), (progress, total, message))

}  // namespace mcp
// [/types]

void print(const mcp::result& said) {
    for (const auto& part : said.content)
        std::cout << (said.isError.value_or(false) ? "error: " : "result: ") << part.text.value_or(part.type)
                  << std::endl;
}
void print(const mcp::progress& now) {
    std::cout << "progress: " << now.progress << " of " << now.total.value_or(0) << ", "
              << now.message.value_or("no message") << std::endl;
}

// [use]
parley::task<> greet(rpc::peer server) {
    const auto about = co_await server.async_call(
        "initialize", rpc::named("protocolVersion", "2025-06-18", "capabilities", rpc::object(), "clientInfo",
                                 rpc::named("name", "mcp_client", "version", "1.0")));
    std::cout << "server: " << about["serverInfo"]["name"] << std::endl;
    co_await server.async_notify("notifications/initialized");
    const auto has = co_await server.async_call<mcp::tools>("tools/list");
    for (const auto& tool : has.tools)
        std::cout << "tool: " << tool.name << ": " << tool.description.value_or("?") << std::endl;
}

parley::task<> use(rpc::peer server) {
    for (const int divisor : {6, 0})
        print(co_await server.async_call<mcp::result>(
            "tools/call", rpc::named("name", "divide", "arguments", rpc::named("dividend", 42, "divisor", divisor))));

    // Where progress is asked for, it comes before the result.
    auto counted = rpc::open_stream<mcp::progress, mcp::result>(
        server, "tools/call", rpc::named("name", "count_primes", "arguments", rpc::named("below", 5000)));
    while (const auto now = co_await counted.async_next()) print(*now);
    print(counted.result());

    // Without end, nearly. The first word of it is enough, and the server is told that nobody listens any more.
    auto endless = rpc::open_stream<mcp::progress, mcp::result>(
        server, "tools/call", rpc::named("name", "count_primes", "arguments", rpc::named("below", 2'000'000'000)));
    if (const auto now = co_await endless.async_next()) print(*now);
}
// [/use]

// [start]
parley::task<int> start(parley::command program) {
    program.search_path = program.program.find('/') == std::string::npos;
    program.in = program.out = parley::stdio::pipe();
    auto child = parley::spawn(co_await asio::this_coro::executor, program).value();
    rpc::connection server(parley::stream_pair(std::move(child.out()), std::move(child.in())), {},
                           {.protocol = rpc::json_rpc(rpc::json_rpc_options::mcp()), .deadline = 60s});
    co_await greet(server);
    co_await use(server);
    co_await server.async_end();  // of its standard input: it ends, too
    co_await server.async_wait();
    const auto ended = co_await child.async_wait();
    std::cout << "server: " << ended << std::endl;
    co_return ended.success() ? 0 : 1;
}
// [/start]

int main(int count, char** words) {
    parley::command program{.program = std::filesystem::canonical("/proc/self/exe").replace_filename("mcp_server")};
    if (count > 1) program.program = words[1];
    for (int i = 2; i < count; ++i) program.arguments.emplace_back(words[i]);
    return parley::run(start(std::move(program)));
}
