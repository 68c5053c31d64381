// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/standard_streams.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"
#include "core/syscall_message.hpp"
#include "core/syscall_net.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

namespace parley {
namespace {

using stream_descriptor = asio::posix::stream_descriptor;
using transfer_handler = completion_handler<void(error_code, std::size_t)>;

constexpr int so_passpidfd = 76;                       // SO_PASSPIDFD, Linux 6.5
constexpr std::size_t never_blocks_when_ready = 4096;  // written to a pipe with room: PIPE_BUF

constexpr const char* name_of(int number) { return number == STDIN_FILENO ? "standard input" : "standard output"; }

[[noreturn]] void fail(const error_code& ec, const std::string& what) { throw boost::system::system_error(ec, what); }

template <typename T>
T take(sys::outcome<T> outcome, const std::string& what) {
    if (!outcome) fail(outcome.error(), what);
    return std::move(*outcome);
}

bool is_terminal(int fd) noexcept {
    termios modes{};
    if (sys::terminal_control(fd, TCGETS, &modes)) return false;
    unsigned number = 0;  // to open the leading side again would make another terminal
    return static_cast<bool>(sys::terminal_control(fd, TIOCGPTN, &number));
}

// One of the two, in the way in which it can be had.
class standard_end {
public:
    explicit standard_end(const executor& io) : watched_(io) {}
    standard_end(const standard_end&) = delete;
    standard_end& operator=(const standard_end&) = delete;
    ~standard_end() { close(); }

    // Throws system_error.
    void open(int number) {
        const std::string name = name_of(number);
        writes_ = number == STDOUT_FILENO;
        const auto is = take(sys::fstat(number), name);
        const int access = take(sys::status_flags(number), name) & O_ACCMODE;
        if (access == (writes_ ? O_RDONLY : O_WRONLY)) fail(sys::make_code(EBADF), name);
        if (S_ISFIFO(is.st_mode) || (S_ISCHR(is.st_mode) && is_terminal(number))) {
            const auto path = "/proc/self/fd/" + std::to_string(number);
            auto again = sys::open(path.c_str(), (writes_ ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_NOCTTY);
            if (again) {
                way_ = way::own;
                fd_ = std::move(*again);
                return watch(fd_.get(), name);
            }
        }
        way_ = S_ISSOCK(is.st_mode) ? way::socket : way::shared;
        fd_ = take(sys::duplicate(number), name);
        // An epoll descriptor with only this one in it is what is waited for: Asio would make what it is given
        // non-blocking, for everybody who shares it.
        door_ = take(sys::epoll_create(), name);
        const auto ec = sys::epoll_add(door_.get(), fd_.get(), writes_ ? EPOLLOUT : EPOLLIN);
        if (ec && ec != sys::make_code(EPERM)) fail(ec, name);
        if (!ec) return watch(door_.get(), name);
        way_ = way::direct;  // such as a file
        door_.reset();
    }

    bool is_open() const noexcept { return static_cast<bool>(fd_); }
    void close() noexcept {
        if (watched_.is_open()) (void)watched_.release();  // the number has an owner of its own
        door_.reset();
        fd_.reset();
    }
    void end_sending() noexcept {
        if (way_ == way::socket) sys::end_sending(fd_.get());
    }
    void cancel() noexcept {
        ++cancels_;
        error_code ignored;
        watched_.cancel(ignored);
    }
    unsigned cancels() const noexcept { return cancels_; }

    // Only when it is ready, where trying could block.
    bool wants_to_wait_first() const noexcept { return way_ == way::shared; }

    // `would_block` where it has to be waited.
    sys::outcome<std::size_t> try_once(void* data, std::size_t size) const noexcept {
        if (way_ == way::shared && writes_) size = std::min(size, never_blocks_when_ready);
        iovec part{data, size};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (writes_) {
            return way_ == way::socket ? sys::sendmsg(fd_.get(), message) : sys::writev_no_sigpipe(fd_.get(), &part, 1);
        }
        const auto n = way_ == way::socket ? sys::recvmsg(fd_.get(), message) : sys::read(fd_.get(), data, size);
        if (n && way_ == way::socket && (message.msg_flags & MSG_CTRUNC) != 0 && !asks_for_control())
            return make_error_code(errc::too_many_descriptors);  // the kernel has closed them
        if (n && *n == 0) return error_code(asio::error::eof);
        return n;
    }

    template <typename Handler>
    void async_wait(Handler handler) {
        const bool for_room = writes_ && way_ == way::own;  // a door opens to readers
        watched_.async_wait(for_room ? stream_descriptor::wait_write : stream_descriptor::wait_read,
                            std::move(handler));
    }

private:
    enum class way : unsigned char {
        own,     // opened again: non-blocking, and nobody else's
        socket,  // does not block by the flags of each call
        shared,  // blocks; used when it is ready
        direct,  // epoll does not take it, and it never blocks
    };

    // Whether the kernel puts more beside the bytes than descriptors.
    bool asks_for_control() const noexcept {
        for (const int what : {SO_PASSCRED, so_passpidfd, SO_TIMESTAMP, SO_TIMESTAMPNS}) {
            const auto asked = sys::socket_option(fd_.get(), SOL_SOCKET, what);
            if (asked && *asked != 0) return true;
        }
        return false;
    }

    void watch(int fd, const std::string& name) {
        error_code ec;
        watched_.assign(fd, ec);
        if (ec) fail(ec, name);
    }

    stream_descriptor watched_;
    unique_fd fd_;
    unique_fd door_;
    way way_ = way::direct;
    bool writes_ = false;
    unsigned cancels_ = 0;  // how often: an event that was already on its way does not undo it
};

}  // namespace

struct detail::standard_streams_state {
    explicit standard_streams_state(const executor& on) : io(on), in(on), out(on) {}

