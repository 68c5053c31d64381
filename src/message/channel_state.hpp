// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What is behind an any_channel, and behind its pending operations.
#pragma once

#include <parley/message/any_channel.hpp>
#include <parley/message/channel_wire.hpp>

#include "core/polling.hpp"
#include "core/syscall.hpp"
#include "message/channel_budget.hpp"
#include "message/message_queue.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::detail {

/// What one read of a stream asks for, at most: more than 64 KiB, so that a message of that size comes in one.
inline constexpr std::size_t largest_read = std::size_t{128} << 10;

inline constexpr const char* no_room_for_descriptors =
    "the connections of the listener hold as many descriptors as they may";

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

/// Who waits until all that was queued is written.
struct pending_flush {
    std::uint64_t id;
    std::uint64_t position;  // in the stream, of the last byte that was queued
    done_handler handler;
};

struct pending_end {
    std::uint64_t id;
    bool close;
    done_handler handler;
};

/// Those that wait, in the order of their ids, which is that in which they came. One of many is found at once.
template <typename T>
class waiting_list {
public:
    bool empty() const noexcept { return all_.empty(); }
    T& front() noexcept { return all_.begin()->second; }
    void pop_front() noexcept { all_.erase(all_.begin()); }
    void push_back(T one) {
        const auto id = one.id;
        all_.emplace_hint(all_.end(), id, std::move(one));
    }
    T* find(std::uint64_t id) noexcept {
        const auto at = all_.find(id);
        return at == all_.end() ? nullptr : &at->second;
    }
    void erase(const T* one) noexcept { all_.erase(one->id); }
    template <typename Predicate>
    bool any_of(Predicate predicate) const {
        return std::ranges::any_of(all_, [&](const auto& one) { return predicate(one.second); });
    }
    template <typename Function>
    void for_each(Function function) {
        for (auto& one : all_) function(one.second);
    }

private:
    std::map<std::uint64_t, T> all_;
};

/// Who waits for writing, in their order. Owned by the write that is under way; empty while there is none.
struct pending_sends {
    explicit pending_sends(pending_sends** where) noexcept : known_at(where) { *known_at = this; }

    pending_sends** known_at;
    waiting_list<pending_send> sends{};
    waiting_list<pending_flush> flushes{};
    waiting_list<pending_end> ends{};
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

    /// It belongs to a listener from here on. Before anything was received.
    void join(std::shared_ptr<channel_budget> budget) {
        share_ = std::make_unique<channel_share>(std::move(budget), weak_from_this(), fd_);
    }
    /// There is something new for its share.
    void told_by_budget();

    executor get_executor() const { return wire_->get_executor(); }
    channel_wire& wire() noexcept { return *wire_; }
    int native_handle() const noexcept { return fd_; }
    bool is_open() const noexcept { return open_; }
    const error& failure() const noexcept;
    channel_counters counters() const noexcept;

    // receiving: channel_receive.cpp
    void start_receive(receive_one handler, const executor& own);
    void start_receive(receive_all handler, const executor& own);
    std::optional<std::string_view> try_receive();
    std::vector<unique_fd> take_descriptors() noexcept;

    // reading: channel_read.cpp
    void read_ended(receive_owner waiting, error_code ec, std::size_t n, bool only_waited);

    // sending: channel_send.cpp
    void start_send(std::string_view message, std::vector<unique_fd> descriptors, done_handler handler);
    bool try_send(std::string_view message);
    void start_flush(done_handler handler);
    void start_end(bool close, done_handler handler);
    void write_ended(send_owner waiting, error_code ec);

    void cancel();
    void close();
    void on_write_failure(std::function<void()> told) {
        write_failure_ = std::make_unique<std::function<void()>>(std::move(told));
    }

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
    void deliver_later(receive_owner waiting);
    void parse();
    void parse_end();
    void claim(const message_place& message);
    std::size_t parse_one_by_one();
    bool assign_descriptors(unsigned announced, std::uint64_t end_of_frame);
    bool check_incomplete(const parsed_frame& last);
    void not_a_frame(const parsed_frame& why);
    void wrong_descriptors(error_code code, const std::string& why);
    void cannot_receive(error_code code, std::string context);
    void failed(error_code code, std::string context);
    void abort_receive();
    void abort_receive(std::uint64_t id);

    class awaited_read;
    void begin_read(receive_owner waiting);
    bool leave_to_polling(receive_owner& waiting);
    looked look(receive_owner& waiting);
    void stop_looking(receive_owner& waiting);
    bool wants_to_read(const receive_owner& waiting) const noexcept { return open_ && (draining_ || waiting->waits()); }
    void read_by_reactor(receive_owner waiting);
    std::size_t free_bytes() const noexcept;
    bool has_room_for_message();
    void wait_for_room(receive_owner waiting);
    void stop_waiting_for_room();
    void room_wait_ended(receive_owner waiting);
    void give_way();
    void forget_claimed();
    void count_descriptors();
    bool may_hold(std::size_t more);
    void give_memory_back();
    void have_read(receive_owner waiting);
    void arrived(error_code ec, std::size_t n);
    bool try_read();
    bool try_read_packet();
    std::size_t bytes_to_read();
    std::size_t first_announcing(std::string_view bytes);
    void brought(std::vector<unique_fd> descriptors, error_code refused, std::uint64_t to);
    bool reads_at_once() const noexcept;
    std::size_t room() const noexcept;
    asio::mutable_buffer memory_for(std::size_t n);

