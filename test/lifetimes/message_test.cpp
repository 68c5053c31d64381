// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"
#include "lifetimes.hpp"
#include "standard_streams.hpp"

#include <parley/message/any_channel.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/channel_listener.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/message/standard_streams.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/pipe/pipe.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/test/unit_test.hpp>
#include <boost/test/unit_test_log.hpp>

#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(message_test)

using namespace parley;
using namespace parley::test;

namespace {

using socket_channel = channel<asio::local::stream_protocol::socket, length_prefix>;
using pair_of_pipes = stream_pair<asio::readable_pipe, pipe_writer>;

std::array<char, 8> some_bytes;
const std::string much(std::size_t{1} << 20, 'x');

std::unique_ptr<socket_channel> channel_to(const executor& io, std::shared_ptr<void>* keep = nullptr) {
    int ends[2];
    BOOST_TEST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    auto other = std::make_shared<unique_fd>(ends[1]);
    if (keep) *keep = other;
    return std::make_unique<socket_channel>(
        asio::local::stream_protocol::socket(io, asio::local::stream_protocol(), ends[0]), length_prefix(),
        channel_options{.queue_bytes = 64});
}

std::unique_ptr<any_channel> any_channel_to(const executor& io) {
    return std::make_unique<any_channel>(std::move(*channel_to(io)));
}

living<socket_channel> living_channel(const executor& io) {
    living<socket_channel> live;
    live.object = channel_to(io, &live.keeps);
    return live;
}

// One whose other side does not read, and whose queue is full.
living<socket_channel> full_channel(const executor& io) {
    auto live = living_channel(io);
    BOOST_TEST(live.object->try_send(much));
    return live;
}

const dead_objects<any_channel>& dead_any_channels() {
    static const dead_objects<any_channel> all = moved_from_or_closed<any_channel>(any_channel_to);
    return all;
}

const dead_objects<socket_channel>& dead_channels() {
    static const dead_objects<socket_channel> all =
        moved_from_or_closed<socket_channel>([](const executor& io) { return channel_to(io); });
    return all;
}

std::unique_ptr<channel_listener> listening_for_channels(const executor& io) {
    return std::make_unique<channel_listener>(
        listen_channels(io, address::parse("tcp:127.0.0.1:0").value(), length_prefix()).value());
}

living<channel_listener> living_channel_listener(const executor& io) { return {listening_for_channels(io)}; }

const dead_objects<channel_listener>& dead_channel_listeners() {
    static const dead_objects<channel_listener> all = moved_from_or_closed<channel_listener>(listening_for_channels);
    return all;
}

// Both pipes and what holds their other ends.
std::unique_ptr<pair_of_pipes> pair_of(const executor& io, std::shared_ptr<void>* keep = nullptr) {
    auto in = make_pipe_descriptors().value(), out = make_pipe_descriptors().value();
    asio::readable_pipe reader(io, in.reader.get());
    (void)in.reader.release();
    auto made = std::make_unique<pair_of_pipes>(std::move(reader), pipe_writer(io, std::move(out.writer)));
    if (keep) *keep = std::make_shared<std::pair<unique_fd, unique_fd>>(std::move(in.writer), std::move(out.reader));
    return made;
}

living<pair_of_pipes> living_pair(const executor& io) {
    living<pair_of_pipes> live;
    live.object = pair_of(io, &live.keeps);
    while (::write(live.object->writer().native_handle(), much.data(), 4096) > 0) {}
    return live;
}

const dead_objects<pair_of_pipes>& dead_pairs() {
    static const dead_objects<pair_of_pipes> all =
        moved_from_or_closed<pair_of_pipes>([](const executor& io) { return pair_of(io); });
    return all;
}

// The standard streams of this process are pipes meanwhile, and what a test says goes to standard error.
struct piped_streams {
    piped_streams() { boost::unit_test::unit_test_log.set_stream(std::cerr); }
    ~piped_streams() { boost::unit_test::unit_test_log.set_stream(std::cout); }

