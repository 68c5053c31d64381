// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What is behind a connection, its peers and its pending calls.
#pragma once

#include <parley/rpc/connection.hpp>
#include <parley/rpc/peer.hpp>
#include <parley/rpc/router.hpp>

#include "core/operation.hpp"
#include "rpc/held_calls.hpp"
#include "rpc/served.hpp"
#include "rpc/waiting_calls.hpp"
#include "rpc/wire.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace parley::rpc::detail {

using done_handler = completion_handler<void(error_code)>;

enum class ended_by : unsigned char { nobody, other_side, close, shutdown };

/// One thread at a time.
///
/// Exactly one operation of Asio's is pending while it is open: a receive, or a wait for it to make sense again. It
/// owns the calls that wait, so that a context that is destroyed reaches them; a coroutine that waits here may own the
/// connection.
class session final : public std::enable_shared_from_this<session> {
public:
    /// How to connect once more.
    using redial_function = std::function<task<any_channel>()>;

    session(any_channel channel, router calls, const connection_options& options);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session();

    const executor& get_executor() const noexcept { return executor_; }
    bool is_open() const noexcept { return open_; }
    int native_handle() const noexcept { return open_ && connected_ ? channel_.native_handle() : -1; }
    const error& failure() const noexcept { return failure_; }
    connection_counters counters() const noexcept;
    const connection_options& options() const noexcept { return options_; }
    wire& protocol() noexcept { return *wire_; }

    void start();
    /// From now on the end of a connection is not the end.
    void reconnect_by(redial_function redial, const reconnect_options& how) {
        redial_ = std::move(redial);
        reconnect_ = how;
    }
    void close() noexcept;
    void start_wait(done_handler handler);
    void start_end(done_handler handler);
    /// A coroutine begins later: it keeps what it works on.
    static task<void> shut_down(std::shared_ptr<session> self);

    // calling: session_calls.cpp
    /// Its id; 0 where it was refused.
    std::uint32_t start_call(std::unique_ptr<waiting_call> call, std::string_view method,
                             const outgoing_arguments& arguments, const call_options& options);
    void end_stream(std::uint32_t id);
    void start_notify(std::string_view method, const outgoing_arguments& arguments, done_handler handler);
    bool try_notify(std::string_view method, const outgoing_arguments& arguments);
    void read_more(std::uint32_t id);  // its stream of parts has room again

    // serving: session_serve.cpp
    void answer(const served_call::details& call, std::string_view text);
    void count_fault() noexcept { ++counted_.faults; }
    void send_part(std::string_view text, done_handler handler);
    void handler_began(served_call::details& call);
    void handler_ended(served_call::details& call) noexcept;
    /// An empty text to write a message into, which is sent before the next one is written.
    std::string& scratch();

private:
    struct pump;
    /// So many times `unsent_bytes` may wait when reading cannot stop. Half of it for answers in batches, whose faults
    /// have the other half.
    static constexpr std::size_t times_unsent = 16;
    /// With so many messages that wait nothing is read, unless answers are wanted. One lies ahead of those whose turn
    /// comes, so that the end is seen.
    static constexpr std::size_t most_held = 2;

    void received(error_code ec, std::optional<std::string_view> message);
    void go_on();
    void next();
    bool may_read() const noexcept;
    void resume();
    void process(std::string_view message);
    void process(const incoming_item& item, const std::shared_ptr<batch>& together);
    void other_side_ended();
    static task<void> give_last_answers(std::shared_ptr<session> self);
    void watch_sending();
    void cannot_send(error_code ec);
    void lost(error why);
    void begin_reconnect();
    static task<void> reconnect(pump own);
    void connected(any_channel channel);
    void finish(error_code why, ended_by who);
    void cancel_handlers();
    static void cancel_next_handler(const std::shared_ptr<session>& self);
    std::string how_it_ended(std::string_view when) const;