    executor io;
    standard_end in;
    standard_end out;
};

namespace {

using shared_state = std::shared_ptr<detail::standard_streams_state>;

struct transfer {
    shared_state state;
    standard_end detail::standard_streams_state::*which;
    void* data;
    std::size_t size;

    standard_end& end() const noexcept { return (*state).*which; }
    sys::outcome<std::size_t> try_once() const noexcept { return end().try_once(data, size); }
};

// Waits and tries, again while others were quicker.
void transfer_when_possible(transfer what, asio::cancellation_state cancellation, transfer_handler handler) {
    auto& end = what.end();
    const unsigned cancels = end.cancels();
    end.async_wait(asio::bind_cancellation_slot(
        cancellation.slot(), detail::map_handler(std::move(handler), [what = std::move(what), cancellation, cancels](
                                                                         transfer_handler h, error_code ec) mutable {
            if (!ec && !what.end().is_open()) ec = asio::error::operation_aborted;
            if (ec) return std::move(h)(ec, 0);
            const auto done = what.try_once();
            if (done) return std::move(h)(error_code(), *done);
            if (done.error() != asio::error::would_block) return std::move(h)(done.error(), 0);
            if (cancellation.cancelled() != asio::cancellation_type::none || cancels != what.end().cancels())
                return std::move(h)(asio::error::operation_aborted, 0);
            transfer_when_possible(std::move(what), cancellation, std::move(h));
        })));
}

void start(transfer what, transfer_handler handler) {
    const auto io = what.state->io;
    const auto done = [&](error_code ec, std::size_t n) { post_completion(io, std::move(handler), ec, n); };
    if (!what.end().is_open()) return done(asio::error::bad_descriptor, 0);
    if (what.size == 0) return done({}, 0);
    if (!what.end().wants_to_wait_first()) {
        const auto n = what.try_once();
        if (n) return done({}, *n);
        if (n.error() != asio::error::would_block) return done(n.error(), 0);
    }
    const asio::cancellation_state cancellation(asio::get_associated_cancellation_slot(handler),
                                                asio::enable_total_cancellation());
    transfer_when_possible(std::move(what), cancellation, std::move(handler));
}

// What is printed must not go where the messages go.
bool same_pipe_or_socket(int a, int b) noexcept {
    const auto one = sys::fstat(a), other = sys::fstat(b);
    return one && other && (S_ISFIFO(one->st_mode) || S_ISSOCK(one->st_mode)) && one->st_dev == other->st_dev &&
           one->st_ino == other->st_ino;
}

}  // namespace

standard_streams::standard_streams(executor io, standard_streams_options options)
    : state_(std::make_shared<detail::standard_streams_state>(std::move(io))) {
    const auto null = take(sys::open("/dev/null", O_RDWR), "open /dev/null");
    state_->in.open(STDIN_FILENO);
    state_->out.open(STDOUT_FILENO);
    const bool to_error =
        options.print_to_error && sys::fstat(STDERR_FILENO) && !same_pipe_or_socket(STDOUT_FILENO, STDERR_FILENO);
    std::cout.flush();
    std::fflush(stdout);
    const auto former = take(sys::duplicate(STDIN_FILENO), name_of(STDIN_FILENO));
    if (const auto ec = sys::put_in_place(null.get(), STDIN_FILENO)) fail(ec, name_of(STDIN_FILENO));
    if (const auto ec = sys::put_in_place(to_error ? STDERR_FILENO : null.get(), STDOUT_FILENO)) {
        (void)sys::put_in_place(former.get(), STDIN_FILENO);
        fail(ec, name_of(STDOUT_FILENO));
    }
}

standard_streams& standard_streams::operator=(standard_streams&& other) noexcept {
    if (this == &other) return *this;
    close();
    state_ = std::move(other.state_);
    return *this;
}

standard_streams::~standard_streams() { close(); }

executor standard_streams::get_executor() const noexcept { return state_ ? state_->io : executor(); }

bool standard_streams::is_open() const noexcept { return state_ && state_->in.is_open(); }

void standard_streams::cancel() noexcept {
    if (!state_) return;
    state_->in.cancel();
    state_->out.cancel();
}

void standard_streams::close_writer() noexcept {
    if (!state_) return;
    state_->out.end_sending();
    state_->out.close();
}

void standard_streams::close() noexcept {
    if (!state_) return;
    state_->in.close();
    state_->out.close();
}

void standard_streams::start_read(asio::mutable_buffer into, transfer_handler handler, const executor& own) {
    if (!state_)
        return post_completion(own, std::move(handler), error_code(asio::error::bad_descriptor), std::size_t{0});
    start({state_, &detail::standard_streams_state::in, into.data(), into.size()}, std::move(handler));
}

void standard_streams::start_write(asio::const_buffer from, transfer_handler handler, const executor& own) {
    if (!state_)
        return post_completion(own, std::move(handler), error_code(asio::error::bad_descriptor), std::size_t{0});
    start({state_, &detail::standard_streams_state::out, const_cast<void*>(from.data()), from.size()},
          std::move(handler));
}

}  // namespace parley
