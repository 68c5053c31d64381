// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What divides a stream of bytes into messages: pure functions, bytes in, frames or an error out.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace parley {

/// A frame at the beginning of some bytes: where its message lies, and where the next frame begins.
struct frame {
    std::size_t size = 0;        ///< bytes of the whole frame
    std::size_t payload_at = 0;  ///< where the message begins
    std::size_t payload_size = 0;
    unsigned descriptors = 0;  ///< how many descriptors belong to it

    std::string_view payload(std::string_view bytes) const noexcept { return bytes.substr(payload_at, payload_size); }

    friend bool operator==(const frame&, const frame&) = default;
};

/// What a framer says of the bytes that were received so far. A value of fixed size: nothing is allocated, even for an
/// error.
struct parsed_frame {
    enum class kind : unsigned char {
        incomplete,  ///< more bytes must come: at least `wanted` in all
        complete,    ///< `found`
        failed,      ///< these bytes are no frame, and nothing behind them can be made sense of
    };

    static constexpr unsigned unknown = ~0U;

    kind outcome = kind::incomplete;
    std::size_t wanted = 1;
    frame found{};
    error_code code{};
    /// Of an incomplete frame: how many descriptors it announces, where that can be told already.
    unsigned announced = unknown;
    std::size_t at = 0;     ///< of an error: the byte, counted from the beginning of the frame
    const char* what = "";  ///< of an error: what was wrong there, a text of static lifetime

    static constexpr parsed_frame incomplete(std::size_t wanted, unsigned announced = unknown) noexcept {
        parsed_frame parsed;
        parsed.wanted = wanted;
        parsed.announced = announced;
        return parsed;
    }
    static constexpr parsed_frame complete(const frame& found) noexcept {
        parsed_frame parsed;
        parsed.outcome = kind::complete;
        parsed.found = found;
        return parsed;
    }
    static parsed_frame failed(errc code, std::size_t at, const char* what) noexcept {
        parsed_frame parsed;
        parsed.outcome = kind::failed;
        parsed.code = make_error_code(code);
        parsed.at = at;
        parsed.what = what;
        return parsed;
    }

    /// "byte 4: version 1 was expected": the context of an error.
    PARLEY_EXPORT std::string context() const;
};

/// What goes before and after a message on the wire.
class frame_ends {
public:
    /// Room for the head: the longest is that of `content_length`.
    static constexpr std::size_t capacity = 40;

    std::string_view head() const noexcept { return {head_.data(), head_size_}; }
    std::string_view tail() const noexcept { return {tail_.data(), tail_size_}; }

    /// What `enclose` begins with.
    void clear() noexcept { head_size_ = tail_size_ = 0; }
    /// More than there is room for is cut off.
    void append_head(char byte) noexcept {
        if (head_size_ < head_.size()) head_[head_size_++] = byte;
    }
    void append_head(std::string_view bytes) noexcept {
        const std::size_t room = capacity - head_size_;
        const std::size_t n = bytes.size() < room ? bytes.size() : room;
        if (n != 0) std::memcpy(head_.data() + head_size_, bytes.data(), n);
        head_size_ = static_cast<unsigned char>(head_size_ + n);
    }
    void append_tail(char byte) noexcept {
        if (tail_size_ < tail_.size()) tail_[tail_size_++] = byte;
    }

private:
    std::array<char, capacity> head_;
    std::array<char, 2> tail_;
    unsigned char head_size_ = 0;
    unsigned char tail_size_ = 0;
};

/// The default of the most bytes that a message may have.
inline constexpr std::size_t default_message_limit = std::size_t{16} << 20;

/// A kind of framing. A value whose functions have no state, so that one serves both directions and any number of
/// streams, and can be tested and fuzzed without one.
///
/// - `parse(bytes, examined)` looks at the front of `bytes`, of which an earlier call for the same frame has seen the
///   first `examined` and asked for more. What a peer announces is compared with the limit before anything else is done
///   with it.
/// - `parse_end(bytes)`: the stream has ended behind these bytes, one or more, which are no complete frame. Either they
///   are the last message all the same, or it is `errc::truncated_frame`.
/// - `enclose(payload, descriptors, ends)` puts into `ends`, which it clears, what to send before and after a message.
///   An error where a message cannot be framed this way, such as a newline within a line, or is above the limit; then
///   `ends` is of no use.
/// - A framing whose `parse` would begin anew each time may have a type `progress`, what is remembered of a frame that
/// has
///   not come whole, and `parse(bytes, progress&)`, which goes on from there; a new one stands for a new frame.
/// - `limit()`: the most bytes of a message, and `overhead()`: the most bytes that a frame has beside them.
template <typename F>
concept framer =
    std::copyable<F> && requires(const F& f, std::string_view bytes, std::size_t n, unsigned fds, frame_ends& ends) {
        { f.parse(bytes, n) } noexcept -> std::same_as<parsed_frame>;
        { f.parse_end(bytes) } noexcept -> std::same_as<parsed_frame>;
        { f.enclose(bytes, fds, ends) } noexcept -> std::same_as<error_code>;
        { f.limit() } noexcept -> std::same_as<std::size_t>;
        { f.overhead() } noexcept -> std::same_as<std::size_t>;
    };

namespace detail {

template <typename F>
concept remembers_progress = requires(const F& f, std::string_view bytes, typename F::progress& p) {
    { f.parse(bytes, p) } noexcept -> std::same_as<parsed_frame>;
};

struct no_progress {};
template <typename F>
struct progress_of {
    using type = no_progress;
};
template <remembers_progress F>
struct progress_of<F> {
    using type = typename F::progress;
};

/// `parse_end` of framers to which half a frame is nothing.
PARLEY_EXPORT parsed_frame truncated(std::string_view bytes) noexcept;

}  // namespace detail
}  // namespace parley
