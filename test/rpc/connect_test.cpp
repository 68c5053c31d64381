// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net_tools.hpp"
#include "rpc_tools.hpp"

#include <parley/loop/task_group.hpp>
#include <parley/rpc/connect.hpp>

#include <boost/asio/post.hpp>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(connect_test)
namespace {

// A server that was started beside this coroutine has its socket.
task<> until_listening(const net_fixture& f) {
    while (!std::filesystem::exists(f.path())) co_await asio::post(asio::deferred);
}

std::string refused(std::string_view text) { return rpc::endpoint::parse(text).error().context(); }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(connect_suite, net_fixture)

BOOST_AUTO_TEST_CASE(an_endpoint_is_an_address_and_a_protocol) {
    const auto parsed = [](std::string_view text) { return rpc::endpoint::parse(text).value(); };
    BOOST_TEST(parsed("unix:/run/x").protocol.name() == "json-rpc");
    BOOST_TEST(parsed("unix:/run/x?protocol=msgpack-rpc").protocol.name() == "msgpack-rpc");
    BOOST_TEST(parsed("unix:/run/x?protocol=varlink&mode=0660").protocol.name() == "varlink");
    const auto both = parsed("tcp:127.0.0.1:80?nodelay=1&protocol=json-rpc&framing=content-length");
    BOOST_TEST(to_string(both.address) == "tcp:127.0.0.1:80?nodelay=1");
    BOOST_TEST(std::holds_alternative<content_length>(both.protocol.framing()));
    BOOST_TEST(std::holds_alternative<content_length>(parsed("unix:/x?protocol=lsp").protocol.framing()));
    BOOST_TEST(std::holds_alternative<length_prefix>(parsed("unix:/x?framing=length-prefix").protocol.framing()));
    for (const auto* text : {"unix:/run/x?protocol=json-rpc", "tcp:127.0.0.1:80?nodelay=1&protocol=msgpack-rpc",
                             "unix:/x?protocol=json-rpc&framing=length-prefix"}) {
        std::ostringstream out;
        out << parsed(text);
        BOOST_TEST(out.str() == text);
    }
    BOOST_TEST(refused("unix:/x?protocol=http").starts_with("\"http\" is no protocol; there are json-rpc"));
    BOOST_TEST(refused("unix:/x?framing=pages").starts_with("\"pages\" is no framing; there are lines"));
    BOOST_TEST(refused("unix:/x?protocol=varlink&framing=lines") ==
               "varlink has a framing of its own: leave out framing=lines");
    BOOST_TEST(!refused("unix:/x?nothing=1").empty());
    BOOST_TEST(!refused("nowhere").empty());
}

BOOST_AUTO_TEST_CASE(who_connects_is_served_over_every_stream_and_protocol) {
    for (const std::string protocol : {"json-rpc", "json-rpc&framing=content-length", "json-rpc&framing=length-prefix",
                                       "lsp", "mcp", "msgpack-rpc", "varlink"}) {
        run_task(io, [](net_fixture& f, std::string how) -> task<> {
            const auto where = "unix:" + f.path() + "?protocol=" + how;
            rpc::router calls;
            calls.on("add", {"a", "b"}, [](int a, int b) { return a + b; });
            co_await with_task_group([&](task_group& group) -> task<> {
                group.spawn(rpc::serve(f.io, where, calls));
                co_await until_listening(f);
                auto one = co_await rpc::connect(f.io, where);
                auto two = co_await rpc::connect(f.io, where);
                BOOST_TEST(co_await one.async_call<int>("add", rpc::named("a", 2, "b", 3)) == 5);
                BOOST_TEST(co_await two.async_call<int>("add", rpc::named("a", 2, "b", 4)) == 6);
                one.close();
                BOOST_TEST(co_await two.async_call<int>("add", rpc::named("a", 3, "b", 4)) == 7);
                group.cancel();
            });
        }(*this, protocol));
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_is_cancelled_lets_calls_finish) {
    run_task(io, [](net_fixture& f) -> task<> {
        const auto where = "unix:" + f.path();
        asio::steady_timer gate(f.io, asio::steady_timer::time_point::max());
        rpc::router calls;
        bool began = false;
        calls.on("wait", [&]() -> task<int> {
            began = true;
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            co_return 7;
        });
        std::vector<rpc::peer> peers;
        int gone = 0;
        co_await with_task_group([&](task_group& group) -> task<> {
            rpc::serve_options options;
            options.on_connect = [&](const rpc::peer& p) { peers.push_back(p); };
            options.on_disconnect = [&](const rpc::peer& p) { gone += p == peers.at(0); };
            group.spawn(rpc::serve(f.io, where, calls, options));
            co_await until_listening(f);
            auto client = co_await rpc::connect(f.io, where);
            std::optional<int> got;
            client.prepare_call<int>("wait")([&](const std::exception_ptr&, int n) { got = n; });
            while (!began) co_await asio::post(asio::deferred);
            group.cancel();
            while (client.is_open() && peers.at(0).is_open() && !got) {
                gate.cancel();
                co_await asio::post(asio::deferred);
            }
            while (!got) co_await asio::post(asio::deferred);
            BOOST_TEST(*got == 7);
        });
        BOOST_TEST(!peers.at(0).is_open());
        BOOST_TEST(gone == 1);
    }(*this));
}

BOOST_AUTO_TEST_CASE(where_nobody_listens_there_is_no_connection) {
    const auto attempt = [&](std::string where) {
        std::optional<error_code> code;
        asio::co_spawn(
            io, [](net_fixture& f, std::string w) -> task<> { (void)co_await rpc::connect(f.io, w); }(*this, where),
            [&](const std::exception_ptr& failure) {
                try {
                    std::rethrow_exception(failure);
                } catch (const boost::system::system_error& e) {
                    code = e.code();
                }
            });
        run_until(io, [&] { return code.has_value(); });
        return *code;
    };
    BOOST_TEST(attempt("unix:" + path()) == boost::system::errc::no_such_file_or_directory);
    BOOST_TEST(attempt("unix:" + path() + "?protocol=x") == make_error_code(parley::errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
