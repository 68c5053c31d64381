// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Where a child's standard stream leads.
#pragma once

#include <parley/core/export.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace parley {

/// The plan for one of a child's three standard streams. A value: copies, compares. Nothing is opened before `spawn`.
class PARLEY_EXPORT stdio {
public:
    enum class kind : unsigned char {
        inherit,
        null,
        pipe,
        socket_pair,
        pty,
        read_file,
        truncate_file,
        append_file,
        descriptor,
        to_stdout
    };

    /// The parent's stream of the same number; /dev/null where it is closed or close-on-exec.
    stdio() noexcept = default;
    static stdio inherit() { return {}; }
    /// /dev/null.
    static stdio null() { return {kind::null, {}, 0}; }
    /// A pipe to the parent, found at `child.in()`, `child.out()`, `child.err()`. `capacity` in bytes is a wish (the
    /// kernel refuses it to a user who has much pipe memory already); 0 is the kernel's default.
    static stdio pipe(std::size_t capacity = 0) { return {kind::pipe, {}, static_cast<long>(capacity)}; }
    /// Like `pipe`, but half of a UNIX stream socket pair: much faster for much output (the kernel buffers more), and
    /// the child cannot open /dev/stdout again. One direction, as with a pipe. Source: unix(7).
    static stdio socket_pair() { return {kind::socket_pair, {}, 0}; }
    /// A pseudo-terminal; all streams of a command that are `pty()` are one, found at `child.terminal()`. It is the
    /// controlling terminal of a session of the child's own.
    static stdio pty() { return {kind::pty, {}, 0}; }
    /// A file, opened by the parent before the start: to read; to write, emptied; to write at the end. Files are
    /// created with mode 0666 less the umask. Opening never blocks: a FIFO without a reader is an error.
    static stdio read_file(std::string path) { return {kind::read_file, std::move(path), 0}; }
    static stdio truncate_file(std::string path) { return {kind::truncate_file, std::move(path), 0}; }
    static stdio append_file(std::string path) { return {kind::append_file, std::move(path), 0}; }
    /// A descriptor of the parent, lent: it must be open when `spawn` is called and stays the parent's.
    static stdio descriptor(int fd) { return {kind::descriptor, {}, fd}; }
    /// For standard error: wherever standard output leads.
    static stdio to_stdout() { return {kind::to_stdout, {}, 0}; }

    kind what() const noexcept { return kind_; }
    const std::string& path() const noexcept { return path_; }
    int fd() const noexcept { return static_cast<int>(number_); }
    std::size_t capacity() const noexcept { return static_cast<std::size_t>(number_); }

    friend bool operator==(const stdio&, const stdio&) = default;

private:
    stdio(kind k, std::string path, long number) : path_(std::move(path)), number_(number), kind_(k) {}

    std::string path_;
    long number_ = 0;
    kind kind_ = kind::inherit;
};

}  // namespace parley
