// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a channel knows of the stream and the framing below it. For channel.hpp; programs have no use for it.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/buffer.hpp>
#include <parley/core/export.hpp>
#include <parley/message/any_channel.hpp>
#include <parley/message/framer.hpp>

#include <boost/asio/buffer.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace parley::detail {

struct pending_receive;
struct pending_sends;

struct PARLEY_EXPORT delete_pending {
    void operator()(pending_receive* p) const noexcept;
    void operator()(pending_sends* p) const noexcept;
};

/// How a read, or a wait to read, tells the channel of its end. It owns who waits for a message, so that a context that
/// is destroyed destroys both.
struct PARLEY_EXPORT read_done {
    std::shared_ptr<channel_state> state;
    std::unique_ptr<pending_receive, delete_pending> waiting;
    bool only_waited = false;

    void operator()(error_code ec, std::size_t n);
    void operator()(error_code ec) { (*this)(ec, 0); }
};

/// The same for a write, a wait to write and the end of writing; it owns who waits to send.
struct PARLEY_EXPORT write_done {
    std::shared_ptr<channel_state> state;
    std::unique_ptr<pending_sends, delete_pending> waiting;

    void operator()(error_code ec, std::size_t n);
    void operator()(error_code ec) { (*this)(ec, 0); }
};

/// What was found at the front of some bytes.
struct parsed_frames {
    std::size_t count = 0;  ///< of messages
    std::size_t size = 0;   ///< of their frames, in bytes
    parsed_frame last{};    ///< what is behind them: incomplete or failed
};

/// A stream and a framing with their types taken away.
class PARLEY_EXPORT channel_wire {
public:
    channel_wire() = default;
    channel_wire(const channel_wire&) = delete;
    channel_wire& operator=(const channel_wire&) = delete;
    virtual ~channel_wire();

    virtual executor get_executor() = 0;
    /// The descriptor of a stream that may be one of a socket: then the channel reads and writes it itself, and
    /// `wait_read` and `wait_write` work. -1 otherwise.
    virtual int native_handle() { return -1; }
    /// True where that cannot be told.
    virtual bool is_open() const noexcept = 0;
    virtual bool reads_bytes() const noexcept = 0;
    virtual void read(asio::mutable_buffer into, read_done done) = 0;
    virtual void wait_read(read_done done) = 0;
    /// Writes all of it.
    virtual void write(asio::const_buffer bytes, write_done done) = 0;
    virtual void wait_write(write_done done) = 0;
    /// Whether the end has a message of its own, which `end` sends (TLS); otherwise `close_sending` does what it can.
    virtual bool tells_end() const noexcept = 0;
    virtual void end(write_done done) = 0;
    virtual void close_sending() = 0;
    virtual void close() noexcept = 0;

    /// Up to `room` messages.
    virtual parsed_frames parse(std::string_view bytes, std::size_t examined, message_place* into,
                                std::size_t room) const noexcept = 0;
    virtual parsed_frame parse_end(std::string_view bytes) const noexcept = 0;
    virtual error_code enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept = 0;
    virtual error_code append(std::string_view payload, unsigned descriptors, buffer& to) const = 0;
    virtual std::size_t largest_frame() const noexcept = 0;
    /// What a frame has beside its message, at most.
    virtual std::size_t overhead() const noexcept = 0;
    /// The messages are packets.
    virtual bool keeps_packets() const noexcept = 0;
};

template <typename Stream>
concept reads_some = requires(Stream& s, asio::mutable_buffer b, read_done d) { s.async_read_some(b, std::move(d)); };
template <typename Stream>
concept writes_some = requires(Stream& s, asio::const_buffer b, write_done d) { s.async_write_some(b, std::move(d)); };
/// A socket of Asio's, or what looks like one.
template <typename Stream>
concept waits = requires(Stream& s, read_done d) {
    { s.native_handle() } -> std::convertible_to<int>;
    s.async_wait(Stream::wait_read, std::move(d));
    s.async_wait(Stream::wait_write, std::move(d));
};

template <typename Stream>
concept ends_with_message = requires(Stream& s, write_done d) { s.async_shutdown(std::move(d)); };

/// `async_write` of everything, for streams below which there is no descriptor.
template <typename Stream>
struct write_rest {
    Stream& stream;
    asio::const_buffer rest;
    write_done done;

    void operator()(error_code ec, std::size_t n) {
        rest += n;
        if (ec || rest.size() == 0) return done(ec, 0);
        auto& to = stream;
        const auto what = rest;
        to.async_write_some(what, std::move(*this));
    }
};

template <typename Stream, framer Framer>
class wire_of final : public channel_wire {
public:
    wire_of(Stream&& stream, Framer&& framing) : stream_(std::move(stream)), framer_(std::move(framing)) {}

