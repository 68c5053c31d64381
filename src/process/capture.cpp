// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/capture.hpp"

#include "core/syscall.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

namespace parley {
namespace {

// One read asks for as much as came before, within these bounds.
constexpr std::size_t smallest_read = std::size_t{4} << 10;
constexpr std::size_t largest_read = std::size_t{256} << 10;
// Larger pipes mean fewer trips. Only for a child that says much: the kernel counts the memory of pipes per user, and a
// wish that goes too far it refuses.
constexpr std::size_t much_output = std::size_t{64} << 10;
constexpr std::size_t capture_pipe_size = std::size_t{1} << 20;
// From here on captured text grows by the eightfold and in huge pages. To grow is to copy all of it, and memory is
// claimed, a page at a time, when it is first written: to claim small pages takes longer than to fill them from a pipe.
constexpr std::size_t large_capture = std::size_t{1} << 20;
constexpr std::size_t largest_leap = std::size_t{512} << 20;
constexpr std::size_t huge_pages_from = std::size_t{4} << 20;

constexpr std::size_t report_tail = 2048;

// `size` more bytes at the end of `text`, which is never to be longer than `limit`.
asio::mutable_buffer extend(std::string& text, std::size_t size, std::size_t limit) {
    const std::size_t had = text.size();
    if (had + size > text.capacity() && had + size >= large_capture) {
        const std::size_t leap = text.capacity() * 8 <= largest_leap ? 8 : 2;
        text.reserve(std::min(limit, std::max(had + size, text.capacity() * leap)));
        if (text.capacity() >= huge_pages_from) sys::prefer_huge_pages(text.data(), text.capacity());
    }
    text.resize(had + size);
    return asio::buffer(text.data() + had, size);
}

}  // namespace

void trim(captured& kept) {
    if (kept.text.size() <= kept.limit) return;
    kept.text.erase(0, kept.text.size() - kept.limit);
    kept.truncated = true;
}

task<void> capture(asio::readable_pipe& from, captured& into) {
    // The tail moves down when it has grown to twice its limit: each byte is moved once at most.
    const bool keeps_tail = into.policy == capture_overflow::keep_tail;
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max() / 4;
    const std::size_t room_for_all =
        keeps_tail && into.limit < most ? into.limit + std::max(into.limit, largest_read) : into.limit;
    std::unique_ptr<char[]> excess;  // past the limit: read, and thrown away
    for (;;) {
        if (keeps_tail && into.text.size() == room_for_all) trim(into);
        const std::size_t had = into.text.size();
        const std::size_t room = std::min(room_for_all - had, std::clamp(had, smallest_read, largest_read));
        asio::mutable_buffer target;
        if (room > 0) {
            target = extend(into.text, room, room_for_all);
        } else {
            if (!excess) excess = std::make_unique<char[]>(largest_read);
            target = asio::buffer(excess.get(), largest_read);
        }
        if (had >= much_output && std::exchange(into.may_enlarge, false))
            (void)sys::set_pipe_size(from.native_handle(), capture_pipe_size);
        error_code ec;
        const std::size_t n = co_await from.async_read_some(target, asio::redirect_error(asio::use_awaitable, ec));
        if (room > 0) into.text.resize(had + n);
        if (room == 0 && n > 0) {
            into.truncated = true;
            if (into.policy == capture_overflow::fail)
                throw boost::system::system_error(make_error_code(errc::limit_exceeded));
        }
        // A socket whose peer ended without reading all it was sent says so; what it wrote has come.
        if (ec == asio::error::eof || ec == asio::error::connection_reset) co_return;
        if (ec) throw boost::system::system_error(ec);
    }
}

std::string tail_of(const std::string& text) { return text.substr(text.size() - std::min(text.size(), report_tail)); }

}  // namespace parley
