// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Types of one's own as arguments and results: a line of description each, and they go over every protocol. What does
// not fit is answered with the place.

#include <parley/loop/application.hpp>
#include <parley/net/local.hpp>
#include <parley/rpc/connection.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace asio = parley::asio;
namespace rpc = parley::rpc;

// [types]
enum class size { small, large };
BOOST_DESCRIBE_ENUM(size, small, large)

struct pizza {
    ::size size;
    std::vector<std::string> toppings;
    std::optional<std::string> remark;  // may be left out
};
BOOST_DESCRIBE_STRUCT(pizza, (), (size, toppings, remark))

struct order {
    int table;
    std::vector<std::variant<pizza, std::string>> items;  // a pizza, or the name of a drink
};
BOOST_DESCRIBE_STRUCT(order, (), (table, items))

struct bill {
    std::map<std::string, int> cents;
    int total;
};
BOOST_DESCRIBE_STRUCT(bill, (), (cents, total))
// [/types]

bill reckon(const order& o) {
    bill b{};
    for (const auto& item : o.items) {
        const auto* const p = std::get_if<pizza>(&item);
        const auto& name = p != nullptr ? "pizza" : std::get<std::string>(item);
        const int price =
            p == nullptr ? 300 : (p->size == size::large ? 900 : 600) + 100 * static_cast<int>(p->toppings.size());
        b.cents[name] += price;
        b.total += price;
    }
    return b;
}

// [calls]
parley::task<> dine(rpc::protocol protocol) {
    auto [left, right] =
        parley::make_socket_pair<asio::local::stream_protocol>(co_await asio::this_coro::executor).value();
    const rpc::connection_options options{.protocol = protocol};
    rpc::router kitchen;
    kitchen.on("reckon", reckon);  // a function as it is
    rpc::connection server(std::move(right), kitchen, options);
    rpc::connection guest(std::move(left), {}, options);

    const order two{
        .table = 4,
        .items = {pizza{size::large, {"olives", "capers"}, "well done"}, pizza{size::small, {}, {}}, "water"}};
    const auto owed = co_await guest.async_call<bill>("reckon", rpc::named(two));
    std::cout << protocol.name() << ": " << owed.total << " cents, " << owed.cents.at("pizza") << " for pizza\n";

    // What a program that knows the types could not even write:
    const rpc::object wrong{{"table", 4}, {"items", rpc::array{"water", rpc::object{{"size", "huge"}}}}};
    const auto refused = co_await guest.async_call<rpc::outcome<bill>>("reckon", rpc::named(wrong));
    std::cout << "refused: " << *refused.error().fault()->data().text() << std::endl;
}
// [/calls]

parley::task<> all() {
    co_await dine(rpc::json_rpc());
    co_await dine(rpc::message_pack_rpc());
}

int main() { return parley::run(all()); }
