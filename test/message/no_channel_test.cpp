// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Channels, listeners and streams that were made without anything, moved from or closed: each function gives an error.

#include "channel_tools.hpp"
#include "forked.hpp"
#include "net_tools.hpp"

#include <parley/message/channel_listener.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/standard_streams.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/pipe/pipe.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/system/system_error.hpp>

#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(no_channel_test)

using namespace parley;
using namespace parley::test;

namespace {

bool is_bad(const error_code& ec) { return ec == asio::error::bad_descriptor; }

void check_closed(asio::io_context& io, any_channel& c) {
    const executor here = io.get_executor();
    const auto ends_badly = [&](auto start) {
        done result;
        start([&](auto handler) { return asio::bind_executor(here, std::move(handler)); }, result);
        BOOST_TEST(result.count == 0);  // never from within
        run_until(io, [&] { return result.count == 1; });
        BOOST_TEST(is_bad(result.ec));
    };
    BOOST_TEST(!c.is_open());
    BOOST_TEST(c.native_handle() == -1);
    BOOST_TEST(!c.other_side_is_gone());
    BOOST_TEST(!c.try_send("x"));
    BOOST_TEST(!c.try_receive().has_value());
    BOOST_TEST(c.take_descriptors().empty());
    BOOST_TEST(!c.failure().code());
    BOOST_TEST(c.counters().messages_sent == 0u);
    ends_badly([&](auto bound, done& d) { c.async_send("x", bound(d.handler())); });
    ends_badly([&](auto bound, done& d) {
        std::vector<unique_fd> fds;
        fds.push_back(file_with("closed"));
        c.async_send("x", std::move(fds), bound(d.handler()));
    });
    ends_badly([&](auto bound, done& d) { c.async_flush(bound(d.handler())); });
    ends_badly([&](auto bound, done& d) { c.async_end(bound(d.handler())); });
    ends_badly([&](auto bound, done& d) { c.async_shutdown(bound(d.handler())); });
    ends_badly([&](auto bound, done& d) {
        c.async_receive(bound([&d](error_code ec, std::optional<std::string_view> m) {
            BOOST_TEST(!m);
            d.handler()(ec);
        }));
    });
    ends_badly([&](auto bound, done& d) {
        c.async_receive_batch(bound([&d](error_code ec, message_batch m) {
            BOOST_TEST(m.empty());
            d.handler()(ec);
        }));
    });
    run_task(io, [](any_channel& empty) -> task<> {
        error_code ec;
        co_await empty.async_send("x", asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(is_bad(ec));
    }(c));
    c.cancel();
    c.close();
}

// In a process of its own, because it takes standard input and output.
int use_streams_that_were_moved_from() {
    asio::io_context io;
    parley::standard_streams streams(io.get_executor());
    auto moved = std::move(streams);
    if (streams.is_open() || !moved.is_open() || streams.get_executor()) return 1;
    streams.cancel();
    streams.close_writer();
    streams.close();
    char byte = 'x';
    ended<std::size_t> read, written;
    streams.async_read_some(asio::buffer(&byte, 1), asio::bind_executor(io, read.handler()));
    streams.async_write_some(asio::buffer(&byte, 1), asio::bind_executor(io, written.handler()));
    if (read.done() || written.done()) return 2;
    run_until(io, [&] { return read.done() && written.done(); });
    return is_bad(read.ec) && is_bad(written.ec) ? 0 : 3;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(no_channel_suite, channel_fixture)

BOOST_AUTO_TEST_CASE(a_channel_that_was_made_without_anything) {
    any_channel c;
    BOOST_TEST(!c.get_executor());
    check_closed(io, c);
    any_channel again = std::move(c);
    check_closed(io, again);
    again = any_channel();
    check_closed(io, again);
}

// It knows where it was made, and that is where a handler without an executor of its own runs.
BOOST_AUTO_TEST_CASE(a_listener_for_channels_that_was_moved_from_completes_where_it_was_made) {
    const temporary_directory directory;
    auto first = listen_channels(io.get_executor(), at("unix:" + (directory / "s"))).value();
    auto second = std::move(first);
    channel_listener third;
    third = std::move(second);
    for (auto* const each : {&first, &second}) {
        BOOST_TEST((each->get_executor() == io.get_executor()));
        std::promise<std::thread::id> ran;
        auto told = ran.get_future();
        each->async_accept([&](error_code ec, const any_channel&) {
            BOOST_TEST(is_bad(ec));
            ran.set_value(std::this_thread::get_id());
        });
        io.restart();
        io.run();
        BOOST_TEST_REQUIRE((told.wait_for(guard) == std::future_status::ready));
        BOOST_TEST((told.get() == std::this_thread::get_id()));
    }
    BOOST_TEST(third.is_open());
}

BOOST_AUTO_TEST_CASE(a_channel_that_was_moved_from) {
    auto [here, there] = make_channels();
    any_channel moved = std::move(here);
    check_closed(io, here);
    BOOST_CHECK_EXCEPTION((void)here.stream(), boost::system::system_error, [](auto& e) { return is_bad(e.code()); });
    BOOST_TEST(there.try_send("goes on"));
    BOOST_TEST(receive_from(moved).is("goes on"));
    any_channel assigned;
    assigned = std::move(moved);
    check_closed(io, moved);
    BOOST_TEST(there.try_send("and on"));
    BOOST_TEST(receive_from(assigned).is("and on"));
}

BOOST_AUTO_TEST_CASE(a_channel_that_was_moved_from_while_messages_wait_in_it) {
    auto [here, there] = make_channels();
    for (int i = 0; i < 3; ++i) BOOST_TEST(here.try_send(std::to_string(i)));
    BOOST_TEST(receive_from(there).is("0"));
    any_channel moved = std::move(there);
    BOOST_TEST(!there.try_receive().has_value());
    BOOST_TEST((moved.try_receive() == "1"));
    moved.close();
    BOOST_TEST(!moved.try_receive().has_value());
}

BOOST_AUTO_TEST_CASE(a_stream_pair_that_was_moved_from) {
    auto one = make_pipe(ex).value(), two = make_pipe(ex).value();
    stream_pair pair(std::move(one.reader), std::move(two.writer));
    auto moved = std::move(pair);
    BOOST_TEST(!pair.is_open());
    BOOST_TEST(moved.is_open());
    pair.close_writer();
    pair.close();
    BOOST_CHECK_EXCEPTION(channel(std::move(pair), lines()), boost::system::system_error,
                          [](auto& e) { return e.code() == make_error_code(errc::invalid_argument); });
}

BOOST_AUTO_TEST_CASE(standard_streams_that_were_moved_from) {
    auto in = make_pipe(ex).value(), out = make_pipe(ex).value();
    forked child([&] {
        ::dup2(in.reader.native_handle(), 0);
        ::dup2(out.writer.native_handle(), 1);
        return use_streams_that_were_moved_from();
    });
    BOOST_TEST(child.wait() == 0);
}

BOOST_AUTO_TEST_CASE(a_listener_that_was_made_without_anything_or_moved_from) {
    temporary_directory directory;
    auto server = listen_channels(ex, at("unix:" + (directory / "s"))).value();
    auto moved = std::move(server);
    channel_listener none;
    for (auto* const empty : {&server, &none}) {
        BOOST_TEST(!empty->is_open());
        BOOST_TEST((empty->get_executor() == (empty == &server ? executor(ex) : executor())));
        BOOST_TEST(empty->counters().accepted == 0u);
        BOOST_TEST(empty->held().descriptors == 0u);
        BOOST_CHECK_EXCEPTION((void)empty->local_address(), boost::system::system_error,
                              [](auto& e) { return is_bad(e.code()); });
        empty->cancel();
        empty->close();
        error_code ended;
        int count = 0;
        empty->async_accept(asio::bind_executor(ex, [&](error_code ec, any_channel c) {
            BOOST_TEST(!c.is_open());
            ended = ec, ++count;
        }));
        BOOST_TEST(count == 0);
        run_until(io, [&] { return count == 1; });
        BOOST_TEST(is_bad(ended));
    }
    BOOST_TEST(moved.is_open());
    server = std::move(moved);
    BOOST_TEST(server.is_open());
    BOOST_TEST((server.get_executor() == ex));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
