// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The messages of a channel that wait to be written, as the bytes they will be.
#pragma once

#include <parley/core/buffer.hpp>
#include <parley/core/unique_fd.hpp>
#include <parley/message/channel_wire.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace parley::detail {

/// What can be given to the kernel at once.
struct queued_piece {
    std::string_view bytes;
    std::span<const unique_fd> descriptors;  // to go with the first byte
    bool anything = false;                   // an empty packet is something
};

class message_queue {
public:
    message_queue() noexcept;
    message_queue(const message_queue&) = delete;
    message_queue& operator=(const message_queue&) = delete;

    /// From now on it is known where each message ends, as packets and `drop_oldest` need it. While it is empty.
    void keep_borders() noexcept { borders_ = true; }
    /// From now on bytes lie in blocks, so that none has to be moved and hardly more memory is held than they need.
    /// Without `take`. Where the oldest are dropped the queue is full for long, of `most` bytes, and blocks are
    /// smaller.
    void divide_into_blocks(std::size_t most) noexcept {
        block_ = borders_ ? std::clamp(most / 64, block / 4, block) : block;
    }
    /// From now on pieces are single messages.
    void divide_into_packets() noexcept { borders_ = packets_ = true; }

    bool empty() const noexcept { return accepted_ == gone_; }
    /// Not yet gone; where no borders are kept it may count some that are.
    std::size_t messages() const noexcept { return static_cast<std::size_t>(accepted_ - gone_); }
    std::size_t bytes() const noexcept { return older_bytes_ + bytes_.size() + being_written_; }
    std::uint64_t accepted() const noexcept { return accepted_; }
    /// Positions in the stream. A message that was dropped behind another that is leaving goes after that one.
    std::uint64_t bytes_gone() const noexcept { return position_ - dropped_behind_; }
    std::uint64_t end_of_bytes() const noexcept { return position_ + bytes(); }

    error_code put(const channel_wire& wire, std::string_view message, std::vector<unique_fd> descriptors);
    /// The same without descriptors, for those who are in a hurry.
    error_code put(const channel_wire& wire, std::string_view message) {
        if (borders_) return put(wire, message, {});
        const std::size_t before = bytes_.size();
        if (const auto ec = wire.append(message, 0, bytes_)) return ec;
        if (bytes_.size() == before) return errc::invalid_argument;  // a framing in which it is nothing
        ++accepted_;
        if (bytes_.size() >= block_) next_block();
        return {};
    }
    queued_piece front() const noexcept;
    /// The first `n` bytes of what `front` gave were written.
    void sent(std::size_t n) noexcept;
    /// A message went another way.
    void passed_by(std::size_t bytes) noexcept;

    /// Gives all bytes away, to be written elsewhere; they count until `taken_sent`.
    buffer take();
    void taken_sent() noexcept;

    /// Drops the oldest message of which nothing was sent; false when there is none. Borders must be kept.
    bool drop_oldest() noexcept;
    void clear() noexcept;

private:
    struct passenger {
        std::uint64_t position;  // of the first byte of its message; of a packet its number
        std::vector<unique_fd> descriptors;
    };

    static constexpr std::size_t block = std::size_t{64} << 10;

    void next_block();
    buffer& block_at(std::size_t n) noexcept { return n < older_.size() ? older_[n] : bytes_; }
    void forget_borders(std::size_t n) noexcept;
    void settle() noexcept;
    std::uint64_t next_place() const noexcept { return packets_ ? gone_ : position_; }
    void passenger_is_gone(std::uint64_t at) noexcept;

    std::vector<buffer> older_;  // blocks that are full, from `first_block_` on; those before it are empty
    std::size_t first_block_ = 0;
    std::size_t older_bytes_ = 0;       // in the full ones
    buffer bytes_;                      // behind them
    std::size_t block_ = SIZE_MAX;      // how large it becomes
    std::uint64_t position_ = 0;        // of the first byte in `bytes_`, counted from the beginning of the stream
    std::uint64_t dropped_behind_ = 0;  // bytes in `position_` that were dropped behind what is leaving
    std::uint64_t accepted_ = 0;        // messages
    std::uint64_t gone_ = 0;            // messages
    std::uint64_t mark_position_ = 0;   // when all up to here is gone,
    std::uint64_t mark_accepted_ = 0;   // so many messages are
    std::size_t being_written_ = 0;     // bytes that `take` gave away,
    std::uint64_t taken_ = 0;           // and messages
    std::vector<std::uint32_t> sizes_;  // of messages from `first_size_` on; of the first, what is left of it
    std::size_t first_size_ = 0;
    std::vector<passenger> passengers_;  // from `first_passenger_` on
    std::size_t first_passenger_ = 0;
    bool borders_ = false;
    bool packets_ = false;
    bool first_has_begun_ = false;
};

}  // namespace parley::detail
