// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the tool prints and reads.
#pragma once

#include <parley/core/unique_fd.hpp>
#include <parley/rpc/value.hpp>

#include <string>
#include <string_view>

namespace parley::tool {

/// Standard output as it was when this was made. Throws `failure` where it cannot be written.
class printer {
public:
    printer();

    bool is_terminal() const noexcept { return terminal_; }
    /// `text` and a newline, at once.
    void line(std::string_view text);

private:
    unique_fd out_;
    bool terminal_;
};

/// "parley call: text" on standard error.
void complain(std::string_view command, std::string_view text);

/// One line of JSON on standard error.
void complain_in_json(const rpc::value& v);

/// Before anything is opened, which could take its number: throws `failure` where standard input is closed.
void check_standard_input();

/// All of standard input. Throws `failure`.
std::string read_standard_input();

}  // namespace parley::tool
