// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A shell on a terminal of its own: we type, read its screen, change the window, press Ctrl-C, and hang up.

#include <parley/loop/application.hpp>
#include <parley/process/pty.hpp>
#include <parley/process/spawn.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <iostream>
#include <string>

namespace asio = parley::asio;

// [type]
parley::task<> show(parley::pty& terminal, std::string until) {
    std::string screen;
    co_await asio::async_read_until(terminal, asio::dynamic_buffer(screen), until, asio::use_awaitable);
    std::erase(screen, '\r');  // a terminal ends its lines with CR LF
    std::cout << screen << std::flush;
}

parley::task<> type(parley::pty& terminal, std::string keys, std::string until) {
    co_await asio::async_write(terminal, asio::buffer(keys), asio::use_awaitable);
    co_await show(terminal, until);
}
// [/type]

// [session]
parley::task<> session() {
    const parley::command shell{.program = "/bin/sh",
                                .environment = {.changes = {{"PS1", "sh> "}, {"ENV", std::nullopt}}},
                                .in = parley::stdio::pty(),
                                .out = parley::stdio::pty(),
                                .err = parley::stdio::pty(),
                                .terminal = {.size = {.rows = 24, .columns = 80}, .line_discipline = true}};
    const auto io = co_await asio::this_coro::executor;
    parley::child child = parley::spawn(io, shell).value();
    parley::pty& terminal = child.terminal();

    const std::string prompt = "sh> ";
    co_await show(terminal, prompt);
    co_await type(terminal, "tty && stty size\n", prompt);
    terminal.resize({.rows = 50, .columns = 132}).value();
    co_await type(terminal, "stty size\n", prompt);
    co_await type(terminal, "cat\nhello\n", "hello\r\nhello\r\n");  // what we typed, and what cat says
    co_await type(terminal, "\x03", prompt);                        // Ctrl-C: for cat, not for the shell

    terminal.close();  // hang up
    std::cout << "\nthe shell was " << co_await child.async_wait() << std::endl;
}
// [/session]

int main() { return parley::run(session()); }
