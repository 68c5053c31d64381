// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/any_channel.hpp>

#include "core/operation.hpp"
#include "core/syscall_message.hpp"
#include "message/channel_state.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <ostream>
#include <utility>

#include <poll.h>

namespace parley {
namespace {

template <typename Handler, typename... Results>
void no_channel(Handler handler, const executor& own, Results... results) {
    post_completion(own, std::move(handler), error_code(asio::error::bad_descriptor), results...);
}

}  // namespace

any_channel::any_channel(std::unique_ptr<detail::channel_wire> wire, const channel_options& options)
    : state_(std::make_shared<detail::channel_state>(std::move(wire), options)), front_(state_.get()) {}

any_channel::any_channel(any_channel&& other) noexcept
    : state_(std::move(other.state_)), front_(std::exchange(other.front_, &detail::no_front)) {}

any_channel& any_channel::operator=(any_channel&& other) noexcept {
    if (this == &other) return *this;
    if (state_) state_->close();
    state_ = std::move(other.state_);
    front_ = std::exchange(other.front_, &detail::no_front);
    return *this;
}

any_channel::~any_channel() {
    if (state_) state_->close();
}

any_channel::executor_type any_channel::get_executor() const noexcept {
    return state_ ? state_->get_executor() : executor();
}
bool any_channel::is_open() const noexcept { return state_ && state_->is_open(); }
bool any_channel::other_side_is_gone() const noexcept {
    const int fd = native_handle();
    if (fd < 0) return false;
    const auto now = sys::poll_now(fd, 0);
    return now && (*now & (POLLHUP | POLLERR)) != 0;
}
int any_channel::native_handle() const noexcept { return is_open() ? state_->native_handle() : -1; }
const error& any_channel::failure() const noexcept {
    static const error none;
    return state_ ? state_->failure() : none;
}
channel_counters any_channel::counters() const noexcept { return state_ ? state_->counters() : channel_counters(); }
detail::channel_wire& any_channel::wire() {
    if (!state_) throw boost::system::system_error(asio::error::bad_descriptor, "there is no channel");
    return state_->wire();
}
void any_channel::cancel() {
    if (state_) state_->cancel();
}
void any_channel::close() noexcept {
    if (state_) state_->close();
}

void any_channel::on_write_failure(std::function<void()> told) {
    if (state_) state_->on_write_failure(std::move(told));
}

void any_channel::start_receive(completion_handler<void(error_code, std::optional<std::string_view>)> handler,
                                const executor& own) {
    if (!state_) return no_channel(std::move(handler), own, std::optional<std::string_view>());
    state_->start_receive(std::move(handler), own);
}

void any_channel::start_receive_batch(completion_handler<void(error_code, message_batch)> handler,
                                      const executor& own) {
    if (!state_) return no_channel(std::move(handler), own, message_batch());
    state_->start_receive(std::move(handler), own);
}

std::optional<std::string_view> any_channel::try_receive_next() noexcept {
    if (!state_) return std::nullopt;
    return state_->try_receive();
}

std::vector<unique_fd> any_channel::take_descriptors() noexcept {
    if (!state_) return {};
    return state_->take_descriptors();
}

void any_channel::start_send(std::string_view message, std::vector<unique_fd> descriptors,
                             completion_handler<void(error_code)> handler, const executor& own) {
    if (!state_) return no_channel(std::move(handler), own);
    state_->start_send(message, std::move(descriptors), std::move(handler));
}

bool any_channel::try_send(std::string_view message) { return state_ && state_->try_send(message); }

void any_channel::start_flush(completion_handler<void(error_code)> handler, const executor& own) {
    if (!state_) return no_channel(std::move(handler), own);
    state_->start_flush(std::move(handler));
}

void any_channel::start_end(bool close, completion_handler<void(error_code)> handler, const executor& own) {
    if (!state_) return no_channel(std::move(handler), own);
    state_->start_end(close, std::move(handler));
}

std::ostream& operator<<(std::ostream& out, const channel_counters& c) {
    return out << "received " << c.messages_received << " messages, " << c.bytes_received << " bytes in " << c.reads
               << " reads; sent " << c.messages_sent << " messages, " << c.bytes_sent << " bytes in " << c.writes
               << " writes; dropped " << c.dropped << ", refused " << c.refused << "; queued " << c.queued_messages
               << " messages, " << c.queued_bytes << " bytes";
}

}  // namespace parley
