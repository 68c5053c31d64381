// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Where values are written, whatever the protocol.
#pragma once

#include <parley/rpc/export.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::rpc {

/// Writes one value into a message: a `codec` calls it for each value, or name and value, in order. Sizes that are
/// announced must be true.
///
/// What the protocol cannot carry (text that is no UTF-8, a number that is none in JSON) fails: the message is not
/// sent, and `problem` says why.
class PARLEY_RPC_EXPORT encoder {
public:
    encoder() = default;
    encoder(const encoder&) = delete;
    encoder& operator=(const encoder&) = delete;
    virtual ~encoder();

    virtual void null() = 0;
    virtual void boolean(bool v) = 0;
    virtual void integer(std::int64_t v) = 0;
    virtual void unsigned_integer(std::uint64_t v) = 0;
    virtual void number(double v) = 0;
    virtual void text(std::string_view v) = 0;
    virtual void binary(std::string_view bytes) = 0;
    virtual void extension(std::int8_t type, std::string_view bytes) = 0;
    virtual void begin_array(std::size_t size) = 0;
    virtual void end_array() = 0;
    /// Then `name` and a value, `size` times, and `end_map`.
    virtual void begin_map(std::size_t size) = 0;
    virtual void name(std::string_view v) = 0;
    virtual void end_map() = 0;

    /// Fails, if nothing has failed yet.
    void fail(std::string problem) {
        if (problem_.empty()) problem_ = std::move(problem);
    }
    bool failed() const noexcept { return !problem_.empty(); }
    const std::string& problem() const noexcept { return problem_; }
    void reset() noexcept { problem_.clear(); }

private:
    std::string problem_;
};

}  // namespace parley::rpc
