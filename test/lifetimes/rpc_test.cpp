// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"
#include "lifetimes.hpp"

#include <parley/rpc/connection.hpp>
#include <parley/rpc/protocol.hpp>
#include <parley/rpc/reply_stream.hpp>
#include <parley/rpc/router.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/socket.h>

BOOST_AUTO_TEST_SUITE(rpc_test)

using namespace parley;
using namespace parley::test;

namespace {

using stream_of_numbers = rpc::reply_stream<int>;

std::unique_ptr<rpc::connection> connected(const executor& io, std::shared_ptr<void>* keep = nullptr) {
    int ends[2];
    BOOST_TEST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    auto other = std::make_shared<unique_fd>(ends[1]);
    if (keep) *keep = other;
    asio::local::stream_protocol::socket socket(io, asio::local::stream_protocol(), ends[0]);
    return std::make_unique<rpc::connection>(rpc::json_rpc().make_channel(std::move(socket)));
}

living<rpc::connection> living_connection(const executor& io) {
    living<rpc::connection> live;
    live.object = connected(io, &live.keeps);
    return live;
}

const dead_objects<rpc::connection>& dead_connections() {
    static const dead_objects<rpc::connection> all =
        moved_from_or_closed<rpc::connection>([](const executor& io) { return connected(io); });
    return all;
}

const dead_objects<rpc::peer>& dead_peers() {
    static const dead_objects<rpc::peer> all = dead_ones<rpc::peer>(
        {{"of a connection that was moved from",
          [](const executor& io) { return std::make_unique<rpc::peer>(moved_from(connected(io))->peer()); }},
         {"of a connection that was closed",
          [](const executor& io) {
              auto c = connected(io);
              c->close();
              return std::make_unique<rpc::peer>(c->peer());
          }},
         {"of a connection that is gone",
          [](const executor& io) { return std::make_unique<rpc::peer>(connected(io)->peer()); }}});
    return all;
}

std::unique_ptr<stream_of_numbers> stream_over(const rpc::peer& to) {
    return std::make_unique<stream_of_numbers>(rpc::open_stream<int>(to, "count", rpc::named("to", 3)));
}

const dead_objects<stream_of_numbers>& dead_streams() {
    static const dead_objects<stream_of_numbers> all = dead_ones<stream_of_numbers>(
        {{"moved from", [](const executor& io) { return moved_from(stream_over(connected(io)->peer())); }},
         {"of a connection that is gone", [](const executor& io) { return stream_over(connected(io)->peer()); }},
         {"of a connection that was closed", [](const executor& io) {
              const auto c = connected(io);
              c->close();
              return stream_over(c->peer());
          }}});
    return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(rpc_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(a_connection_without_a_channel) {
    using c_ref = rpc::connection&;
    const auto& dead = dead_connections();
    lifetime("connection", "async_wait", dead,
             [](c_ref c, auto& call) { call.fails([&](auto h) { c.async_wait(h); }); });
    lifetime("connection", "async_end", dead, [](c_ref c, auto& call) { call.fails([&](auto h) { c.async_end(h); }); });
    lifetime("connection", "async_shutdown", dead,
             [](c_ref c, auto& call) { call.fails_unless_closed([&](auto h) { c.async_shutdown(h); }); });
    lifetime("connection", "peer", dead, [](c_ref c, auto&) { BOOST_TEST(!c.peer().is_open()); });
    lifetime("connection", "close", dead, [](c_ref c, auto&) { c.close(); });
    lifetime("connection", "failure", dead, [](c_ref c, auto&) { (void)c.failure(); });
}

BOOST_AUTO_TEST_CASE(a_peer_without_a_connection) {
    using p_ref = rpc::peer&;
    const auto& dead = dead_peers();
    lifetime("peer", "async_call", dead,
             [](p_ref p, auto& call) { call.coroutine_fails([&] { return p.async_call<int>("add", 1, 2); }); });
    lifetime("peer", "prepare_call", dead,
             [](p_ref p, auto& call) { call.fails([&](auto h) { p.prepare_call<int>("add", 1, 2)(h); }); });
    lifetime("peer", "async_notify", dead,
             [](p_ref p, auto& call) { call.fails([&](auto h) { p.async_notify("note", 1)(h); }); });
    lifetime("peer", "try_notify", dead, [](p_ref p, auto&) { BOOST_TEST(!p.try_notify("note", 1)); });
    lifetime("peer", "get_executor", dead, [](p_ref p, auto&) { (void)p.get_executor(); });
    lifetime("peer", "is_open", dead, [](p_ref p, auto&) { BOOST_TEST(!p.is_open()); });
    lifetime("peer", "native_handle", dead, [](p_ref p, auto&) { BOOST_TEST(p.native_handle() == -1); });
    lifetime("peer", "counters", dead, [](p_ref p, auto&) { BOOST_TEST(p.counters().calls == 0u); });
    lifetime("peer", "session", dead, [](p_ref p, auto&) { (void)p.session(); });
}

BOOST_AUTO_TEST_CASE(a_connection_that_goes) {
    using c_ref = rpc::connection&;
    pending("connection", "async_wait", living_connection, [](c_ref c, auto h) { c.async_wait(h); });
    pending("peer", "async_call", living_connection,
            [](c_ref c, auto h) { asio::co_spawn(c.get_executor(), c.async_call<int>("add", 1, 2), h); });
    pending("peer", "prepare_call", living_connection, [](c_ref c, auto h) { c.prepare_call<int>("add", 1, 2)(h); });
    pending("connection", "async_end", living_connection, [](c_ref c, auto h) {
        BOOST_TEST(c.try_notify("note", std::string(std::size_t{2} << 20, 'x')));  // which the other side does not read
        c.async_end(h);
    });
    pending(
        "connection", "async_shutdown", living_connection,
        [](c_ref c, auto h) {
            BOOST_TEST(c.try_notify("note", std::string(std::size_t{2} << 20, 'x')));
            c.async_shutdown(h);
        },
        afterwards::goes_on);
}

BOOST_AUTO_TEST_CASE(a_stream_of_replies_without_a_connection) {
    using s_ref = stream_of_numbers&;
    const auto& dead = dead_streams();
    lifetime("reply_stream", "async_next", dead,
             [](s_ref s, auto& call) { call.coroutine_fails([&] { return s.async_next(); }); });
    lifetime("reply_stream", "result", dead,
             [](s_ref s, auto&) { BOOST_CHECK_THROW((void)s.result(), std::exception); });
}

BOOST_AUTO_TEST_CASE(a_stream_of_replies_that_goes) {
    pending(
        "reply_stream", "async_next",
        [](const executor& io) {
            living<stream_of_numbers> live;
            const auto c = std::shared_ptr<rpc::connection>(connected(io, &live.keeps));
            live.object = stream_over(c->peer());
            live.beside = c;
            return live;
        },
        [](stream_of_numbers& s, auto h) { asio::co_spawn(h.get_executor(), s.async_next(), h); });
}

BOOST_AUTO_TEST_CASE(a_router_that_was_moved_from) {
    const dead_objects<rpc::router> dead = dead_ones<rpc::router>({{"moved from", [](const executor&) {
                                                                        auto r = std::make_unique<rpc::router>();
                                                                        r->on("one", [] { return 1; });
                                                                        return moved_from(std::move(r));
                                                                    }}});
    lifetime("router", "has", dead, [](rpc::router& r, auto&) { BOOST_TEST(!r.has("two")); });
    lifetime("router", "methods", dead, [](rpc::router& r, auto&) { BOOST_TEST(r.methods().size() <= 1u); });
    lifetime("router", "on", dead, [](rpc::router& r, auto&) {
        r.on("two", [] { return 2; });
        BOOST_TEST(r.has("two"));
    });
    lifetime("router", "otherwise", dead,
             [](rpc::router& r, auto&) { r.otherwise([](const std::string&, const rpc::value&) { return 2; }); });
    lifetime("router", "describe", dead, [](rpc::router& r, auto&) { r.describe("title"); });
}

BOOST_AUTO_TEST_CASE(a_protocol_that_was_moved_from) {
    const dead_objects<rpc::protocol> dead = dead_ones<rpc::protocol>(
        {{"moved from", [](const executor&) { return moved_from(std::make_unique<rpc::protocol>(rpc::json_rpc())); }}});
    lifetime("protocol", "name", dead, [](rpc::protocol& p, auto&) { (void)p.name(); });
    lifetime("protocol", "named", dead, [](rpc::protocol& p, auto&) { BOOST_TEST(p.named("mcp").has_value()); });
    lifetime("protocol", "framing_option", dead, [](rpc::protocol& p, auto&) { (void)p.framing_option(); });
    lifetime("protocol", "with_framing", dead,
             [](rpc::protocol& p, auto&) { (void)p.with_framing(rpc::json_framing::lines); });
    lifetime("protocol", "framing", dead, [](rpc::protocol& p, auto&) { (void)p.framing(); });
    lifetime("protocol", "make_channel", dead, [](rpc::protocol& p, auto& call) {
        asio::local::stream_protocol::socket unconnected(call.get_executor());
        BOOST_CHECK_THROW((void)p.make_channel(std::move(unconnected)), boost::system::system_error);
    });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
