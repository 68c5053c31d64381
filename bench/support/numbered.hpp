// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages with a number, for receivers that check what they receive.
#pragma once

#include "bench.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace bench {

/// The next message to send. Which sender it is stands behind the number, for receivers that have one queue for all.
class numbered {
public:
    explicit numbered(std::size_t bytes, std::size_t sender = 0) : bytes_(bytes, 'm') {
        bytes_[sizeof number_] = static_cast<char>(sender);
    }

    std::string_view next() {
        std::memcpy(bytes_.data(), &number_, sizeof number_);
        ++number_;
        return {bytes_.data(), bytes_.size()};
    }

private:
    std::vector<char> bytes_;
    std::uint64_t number_ = 0;
};

/// What the receiver does with each message.
class checked {
public:
    checked(run& r, std::size_t bytes)
        : run_(r), bytes_(bytes), every_(bytes < 4096 && r.how_long().count == 0 ? 256 : 1) {}

    /// False when the run is over.
    bool take(std::string_view message) {
        std::uint64_t number = 0;
        require(message.size() == bytes_, "a message of another size has come");
        std::memcpy(&number, message.data(), sizeof number);
        require(number == number_++, "messages are missing, doubled or out of order");
        if (number_ % every_ != 0) return true;  // the clock is not asked for each
        return run_.add(static_cast<double>(every_));
    }

private:
    run& run_;
    std::size_t bytes_;
    std::uint64_t every_;
    std::uint64_t number_ = 0;
};

/// The same where the messages of several senders come through one queue.
class checked_by_sender {
public:
    checked_by_sender(run& r, std::size_t bytes, std::size_t senders) : all_(senders, checked(r, bytes)) {}

    bool take(std::string_view message) {
        require(message.size() > sizeof(std::uint64_t), "a message of another size has come");
        return all_.at(static_cast<std::size_t>(message[sizeof(std::uint64_t)])).take(message);
    }

private:
    std::vector<checked> all_;
};

/// What goes there and comes back: a number in it tells each answer from the one before.
class question {
public:
    explicit question(std::size_t bytes) : bytes_(bytes, 'q') {}

    std::vector<char>& next() {
        write(++number_);
        return bytes_;
    }

    std::string_view next_text() {
        next();
        return {bytes_.data(), bytes_.size()};
    }
    std::vector<char>& memory() { return bytes_; }

    /// The same memory without the number, for an answer that is read into it.
    std::vector<char>& blank() {
        write(0);
        return bytes_;
    }
    void check_answer() const { check_answer({bytes_.data(), bytes_.size()}); }

    void check_answer(std::string_view answer) const {
        std::uint64_t number = 0;
        require(answer.size() == bytes_.size(), "an answer of another size has come back");
        std::memcpy(&number, answer.data(), sizeof number);
        require(number == number_, "another answer has come back");
    }

private:
    void write(std::uint64_t number) { std::memcpy(bytes_.data(), &number, sizeof number); }

    std::vector<char> bytes_;
    std::uint64_t number_ = 0;
};

}  // namespace bench
