// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The sending half of a channel.

#include "core/operation.hpp"
#include "core/syscall_message.hpp"
#include "core/syscall_net.hpp"
#include "message/channel_state.hpp"
#include "net/ancillary.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

namespace parley::detail {
namespace {

constexpr int most_writes = 16;  // then others have their turn
constexpr int most_turns = 16;   // of the loop that a message waits for others

std::size_t bytes_in(const std::array<iovec, 4>& parts, std::size_t count) noexcept {
    std::size_t all = 0;
    for (std::size_t i = 0; i < count; ++i) all += parts[i].iov_len;
    return all;
}

sys::outcome<std::size_t> send_together(int fd, std::span<iovec> parts, std::span<const unique_fd> descriptors) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    control_buffer control;
    if (!descriptors.empty()) {
        std::array<int, most_descriptors> numbers;
        std::ranges::transform(descriptors, numbers.begin(), [](const unique_fd& d) { return d.get(); });
        message.msg_control = control.bytes.data();
        message.msg_controllen = encode_descriptors({numbers.data(), descriptors.size()}, control);
    }
    return sys::sendmsg(fd, message);
}

iovec part_of(std::string_view bytes) noexcept { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

// --- what the user calls

error_code channel_state::why_not() const noexcept {
    if (const auto& why = failure().code(); why && !open_ && why != asio::error::operation_aborted) return why;
    if (!open_ || ends_) return asio::error::bad_descriptor;
    return ending_ ? ending_->write_error : error_code();
}

// Whether a message can be sent at all.
error_code channel_state::check(std::string_view message, std::size_t descriptors) const {
    if (const auto ec = why_not()) return ec;
    if (message.size() > largest_packet_) return asio::error::message_size;
    if (descriptors == 0) return {};
    if (kind_ != kind::local_stream && kind_ != kind::packets) return asio::error::operation_not_supported;
    if (descriptors > most_descriptors) return errc::too_many_descriptors;
    return {};
}

// Makes room as the options say; false where the message has to wait, to fail or to go.
bool channel_state::make_room(std::size_t size) {
    if (has_room(size)) return true;
    flush();
    if (options_.when_full == full_queue::drop_oldest) {
        while (!has_room(size) && outbox_->queue.drop_oldest()) {
            ++outbox_->dropped;
            ++outbox_->lost;
        }
        return true;  // at most one message stays that has begun to leave
    }
    return has_room(size);
}

void channel_state::start_send(std::string_view message, std::vector<unique_fd> descriptors, done_handler handler) {
    const auto done = [&](error_code ec) { post_completion(get_executor(), std::move(handler), ec); };
    if (const auto ec = check(message, descriptors.size())) return done(ec);
    const bool in_place = message.size() >= options_.gather_bytes && descriptors.empty() && kind_ != kind::other &&
                          kind_ != kind::packets && options_.when_full == full_queue::wait;
    if (!somebody_waits() && !in_place) {
        if (make_room(message.size())) {
            const auto ec = out().queue.put(*wire_, message, std::move(descriptors));
            done(ec);  // first, so that a coroutine that sends in a loop has sent again before the flush looks
            if (!ec) outbox_->queue.bytes() >= options_.gather_bytes ? flush() : flush_soon();
            return;
        }
        if (options_.when_full == full_queue::fail) return ++outbox_->refused, done(asio::error::no_buffer_space);
        if (options_.when_full == full_queue::drop_newest) return ++outbox_->dropped, done({});
    }
    const auto id = next_id_++;
    on_cancellation(handler, id);
    sends().sends.push_back({id, message, std::move(descriptors), std::move(handler), in_place});
    flush();
}

bool channel_state::try_send(std::string_view message) {
    if (somebody_waits() || !may_send() || message.size() > largest_packet_) return false;
    if (!has_room(message.size()) && !make_room(message.size())) {
        if (options_.when_full == full_queue::fail) ++outbox_->refused;
        if (options_.when_full != full_queue::drop_newest) return false;
        ++outbox_->dropped;
        return true;
    }
    if (out().queue.put(*wire_, message)) return false;
    if (outbox_->queue.bytes() >= options_.gather_bytes)
        flush();
    else
        flush_soon();
    return true;
}

void channel_state::on_cancellation(const done_handler& handler, std::uint64_t id) {
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
        slot.assign([weak = weak_from_this(), id](asio::cancellation_type type_of) {
            if (type_of == asio::cancellation_type::none) return;
            if (const auto self = weak.lock()) self->abort_send(id);
        });
    }
}

pending_sends& channel_state::sends() {
    if (sends_ == nullptr) sends_at_home_.reset(new pending_sends(&sends_));
    return *sends_;
}

void channel_state::abort_send(std::uint64_t id) {
    if (sends_ == nullptr) return;
    const error_code aborted = asio::error::operation_aborted;
    auto& [known_at, waiting, flushes, ends] = *sends_;
    if (auto* const it = waiting.find(id)) {
        const bool begun = it->sent != 0;
        if (begun) failed_in_part(*it);
        post_completion(get_executor(), std::move(it->handler), aborted);
        waiting.erase(it);
        if (begun)
            close();  // half a message cannot be taken back
        else
            flush();
    } else if (auto* const of = flushes.find(id)) {
        post_completion(get_executor(), std::move(of->handler), aborted);
        flushes.erase(of);
    } else if (auto* const at = ends.find(id)) {
        const bool closes = at->close;
        post_completion(get_executor(), std::move(at->handler), aborted);
        ends.erase(at);
        if (closes) close();
    }
}

// A send was cancelled of which a part has left. Where something has failed before, that was the cause.
void channel_state::failed_in_part(const pending_send& send) {
    if (cannot_write_) return;
    const auto size = send.ends.head().size() + send.message.size() + send.ends.tail().size();
    failed(asio::error::operation_aborted, "message " + std::to_string(counters().messages_sent + 1) +
                                               ": the send was cancelled when " + std::to_string(send.sent) + " of " +
                                               std::to_string(size) + " bytes had left");
}

void channel_state::abort_sends(error_code ec) {
    if (sends_ == nullptr) return;
    auto waiting = std::exchange(sends_->sends, {});
    auto flushes = std::exchange(sends_->flushes, {});
    auto ends = std::exchange(sends_->ends, {});
    const bool begun = !waiting.empty() && waiting.front().sent != 0;  // no other can have
    const bool closes = ends.any_of([](const pending_end& e) { return e.close; });
    if (begun && open_) failed_in_part(waiting.front());
    const auto tell = [&](auto& waiter) { post_completion(get_executor(), std::move(waiter.handler), ec); };
    waiting.for_each(tell);
    flushes.for_each(tell);
    ends.for_each(tell);
    // Half a message cannot be taken back; where writing has failed nothing follows it, and what comes is still heard.
    if ((begun && !cannot_write_) || closes) close();
}

// --- writing

void channel_state::post_flush() {
    flush_posted_ = true;
    flush_when_quiet(outbox_ ? outbox_->queue.messages() : 0, false, most_turns);
}

// A coroutine that sends in a loop comes back one turn later, one that receives before it sends two turns later. What
// they send is to leave together.
void channel_state::flush_when_quiet(std::size_t seen, bool quiet, int turns) {
    asio::post(get_executor(), [self = shared_from_this(), seen, quiet, turns] {
        const std::size_t now = self->outbox_ ? self->outbox_->queue.messages() : 0;
        const bool more = now > seen;
        if (now != 0 && (more || !quiet) && turns > 1 && !self->writing_ && !self->ends_)
            return self->flush_when_quiet(now, !more, turns - 1);
        self->flush_posted_ = false;
        self->flush();
    });
}

void channel_state::flush() {
    if (writing_ || !open_) return;
    if (kind_ == kind::other)
        write_elsewhere();
    else
        write_to_socket();
    if (sends_ == nullptr || !open_) return;
    if (!sends_->flushes.empty()) flushed();
    if (ends_ && !writing_ && !flush_posted_) ended_sending();
}

// Takes over those who found no room, as far as there is some now.
void channel_state::admit() {
    if (sends_ == nullptr) return;
    for (auto& waiting = sends_->sends; !waiting.empty(); waiting.pop_front()) {
        auto& send = waiting.front();
        error_code ec;
        if (send.in_place) {
            if (!send.framed) ec = wire_->enclose(send.message, 0, send.ends);
            send.framed = true;
            if (!ec) return;
        } else {
            if (!has_room(send.message.size())) return;
            ec = out().queue.put(*wire_, send.message, std::move(send.descriptors));
        }
        post_completion(get_executor(), std::move(send.handler), ec);
    }
}

void channel_state::write_to_socket() {
    for (int n = 0; n < most_writes; ++n) {
        admit();
        if (nothing_queued() && !somebody_waits()) return;
        if (!write_once()) return;
    }
    flush_soon();
}

// False where nothing more can be written now.
bool channel_state::write_once() {
    std::array<iovec, 4> parts;
    std::size_t count = 0;
    const auto piece = out().queue.front();
    if (piece.anything) parts[count++] = part_of(piece.bytes);
    if (piece.bytes.size() == outbox_->queue.bytes() && somebody_waits() && sends_->sends.front().in_place) {
        auto& send = sends_->sends.front();
        std::size_t skip = send.sent;
        for (auto bytes : {send.ends.head(), send.message, send.ends.tail()}) {
            const auto gone = std::min(skip, bytes.size());
            skip -= gone;
            bytes.remove_prefix(gone);
            if (!bytes.empty()) parts[count++] = part_of(bytes);
        }
    }
    const auto n = count == 1 && piece.descriptors.empty()
                       ? sys::send(fd_, parts[0])
                       : send_together(fd_, {parts.data(), count}, piece.descriptors);
    if (n) {
        take_credit(*n);
        if (kind_ == kind::packets || *n == bytes_in(parts, count)) return true;
        return await_writable(), false;
    }
    const auto ec = n.error();
    if (ec == asio::error::would_block || ec == asio::error::no_buffer_space) {
        await_writable();
    } else if (type_ == SOCK_DGRAM && (ec == asio::error::connection_refused || ec == asio::error::message_size)) {
        outbox_->queue.sent(piece.bytes.size());  // of one packet, and lost with it
        ++outbox_->dropped;
        ++outbox_->lost;
        return true;
    } else {
        write_failed(ec);
    }
    return false;
}

void channel_state::take_credit(std::size_t n) {
    ++outbox_->writes;
    outbox_->bytes += n;
    const auto queued = kind_ == kind::packets ? n : std::min(n, outbox_->queue.bytes());
    if (!outbox_->queue.empty()) outbox_->queue.sent(queued);
    if (n == queued) return;
    auto& send = sends_->sends.front();
    send.sent += n - queued;
    const std::size_t size = send.ends.head().size() + send.message.size() + send.ends.tail().size();
    if (send.sent != size) return;
    outbox_->queue.passed_by(size);
    post_completion(get_executor(), std::move(send.handler), error_code());
    sends_->sends.pop_front();
}

void channel_state::write_elsewhere() {
    admit();
    if (nothing_queued()) return;
    sends();
    writing_ = true;
    outbox_->taken = outbox_->queue.take();
    const auto bytes = outbox_->taken.data();
    wire_->write(asio::buffer(bytes.data(), bytes.size()), {shared_from_this(), std::move(sends_at_home_)});
}

void channel_state::await_writable() {
    sends();
    writing_ = true;
    wire_->wait_write({shared_from_this(), std::move(sends_at_home_)});
}

void channel_state::write_ended(send_owner waiting, error_code ec) {
    sends_at_home_ = std::move(waiting);
    writing_ = false;
    if (!open_) return;
    if (lingers()) return finish_shutdown();  // the other side has answered the end of TLS, or will not
    if (ec && !ended_) return write_failed(ec);
    if (kind_ == kind::other && outbox_ && !outbox_->taken.empty()) {
        ++outbox_->writes;
        outbox_->bytes += outbox_->taken.size();
        outbox_->taken.consume(outbox_->taken.size());
        outbox_->queue.taken_sent();
    }
    flush();
}

// What comes can still be received.
void channel_state::write_failed(error_code ec) {
    cannot_write_ = true;
    at_the_end().write_error = ec;
    failed(ec, "send message " + std::to_string(counters().messages_sent + 1));
    if (const auto told = std::exchange(write_failure_, nullptr)) asio::post(get_executor(), std::move(*told));
    out().lost += outbox_->queue.messages();
    outbox_->queue.clear();
    abort_sends(ec);
}

}  // namespace parley::detail
