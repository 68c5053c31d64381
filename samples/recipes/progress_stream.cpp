// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A call that is answered in parts: rows as they are found, then how many there were. Who takes them slowly slows the
// other side down; who has enough gives the call up, and the other side stops.

#include <parley/loop/application.hpp>
#include <parley/net/local.hpp>
#include <parley/rpc/connection.hpp>
#include <parley/rpc/reply_stream.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/describe/class.hpp>

#include <iostream>
#include <string>
#include <utility>

namespace asio = parley::asio;
namespace rpc = parley::rpc;

struct prime {
    int place;
    int number;
};
BOOST_DESCRIBE_STRUCT(prime, (), (place, number))

bool is_prime(int n) {
    for (int d = 2; d * d <= n; ++d)
        if (n % d == 0) return false;
    return n >= 2;
}

// [server]
parley::task<int> find_primes(int up_to, rpc::context& call) {
    int found = 0;
    for (int n = 2; n <= up_to; ++n)
        if (is_prime(n)) co_await call.async_send_part(prime{++found, n});  // waits for who does not keep up
    co_return found;
}
// [/server]

// [client]
parley::task<> take_primes(rpc::peer server) {
    auto primes = rpc::open_stream<prime, int>(server, "primes", rpc::named("up_to", 20));
    while (const auto next = co_await primes.async_next())
        std::cout << "prime " << next->place << " is " << next->number << "\n";
    std::cout << "there are " << primes.result() << "\n";

    auto endless = rpc::open_stream<prime, int>(server, "primes", rpc::named("up_to", 1'000'000'000));
    prime last{};
    while (last.place < 1000) last = (co_await endless.async_next()).value();
    std::cout << "prime " << last.place << " is " << last.number << ", which is enough\n";
}  // leaving the scope gives the call up
// [/client]

parley::task<> both() {
    auto [left, right] =
        parley::make_socket_pair<asio::local::stream_protocol>(co_await asio::this_coro::executor).value();
    rpc::router functions;
    functions.on("primes", {"up_to"}, find_primes);
    rpc::connection server(std::move(right), functions);
    rpc::connection client(std::move(left));
    co_await take_primes(client);
    while (server.counters().running != 0) co_await asio::post(asio::deferred);
    std::cout << "and the server has stopped looking" << std::endl;
}

int main() { return parley::run(both()); }
