// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Connections that end badly end alone: the server goes on with those it has and takes new ones.

#include <parley/process/run.hpp>

#include "captured_log.hpp"
#include "descriptor_limits.hpp"
#include "fault.hpp"
#include "forked.hpp"
#include "sanitizers.hpp"
#include "served.hpp"
#include "skip.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>

BOOST_AUTO_TEST_SUITE(connection_faults_test)

using namespace parley;
using namespace parley::test;
namespace data = boost::unit_test::data;

const auto families = data::make({"unix", "tcp"});

struct faults_fixture : net_fixture {
    endings told;

    address place(const std::string& family) const { return family == "unix" ? local() : at("tcp:0"); }

    /// Runs `body(where)` beside a server and a client of it that was there before. Afterwards that one is still
    /// served, and so is a new one, and what `body` has done has ended as many sessions as it says.
    void beside_a_server(const std::string& family, std::function<task<std::size_t>(address)> body) {
        auto server = parley::listen(io.get_executor(), place(family)).value();
        run(in_a_group([&](task_group& tasks) -> task<> {
            const auto where = server.local_address();
            tasks.spawn(serve(server, told));
            auto neighbour = co_await client_of(where, to_echo);
            BOOST_TEST(co_await is_echoed(neighbour, "before"));
            const auto expected = co_await body(where);
            co_await until([&] { return told.size() >= expected; });
            BOOST_TEST(co_await is_echoed(neighbour, "after"));
            auto next = co_await client_of(where, to_echo);
            BOOST_TEST(co_await is_echoed(next, "next"));
            BOOST_TEST(told.size() == expected);
            tasks.cancel();
        }));
    }
};

/// Closes so that TCP resets the connection.
void reset(any_stream& s) {
    s.set_option(asio::socket_base::linger(true, 0));
    s.close();
}

/// So many connections at once, after a first byte at the gate. They stay until the second, and until each has been
/// sent its own byte back.
int be_clients(const std::string& path, std::size_t count, int gate) {
    std::vector<raw_socket> all;
    char go = 0;
    if (::read(gate, &go, 1) != 1) return 4;
    for (std::size_t i = 0; i < count; ++i) {
        if (all.emplace_back().connect(path) != 0) return 1;
        if (::send(all.back().fd(), "ex", 2, MSG_NOSIGNAL) != 2) return 2;
    }
    if (::read(gate, &go, 1) != 1) return 5;
    for (auto& each : all) {  // those that come first are accepted first
        char byte = 0;
        if (::recv(each.fd(), &byte, 1, 0) != 1 || byte != 'x') return 3;
        each.close();
    }
    return 0;
}

BOOST_FIXTURE_TEST_SUITE(connection_faults, faults_fixture)

BOOST_DATA_TEST_CASE(a_reset_ends_that_connection_only, families, family) {
    beside_a_server(family, [](address where) -> task<std::size_t> {
        auto client = co_await client_of(where, to_echo);
        BOOST_TEST(co_await is_echoed(client, "alive"));
        reset(client);
        co_return 1;
    });
    // UNIX sockets do not know this: there it is an end like any other.
    const error_code expected =
        std::string(family) == "tcp" ? error_code(asio::error::connection_reset) : asio::error::eof;
    BOOST_TEST(told.front() == expected);
}

BOOST_DATA_TEST_CASE(a_peer_that_leaves_unread_bytes_resets_that_connection_only, families, family) {
    beside_a_server(family, [](address where) -> task<std::size_t> {
        auto client = co_await client_of(where, to_greet);
        co_await client.async_wait(asio::socket_base::wait_read, asio::use_awaitable);
        client.close();
        co_return 1;
    });
    BOOST_TEST(told.front() == asio::error::connection_reset);
}

BOOST_DATA_TEST_CASE(half_a_connection_is_still_a_connection, families, family) {
    beside_a_server(family, [](address where) -> task<std::size_t> {
        auto client = co_await client_of(where, to_answer);
        const std::string text(1'000'000, 'x');
        co_await asio::async_write(client, asio::buffer(text), asio::use_awaitable);
        client.shutdown(asio::socket_base::shutdown_send);
        std::string answer;
        error_code ended;
        co_await asio::async_read(client, asio::dynamic_buffer(answer),
                                  asio::redirect_error(asio::use_awaitable, ended));
        BOOST_TEST(ended == asio::error::eof);
        BOOST_TEST(answer == "1000000 bytes");
        co_return 1;
    });
}

BOOST_DATA_TEST_CASE(a_write_to_who_has_gone_is_an_error_and_no_signal, families, family) {
    struct sigaction now {};
    ::sigaction(SIGPIPE, nullptr, &now);
    BOOST_TEST_REQUIRE((now.sa_handler == SIG_DFL));
    beside_a_server(family, [](address where) -> task<std::size_t> {
        auto client = co_await client_of(where, to_speak_late);
        client.close();
        co_return 1;
    });
    BOOST_TEST(told.front() == asio::error::broken_pipe);
    told.clear();
    beside_a_server(family, [](address where) -> task<std::size_t> {
        auto client = co_await client_of(where, to_flood);
        char first = 0;
        co_await asio::async_read(client, asio::buffer(&first, 1), asio::use_awaitable);
        client.close();
        co_return 1;
    });
    BOOST_TEST((told.front() == asio::error::broken_pipe || told.front() == asio::error::connection_reset));
}

