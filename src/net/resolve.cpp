// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/resolve.hpp"

#include <parley/net/address_endpoint.hpp>

#include "core/operation.hpp"
#include "net/open_socket.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace parley {
namespace {

template <typename Protocol>
struct look_up {
    explicit look_up(const executor& io) : resolver(io), done(io) {}

    typename Protocol::resolver resolver;
    event done;
    error_code failure{};
    typename Protocol::resolver::results_type found{};
};

// Asio's resolver cannot be interrupted: what waits is left behind instead.
template <typename Protocol>
task<typename Protocol::resolver::results_type> look_up_host(executor io, address a) {
    auto state = std::make_shared<look_up<Protocol>>(io);
    state->resolver.async_resolve(a.host(), std::to_string(a.port()), asio::ip::resolver_base::numeric_service,
                                  [state](const error_code& ec, auto found) {
                                      state->failure = ec;
                                      state->found = std::move(found);
                                      state->done.set();
                                  });
    co_await async_start<void(error_code)>(asio::use_awaitable, [&](completion_handler<void(error_code)> h) {
        state->done.async_wait(std::move(h), [](auto handler, const error_code& ec) { std::move(handler)(ec); });
    });
    if (state->failure) throw boost::system::system_error(state->failure);
    co_return state->found;
}

// The first family first, then the other, and so on.
template <typename Results>
std::vector<address> in_turn(const Results& found, const address& a) {
    std::deque<address> same, other;
    for (const auto& entry : found) {
        const auto plain = to_address(entry.endpoint());
        if (!plain) continue;
        const auto place = plain->with_options(a.options());
        if (!place) continue;
        const bool first_family = entry.endpoint().protocol() == found.begin()->endpoint().protocol();
        (first_family ? same : other).push_back(*place);
    }
    constexpr std::size_t most = 64;  // whoever answers for a name may name thousands
    std::vector<address> all;
    while ((!same.empty() || !other.empty()) && all.size() < most) {
        if (!same.empty()) {
            all.push_back(std::move(same.front()));
            same.pop_front();
        }
        std::swap(same, other);
    }
    return all;
}

}  // namespace

task<std::vector<address>> resolve(executor io, address a) {
    const bool here = detail::is_localhost(a);
    if (here || a.is_numeric()) {
        const auto place = detail::with_numbers(a);
        if (!place) throw boost::system::system_error(place.error().code());
        std::vector<address> places{*place};
        // A server of this machine may listen at ::1 only. A datagram socket connects to the first whoever is there.
        if (here && a.kind() == address_kind::tcp)
            if (const auto other = address::tcp("::1", a.port(), a.options())) places.push_back(*other);
        co_return places;
    }
    std::vector<address> all;
    if (a.kind() == address_kind::tcp)
        all = in_turn(co_await look_up_host<asio::ip::tcp>(io, a), a);
    else
        all = in_turn(co_await look_up_host<asio::ip::udp>(io, a), a);
    if (all.empty()) throw boost::system::system_error(asio::error::host_not_found);
    co_return all;
}

}  // namespace parley
