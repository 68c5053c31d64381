// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls the calculator, in the protocol of the address:
//
//     calculator_client ADDRESS

#include <parley/loop/application.hpp>
#include <parley/rpc/connect.hpp>

#include <boost/asio/this_coro.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

namespace asio = parley::asio;
namespace rpc = parley::rpc;
using namespace std::chrono_literals;

// [client]
struct summary {
    std::size_t count;
    double mean;
    double deviation;
};
BOOST_DESCRIBE_STRUCT(summary, (), (count, mean, deviation))

parley::task<> calculate(std::string where) {
    rpc::connect_rpc_options options;
    options.connection.deadline = 5s;
    auto calculator = co_await rpc::connect(co_await asio::this_coro::executor, where, {}, options);

    const auto sum = co_await calculator.async_call<double>("add", rpc::named("a", 2, "b", 3.5));
    std::cout << "2 + 3.5 = " << sum << "\n";

    const std::vector<double> numbers{2, 4, 4, 4, 5, 5, 7, 9};
    const auto [count, mean, deviation] =
        co_await calculator.async_call<summary>("summarize", rpc::named("numbers", numbers));
    std::cout << count << " numbers around " << mean << ", " << deviation << " off\n";

    for (const auto& [a, b] : {std::pair<rpc::value, rpc::value>{1, 8}, {1, 0}, {1, "eight"}}) {
        const auto result = co_await calculator.async_call<rpc::outcome<double>>("divide", rpc::named("a", a, "b", b));
        std::cout << a << " / " << b
                  << (result ? " = " + std::to_string(*result) : std::string(": ") + result.error().what()) << "\n";
    }
}
// [/client]

int main(int count, char** words) {
    if (count != 2) {
        std::cerr << "usage: calculator_client ADDRESS\n";
        return 2;
    }
    return parley::run(calculate(words[1]));
}