BOOST_DATA_TEST_CASE(a_client_that_finds_its_server_gone_has_an_error_and_no_signal, families, family) {
    run([](asio::io_context& loop, address place) -> task<> {
        auto server = parley::listen(loop.get_executor(), place).value();
        any_stream client = co_await async_connect(loop.get_executor(), server.local_address(), asio::use_awaitable);
        any_stream accepted = co_await server.async_accept(asio::use_awaitable);
        any_stream waiting = co_await async_connect(loop.get_executor(), server.local_address(), asio::use_awaitable);
        accepted.close();
        server.close();  // and with it who was not accepted yet
        for (auto* each : {&client, &waiting}) {
            error_code ended;
            co_await detail_of_served::write_for_ever(*each, ended);
            BOOST_TEST((ended == asio::error::broken_pipe || ended == asio::error::connection_reset));
        }
    }(io, place(family)));
}

BOOST_DATA_TEST_CASE(who_has_gone_before_the_accept_is_nobodys_trouble, families, family) {
    constexpr std::size_t count = 20;
    auto server = parley::listen(io.get_executor(), place(family)).value();
    run(in_a_group([&](task_group& tasks) -> task<> {
        const auto where = server.local_address();
        for (std::size_t i = 0; i < count; ++i) {
            any_stream gone = co_await async_connect(io.get_executor(), where, asio::use_awaitable);
            reset(gone);
        }
        auto client = co_await client_of(where, to_echo);
        tasks.spawn(serve(server, told));
        BOOST_TEST(co_await is_echoed(client, "alive"));
        // The kernel may hand out what has gone: as a session that ends at once.
        co_await until([&] { return told.size() + 1 == server.counters().accepted; });
        BOOST_TEST(told.size() <= count);
        tasks.cancel();
    }));
    for (std::size_t i = 0; i + 1 < told.size(); ++i)  // the last is the client's, cancelled
        BOOST_TEST((told[i] == asio::error::eof || told[i] == asio::error::connection_reset));
}

BOOST_AUTO_TEST_CASE(a_server_without_descriptors_serves_those_it_has_and_then_the_others) {
    if constexpr (under_asan)
        return skip_case("UndefinedBehaviorSanitizer looks at objects through a pipe and takes each kind that it ",
                         "first meets without descriptors for a broken one");
    constexpr std::size_t count = 200;
    constexpr std::chrono::milliseconds pause{20};
    const captured_log log;
    auto server = parley::listen(io.get_executor(), local(), {.pause = pause}).value();
    int ends[2];
    BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    unique_fd gate(ends[0]), opener(ends[1]);
    forked clients([&] {
        opener.reset();  // so that the gate ends with whoever opens it
        return be_clients(path(), count, gate.get());
    });
    const fault counted(sys::call::accept, 0, 1, 0);  // none fails
    const auto begin = std::chrono::steady_clock::now();
    run(with_task_group([&](task_group& tasks) -> task<> {
        tasks.spawn(serve(server, told));
        auto neighbour = co_await client_of(local(), to_echo);
        BOOST_TEST(co_await is_echoed(neighbour, "before"));
        // Room for a few more, which the clients take.
        std::optional<descriptor_limit> few(8);
        BOOST_TEST(::write(opener.get(), "x", 1) == 1);
        co_await until([&] { return server.counters().pauses >= 3; });
        BOOST_TEST(co_await is_echoed(neighbour, "meanwhile"));
        BOOST_TEST(::write(opener.get(), "x", 1) == 1);
        co_await until([&] { return told.size() == count; });
        few.reset();
        BOOST_TEST(co_await is_echoed(neighbour, "after"));
        tasks.cancel();
    }));
    BOOST_TEST(clients.wait() == 0);
    gate.reset();
    opener.reset();
    // One accept more for each connection that finds nobody else there, and one for each pause: it does not spin.
    const auto pauses = server.counters().pauses;
    BOOST_TEST(static_cast<std::size_t>(counted.seen()) <= 2 * (count + 1) + pauses + 1);
    BOOST_TEST(static_cast<std::int64_t>(pauses) <= (std::chrono::steady_clock::now() - begin) / pause + 1);
    const auto text = log.text();
    BOOST_TEST(static_cast<std::uint64_t>(std::ranges::count(text, '\n')) <= pauses);
}

BOOST_AUTO_TEST_CASE(a_connection_that_the_administrator_kills_ends_alone) {
    bool skipped = false;
    beside_a_server("tcp", [&](address where) -> task<std::size_t> {
        auto client = co_await client_of(where, to_echo);
        BOOST_TEST(co_await is_echoed(client, "alive"));
        asio::ip::tcp::endpoint own;
        const auto name = client.local_endpoint();
        std::memcpy(own.data(), name.data(), name.size());
        const command kill{.program = "ss",
                           .arguments = {"--kill", "--tcp", "--no-header", "sport", "=", std::to_string(where.port()),
                                         "and", "dport", "=", std::to_string(own.port())},
                           .search_path = true};
        std::string said;
        try {
            const run_result killed = co_await async_run(io.get_executor(), kill);
            said = killed.status.success() ? killed.out : killed.err;
        } catch (const boost::system::system_error& e) {
            said = e.what();
        }
        skipped = said.find("ESTAB") == std::string::npos;
        if (skipped) {
            skip_case("needs root, ss and a kernel that lets it kill sockets: ", said);
            co_return 1;  // as any client that ends
        }
        std::string none;
        error_code ended;
        co_await asio::async_read(client, asio::dynamic_buffer(none), asio::redirect_error(asio::use_awaitable, ended));
        BOOST_TEST(ended == asio::error::connection_reset);
        co_return 1;
    });
    if (!skipped) BOOST_TEST(told.front() == asio::error::connection_aborted);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
