// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A calculator that others call, in the protocol of the address:
//
//     calculator_server ADDRESS      unix:/tmp/calc.sock   tcp:4711   unix:@calc?protocol=msgpack-rpc
//                                    unix:/tmp/calc.sock?protocol=varlink   tcp:4711?framing=content-length
//
// JSON-RPC in lines is spoken where the address says nothing, so a person can call it, too:
//
//     echo '{"jsonrpc":"2.0","method":"add","params":[2,3],"id":1}' | socat - UNIX-CONNECT:/tmp/calc.sock

#include <parley/loop/application.hpp>
#include <parley/rpc/connect.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/describe/class.hpp>

#include <cmath>
#include <iostream>
#include <numeric>
#include <vector>

namespace asio = parley::asio;
namespace rpc = parley::rpc;

// [calls]
struct summary {
    std::size_t count;
    double mean;
    double deviation;
};
BOOST_DESCRIBE_STRUCT(summary, (), (count, mean, deviation))

summary summarize(const std::vector<double>& numbers) {
    const auto n = static_cast<double>(numbers.size());
    const double mean = std::accumulate(numbers.begin(), numbers.end(), 0.0) / n;
    double squares = 0;
    for (const double x : numbers) squares += (x - mean) * (x - mean);
    return {numbers.size(), mean, std::sqrt(squares / n)};
}

rpc::router calculator() {
    rpc::router calls;
    calls.on("add", {"a", "b"}, [](double a, double b) { return a + b; });
    calls.on("divide", {"a", "b"}, [](double a, double b) {
        if (b == 0) throw rpc::fault(1, "nothing can be divided by zero", rpc::object{{"a", a}});
        return a / b;
    });
    calls.on("summarize", {"numbers"}, summarize);
    return calls;
}
// [/calls]

// [serve]
parley::task<> serve(rpc::endpoint where) {
    rpc::serve_options options;
    options.on_listen = [](const rpc::endpoint& here) { std::cout << "listening at " << here << std::endl; };
    co_await rpc::serve(co_await asio::this_coro::executor, where, calculator(), options);
}

int main(int count, char** words) {
    const auto where = rpc::endpoint::parse(count > 1 ? words[1] : "");
    if (!where) {
        std::cerr << where.error() << "\nusage: calculator_server ADDRESS\n";
        return 2;
    }
    return parley::run(serve(*where));
}
// [/serve]
