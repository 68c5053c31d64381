// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages in both directions over any stream: what a program that sends and receives is written against.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace parley {

/// What happens to a message for which the queue has no room.
enum class full_queue : unsigned char {
    wait,         ///< the sender waits until there is room
    fail,         ///< the send fails with `asio::error::no_buffer_space`
    drop_oldest,  ///< the oldest messages that have not begun to leave are dropped
    drop_newest,  ///< this one is dropped; the send succeeds
};

struct channel_options {
    /// The most bytes, framing included, that wait to be sent. A message that is larger is taken when nothing waits.
    std::size_t queue_bytes = std::size_t{1} << 20;
    /// The most messages that wait to be sent.
    std::size_t queue_messages = 65536;
    full_queue when_full = full_queue::wait;
    /// How many bytes gather, at most, before they are written. Fewer are written when the loop has turned twice and
    /// nothing more was sent, or 16 times whatever was sent, and before a receive waits.
    std::size_t gather_bytes = std::size_t{64} << 10;
    /// How many receives one arrival of bytes completes, at most, before others get their turn.
    std::size_t turn_messages = 256;
    /// The most descriptors that a message may bring; 0 refuses them. UNIX sockets only.
    unsigned descriptors = 0;
};

/// What a channel has done so far, and what waits in it.
struct channel_counters {
    std::uint64_t messages_received = 0;  ///< handed out
    std::uint64_t bytes_received = 0;     ///< read from the stream, framing included
    std::uint64_t reads = 0;              ///< arrivals of bytes
    std::uint64_t messages_sent = 0;      ///< taken over by the kernel, or by the stream below
    std::uint64_t bytes_sent = 0;
    std::uint64_t writes = 0;         ///< how often bytes were handed on; messages that gathered share one
    std::uint64_t dropped = 0;        ///< by `drop_oldest` or `drop_newest`
    std::uint64_t refused = 0;        ///< by `fail`
    std::size_t queued_messages = 0;  ///< not sent yet; with a partial write behind it, it may count some that were
    std::size_t queued_bytes = 0;

    PARLEY_EXPORT friend std::ostream& operator<<(std::ostream& out, const channel_counters& c);
};

namespace detail {

class channel_maker;
class channel_state;
class channel_wire;

/// A message that was received and not yet handed out.
struct message_place {
    const char* data;
    std::uint32_t size;
    std::uint32_t descriptors;

    std::string_view view() const noexcept { return {data, size}; }
};

/// The part of a channel's state that inline functions look at.
struct channel_front {
    const message_place* next = nullptr;
    const message_place* end = nullptr;
    bool brings_descriptors = false;  // each message has to be looked at
};

/// That of no channel.
inline constinit channel_front no_front{};

}  // namespace detail

/// Messages that came together, oldest first: a range of `std::string_view`. Empty at the end of the stream. Refers to
/// the channel, until its next receive.
class message_batch {
public:
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = std::string_view;

        iterator() = default;
        explicit iterator(const detail::message_place* at) noexcept : at_(at) {}
        std::string_view operator*() const noexcept { return at_->view(); }
        iterator& operator++() noexcept { return ++at_, *this; }
        iterator operator++(int) noexcept { return iterator(at_++); }
        friend bool operator==(const iterator&, const iterator&) = default;

    private:
        const detail::message_place* at_ = nullptr;
    };

    message_batch() = default;
    message_batch(const detail::message_place* begin, const detail::message_place* end) noexcept
        : begin_(begin), end_(end) {}

    iterator begin() const noexcept { return iterator(begin_); }
    iterator end() const noexcept { return iterator(end_); }
    std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - begin_); }
    bool empty() const noexcept { return begin_ == end_; }
    std::string_view operator[](std::size_t i) const noexcept { return begin_[i].view(); }

private:
    const detail::message_place* begin_ = nullptr;
    const detail::message_place* end_ = nullptr;
};

/// Sends and receives whole messages over a stream, whatever the stream and the framing are. Made as a `channel`, by
/// `async_connect_channel`, or by a `channel_listener`.
///
/// Receiving: one receive at a time. A message is a view into the channel's own buffer, which holds until the next
/// receive, `try_receive` or `close`; `std::string(message)` keeps it. Nothing is read while nobody receives, so that a
/// sender that is too fast is slowed down by the kernel.
///
/// Sending: any number at a time. Messages leave whole and in the order in which the sends were started. Small ones
/// gather and leave with one system call: soon, when nothing more is sent, at once before a receive waits, or when
/// `gather_bytes` have gathered. The queue is bounded (`channel_options`).
///
/// Reading never waits for writing and writing never for reading. What is no frame closes the channel: a stream is
/// never searched for its next message. `failure()` then says where it was.
///
/// Moves, never copies; pending operations follow the move. The destructor closes. Distinct objects are safe in
/// distinct threads, one object is not: call it on its executor.
class PARLEY_EXPORT any_channel {
public:
    using executor_type = executor;

