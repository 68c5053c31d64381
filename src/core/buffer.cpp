// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/buffer.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace parley {

buffer::buffer(buffer&& other) noexcept
    : storage_(std::move(other.storage_)),
      capacity_(std::exchange(other.capacity_, 0)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)),
      prepared_(std::exchange(other.prepared_, 0)),
      limit_(other.limit_) {}

buffer& buffer::operator=(buffer&& other) noexcept {
    if (this == &other) return *this;
    storage_ = std::move(other.storage_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    prepared_ = std::exchange(other.prepared_, 0);
    limit_ = other.limit_;
    return *this;
}

boost::asio::mutable_buffer buffer::make_room(std::size_t wanted) {
    const std::size_t room = limit_ - std::min(limit_, size());
    wanted = std::min(wanted, room);
    if (capacity_ - end_ < wanted) {
        if (capacity_ - size() >= wanted) {  // enough in all: move what is left to the front
            std::memmove(storage_.get(), storage_.get() + begin_, size());
        } else {
            constexpr std::size_t smallest = 512;
            const std::size_t enough = size() + wanted;
            const std::size_t grown = std::min(limit_, std::max({enough, capacity_ * 2, smallest}));
            std::unique_ptr<char[]> bigger(new char[grown]);
            if (size() != 0) std::memcpy(bigger.get(), storage_.get() + begin_, size());
            storage_ = std::move(bigger);
            capacity_ = grown;
        }
        end_ -= begin_;
        begin_ = 0;
    }
    prepared_ = wanted;
    return {storage_.get() + end_, wanted};
}

void buffer::consume(std::size_t n) noexcept {
    begin_ += std::min(n, size());
    if (begin_ == end_ && prepared_ == 0) begin_ = end_ = 0;
}

}  // namespace parley
