// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What is behind an any_channel, and behind its pending operations.
#pragma once

#include <parley/message/any_channel.hpp>
#include <parley/message/channel_wire.hpp>

#include "core/syscall.hpp"
#include "message/message_queue.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::detail {

using receive_one = completion_handler<void(error_code, std::optional<std::string_view>)>;
using receive_all = completion_handler<void(error_code, message_batch)>;
using done_handler = completion_handler<void(error_code)>;

/// Who waits for a message, if anybody. Owned by the read that is under way, and by the state while there is none and
/// nobody waits: a context that is destroyed reaches only what its operations own, and a coroutine that waits here may
/// own the channel.
struct pending_receive {
    explicit pending_receive(pending_receive** where) noexcept : known_at(where) { *known_at = this; }

    pending_receive** known_at;
    receive_one one{};
    receive_all all{};
    std::uint64_t id = 0;
    bool at_home = false;  // its executor is the channel's: it can be completed from the channel's own operations

    bool waits() const noexcept { return one || all; }
};

/// A message for which there is no room, or that is written from where it lies.
struct pending_send {
    std::uint64_t id;
    std::string_view message;
    std::vector<unique_fd> descriptors;
    done_handler handler;
    bool in_place;  // large: it is not copied
    bool framed = false;
    frame_ends ends{};
    std::size_t sent = 0;  // of head, message and tail
};

struct pending_end {
    std::uint64_t id;
    bool close;
    done_handler handler;
};

/// Who waits for writing, in their order. Owned by the write that is under way; empty while there is none.
struct pending_sends {
    explicit pending_sends(pending_sends** where) noexcept : known_at(where) { *known_at = this; }

    pending_sends** known_at;
    std::list<pending_send> sends{};
    std::list<pending_end> ends{};
};

using receive_owner = std::unique_ptr<pending_receive, delete_pending>;
using send_owner = std::unique_ptr<pending_sends, delete_pending>;

/// One thread at a time.
class channel_state final : public channel_front, public std::enable_shared_from_this<channel_state> {
public:
    /// Throws system_error.
    channel_state(std::unique_ptr<channel_wire> wire, const channel_options& options);
    channel_state(const channel_state&) = delete;
    channel_state& operator=(const channel_state&) = delete;
    ~channel_state() = default;

    const executor& get_executor() const noexcept { return io_; }
    channel_wire& wire() noexcept { return *wire_; }
    int native_handle() const noexcept { return fd_; }
    bool is_open() const noexcept { return open_; }
    const error& failure() const noexcept { return failure_; }
    channel_counters counters() const noexcept;

    // receiving: channel_receive.cpp
    void start_receive(receive_one handler, const executor& own);
    void start_receive(receive_all handler, const executor& own);
    std::optional<std::string_view> try_receive();
    std::vector<unique_fd> take_descriptors() noexcept;
    void read_ended(receive_owner waiting, error_code ec, std::size_t n, bool only_waited);

    // sending: channel_send.cpp
    void start_send(std::string_view message, std::vector<unique_fd> descriptors, done_handler handler);
    bool try_send(std::string_view message);
    void start_end(bool close, done_handler handler);
    void write_ended(send_owner waiting, error_code ec);

    void cancel();
    void close();

private:
    enum class kind : unsigned char {
        other,         // not known to be a socket: it reads and writes itself
        local_stream,  // a UNIX socket
        stream,        // another socket, such as TCP
        packets,
    };

    // What a receive is to get, or that it has to wait.
    struct delivery {
        error_code ec{};
        message_batch messages{};
    };

    template <typename Handler>
    void start_receive_of(Handler pending_receive::*which, Handler handler, const executor& own);
    bool somebody_receives() const noexcept { return receive_ != nullptr && receive_->waits(); }
    bool settled();
    delivery hand_out(std::size_t most);
    void complete(pending_receive& waiting);
    void deliver(receive_owner waiting);
    void begin_read(receive_owner waiting);
    void parse();
    void parse_end();
    void arrived(error_code ec, std::size_t n);
    bool receive_after_wait();
    void add_packet(std::size_t size, std::vector<unique_fd> descriptors);
    bool claim(const message_place& message);
    void not_a_frame(const parsed_frame& why);
    void cannot_receive(error_code code, std::string context);
    void failed(error_code code, std::string context);
    void abort_receive();
    void abort_receive(std::uint64_t id);
    bool reads_at_once() const noexcept;
    std::size_t room() const noexcept;

    bool may_send() const noexcept { return open_ && !ending_ && !write_error_.failed(); }
    error_code why_not() const noexcept;
    error_code check(std::string_view message, std::size_t descriptors) const;
    bool has_room(std::size_t size) const noexcept {
        return queue_.empty() || (queue_.bytes() + size + overhead_ <= options_.queue_bytes &&
                                  queue_.messages() < options_.queue_messages);
    }
    bool make_room(std::size_t size);
    pending_sends& sends();
    bool somebody_waits() const noexcept { return sends_ != nullptr && !sends_->sends.empty(); }
    void flush();
    // At the end of the loop's turn. While messages are delivered, `deliver` does it.
    void flush_soon() {
        if (!writing_ && !flush_posted_ && !delivering_) post_flush();
    }
    void post_flush();
    void write_to_socket();
    bool write_once();
    void write_elsewhere();
    void admit();
    void take_credit(std::size_t n);
    void await_writable();
    void write_failed(error_code ec);
    void ended_sending();
    void start_linger();
    void drain();
    void finish_shutdown();
    void abort_send(std::uint64_t id);
    void abort_sends(error_code ec);

    std::unique_ptr<channel_wire> wire_;
    executor io_;
    channel_options options_;
    std::size_t overhead_;
    kind kind_ = kind::other;
    int fd_ = -1;
    int type_ = 0;                           // SOCK_STREAM and its like
    std::size_t largest_packet_ = SIZE_MAX;  // that the kernel would send

    bool open_ = true;
    bool reading_ = false;
    bool delivering_ = false;
    bool more_ = false;      // there may be whole frames behind what was parsed
    bool at_end_ = false;    // the other side sends nothing more
    bool broken_ = false;    // nothing can be received behind what was parsed: `failure_`
    bool draining_ = false;  // what comes is thrown away
    bool writing_ = false;
    bool flush_posted_ = false;
    bool ending_ = false;  // by `start_end`: nothing more is sent
    bool ended_ = false;   // and the other side was told
    error_code read_error_{};
    error_code write_error_{};
    error failure_{};

    buffer in_;
    std::size_t parsed_ = 0;                        // of `in_`: messages that were found there
    std::size_t examined_ = 0;                      // behind that: what the framing has seen already
    std::size_t wanted_ = 1;                        // behind that: what it wants to see
    std::size_t read_size_ = std::size_t{4} << 10;  // what to make room for
    std::vector<message_place> places_;
    std::vector<unique_fd> arrived_;      // descriptors whose messages were not handed out
    std::vector<unique_fd> claimed_;      // of what was handed out last
    pending_receive* receive_ = nullptr;  // null after the end of the context
    receive_owner receive_at_home_;       // while no read is under way
    std::uint64_t next_id_ = 1;

    message_queue queue_;
    buffer taken_{0};                 // being written by a wire that is no socket
    pending_sends* sends_ = nullptr;  // where it was needed so far
    send_owner sends_at_home_;        // while no write is under way
    std::unique_ptr<asio::steady_timer> linger_;

    channel_counters counters_{};
    std::uint64_t lost_ = 0;  // messages that were queued and not sent
};

}  // namespace parley::detail
