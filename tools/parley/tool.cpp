// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "commands.hpp"
#include "failure.hpp"
#include "streams.hpp"
#include "text.hpp"

#include <parley/loop/application.hpp>
#include <parley/process/init_duty.hpp>
#include <parley/version.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

namespace parley::tool {
namespace {

constexpr int no_answer = 2;  // exit code of all that is no fault of the other side

const std::array commands{call_command, serve_command, listen_command, send_command};

// The first process of a container or a PID namespace reaps what others leave behind.
std::optional<init_duty> duty_of_the_first(const executor& io) {
    if (::getpid() != 1) return std::nullopt;
    init_duty_options how;
    how.unclaimed_after = std::chrono::milliseconds(0);  // all children of its own are parley's
    return init_duty(io, how);
}

task<int> guarded(const command& which, plan what) {
    std::string why;
    try {
        const auto duty = duty_of_the_first(co_await asio::this_coro::executor);
        co_return co_await what();
    } catch (const failure& e) {
        why = e.what();
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) {
            if (which.is_server) co_return 0;
            throw;
        }
        why = text_of(e);
    }
    complain(which.row.name, why);
    co_return no_answer;
}

const command& find_command(std::string_view name) {
    const auto found = std::ranges::find(commands, name, [](const command& c) { return c.row.name; });
    if (found != commands.end()) return *found;
    std::vector<std::string_view> names;
    for (const auto& c : commands) names.push_back(c.row.name);
    const bool option = name.starts_with('-');
    if (option) names = {"--help", "--version"};
    throw usage_error((option ? "unknown option " : "unknown command ") + in_quotes(name) + ": expected " +
                      one_of(names) + did_you_mean(name, names));
}

std::string options_of(const command_row& row) {
    constexpr std::size_t column = 26;
    std::string text;
    for (const auto& option : row.options) {
        std::string left = "  ";
        left += option.letter != 0 ? "-" + std::string(1, option.letter) + ", " : "    ";
        left += "--" + std::string(option.name);
        if (!option.value.empty()) left += " " + std::string(option.value);
        if (left.size() + 2 > column)
            left += "\n" + std::string(column, ' ');
        else
            left.resize(column, ' ');
        std::string right(option.help);
        for (std::size_t at = 0; (at = right.find('\n', at)) != std::string::npos; at += column + 1)
            right.insert(at + 1, column, ' ');
        text += left + right + "\n";
    }
    return text;
}

}  // namespace

std::span<const command> all_commands() { return commands; }

std::string help() {
    std::string text =
        "usage: parley COMMAND ...\n\n"
        "Calls, serves, sends and listens over sockets and to child processes.\n\n";
    for (const auto& c : commands)
        text += "  parley " + std::string(c.row.name) + " " + std::string(c.row.operands) + "\n      " +
                std::string(c.row.summary) + "\n";
    text +=
        "\n  parley COMMAND --help  the options of a command\n"
        "  parley --version\n\n"
        "An ADDRESS is unix:/run/x.sock, unix:@name, tcp:HOST:PORT, and for messages unix-seqpacket:, unix-dgram: and\n"
        "udp: as well. See parley(1).\n";
    return text;
}

std::string help_of(const command_row& row) {
    return "usage: parley " + std::string(row.name) + " [OPTION...] " + std::string(row.operands) + "\n\n" +
           std::string(row.summary) + "\n\n" + options_of(row) + "\n" + std::string(row.details);
}

int run_tool(std::span<const std::string_view> words) {
    std::string_view name;
    try {
        if (words.empty()) throw usage_error("expected a command: call, serve, listen or send; see parley --help");
        if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
            printer().line(help().substr(0, help().size() - 1));
            return 0;
        }
        if (words[0] == "--version") {
            printer().line("parley " PARLEY_VERSION_STRING);
            return 0;
        }
        const auto& found = find_command(words[0]);
        name = found.row.name;
        const command_line line(found.row, words.subspan(1));
        if (line.has("help")) {
            const auto text = help_of(found.row);
            printer().line(std::string_view(text).substr(0, text.size() - 1));
            return 0;
        }
        return parley::run(guarded(found, found.prepare(line)));
    } catch (const failure& e) {
        complain(name, e.what());
        return no_answer;
    }
}

}  // namespace parley::tool
