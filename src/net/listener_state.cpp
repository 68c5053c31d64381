// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/listener_state.hpp"

#include <parley/core/log.hpp>

#include "core/operation.hpp"
#include "core/syscall_net.hpp"
#include "net/open_socket.hpp"

#include <spdlog/logger.h>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include <sys/socket.h>

namespace parley::detail {
namespace {

bool is_shortage(const error_code& ec) {
    switch (ec.value()) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return true;
        default:
            return false;
    }
}

// The connection has ended before it was accepted: accept(2) tells of the network errors of the new socket.
bool is_of_connection(const error_code& ec) {
    switch (ec.value()) {
        case ECONNABORTED:
        case ENETDOWN:
        case EPROTO:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ECONNRESET:
        case EPERM:  // a firewall's, or a filter's of all calls
            return true;
        default:
            return false;
    }
}

// Listeners that pause for different times do not wait for each other.
std::string line_for_shortage(const listen_options& options) {
    return "descriptors " + std::to_string(options.pause.count());
}

bool is_cancelled(const asio::cancellation_state& cancellation) {
    return cancellation.cancelled() != asio::cancellation_type::none;
}

}  // namespace

listener_state::listener_state(const executor& io, const listen_options& options, bool all_welcome)
    : socket_(io), options_(options), all_welcome_(all_welcome), shortage_line_(line_for_shortage(options)) {}

result<void> listener_state::open(unique_fd fd, const address& where, socket_file file) {
    where_ = where;
    const auto family = sys::socket_option(fd.get(), SOL_SOCKET, SO_DOMAIN);
    if (!family) return address_error(where, family.error(), "family of the socket");
    family_ = *family;
    error_code ec;
    socket_.assign(fd.get(), ec);
    if (ec) return address_error(where, ec, "watch the socket");
    static_cast<void>(fd.release());
    file_ = std::move(file);
    return {};
}

listener_state::tried listener_state::try_to_accept(open_connection& c, error_code& ec) {
    constexpr int budget = 64;  // who connects and is refused does not hold up the loop
    for (int turn = 0; turn < budget; ++turn) {
        if (!socket_.is_open()) {
            ec = sys::make_code(EBADF);
            return tried::failure;
        }
        auto fd = sys::accept(socket_.native_handle());
        if (fd) {
            errors_in_a_row_ = 0;
            if (!welcome(fd->get())) continue;
            ++counters_.accepted;
            c = {std::move(*fd), family_};
            return tried::connection;
        }
        ec = fd.error();
        if (ec == sys::make_code(EAGAIN)) {
            errors_in_a_row_ = 0;
            return tried::nothing_there;
        }
        if (is_shortage(ec)) return tried::not_now;
        if (!is_of_connection(ec)) return tried::failure;
        if (errors_in_a_row_ == most_errors) return tried::not_now;
        ++errors_in_a_row_;
    }
    return tried::nothing_there;  // which the kernel will deny at once
}

bool listener_state::welcome(int fd) {
    if (all_welcome_) return true;
    const auto who = peer_of(fd);
    if (who && options_.policy->allows(*who)) return true;
    ++counters_.refused;
    return false;
}

void listener_state::accept_next(handler_type handler) {
    const auto fail = [&](const error_code& ec) {
        post_completion(get_executor(), std::move(handler), ec, open_connection());
    };
    if (!socket_.is_open()) return fail(asio::error::bad_descriptor);
    if (one_waits_ || !behind_.empty()) return wait_behind(std::move(handler));
    const auto state_of = [](const handler_type& h) {
        return asio::cancellation_state(asio::get_associated_cancellation_slot(h), asio::enable_total_cancellation());
    };
    if (waits_first_ != 0) {
        --waits_first_;
        auto cancellation = state_of(handler);
        return wait_for_connection(std::move(handler), cancellation);
    }
    if (place_in_line::is_line(get_executor(), shortage_line_)) {
        place_ = std::make_unique<place_in_line>(get_executor(), shortage_line_);
        auto cancellation = state_of(handler);
        return wait_for_turn(std::move(handler), cancellation);
    }
    open_connection c;
    error_code ec;
    switch (try_to_accept(c, ec)) {
        case tried::connection:
            next_waits_ = 1;
            return post_completion(get_executor(), std::move(handler), error_code(), std::move(c));
        case tried::failure:
            return fail(ec);
        case tried::not_now: {
            auto cancellation = state_of(handler);
            return pause(std::move(handler), cancellation, ec);
        }
        case tried::nothing_there:
            waits_first_ = std::exchange(next_waits_, std::min(next_waits_ * 2, most_waits));
            auto cancellation = state_of(handler);
            return wait_for_connection(std::move(handler), cancellation);
    }
}

