// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "numbered.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace ping_pong {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

asio::awaitable<void> ask_by_coroutine(bench::run& r, std::size_t bytes, local::socket socket) {
    bench::question message(bytes);
    do {
        co_await asio::async_write(socket, asio::buffer(message.next()), asio::use_awaitable);
        co_await asio::async_read(socket, asio::buffer(message.blank()), asio::use_awaitable);
        message.check_answer();
    } while (r.add(1));
}

asio::awaitable<void> echo_by_coroutine(std::size_t bytes, local::socket socket) {
    std::vector<char> message(bytes);
    for (;;) {
        boost::system::error_code ended;
        co_await asio::async_read(socket, asio::buffer(message), asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
        co_await asio::async_write(socket, asio::buffer(message), asio::use_awaitable);
    }
}

void ask(bench::run& r, std::size_t bytes, int socket) {
    asio::io_context io(1);
    asio::co_spawn(io, ask_by_coroutine(r, bytes, local::socket(io, local(), socket)), bench::rethrow);
    io.run();
}

void echo(std::size_t bytes, int socket) {
    asio::io_context io(1);
    asio::co_spawn(io, echo_by_coroutine(bytes, local::socket(io, local(), socket)), bench::rethrow);
    io.run();
}

// The same by callbacks. Without a run it is the side that answers.
class player {
public:
    player(bench::run* r, std::size_t bytes, local::socket socket)
        : measured_(r), message_(bytes), socket_(std::move(socket)) {}

    void send() {
        // The side that answers sends what it has received.
        asio::async_write(socket_, asio::buffer(measured_ != nullptr ? message_.next() : message_.memory()),
                          [this](boost::system::error_code failed, std::size_t) {
                              bench::require(!failed, "async_write");
                              receive();
                          });
    }

    void receive() {
        asio::async_read(socket_, asio::buffer(message_.blank()), [this](boost::system::error_code ended, std::size_t) {
            if (measured_ != nullptr) {
                bench::require(!ended, "async_read");
                message_.check_answer();
            }
            if (!ended && (measured_ == nullptr || measured_->add(1))) send();
        });
    }

private:
    bench::run* measured_;
    bench::question message_;
    local::socket socket_;
};

void ask_by_callbacks(bench::run& r, std::size_t bytes, int socket) {
    asio::io_context io(1);
    player here(&r, bytes, local::socket(io, local(), socket));
    here.send();
    io.run();
}

void echo_by_callbacks(std::size_t bytes, int socket) {
    asio::io_context io(1);
    player there(nullptr, bytes, local::socket(io, local(), socket));
    there.receive();
    io.run();
}

}  // namespace

void with_asio(bench::run& r) { play(r, make_ends(), ask, echo); }
void with_asio_callbacks(bench::run& r) { play(r, make_ends(), ask_by_callbacks, echo_by_callbacks); }

}  // namespace ping_pong