    /// Holds no channel: to be assigned to. It is closed, as one that was moved from: operations end with
    /// `bad_descriptor`.
    any_channel() noexcept = default;
    any_channel(any_channel&& other) noexcept;
    any_channel& operator=(any_channel&& other) noexcept;
    any_channel(const any_channel&) = delete;
    any_channel& operator=(const any_channel&) = delete;
    ~any_channel();

    /// For `channel` and others that bring a stream and a framing. Throws system_error for options that cannot work.
    any_channel(std::unique_ptr<detail::channel_wire> wire, const channel_options& options);

    /// Empty where there is no channel.
    executor_type get_executor() const noexcept;
    /// The descriptor of the socket below, on loan, to ask who is at its other end; -1 where there is none.
    int native_handle() const noexcept;
    /// False after `close`, a failure or the end of `async_shutdown`.
    bool is_open() const noexcept;
    /// Whether the other side has closed in both directions, so that nothing arrives that is sent. A UNIX socket tells;
    /// over TCP it cannot be told from an end of sending alone before something was sent. False where it is not known.
    bool other_side_is_gone() const noexcept;

    /// Receives the next message.
    ///
    /// Completion: `void(error_code, std::optional<std::string_view>)`: the message; nothing at the end of the stream.
    /// Errors: `errc::invalid_frame`, `errc::limit_exceeded` and others of the framing, which close the channel;
    /// `errc::truncated_frame`; those of the stream, such as `connection_reset`; `already_started` while another
    /// receive waits; `bad_descriptor` after `close`. Messages that came before an error are received first.
    /// Cancellation: all types, `operation_aborted`; no message is lost. The read beneath goes on until something comes
    /// or the channel is closed, and is work for its executor's context until then.
    template <typename CompletionToken = asio::deferred_t>
    auto async_receive(CompletionToken&& token = {}) {
        return async_start<void(error_code, std::optional<std::string_view>)>(
            std::forward<CompletionToken>(token),
            [this](completion_handler<void(error_code, std::optional<std::string_view>)> handler, const executor& own) {
                start_receive(std::move(handler), own);
            });
    }

    /// The next message if it was read already; nothing otherwise, also at the end. Makes no system call: a loop of
    /// `async_receive` and then `try_receive` until it gives nothing takes all that came together.
    std::optional<std::string_view> try_receive() noexcept {
        if (front_->next == front_->end || front_->brings_descriptors) return try_receive_next();
        return (front_->next++)->view();
    }

    /// Receives all messages that were read already, at least one: it waits where there is none.
    ///
    /// Completion: `void(error_code, message_batch)`: empty at the end of the stream. Errors, cancellation: as
    /// `async_receive`.
    template <typename CompletionToken = asio::deferred_t>
    auto async_receive_batch(CompletionToken&& token = {}) {
        return async_start<void(error_code, message_batch)>(
            std::forward<CompletionToken>(token),
            [this](completion_handler<void(error_code, message_batch)> handler, const executor& own) {
                start_receive_batch(std::move(handler), own);
            });
    }

    /// The descriptors that came with the message, or the batch, received last, in their order. Those that are not
    /// taken are closed by the next receive.
    [[nodiscard]] std::vector<unique_fd> take_descriptors() noexcept;

    /// Sends a message. `message` must stay until completion: a large one is written from where it lies.
    ///
    /// Completion: `void(error_code)`, when there was room for it in the queue; for one of `gather_bytes` or more, when
    /// it has been written. Errors: those of the framing, such as `errc::limit_exceeded`, which leave the channel as it
    /// is; `no_buffer_space` by `full_queue::fail`; `broken_pipe` and others of the stream, also when an earlier
    /// message met it; `bad_descriptor` after `close`, `async_end` or `async_shutdown`. Cancellation: all types,
    /// `operation_aborted`: nothing of the message was sent; where a part of it was, the channel is closed.
    template <typename CompletionToken = asio::deferred_t>
    auto async_send(std::string_view message, CompletionToken&& token = {}) {
        return async_start<void(error_code)>(
            std::forward<CompletionToken>(token),
            [this, message](completion_handler<void(error_code)> handler, const executor& own) {
                start_send(message, {}, std::move(handler), own);
            });
    }

