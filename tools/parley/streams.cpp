// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "streams.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace parley::tool {
namespace {

[[noreturn]] void fail(const char* what) {
    throw failure(std::string(what) + ": " + std::generic_category().message(errno));
}

}  // namespace

printer::printer() : out_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)), terminal_(::isatty(STDOUT_FILENO) == 1) {
    if (!out_) fail("standard output");
}

void printer::line(std::string_view text) {
    std::string rest(text);
    rest += '\n';
    for (std::string_view left = rest; !left.empty();) {
        const auto n = ::write(out_.get(), left.data(), left.size());
        if (n < 0 && errno == EAGAIN) {  // another program that has it, too, does not want to block
            pollfd room{out_.get(), POLLOUT, 0};
            ::poll(&room, 1, -1);
            continue;
        }
        if (n < 0 && errno != EINTR) fail("standard output");
        if (n > 0) left.remove_prefix(static_cast<std::size_t>(n));
    }
}

void complain(std::string_view command, std::string_view text) {
    std::cerr << "parley" << (command.empty() ? "" : " ") << command << ": " << without_controls(text) << std::endl;
}

void complain_in_json(const rpc::value& v) { std::cerr << to_json_text(v, false) << std::endl; }

void check_standard_input() {
    if (::fcntl(STDIN_FILENO, F_GETFD) < 0) fail("standard input");
}

std::string read_standard_input() {
    std::string all;
    std::array<char, 65536> block;
    for (;;) {
        const auto n = ::read(STDIN_FILENO, block.data(), block.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("standard input");
        if (n == 0) return all;
        all.append(block.data(), static_cast<std::size_t>(n));
    }
}

}  // namespace parley::tool