// Behind a wait. A connection that is there is handed out even where the accept was cancelled meanwhile. `cancels` is
// the count of the time when the wait began.
void listener_state::go_on(handler_type handler, asio::cancellation_state cancellation, unsigned cancels) {
    open_connection c;
    error_code ec = asio::error::operation_aborted;
    const bool has_turn = !place_ || place_->has_turn();
    auto outcome = tried::failure;
    if (socket_.is_open()) outcome = has_turn ? try_to_accept(c, ec) : tried::not_now;
    switch (outcome) {
        case tried::connection:
            return complete(std::move(handler), {}, std::move(c));
        case tried::failure:
            return complete(std::move(handler), ec, {});
        case tried::not_now:
        case tried::nothing_there:
            break;
    }
    if (is_cancelled(cancellation) || cancels != cancels_)
        return complete(std::move(handler), asio::error::operation_aborted, {});
    if (!has_turn) return wait_for_turn(std::move(handler), cancellation);
    if (outcome == tried::not_now) return pause(std::move(handler), cancellation, ec);
    place_.reset();
    wait_for_connection(std::move(handler), cancellation);
}

// Ends the wait of the one that waits.
void listener_state::complete(handler_type handler, const error_code& ec, open_connection c) {
    place_.reset();
    call_next();
    std::move(handler)(ec, std::move(c));
}

void listener_state::call_next() {
    if (one_waits_ || behind_.empty() || behind_.front().called) return;
    auto& next = behind_.front();
    next.called = true;
    next.timer.cancel();
}

void listener_state::wait_for_connection(handler_type handler, asio::cancellation_state cancellation) {
    one_waits_ = true;
    auto slot = cancellation.slot();
    socket_.async_wait(
        asio::posix::stream_descriptor::wait_read,
        asio::bind_cancellation_slot(
            slot, map_handler(std::move(handler), [self = shared_from_this(), cancellation, cancels = cancels_](
                                                      auto h, const error_code& ec) mutable {
                self->one_waits_ = false;
                if (ec) return self->complete(std::move(h), ec, {});
                self->go_on(std::move(h), cancellation, cancels);
            })));
}

void listener_state::wait_behind(handler_type handler) {
    asio::cancellation_state cancellation(asio::get_associated_cancellation_slot(handler),
                                          asio::enable_total_cancellation());
    const auto own = behind_.emplace(behind_.end(), get_executor());
    auto slot = cancellation.slot();
    own->timer.async_wait(asio::bind_cancellation_slot(
        slot, map_handler(std::move(handler),
                          [self = shared_from_this(), own, cancellation](auto h, const error_code& ec) mutable {
                              const bool called = own->called, cancelled = own->cancelled;
                              self->behind_.erase(own);
                              if (called && !cancelled) return self->go_on(std::move(h), cancellation, self->cancels_);
                              if (called) self->call_next();
                              std::move(h)(ec ? ec : error_code(asio::error::operation_aborted), open_connection());
                          })));
}

void listener_state::pause(handler_type handler, asio::cancellation_state cancellation, const error_code& why) {
    ++counters_.pauses;
    const bool lack = is_shortage(why);
    if ((lack ? shortage_of(get_executor()) : refusals_).begins(options_.pause))
        logger()->warn("{}: accept: {}; trying again every {} ms", to_string(*where_), why.message(),
                       options_.pause.count());
    if (!place_) {
        const auto line = lack ? shortage_line_ : "accept " + std::to_string(reinterpret_cast<std::uintptr_t>(this));
        place_ = std::make_unique<place_in_line>(get_executor(), line);
    }
    wait_for_turn(std::move(handler), cancellation);
}

void listener_state::wait_for_turn(handler_type handler, asio::cancellation_state cancellation) {
    one_waits_ = true;
    auto slot = cancellation.slot();
    place_->async_wait(
        std::min<std::chrono::milliseconds>(options_.pause, std::chrono::hours(24)),
        asio::bind_cancellation_slot(
            slot, map_handler(std::move(handler), [self = shared_from_this(), cancellation, cancels = cancels_](
                                                      auto h, const error_code& ec) mutable {
                self->one_waits_ = false;
                if (ec) return self->complete(std::move(h), ec, {});
                self->go_on(std::move(h), cancellation, cancels);
            })));
}

void listener_state::cancel() noexcept {
    ++cancels_;
    for (auto& each : behind_) {
        each.cancelled = true;
        each.timer.cancel();
    }
    if (place_) place_->cancel();
    error_code ignored;
    socket_.cancel(ignored);
}

unique_fd listener_state::release() noexcept {
    cancel();
    file_.release();
    return unique_fd(socket_.is_open() ? socket_.release() : -1);
}

void listener_state::close() noexcept {
    file_.remove();  // while it still serves: nobody may take it for a stale one
    unique_fd closed = release();
}

}  // namespace parley::detail