    /// The same, with up to 253 descriptors that arrive with it, over a UNIX socket and with a framing that tells their
    /// number (`length_prefix`, `datagram`). They are closed here once they are sent, and when they cannot be.
    /// Errors: also `errc::too_many_descriptors`; `operation_not_supported` where the stream is none that can.
    template <typename CompletionToken = asio::deferred_t>
    auto async_send(std::string_view message, std::vector<unique_fd> descriptors, CompletionToken&& token = {}) {
        return async_start<void(error_code)>(
            std::forward<CompletionToken>(token),
            [this, message, descriptors = std::move(descriptors)](completion_handler<void(error_code)> handler,
                                                                  const executor& own) mutable {
                start_send(message, std::move(descriptors), std::move(handler), own);
            });
    }

    /// Queues a copy of `message`. False where `async_send` would wait or fail: call that, and it will say.
    bool try_send(std::string_view message);

    /// Writes what is queued, without waiting for more to gather with it.
    ///
    /// Completion: `void(error_code)`, when all that was queued before is written: in the kernel's hands, not yet in
    /// those of the other side. Errors: as `async_send`. Cancellation: all types, `operation_aborted`; it is written
    /// all the same.
    template <typename CompletionToken = asio::deferred_t>
    auto async_flush(CompletionToken&& token = {}) {
        return async_start<void(error_code)>(std::forward<CompletionToken>(token),
                                             [this](completion_handler<void(error_code)> handler, const executor& own) {
                                                 start_flush(std::move(handler), own);
                                             });
    }

    /// Sends what is queued, then tells the other side that nothing more comes: it sees the end of the stream.
    /// Receiving goes on. Completion: `void(error_code)`. Errors: as `async_send`. Cancellation: all types,
    /// `operation_aborted`; the end is sent all the same.
    template <typename CompletionToken = asio::deferred_t>
    auto async_end(CompletionToken&& token = {}) {
        return async_start<void(error_code)>(std::forward<CompletionToken>(token),
                                             [this](completion_handler<void(error_code)> handler, const executor& own) {
                                                 start_end(false, std::move(handler), own);
                                             });
    }

    /// Sends what is queued, then closes. A receive that waits ends with `operation_aborted`, and what comes meanwhile
    /// is thrown away. Over TCP and TLS the other side has two seconds to take everything and to close: until then
    /// a close could destroy what is under way.
    ///
    /// Completion: `void(error_code)`. Errors: as `async_send`; it is closed then, too. Cancellation: all types,
    /// `operation_aborted`: it is closed at once, and what was not sent is lost. Use `with_timeout` to bound it.
    template <typename CompletionToken = asio::deferred_t>
    auto async_shutdown(CompletionToken&& token = {}) {
        return async_start<void(error_code)>(std::forward<CompletionToken>(token),
                                             [this](completion_handler<void(error_code)> handler, const executor& own) {
                                                 start_end(true, std::move(handler), own);
                                             });
    }

    /// Ends pending operations with `operation_aborted`; the channel stays open, except where a large message had
    /// left in part.
    void cancel();
    /// Closes at once: pending operations end with `operation_aborted`, what is queued is lost. Again does nothing.
    void close() noexcept;

    /// Why the channel does not work any more, with the place: "message 17, byte 4: version 1 was expected". The first
    /// failure, not what it has ended. No error while it works, at a clean end and after `close`; `operation_aborted`
    /// where a send was cancelled of which a part had left.
    const error& failure() const noexcept;
    channel_counters counters() const noexcept;

    /// Calls `told` once, from the loop, when a write has failed: what was queued by then is lost, and no send waits
    /// that could say so. For parley itself.
    void on_write_failure(std::function<void()> told);

protected:
    /// Throws system_error, `bad_descriptor`, where there is no channel.
    detail::channel_wire& wire();

private:
    friend class detail::channel_maker;

    void start_receive(completion_handler<void(error_code, std::optional<std::string_view>)> handler,
                       const executor& own);
    void start_receive_batch(completion_handler<void(error_code, message_batch)> handler, const executor& own);
    std::optional<std::string_view> try_receive_next() noexcept;
    void start_send(std::string_view message, std::vector<unique_fd> descriptors,
                    completion_handler<void(error_code)> handler, const executor& own);
    void start_flush(completion_handler<void(error_code)> handler, const executor& own);
    void start_end(bool close, completion_handler<void(error_code)> handler, const executor& own);

    std::shared_ptr<detail::channel_state> state_;
    detail::channel_front* front_ = &detail::no_front;
};

}  // namespace parley
