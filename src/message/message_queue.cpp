// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "message/message_queue.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace parley::detail {
namespace {

constexpr std::size_t without_limit = std::numeric_limits<std::size_t>::max() / 4;  // the channel has its own
constexpr std::size_t worth_keeping = std::size_t{256} << 10;
constexpr std::size_t blocks_worth_keeping = 1;

}  // namespace

message_queue::message_queue() noexcept : bytes_(without_limit) {}

error_code message_queue::put(const channel_wire& wire, std::string_view message, std::vector<unique_fd> descriptors) {
    const std::size_t before = bytes_.size();
    const std::uint64_t position = packets_ ? accepted_ : position_ + bytes();
    if (const auto ec = wire.append(message, static_cast<unsigned>(descriptors.size()), bytes_)) return ec;
    if (bytes_.size() == before && !packets_) return errc::invalid_argument;  // a framing in which it is nothing
    if (borders_) sizes_.push_back(static_cast<std::uint32_t>(bytes_.size() - before));
    if (!descriptors.empty()) passengers_.push_back({position, std::move(descriptors)});
    ++accepted_;
    if (bytes_.size() >= block_) next_block();
    return {};
}

// The block is full. The next one takes the memory of one that was sent, if there is one.
void message_queue::next_block() {
    older_bytes_ += bytes_.size();
    buffer next(without_limit);
    if (first_block_ != 0) {
        next = std::move(older_.front());
        older_.erase(older_.begin());
        --first_block_;
    }
    if (next.capacity() == 0) static_cast<void>(next.prepare(block_ + block_ / 16));
    older_.push_back(std::exchange(bytes_, std::move(next)));
}

queued_piece message_queue::front() const noexcept {
    if (packets_) {
        if (first_size_ == sizes_.size()) return {};
        queued_piece piece{bytes_.data().substr(0, sizes_[first_size_]), {}, true};
        if (first_passenger_ != passengers_.size() && passengers_[first_passenger_].position == next_place())
            piece.descriptors = passengers_[first_passenger_].descriptors;
        return piece;
    }
    const auto first = older_bytes_ != 0 ? older_[first_block_].data() : bytes_.data();
    queued_piece piece{first, {}, !first.empty()};
    auto next = passengers_.begin() + static_cast<std::ptrdiff_t>(first_passenger_);
    if (next != passengers_.end() && next->position == position_) piece.descriptors = (next++)->descriptors;
    if (next != passengers_.end())
        piece.bytes = piece.bytes.substr(0, static_cast<std::size_t>(next->position - position_));
    return piece;
}

void message_queue::sent(std::size_t n) noexcept {
    passenger_is_gone(next_place());
    if (older_bytes_ != 0) {
        auto& first = older_[first_block_];
        first.consume(n);
        older_bytes_ -= n;
        if (first.empty()) {
            if (first.capacity() > worth_keeping) first = buffer(without_limit);
            ++first_block_;
        }
    } else {
        bytes_.consume(n);
    }
    position_ += n;
    if (packets_) {  // one whole packet, perhaps an empty one
        ++first_size_;
        ++gone_;
    } else if (borders_) {
        forget_borders(n);
    } else if (position_ >= mark_position_) {
        gone_ = mark_accepted_;
        mark_position_ = position_ + bytes();
        mark_accepted_ = accepted_;
    }
    settle();
}

// The descriptors of the message that begins there, the first one that has any, have gone.
void message_queue::passenger_is_gone(std::uint64_t at) noexcept {
    if (first_passenger_ == passengers_.size() || passengers_[first_passenger_].position != at) return;
    passengers_[first_passenger_++].descriptors.clear();
    if (first_passenger_ == passengers_.size() || first_passenger_ > 4096 + passengers_.size() / 2) {
        passengers_.erase(passengers_.begin(), passengers_.begin() + static_cast<std::ptrdiff_t>(first_passenger_));
        first_passenger_ = 0;
    }
}

void message_queue::passed_by(std::size_t bytes) noexcept {
    position_ += bytes;
    mark_position_ = position_;
    gone_ = mark_accepted_ = ++accepted_;
}

void message_queue::forget_borders(std::size_t n) noexcept {
    while (first_size_ < sizes_.size() && sizes_[first_size_] <= n) {
        n -= sizes_[first_size_++];
        ++gone_;
        first_has_begun_ = false;
        dropped_behind_ = 0;
    }
    if (n == 0) return;
    sizes_[first_size_] -= static_cast<std::uint32_t>(n);
    first_has_begun_ = true;
}

void message_queue::settle() noexcept {
    if (bytes() == 0 && first_size_ == sizes_.size()) {
        gone_ = accepted_;
        sizes_.clear();
        first_size_ = 0;
        if (bytes_.capacity() > worth_keeping) bytes_ = buffer(without_limit);
        while (older_.size() > blocks_worth_keeping) older_.pop_back();
        first_block_ = older_.size();
    } else if (first_size_ > 4096 && first_size_ * 2 > sizes_.size()) {
        sizes_.erase(sizes_.begin(), sizes_.begin() + static_cast<std::ptrdiff_t>(first_size_));
        first_size_ = 0;
    }
}

buffer message_queue::take() {
    being_written_ = bytes_.size();
    taken_ = accepted_ - gone_;
    sizes_.clear();
    first_size_ = 0;
    return std::exchange(bytes_, buffer(without_limit));
}

void message_queue::taken_sent() noexcept {
    position_ += std::exchange(being_written_, 0);
    gone_ += std::exchange(taken_, 0);
    dropped_behind_ = 0;
    settle();
}

bool message_queue::drop_oldest() noexcept {
    const std::size_t oldest = first_size_ + (first_has_begun_ ? 1 : 0);
    if (oldest >= sizes_.size()) return false;
    const std::size_t size = sizes_[oldest];
    const std::size_t begun = first_has_begun_ ? sizes_[first_size_] : 0;
    const std::uint64_t at = packets_ ? gone_ : position_ + being_written_ + begun;
    // It lies behind what is left of the message that has begun, in the same block or at the beginning of the next.
    const std::size_t n = first_block_ + (begun != 0 && block_at(first_block_).size() == begun ? 1 : 0);
    buffer& where = block_at(n);
    if (n == first_block_ && begun != 0) {
        auto* const first = const_cast<char*>(where.data().data());
        std::memmove(first + size, first, begun);
    }
    where.consume(size);
    if (n < older_.size()) {
        older_bytes_ -= size;
        if (where.empty()) {
            if (where.capacity() > worth_keeping) where = buffer(without_limit);
            if (n != first_block_) std::swap(where, older_[first_block_]);
            ++first_block_;
        }
    }
    if (first_has_begun_) sizes_[oldest] = static_cast<std::uint32_t>(begun);
    passenger_is_gone(at);
    ++first_size_;
    ++gone_;
    position_ += size;  // what is left of the message that has begun lies before the others, as it did
    if (first_has_begun_ || being_written_ != 0) dropped_behind_ += size;
    settle();
    return true;
}

void message_queue::clear() noexcept {
    bytes_ = buffer(without_limit);
    older_.clear();
    older_bytes_ = first_block_ = 0;
    sizes_.clear();
    passengers_.clear();
    first_passenger_ = 0;
    first_size_ = being_written_ = 0;
    first_has_begun_ = false;
    taken_ = dropped_behind_ = 0;
    gone_ = accepted_;
}

}  // namespace parley::detail