    // session_invalid.cpp
    bool is_answered(const incoming_item& item) const noexcept;
    void count_noise(const incoming& all);
    std::shared_ptr<batch> begin_batch(incoming& all);
    void end_after_noise();
    std::string place_of_message(const std::string& problem) const;
    void invalid(const incoming_item& item, const std::shared_ptr<batch>& together);
    void end_broken(const incoming_item& item);

    void answered(const incoming_item& item);
    std::unique_ptr<waiting_call> take_answered(const incoming_item& item);
    bool add_part(const incoming_item& item);
    void has_room(call_record& call);
    void give_up(std::uint32_t id, error_code why, bool later, const std::string& text = {});
    void abort_calls(bool idempotent_too);
    bool write_notification(std::string_view method, const outgoing_arguments& arguments);
    bool was_issued(std::uint32_t id) const noexcept;

    void serve(const incoming_item& item, const std::shared_ptr<batch>& together,
               std::optional<std::chrono::steady_clock::time_point> deadline);
    void refuse(const incoming_item& item, const std::shared_ptr<batch>& together, const fault& why);
    void cancel_served(const call_id& id);
    void leave_unanswered(served_call::details& call);
    void answer_batch(batch& all);
    void refill() noexcept;
    bool within_rate();
    bool is_beyond(std::size_t bytes, std::size_t times) const noexcept;
    void send(std::string_view text);

    // calls that wait for their turn: session_held.cpp
    bool takes_turns(const incoming_item& item) const noexcept;
    bool is_full() noexcept;
    bool may_wait() const noexcept;
    bool has_to_wait() noexcept;
    bool has_room_for(std::string_view message) const noexcept;
    void process_or_hold(const incoming& all, std::string_view message, const std::shared_ptr<batch>& together);
    void take_held();
    void take_held_later();
    void process_held();
    void process_in_turn(const incoming_item& item, const held_call& call, const std::shared_ptr<batch>& together);
    bool cancel_held(const call_id& id);
    void await_allowance();
    void watch_for_hang_up();

    executor executor_;
    any_channel channel_;
    std::unique_ptr<wire> wire_;
    router router_;
    connection_options options_;
    error failure_{};
    error_code end_code_{};
    connection_counters counted_{};

    waiting_calls* calls_ = nullptr;  // null after the end of the context
    std::unique_ptr<waiting_calls> calls_at_home_;
    std::uint32_t next_id_ = 1;
    std::size_t full_streams_ = 0;  // of those calls

    incoming incoming_{};
    held_calls held_{};
    incoming taken_{};       // of the first message that is held
    std::size_t noise_ = 0;  // messages in a row that are none
    std::string first_noise_{};
    std::string scratch_{};
    std::size_t unsent_bytes_ = 0;   // of answers and calls for which the channel has no room
    std::size_t batched_bytes_ = 0;  // of answers that wait for the rest of their batch
    served_list running_{};
    served_ids running_calls_{};
    std::unique_ptr<served_call::details> spare_;

    asio::steady_timer parked_;
    event end_;
    asio::steady_timer idle_;                                    // cancelled when a handler ends while it shuts down
    std::unique_ptr<asio::steady_timer> allowed_{};              // while calls wait for a rate
    std::unique_ptr<asio::posix::stream_descriptor> hang_up_{};  // while calls wait and nothing is read
    std::unique_ptr<asio::steady_timer> last_words_{};  // while the other side is heard that takes nothing more
    redial_function redial_{};
    reconnect_options reconnect_{};
    asio::cancellation_signal redial_cancel_;
    std::uint32_t link_ = 1;  // counts connections, so that what ends late is told apart
    double allowance_ = 0;
    std::chrono::steady_clock::time_point allowed_at_{};

    bool open_ = true;
    bool connected_ = true;
    bool processing_ = false;
    bool is_parked_ = false;
    bool shutting_down_ = false;  // this side serves nothing new
    bool has_ended_ = false;      // this side, to which answers still come
    bool other_ended_ = false;    // it may still wait for answers
    bool take_posted_ = false;
    ended_by ended_by_ = ended_by::nobody;
};

}  // namespace parley::rpc::detail