    bool may_send() const noexcept { return open_ && !ends_ && !cannot_write_; }
    error_code why_not() const noexcept;
    error_code check(std::string_view message, std::size_t descriptors) const;
    bool has_room(std::size_t size) const noexcept {
        if (!outbox_ || outbox_->queue.empty()) return true;
        const auto& queue = outbox_->queue;
        return queue.bytes() + size + overhead_ <= options_.queue_bytes && queue.messages() < options_.queue_messages;
    }
    bool make_room(std::size_t size);
    pending_sends& sends();
    bool somebody_waits() const noexcept { return sends_ != nullptr && !sends_->sends.empty(); }
    void flush();
    // When nothing more is sent. While messages are delivered, `deliver` does it.
    void flush_soon() {
        if (!writing_ && !flush_posted_ && !delivering_) post_flush();
    }
    void post_flush();
    void flush_when_quiet(std::size_t seen, bool quiet, int turns);
    void write_to_socket();
    bool write_once();
    void write_elsewhere();
    void admit();
    void take_credit(std::size_t n);
    void await_writable();
    void write_failed(error_code ec);
    void flushed();
    void ended_sending();
    void on_cancellation(const done_handler& handler, std::uint64_t id);
    void start_linger();
    void drain();
    void finish_shutdown();
    void abort_send(std::uint64_t id);
    void abort_sends(error_code ec);
    void failed_in_part(const pending_send& send);

    // Descriptors that came with some bytes of a stream, as far as no frame has announced them yet.
    struct arrival {
        std::uint64_t to;  // in the stream: behind the last byte that they can belong to
        std::size_t count;
        error_code refused;  // they were closed,
        bool of_listener;    // for what all channels of the listener hold
    };
    // What only a channel needs that has received something; an idle one is small.
    struct inbox {
        explicit inbox(std::size_t limit) noexcept : bytes(limit) {}

        buffer bytes;
        std::size_t parsed = 0;                        // of `bytes`: messages that were found there
        std::size_t examined = 0;                      // behind that: what the framing has seen already
        std::size_t wanted = 1;                        // behind that: what it wants to see
        std::size_t read_size = std::size_t{4} << 10;  // what to make room for
        std::size_t room_to = SIZE_MAX;                // how many bytes there may be in all
        std::uint64_t messages = 0;                    // found so far
        std::uint64_t bytes_read = 0;
        std::uint64_t reads = 0;
        std::vector<message_place> places{};
        std::vector<arrival> arrivals{};             // of descriptors that belong to no frame yet
        std::vector<unique_fd> arrived{};            // descriptors whose messages were not handed out
        std::vector<unique_fd> claimed{};            // of what was handed out last
        std::uint64_t looked_to = 0;                 // in the stream: where a look ahead has ended that met descriptors
        std::unique_ptr<asio::steady_timer> room{};  // waits until other channels leave some
        bool drained = true;                         // the last read took all that was there
        polling* loop = nullptr;                     // where the loop polls

        std::uint64_t position() const noexcept { return bytes_read - (bytes.size() - parsed); }  // of `parsed`
    };
    // The same for sending.
    struct outbox {
        message_queue queue{};
        buffer taken{0};  // being written by a wire that is no socket
        std::uint64_t writes = 0;
        std::uint64_t bytes = 0;
        std::uint64_t dropped = 0;
        std::uint64_t refused = 0;
        std::uint64_t lost = 0;  // messages that were queued and not sent
    };
    // What few channels need, at their end.
    struct ending {
        error failure{};
        error_code read_error{};
        error_code write_error{};
        std::unique_ptr<asio::steady_timer> linger{};
    };
    // The options without padding, up to 4 GiB.
    struct limits {
        std::uint32_t queue_bytes;
        std::uint32_t queue_messages;
        std::uint32_t gather_bytes;
        std::uint32_t turn_messages;
        full_queue when_full;
        std::uint8_t descriptors;
    };
    static limits packed(const channel_options& options);

    inbox& in() {
        if (!inbox_) make_inbox();
        return *inbox_;
    }
    outbox& out() {
        if (!outbox_) make_outbox();
        return *outbox_;
    }
    void make_inbox();
    void make_outbox();
    ending& at_the_end();
    error_code read_error() const noexcept { return ending_ ? ending_->read_error : error_code(); }
    bool nothing_queued() const noexcept { return !outbox_ || outbox_->queue.empty(); }
    bool lingers() const noexcept { return ending_ && ending_->linger; }

    std::unique_ptr<channel_wire> wire_;
    std::unique_ptr<inbox> inbox_;
    std::unique_ptr<outbox> outbox_;
    std::unique_ptr<ending> ending_;
    std::unique_ptr<std::function<void()>> write_failure_;  // who is to be told
    std::unique_ptr<channel_share> share_;                  // null where it is of no listener
    limits options_;
    int fd_ = -1;
    int type_ = 0;  // SOCK_STREAM and its like
    std::uint32_t overhead_;
    std::uint32_t largest_packet_ = UINT32_MAX;  // that the kernel would send
    kind kind_ = kind::other;

    bool open_ = true;
    bool reading_ = false;
    bool delivering_ = false;
    bool more_ = false;      // there may be whole frames behind what was parsed
    bool at_end_ = false;    // the other side sends nothing more
    bool broken_ = false;    // nothing can be received behind what was parsed
    bool draining_ = false;  // what comes is thrown away
    bool writing_ = false;
    bool flush_posted_ = false;
    bool cannot_write_ = false;
    bool ends_ = false;   // by `start_end`: nothing more is sent
    bool ended_ = false;  // and the other side was told

    pending_receive* receive_ = nullptr;  // null after the end of the context
    receive_owner receive_at_home_;       // while no read is under way
    pending_sends* sends_ = nullptr;      // where it was needed so far
    send_owner sends_at_home_;            // while no write is under way
    std::uint64_t next_id_ = 1;
};

}  // namespace parley::detail
