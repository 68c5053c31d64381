// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/pipe/fifo.hpp>

#include <parley/core/timer.hpp>
#include "core/operation.hpp"
#include "core/syscall.hpp"
#include "core/syscall_net.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace parley {
namespace {

using stream_descriptor = asio::posix::stream_descriptor;

error_code check_fifo(const struct ::stat& st) {
    if (S_ISLNK(st.st_mode)) return sys::make_code(ELOOP);
    if (!S_ISFIFO(st.st_mode)) return errc::not_a_fifo;
    return {};
}

error_code check_fifo(const unique_fd& fd) {
    const auto st = sys::fstat(fd.get());
    return st ? check_fifo(*st) : st.error();
}

// Looks at what the path names without opening it: opening a device can have effects.
error_code look(const std::string& path) {
    if (path.find('\0') != std::string::npos) return errc::invalid_argument;
    const auto place = sys::open(path.c_str(), O_PATH | O_NOFOLLOW);
    return place ? check_fifo(*place) : place.error();
}

// After the look; what has taken the place of the FIFO since is refused all the same.
sys::outcome<unique_fd> open_fifo(const std::string& path, int access) {
    auto fd = sys::open(path.c_str(), access | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
    if (!fd) return fd.error();
    if (const auto ec = check_fifo(*fd)) return ec;
    return fd;
}

bool is(const error_code& ec, int errno_value) { return ec == sys::make_code(errno_value); }

[[noreturn]] void fail(const error_code& ec) { throw boost::system::system_error(ec); }

// An Asio descriptor object whose own close must not be the one that closes.
class watched {
public:
    watched(const executor& io, unique_fd fd) : descriptor_(io, fd.get()) { static_cast<void>(fd.release()); }
    watched(const watched&) = delete;
    watched& operator=(const watched&) = delete;
    ~watched() { release(); }

    stream_descriptor* operator->() { return &descriptor_; }
    unique_fd release() { return unique_fd{descriptor_.is_open() ? descriptor_.release() : -1}; }

private:
    stream_descriptor descriptor_;
};

// Tells when it is worth to try again: by inotify, or by a timer where that is not to be had.
class reader_watch {
public:
    explicit reader_watch(const executor& io) : timer_(io) {
        if (auto fd = sys::inotify_init()) events_.emplace(io, std::move(*fd));
    }

    // Forgets what was reported so far. True if `path` may name something else by now; that is watched from here on.
    bool renew(const std::string& path) {
        if (!forget_events()) return false;
        constexpr std::uint32_t mask = IN_OPEN | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_DONT_FOLLOW;
        int rounds = 16;  // as long as it is replaced meanwhile
        do {
            watching_ = events_ && !sys::inotify_add_watch((*events_)->native_handle(), path.c_str(), mask);
        } while (watching_ && forget_events() && --rounds > 0);
        return true;
    }

    task<void> async_wait() {
        if (watching_) {
            co_await (*events_)->async_wait(stream_descriptor::wait_read, asio::use_awaitable);
        } else {
            timer_.expires_at(detail::time_after(pause_));
            pause_ = std::min(pause_ * 2, std::chrono::milliseconds(100));
            co_await timer_.async_wait(asio::use_awaitable);
        }
    }

private:
    // True if something else than an opening was among them, or nothing is watched.
    bool forget_events() {
        if (!watching_) return true;
        bool replaced = false;
        alignas(inotify_event) char block[1024];
        for (;;) {
            const auto n = sys::read((*events_)->native_handle(), block, sizeof block);
            if (!n || *n == 0) return replaced;
            inotify_event event{};
            for (std::size_t at = 0; at + sizeof event <= *n; at += sizeof event + event.len) {
                std::memcpy(&event, block + at, sizeof event);
                replaced = replaced || (event.mask & ~std::uint32_t{IN_OPEN}) != 0;
            }
        }
    }

    std::optional<watched> events_;
    bool watching_ = false;
    asio::steady_timer timer_;
    std::chrono::milliseconds pause_{1};
};

task<unique_fd> open_reader(executor io, std::string path, fifo_options options) {
    if (const auto ec = look(path)) fail(ec);
    auto fd = open_fifo(path, options.keep_open ? O_RDWR : O_RDONLY);
    if (!fd) fail(fd.error());
    if (options.keep_open) co_return std::move(*fd);
    watched reader(io, std::move(*fd));
    co_await reader->async_wait(stream_descriptor::wait_read, asio::use_awaitable);
    co_return reader.release();
}

// Watch first, then try, then wait: a reader that comes in between is seen. Kernels before 6.9 report the look at the
// path to everybody who watches it, so the look is taken only when the path may name something else: writers that wait
// together would wake each other for ever.
task<unique_fd> open_writer(executor io, std::string path) {
    if (const auto ec = look(path)) fail(ec);
    auto fd = open_fifo(path, O_WRONLY);
    if (!fd && is(fd.error(), ENXIO)) {
        reader_watch readers(io);
        for (;;) {
            if (readers.renew(path)) {
                if (const auto ec = look(path)) fail(ec);
            }
            fd = open_fifo(path, O_WRONLY);
            if (fd || !is(fd.error(), ENXIO)) break;
            co_await readers.async_wait();
        }
    }
    if (!fd) fail(fd.error());
    co_return std::move(*fd);
}

// Completes `handler` with an Asio object on the descriptor.
template <typename Object, typename Assign>
void start_open(const executor& io, task<unique_fd> body, completion_handler<void(error_code, Object)> handler,
                Assign assign) {
    using inner = completion_handler<void(error_code, unique_fd)>;
    run_operation<unique_fd>(io,
                             inner(detail::map_handler(std::move(handler),
                                                       [io, assign](auto h, error_code ec, unique_fd fd) {
                                                           Object object(io);
                                                           if (!ec) ec = assign(object, std::move(fd));
                                                           std::move(h)(ec, std::move(object));
                                                       })),
                             std::move(body));
}

bool is_same_file(const struct ::stat& a, const struct ::stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_ctim.tv_sec == b.st_ctim.tv_sec &&
           a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;  // of which one may have got the number of the other
}

// Gives a new FIFO its mode through a descriptor that cannot be led elsewhere.
error_code widen(const std::string& path, mode_t mode, const sys::outcome<struct ::stat>& made) {
    const auto place = sys::open(path.c_str(), O_PATH | O_NOFOLLOW);
    if (!place) return place.error();
    const auto st = sys::fstat(place->get());
    if (!st) return st.error();
    if (const auto ec = check_fifo(*st)) return ec;
    if (made && !is_same_file(*made, *st)) return make_error_code(errc::not_a_fifo);  // not the one just made
    if ((st->st_mode & 07777) == mode) return {};
    if (st->st_uid != ::geteuid()) return make_error_code(errc::not_a_fifo);
    return sys::chmod(("/proc/self/fd/" + std::to_string(place->get())).c_str(), mode);
}

// What was made, unless something else is there by now.
void remove_made(const std::string& path, const sys::outcome<struct ::stat>& made) {
    const auto now = sys::lstat(path.c_str());
    if (now && (!S_ISFIFO(now->st_mode) || (made && !is_same_file(*made, *now)))) return;
    static_cast<void>(sys::unlink(path.c_str()));
}

}  // namespace

result<void> make_fifo(const std::string& path, mode_t mode) {
    const auto context = [&] { return "make FIFO '" + path + "'"; };
    if (path.find('\0') != std::string::npos) return error(errc::invalid_argument, context() + ": NUL in the path");
    if ((mode & ~mode_t{07777}) != 0) return error(errc::invalid_argument, context() + ": not a mode");
    if (const auto ec = sys::mkfifo(path.c_str(), mode)) return error(ec, context());
    const auto made = sys::lstat(path.c_str());
    if (const auto ec = widen(path, mode, made)) {
        remove_made(path, made);
        return error(ec, context());
    }
    return {};
}

void detail::start_open_fifo_reader(executor io, std::string path, fifo_options options,
                                    completion_handler<void(error_code, asio::readable_pipe)> handler) {
    start_open<asio::readable_pipe>(io, open_reader(io, std::move(path), options), std::move(handler),
                                    [](asio::readable_pipe& reader, unique_fd fd) {
                                        error_code ec;
                                        reader.assign(fd.get(), ec);
                                        if (!ec) static_cast<void>(fd.release());
                                        return ec;
                                    });
}

void detail::start_open_fifo_writer(executor io, std::string path,
                                    completion_handler<void(error_code, pipe_writer)> handler) {
    start_open<pipe_writer>(io, open_writer(io, std::move(path)), std::move(handler),
                            [](pipe_writer& writer, unique_fd fd) {
                                const auto assigned = writer.assign(std::move(fd));
                                return assigned ? error_code{} : assigned.error().code();
                            });
}

}  // namespace parley
