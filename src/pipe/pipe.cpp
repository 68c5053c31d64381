// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/pipe/pipe.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <limits>
#include <string>
#include <utility>

#include <fcntl.h>

namespace parley {
namespace {

using write_handler = completion_handler<void(error_code, std::size_t)>;

}  // namespace

struct detail::pipe_writer_state {
    explicit pipe_writer_state(const executor& io) : descriptor(io) {}

    asio::posix::stream_descriptor descriptor;
    unsigned cancels = 0;  // how often cancel() was called: an event that was already on its way does not undo it
};

namespace {

using shared_state = std::shared_ptr<detail::pipe_writer_state>;

sys::outcome<std::size_t> try_write(const shared_state& state, const detail::write_parts& parts) {
    return sys::writev_no_sigpipe(state->descriptor.native_handle(), parts.parts.data(), parts.count);
}

// Waits for room and writes, again while others were faster.
void write_when_possible(shared_state state, const detail::write_parts& parts, asio::cancellation_state cancellation,
                         write_handler handler) {
    auto& descriptor = state->descriptor;
    const unsigned cancels = state->cancels;
    descriptor.async_wait(
        asio::posix::stream_descriptor::wait_write,
        asio::bind_cancellation_slot(
            cancellation.slot(),
            detail::map_handler(std::move(handler), [state = std::move(state), parts, cancellation, cancels](
                                                        write_handler h, error_code ec) mutable {
                if (!ec && !state->descriptor.is_open()) ec = asio::error::operation_aborted;
                if (ec) return std::move(h)(ec, 0);
                const auto written = try_write(state, parts);
                if (written) return std::move(h)(error_code{}, *written);
                if (written.error() != asio::error::would_block) return std::move(h)(written.error(), 0);
                if (cancellation.cancelled() != asio::cancellation_type::none || cancels != state->cancels)
                    return std::move(h)(asio::error::operation_aborted, 0);
                write_when_possible(std::move(state), parts, cancellation, std::move(h));
            })));
}

}  // namespace

pipe_writer::pipe_writer(executor io, unique_fd fd) : pipe_writer(std::move(io)) { assign(std::move(fd)).value(); }

pipe_writer::pipe_writer(pipe_writer&& other) noexcept : executor_(other.executor_), state_(std::move(other.state_)) {}

pipe_writer& pipe_writer::operator=(pipe_writer&& other) noexcept {
    if (this == &other) return *this;
    close();
    executor_ = other.executor_;
    state_ = std::move(other.state_);
    return *this;
}

pipe_writer::~pipe_writer() { close(); }

int pipe_writer::native_handle() const noexcept { return state_ ? state_->descriptor.native_handle() : -1; }

result<void> pipe_writer::assign(unique_fd fd) {
    close();
    const auto name = [&] { return "pipe writer on descriptor " + std::to_string(fd.get()); };
    if (!fd) return error(asio::error::bad_descriptor, name());
    if (const auto ec = sys::set_nonblocking(fd.get(), true)) return error(ec, name());
    auto state = std::make_shared<detail::pipe_writer_state>(executor_);
    error_code ec;
    state->descriptor.assign(fd.get(), ec);
    if (ec) return error(ec, name());
    static_cast<void>(fd.release());
    state_ = std::move(state);
    return {};
}

unique_fd pipe_writer::release() noexcept {
    if (!state_) return {};
    const auto state = std::move(state_);
    return unique_fd{state->descriptor.release()};
}

void pipe_writer::cancel() noexcept {
    if (!state_) return;
    ++state_->cancels;
    error_code ignored;
    state_->descriptor.cancel(ignored);
}

void pipe_writer::close() noexcept { release().reset(); }

void pipe_writer::start_write(const detail::write_parts& parts, write_handler handler) {
    if (!state_)
        return post_completion(executor_, std::move(handler), error_code(asio::error::bad_descriptor), std::size_t{0});
    if (parts.count == 0) return post_completion(executor_, std::move(handler), error_code{}, std::size_t{0});
    const auto written = try_write(state_, parts);
    if (written) return post_completion(executor_, std::move(handler), error_code{}, *written);
    if (written.error() != asio::error::would_block)
        return post_completion(executor_, std::move(handler), written.error(), std::size_t{0});
    asio::cancellation_state cancellation(asio::get_associated_cancellation_slot(handler),
                                          asio::enable_total_cancellation());
    write_when_possible(state_, parts, cancellation, std::move(handler));
}

std::size_t pipe_writer::write_now(const detail::write_parts& parts, error_code& ec) {
    ec = state_ ? error_code{} : error_code(asio::error::bad_descriptor);
    if (ec || parts.count == 0) return 0;
    for (;;) {
        const auto written = try_write(state_, parts);
        if (written) return *written;
        ec = written.error();
        if (ec != asio::error::would_block) return 0;
        state_->descriptor.wait(asio::posix::stream_descriptor::wait_write, ec);
        if (ec && ec != asio::error::interrupted) return 0;
        ec = {};
    }
}

namespace {

result<pipe_descriptors> open_pipe(pipe_options options, int flags) {
    auto ends = sys::pipe(flags);
    if (!ends) return error(ends.error(), "make pipe");
    if (options.capacity != 0) {
        const auto context = [&] { return "pipe of " + std::to_string(options.capacity) + " bytes"; };
        if (options.capacity > static_cast<std::size_t>(std::numeric_limits<int>::max()))
            return error(errc::invalid_argument, context());
        if (const auto set = sys::set_pipe_size(ends->writer.get(), options.capacity); !set)
            return error(set.error(), context());
    }
    return pipe_descriptors{std::move(ends->reader), std::move(ends->writer)};
}

}  // namespace

result<pipe_descriptors> make_pipe_descriptors(pipe_options options) { return open_pipe(options, 0); }

result<pipe_pair> make_pipe(executor io, pipe_options options) {
    auto ends = open_pipe(options, O_NONBLOCK);
    if (!ends) return std::move(ends).error();
    pipe_writer writer(io);
    if (auto assigned = writer.assign(std::move(ends->writer)); !assigned) return std::move(assigned).error();
    asio::readable_pipe reader(io);
    error_code ec;
    reader.assign(ends->reader.get(), ec);
    if (ec) return error(ec, "pipe reader on descriptor " + std::to_string(ends->reader.get()));
    static_cast<void>(ends->reader.release());
    return pipe_pair{std::move(reader), std::move(writer)};
}

result<std::size_t> pipe_capacity(int fd) {
    const auto bytes = sys::pipe_size(fd);
    if (!bytes) return error(bytes.error(), "capacity of pipe " + std::to_string(fd));
    return *bytes;
}

}  // namespace parley