    executor get_executor() override { return stream_.get_executor(); }
    int native_handle() override {
        if constexpr (waits<Stream>)
            return stream_.native_handle();
        else
            return -1;
    }
    bool is_open() const noexcept override {
        if constexpr (requires(const Stream& s) { s.is_open(); })
            return stream_.is_open();
        else
            return true;
    }
    bool reads_bytes() const noexcept override { return reads_some<Stream>; }

    void read([[maybe_unused]] asio::mutable_buffer into, [[maybe_unused]] read_done done) override {
        if constexpr (reads_some<Stream>) stream_.async_read_some(into, std::move(done));
    }
    void wait_read([[maybe_unused]] read_done done) override {
        if constexpr (waits<Stream>) stream_.async_wait(Stream::wait_read, std::move(done));
    }
    void write([[maybe_unused]] asio::const_buffer bytes, [[maybe_unused]] write_done done) override {
        if constexpr (writes_some<Stream>)
            stream_.async_write_some(bytes, write_rest<Stream>{stream_, bytes, std::move(done)});
    }
    void wait_write([[maybe_unused]] write_done done) override {
        if constexpr (waits<Stream>) stream_.async_wait(Stream::wait_write, std::move(done));
    }
    bool tells_end() const noexcept override { return ends_with_message<Stream>; }
    void end([[maybe_unused]] write_done done) override {
        if constexpr (ends_with_message<Stream>) stream_.async_shutdown(std::move(done));
    }
    void close_sending() override {
        if constexpr (requires { stream_.close_writer(); }) stream_.close_writer();
    }
    void close() noexcept override {
        if constexpr (requires(error_code ec) { stream_.close(ec); }) {
            error_code ignored;
            stream_.close(ignored);
        } else if constexpr (requires { stream_.close(); }) {
            stream_.close();
        } else {
            error_code ignored;
            stream_.lowest_layer().close(ignored);
        }
    }

    parsed_frames parse(std::string_view bytes, std::size_t examined, message_place* into,
                        std::size_t room) const noexcept override {
        parsed_frames all;
        const std::size_t size = bytes.size();
        while (all.count != room && !bytes.empty()) {
            const parsed_frame parsed = parse_one(bytes, examined);
            if (parsed.outcome != parsed_frame::kind::complete) {
                all.last = parsed;
                break;
            }
            const frame& f = parsed.found;
            // A framing of somebody's own could be wrong.
            if (f.size - 1 >= bytes.size() || f.payload_at > f.size || f.payload_size > f.size - f.payload_at) {
                all.last = parsed_frame::failed(errc::invalid_frame, 0, "the framing gave an impossible frame");
                break;
            }
            if (f.payload_size > std::numeric_limits<std::uint32_t>::max()) {
                all.last = parsed_frame::failed(errc::limit_exceeded, 0, "the message has 4 GiB or more");
                break;
            }
            into[all.count++] = {bytes.data() + f.payload_at, static_cast<std::uint32_t>(f.payload_size),
                                 f.descriptors};
            bytes.remove_prefix(f.size);
            examined = 0;
        }
        all.size = size - bytes.size();
        return all;
    }
    parsed_frame parse_end(std::string_view bytes) const noexcept override { return framer_.parse_end(bytes); }
    error_code enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept override {
        return framer_.enclose(payload, descriptors, ends);
    }
    error_code append(std::string_view payload, unsigned descriptors, buffer& to) const override {
        frame_ends ends;
        if (const auto ec = framer_.enclose(payload, descriptors, ends)) return ec;
        const auto head = ends.head();
        const auto tail = ends.tail();
        const std::size_t size = head.size() + payload.size() + tail.size();
        auto* at = static_cast<char*>(to.prepare(size).data());
        if (size == 0) return {};  // an empty packet
        if (head.size() == 8)      // the usual one, without a call
            std::memcpy(at, head.data(), 8);
        else
            std::memcpy(at, head.data(), head.size());
        if (!payload.empty()) std::memcpy(at + head.size(), payload.data(), payload.size());
        for (std::size_t i = 0; i < tail.size(); ++i) at[head.size() + payload.size() + i] = tail[i];
        to.commit(size);
        return {};
    }
    std::size_t largest_frame() const noexcept override {
        const std::size_t limit = framer_.limit();
        const std::size_t most = std::numeric_limits<std::size_t>::max() / 4;
        return limit > most ? most : limit + framer_.overhead();
    }

    std::size_t overhead() const noexcept override { return framer_.overhead(); }
    bool keeps_packets() const noexcept override {
        if constexpr (requires { Framer::keeps_packets; })
            return Framer::keeps_packets;
        else
            return false;
    }

    Stream& stream() noexcept { return stream_; }

private:
    parsed_frame parse_one(std::string_view bytes, std::size_t examined) const noexcept {
        if constexpr (remembers_progress<Framer>) {
            if (examined == 0) progress_ = {};
            return framer_.parse(bytes, progress_);
        } else {
            return framer_.parse(bytes, examined);
        }
    }

    Stream stream_;
    Framer framer_;
    [[no_unique_address]] mutable typename progress_of<Framer>::type progress_{};
};

}  // namespace parley::detail
