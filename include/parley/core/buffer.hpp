// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A bounded buffer to read into and parse from, in place.
#pragma once

#include <parley/core/export.hpp>

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace parley {

/// One contiguous block of bytes with a limit: bytes come in at the back, are parsed where they lie, and leave at the
/// front. Memory grows with what was received, never with what a peer announced, and never past the limit.
///
/// Views from `data()` hold until the next call of `prepare`. Moves, does not copy; one thread at a time.
class PARLEY_EXPORT buffer {
public:
    /// `limit`: the most bytes it may hold at a time.
    explicit buffer(std::size_t limit) noexcept : limit_(limit) {}
    buffer(buffer&& other) noexcept;
    buffer& operator=(buffer&& other) noexcept;
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;
    ~buffer() = default;

    /// Room for at most `wanted` more bytes; less when the limit is near, empty when it is reached.
    boost::asio::mutable_buffer prepare(std::size_t wanted) {
        if (capacity_ - end_ < wanted || wanted > limit_ - size()) return make_room(wanted);
        prepared_ = wanted;
        return {storage_.get() + end_, wanted};
    }
    /// The first `n` bytes of what `prepare` gave now hold data; more than it gave counts as all of it.
    void commit(std::size_t n) noexcept {
        if (n > prepared_) n = prepared_;
        end_ += n;
        prepared_ -= n;
    }
    /// Everything received and not yet consumed.
    std::string_view data() const noexcept { return {storage_.get() + begin_, end_ - begin_}; }
    /// Forgets the first `n` bytes of `data()`; more than there are counts as all.
    void consume(std::size_t n) noexcept;

    std::size_t size() const noexcept { return end_ - begin_; }
    bool empty() const noexcept { return begin_ == end_; }
    /// True when no further byte fits.
    bool full() const noexcept { return size() >= limit_; }
    std::size_t limit() const noexcept { return limit_; }
    std::size_t capacity() const noexcept { return capacity_; }

private:
    boost::asio::mutable_buffer make_room(std::size_t wanted);

    std::unique_ptr<char[]> storage_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t prepared_ = 0;  // what prepare gave and commit has not taken
    std::size_t limit_;
};

}  // namespace parley
