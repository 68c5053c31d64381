// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A chat room of lines. The first line of a guest is the name; whatever follows goes to everybody. A guest who listens
// too slowly holds up nobody: the oldest lines are dropped, and the guest is told how many.
//
//     chat_server ADDRESS        unix:/tmp/chat.sock   unix:@chat   tcp:4711
//
// Guests come with chat_client, or with nc(1), for it is only text. Ctrl-C closes the room, politely.

#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/message/channel_listener.hpp>
#include <parley/message/lines.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cctype>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// [guest]
class guest {
public:
    explicit guest(parley::any_channel lines) : lines_(std::move(lines)) {}

    // The next line, without what could play tricks on a terminal; nothing at the end, whatever brought it.
    parley::task<std::optional<std::string>> hear() {
        const auto [failed, line] = co_await lines_.async_receive(asio::as_tuple(asio::use_awaitable));
        if (failed && lines_.failure().code()) std::cout << "cut off: " << lines_.failure() << std::endl;
        if (failed || !line) co_return std::nullopt;
        std::string text(line->substr(0, 1000));
        std::erase_if(text, [](unsigned char c) { return std::iscntrl(c) != 0; });
        co_return text;
    }

    // Never waits.
    void tell(std::string_view line) {
        const auto counters = lines_.counters();
        if (counters.dropped > told_ && counters.queued_messages == 0) {  // the guest has caught up
            told_ = counters.dropped;
            (void)lines_.try_send("* you have missed " + std::to_string(told_) + " lines so far");
        }
        (void)lines_.try_send(line);
    }

    // Sends what is queued, if the guest takes it within a second.
    parley::task<> part() {
        (void)co_await with_timeout(lines_.async_shutdown(), 1s, asio::as_tuple(asio::use_awaitable));
    }

private:
    parley::any_channel lines_;
    std::uint64_t told_ = 0;
};
// [/guest]

// [room]
class room {
public:
    parley::task<> welcome(parley::any_channel lines) {
        const auto guest = guests_.emplace(guests_.end(), std::move(lines));
        if (const auto name = co_await guest->hear()) {
            tell_all("* " + *name + " is here");
            while (const auto line = co_await guest->hear()) tell_all(*name + ": " + *line);

            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() == asio::cancellation_type::none)
                tell_all("* " + *name + " has left");
            else
                guest->tell("* the room closes");
        }
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await guest->part();
        guests_.erase(guest);
    }

private:
    void tell_all(const std::string& line) {
        std::cout << line << std::endl;
        for (auto& guest : guests_) guest.tell(line);
    }

    std::list<guest> guests_;
};
// [/room]

// [serve]
parley::task<> serve(parley::address where) {
    const parley::listen_channel_options options{
        .channel = {.queue_bytes = 64 << 10, .when_full = parley::full_queue::drop_oldest}};
    const auto io = co_await asio::this_coro::executor;
    auto door = parley::listen_channels(io, where, parley::lines(4096), options).value();
    std::cout << "listening at " << door.local_address() << std::endl;
    room chat;
    co_await parley::with_task_group([&](parley::task_group& guests) -> parley::task<> {
        for (;;) guests.spawn(chat.welcome(co_await door.async_accept()));
    });
}
// [/serve]

int main(int count, char** words) {
    const auto where = parley::address::parse(count > 1 ? words[1] : "");
    if (!where) {
        std::cerr << where.error() << "\nusage: chat_server ADDRESS\n";
        return 2;
    }
    return parley::run(serve(*where));
}
