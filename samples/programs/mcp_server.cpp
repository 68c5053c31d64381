// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Tools for an assistant: a server of the Model Context Protocol on its standard streams, as assistants start them. One
// of its tools takes long, tells how far it is, and can be cancelled.
//
//     mcp_server
//
// Any assistant that speaks MCP is its other side; mcp_client is one.

#include <parley/loop/application.hpp>
#include <parley/message/standard_streams.hpp>
#include <parley/rpc/connection.hpp>
#include <parley/rpc/from_value.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/describe/class.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = parley::asio;
namespace rpc = parley::rpc;

// [types]
namespace mcp {

struct tool {
    std::string name{}, description{};
    rpc::value inputSchema{};
};
BOOST_DESCRIBE_STRUCT(tool, (), (name, description, inputSchema))

struct tools {
    std::vector<tool> tools{};
};
BOOST_DESCRIBE_STRUCT(tools, (), (tools))

struct call {
    std::string name{};
    rpc::value arguments{};
};
BOOST_DESCRIBE_STRUCT(call, (), (name, arguments))

struct content {
    std::string type{}, text{};
};
BOOST_DESCRIBE_STRUCT(content, (), (type, text))

struct result {
    std::vector<mcp::content> content{};
    bool isError = false;
};
BOOST_DESCRIBE_STRUCT(result, (), (content, isError))

struct progress {
    long progress = 0, total = 0;
    std::string message{};
};
BOOST_DESCRIBE_STRUCT(progress, (), (progress, total, message))

}  // namespace mcp
// [/types]

// [toolbox]
// Functions by their names. The struct of a function's arguments is also the JSON Schema that assistants get of them.
class toolbox {
public:
    template <typename Arguments>
    void add(const std::string& name, const std::string& description,
             parley::task<std::string> (*function)(Arguments, rpc::context&)) {
        list_.push_back({name, description, rpc::codec<Arguments>::schema()});
        tools_[name] = [function](const rpc::value& given, rpc::context& c) {
            auto arguments = rpc::from_value<Arguments>(given);
            if (!arguments) throw rpc::fault(rpc::fault_code::invalid_params, arguments.error().message());
            return function(std::move(*arguments), c);
        };
    }

    mcp::tools list() const { return {list_}; }

    // What goes wrong within a tool is a result, for the assistant to read.
    parley::task<mcp::result> call(mcp::call what, rpc::context& c) const {
        const auto tool = tools_.find(what.name);
        if (tool == tools_.end()) throw rpc::fault(rpc::fault_code::invalid_params, "no tool " + what.name);
        mcp::content said{"text", {}};
        bool failed = false;
        try {
            said.text = co_await tool->second(what.arguments, c);
        } catch (const std::runtime_error& e) {
            if (c.cancelled()) throw;
            said.text = e.what();
            failed = true;
        }
        co_return mcp::result{{said}, failed};
    }

private:
    std::vector<mcp::tool> list_;
    std::map<std::string, std::function<parley::task<std::string>(const rpc::value&, rpc::context&)>> tools_;
};
// [/toolbox]

// [tools]
struct quotient {
    int dividend = 0, divisor = 0;
};
BOOST_DESCRIBE_STRUCT(quotient, (), (dividend, divisor))

parley::task<std::string> divide(quotient q, rpc::context&) {
    if (q.divisor == 0) throw std::runtime_error("nothing can be divided by 0");
    co_return std::to_string(q.dividend / q.divisor);
}

struct limit {
    long below = 0;
};
BOOST_DESCRIBE_STRUCT(limit, (), (below))

bool is_prime(long n) {
    for (long d = 2; d <= n / d; ++d)
        if (n % d == 0) return false;
    return n > 1;
}

// A thousand numbers at a time. In between others are served, and a cancellation arrives.
parley::task<std::string> count_primes(limit of, rpc::context& c) {
    long found = 0;
    for (long n = 0; n < of.below;) {
        for (const long pause = std::min(n + 1000, of.below); n < pause; ++n) found += is_prime(n) ? 1 : 0;
        const mcp::progress now{n, of.below, std::to_string(found) + " so far"};
        co_await c.async_send_part(now);
    }
    co_return std::to_string(found) + " primes";
}
// [/tools]

// [serve]
parley::task<> serve() {
    toolbox tools;
    tools.add("divide", "Divides one whole number by another", divide);
    tools.add("count_primes", "Counts the prime numbers below a number", count_primes);

    rpc::router calls;
    calls.on("initialize", {"protocolVersion"}, [](const std::string& version) {
        return rpc::object{{"protocolVersion", version},
                           {"capabilities", rpc::object{{"tools", rpc::object()}}},
                           {"serverInfo", rpc::object{{"name", "parley-tools"}, {"version", "1.0"}}}};
    });
    calls.on("ping", [] { return rpc::object(); });
    calls.on("tools/list", [&](const rpc::value&) { return tools.list(); });
    calls.on("tools/call", [&](mcp::call what, rpc::context& c) { return tools.call(std::move(what), c); });

    parley::standard_streams here(co_await asio::this_coro::executor);
    rpc::connection assistant(std::move(here), calls, {.protocol = rpc::json_rpc(rpc::json_rpc_options::mcp())});
    co_await assistant.async_wait();  // until it closes our standard input
}
// [/serve]

int main() { return parley::run(serve()); }
