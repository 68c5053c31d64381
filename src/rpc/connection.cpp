// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/connection.hpp>
#include <parley/rpc/reply_stream.hpp>

#include "rpc/session.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <ostream>
#include <utility>

namespace parley::rpc {
namespace {

// There is no connection: its handle was made by default, or moved from.
void fail_without_connection(completion_handler<void(error_code)> handler) {
    const auto own = executor_of(handler);
    post_completion(own, std::move(handler), error_code(asio::error::bad_descriptor));
}

call_error no_connection(std::string_view method) {
    return call_error(asio::error::bad_descriptor, std::string(method), "there is no connection");
}

}  // namespace

// --- the other side

peer::peer() noexcept = default;
peer::peer(std::shared_ptr<detail::session> s) noexcept : state_(std::move(s)) {}
peer::peer(const peer&) noexcept = default;
peer& peer::operator=(const peer&) noexcept = default;
peer::~peer() = default;

executor peer::get_executor() const { return state_ ? state_->get_executor() : executor(); }
bool peer::is_open() const noexcept { return state_ && state_->is_open(); }
int peer::native_handle() const noexcept { return state_ ? state_->native_handle() : -1; }
connection_counters peer::counters() const noexcept { return state_ ? state_->counters() : connection_counters(); }

void peer::start(const std::shared_ptr<detail::session>& state, std::unique_ptr<detail::waiting_call> call,
                 std::string_view method, const detail::outgoing_arguments& arguments, const call_options& options) {
    if (state) {
        state->start_call(std::move(call), method, arguments, options);
        return;
    }
    const auto own = call->get_executor();
    asio::post(own, [call = std::move(call), why = no_connection(method)] { call->fail(why); });
}

std::uint32_t peer::start_stream(std::unique_ptr<detail::waiting_call> call, std::string_view method,
                                 const detail::outgoing_arguments& arguments, const call_options& options) const {
    if (state_) return state_->start_call(std::move(call), method, arguments, options);
    call->fail(no_connection(method));  // nothing waits for it yet
    return 0;
}

void peer::start_notify(const std::shared_ptr<detail::session>& state, std::string_view method,
                        const detail::outgoing_arguments& arguments, completion_handler<void(error_code)> handler) {
    if (!state) return fail_without_connection(std::move(handler));
    state->start_notify(method, arguments, std::move(handler));
}

bool peer::try_notify_with(std::string_view method, const detail::outgoing_arguments& arguments) const {
    return state_ && state_->try_notify(method, arguments);
}

std::ostream& operator<<(std::ostream& out, const connection_counters& c) {
    return out << "calls " << c.calls << ", answered " << c.answers << ", waiting " << c.waiting << "; served "
               << c.served << ", faults " << c.faults << ", refused " << c.refused << ", running " << c.running
               << "; notifications sent " << c.notifications << ", received " << c.notified << ", not handled "
               << c.not_handled << "; answers late " << c.late_answers << ", unknown " << c.unknown_answers
               << "; invalid messages " << c.invalid_messages;
}

namespace detail {

void end_stream(const std::shared_ptr<session>& s, std::uint32_t id) {
    if (s) s->end_stream(id);
}
void read_more(const std::shared_ptr<session>& s, std::uint32_t id) {
    if (s) s->read_more(id);
}

}  // namespace detail

// --- the connection

connection::connection() noexcept = default;

connection::connection(any_channel channel) : connection(std::move(channel), router()) {}

connection::connection(any_channel channel, router calls)
    : connection(std::move(channel), calls, connection_options()) {}

connection::connection(any_channel channel, router calls, const connection_options& options)
    : rpc::peer(std::make_shared<detail::session>(std::move(channel), std::move(calls), options)) {
    state_->start();
}

connection::connection(connection&& other) noexcept : rpc::peer(std::move(other.state_)) {}

connection& connection::operator=(connection&& other) noexcept {
    if (this == &other) return *this;
    close();
    state_ = std::move(other.state_);
    return *this;
}

connection::~connection() { close(); }

void connection::close() noexcept {
    if (state_) state_->close();
}

const error& connection::failure() const noexcept {
    static const error none;
    return state_ ? state_->failure() : none;
}

void connection::start_wait(const shared_session& state, completion_handler<void(error_code)> handler) {
    if (!state) return fail_without_connection(std::move(handler));
    state->start_wait(std::move(handler));
}

void connection::start_end(const shared_session& state, completion_handler<void(error_code)> handler) {
    if (!state) return fail_without_connection(std::move(handler));
    state->start_end(std::move(handler));
}

void connection::start_shutdown(const shared_session& state, completion_handler<void(error_code)> handler) {
    if (!state) return fail_without_connection(std::move(handler));
    run_operation(state->get_executor(), std::move(handler), detail::session::shut_down(state));
}

}  // namespace parley::rpc
