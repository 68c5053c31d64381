// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Two one-way streams as one: a child's standard output and input, two pipes, two FIFOs.
#pragma once

#include <parley/core/asio.hpp>

#include <utility>

namespace parley {

/// Reads from one, writes to the other; an AsyncReadStream and AsyncWriteStream on the executor of `reader`.
///
///     auto child = spawn(io, {.program = "cat", .in = stdio::pipe(), .out = stdio::pipe()}).value();
///     channel messages(stream_pair(std::move(child.out()), std::move(child.in())), lines());
///
/// Moves where both do. Distinct objects are safe in distinct threads, one object is not.
template <typename Reader, typename Writer>
class stream_pair {
public:
    using executor_type = typename Reader::executor_type;

    stream_pair(Reader reader, Writer writer) : reader_(std::move(reader)), writer_(std::move(writer)) {}

    executor_type get_executor() noexcept { return reader_.get_executor(); }
    bool is_open() const noexcept { return reader_.is_open() && writer_.is_open(); }
    Reader& reader() noexcept { return reader_; }
    Writer& writer() noexcept { return writer_; }

    /// As that of the reader.
    template <typename MutableBufferSequence, typename CompletionToken>
    auto async_read_some(const MutableBufferSequence& buffers, CompletionToken&& token) {
        return reader_.async_read_some(buffers, std::forward<CompletionToken>(token));
    }
    /// As that of the writer.
    template <typename ConstBufferSequence, typename CompletionToken>
    auto async_write_some(const ConstBufferSequence& buffers, CompletionToken&& token) {
        return writer_.async_write_some(buffers, std::forward<CompletionToken>(token));
    }

    /// Closes the writer: the other side sees the end once it has read what there is.
    void close_writer() noexcept { close_one(writer_); }
    void close() noexcept {
        close_one(writer_);
        close_one(reader_);
    }

private:
    template <typename Stream>
    static void close_one(Stream& stream) noexcept {
        if constexpr (requires(error_code ec) { stream.close(ec); }) {
            error_code ignored;
            stream.close(ignored);
        } else {
            stream.close();
        }
    }

    Reader reader_;
    Writer writer_;
};

}  // namespace parley