    pipe_descriptors in = make_pipe_descriptors().value(), out = make_pipe_descriptors().value();
    parley::test::standard_streams instead{in.reader.get(), out.writer.get(), 2};
};

const dead_objects<parley::standard_streams>& dead_standard_streams() {
    const auto make = [](const executor& io) {
        return std::make_unique<parley::standard_streams>(io, standard_streams_options{.print_to_error = false});
    };
    static const dead_objects<parley::standard_streams> all = moved_from_or_closed<parley::standard_streams>(make);
    return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(message_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(a_channel_of_any_kind_without_a_stream) {
    const auto& dead = dead_any_channels();
    using c_ref = any_channel&;
    lifetime("any_channel", "async_receive", dead,
             [](c_ref c, auto& call) { call.fails([&](auto h) { c.async_receive(h); }); });
    lifetime("any_channel", "async_receive_batch", dead,
             [](c_ref c, auto& call) { call.fails([&](auto h) { c.async_receive_batch(h); }); });
    lifetime("any_channel", "async_send", dead,
             [](c_ref c, auto& call) { call.fails([&](auto h) { c.async_send("x", h); }); });
    lifetime("any_channel", "async_send", dead,
             [](c_ref c, auto& call) { call.fails([&](auto h) { c.async_send("x", std::vector<unique_fd>(), h); }); });
    lifetime("any_channel", "async_flush", dead,
             [](c_ref c, auto& call) { call.fails([&](auto h) { c.async_flush(h); }); });
    lifetime("any_channel", "async_end", dead,
             [](c_ref c, auto& call) { call.fails([&](auto h) { c.async_end(h); }); });
    lifetime("any_channel", "async_shutdown", dead,
             [](c_ref c, auto& call) { call.fails_unless_closed([&](auto h) { c.async_shutdown(h); }); });
    lifetime("any_channel", "try_receive", dead, [](c_ref c, auto&) { BOOST_TEST(!c.try_receive()); });
    lifetime("any_channel", "try_send", dead, [](c_ref c, auto&) { BOOST_TEST(!c.try_send("x")); });
    lifetime("any_channel", "take_descriptors", dead, [](c_ref c, auto&) { BOOST_TEST(c.take_descriptors().empty()); });
    lifetime("any_channel", "get_executor", dead, [](c_ref c, auto&) { (void)c.get_executor(); });
    lifetime("any_channel", "native_handle", dead, [](c_ref c, auto&) { BOOST_TEST(c.native_handle() == -1); });
    lifetime("any_channel", "is_open", dead, [](c_ref c, auto&) { BOOST_TEST(!c.is_open()); });
    lifetime("any_channel", "other_side_is_gone", dead, [](c_ref c, auto&) { (void)c.other_side_is_gone(); });
    lifetime("any_channel", "cancel", dead, [](c_ref c, auto&) { c.cancel(); });
    lifetime("any_channel", "close", dead, [](c_ref c, auto&) { c.close(); });
    lifetime("any_channel", "failure", dead, [](c_ref c, auto&) { (void)c.failure(); });
    lifetime("any_channel", "on_write_failure", dead, [](c_ref c, auto&) { c.on_write_failure([] {}); });
    lifetime("any_channel", "counters", dead, [](c_ref c, auto&) { BOOST_TEST(c.counters().reads == 0u); });
}

BOOST_AUTO_TEST_CASE(a_channel_without_a_stream) {
    const auto& dead = dead_channels();
    lifetime("channel", "async_receive", dead,
             [](socket_channel& c, auto& call) { call.fails([&](auto h) { c.async_receive(h); }); });
    lifetime("channel", "stream", dead, [](socket_channel& c, auto& call) {
        if (call.is("moved from")) BOOST_TEST(throws([&] { (void)c.stream(); }));
    });
    lifetime("channel", "is_open", dead, [](socket_channel& c, auto&) { BOOST_TEST(!c.is_open()); });
}

BOOST_AUTO_TEST_CASE(a_channel_that_goes) {
    using c_ref = socket_channel&;
    pending("any_channel", "async_receive", living_channel, [](c_ref c, auto h) { c.async_receive(h); });
    pending("any_channel", "async_receive_batch", living_channel, [](c_ref c, auto h) { c.async_receive_batch(h); });
    pending("any_channel", "async_send", full_channel, [](c_ref c, auto h) { c.async_send(much, h); });
    pending("any_channel", "async_flush", full_channel, [](c_ref c, auto h) { c.async_flush(h); });
    pending("any_channel", "async_end", full_channel, [](c_ref c, auto h) { c.async_end(h); });
    pending("any_channel", "async_shutdown", full_channel, [](c_ref c, auto h) { c.async_shutdown(h); });
}

BOOST_AUTO_TEST_CASE(a_listener_for_channels_that_does_not_listen) {
    using l_ref = channel_listener&;
    const auto& dead = dead_channel_listeners();
    lifetime("channel_listener", "async_accept", dead,
             [](l_ref l, auto& call) { call.fails([&](auto h) { l.async_accept(h); }); });
    lifetime("channel_listener", "get_executor", dead, [](l_ref l, auto&) { (void)l.get_executor(); });
    lifetime("channel_listener", "local_address", dead,
             [](l_ref l, auto&) { (void)throws([&] { (void)to_string(l.local_address()); }); });
    lifetime("channel_listener", "is_open", dead, [](l_ref l, auto&) { BOOST_TEST(!l.is_open()); });
    lifetime("channel_listener", "counters", dead, [](l_ref l, auto&) { BOOST_TEST(l.counters().accepted == 0u); });
    lifetime("channel_listener", "held", dead, [](l_ref l, auto&) { BOOST_TEST(l.held().descriptors == 0u); });
    lifetime("channel_listener", "cancel", dead, [](l_ref l, auto&) { l.cancel(); });
    lifetime("channel_listener", "close", dead, [](l_ref l, auto&) { l.close(); });
}

BOOST_AUTO_TEST_CASE(a_listener_for_channels_that_goes) {
    pending("channel_listener", "async_accept", living_channel_listener,
            [](channel_listener& l, auto h) { l.async_accept(h); });
}

BOOST_AUTO_TEST_CASE(a_pair_of_streams_that_is_closed) {
    using p_ref = pair_of_pipes&;
    const auto& dead = dead_pairs();
    lifetime("stream_pair", "async_read_some", dead,
             [](p_ref p, auto& call) { call.fails([&](auto h) { p.async_read_some(asio::buffer(some_bytes), h); }); });
    lifetime("stream_pair", "async_write_some", dead,
             [](p_ref p, auto& call) { call.fails([&](auto h) { p.async_write_some(asio::buffer(some_bytes), h); }); });
    lifetime("stream_pair", "get_executor", dead, [](p_ref p, auto&) { (void)p.get_executor(); });
    lifetime("stream_pair", "is_open", dead, [](p_ref p, auto&) { BOOST_TEST(!p.is_open()); });
    lifetime("stream_pair", "reader", dead, [](p_ref p, auto&) { BOOST_TEST(!p.reader().is_open()); });
    lifetime("stream_pair", "writer", dead, [](p_ref p, auto&) { BOOST_TEST(!p.writer().is_open()); });
    lifetime("stream_pair", "close_writer", dead, [](p_ref p, auto&) { p.close_writer(); });
    lifetime("stream_pair", "close", dead, [](p_ref p, auto&) { p.close(); });
}

BOOST_AUTO_TEST_CASE(a_pair_of_streams_that_goes) {
    using p_ref = pair_of_pipes&;
    pending("stream_pair", "async_read_some", living_pair,
            [](p_ref p, auto h) { p.async_read_some(asio::buffer(some_bytes), h); });
    pending("stream_pair", "async_write_some", living_pair,
            [](p_ref p, auto h) { p.async_write_some(asio::buffer(some_bytes), h); });
}

BOOST_AUTO_TEST_CASE(standard_streams_that_are_closed) {
    using s_ref = parley::standard_streams&;
    const piped_streams meanwhile;
    const auto& dead = dead_standard_streams();
    lifetime("standard_streams", "async_read_some", dead,
             [](s_ref s, auto& call) { call.fails([&](auto h) { s.async_read_some(asio::buffer(some_bytes), h); }); });
    lifetime("standard_streams", "async_write_some", dead,
             [](s_ref s, auto& call) { call.fails([&](auto h) { s.async_write_some(asio::buffer(some_bytes), h); }); });
    lifetime("standard_streams", "get_executor", dead, [](s_ref s, auto&) { (void)s.get_executor(); });
    lifetime("standard_streams", "is_open", dead, [](s_ref s, auto&) { BOOST_TEST(!s.is_open()); });
    lifetime("standard_streams", "cancel", dead, [](s_ref s, auto&) { s.cancel(); });
    lifetime("standard_streams", "close_writer", dead, [](s_ref s, auto&) { s.close_writer(); });
    lifetime("standard_streams", "close", dead, [](s_ref s, auto&) { s.close(); });
}

BOOST_AUTO_TEST_CASE(standard_streams_that_go) {
    using s_ref = parley::standard_streams&;
    const auto living_streams = [](const executor& io) {
        living<parley::standard_streams> live;
        live.keeps = std::make_shared<piped_streams>();
        live.object = std::make_unique<parley::standard_streams>(io, standard_streams_options{.print_to_error = false});
        return live;
    };
    pending("standard_streams", "async_read_some", living_streams,
            [](s_ref s, auto h) { s.async_read_some(asio::buffer(some_bytes), h); });
    const auto full_streams = [](const executor& io) {
        living<parley::standard_streams> live;
        const auto pipes = std::make_shared<piped_streams>();
        const int flags = ::fcntl(pipes->out.writer.get(), F_GETFL);
        BOOST_TEST(::fcntl(pipes->out.writer.get(), F_SETFL, flags | O_NONBLOCK) == 0);
        while (::write(pipes->out.writer.get(), much.data(), 4096) > 0) {}
        BOOST_TEST(::fcntl(pipes->out.writer.get(), F_SETFL, flags) == 0);
        live.keeps = pipes;
        live.object = std::make_unique<parley::standard_streams>(io, standard_streams_options{.print_to_error = false});
        return live;
    };
    pending("standard_streams", "async_write_some", full_streams,
            [](s_ref s, auto h) { s.async_write_some(asio::buffer(some_bytes), h); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
