// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A chat room on sequenced packets: a packet is a line, with nothing around it to say where it ends. The first one of a
// guest is the name; whatever follows goes to everybody in the room.
//
//     seqpacket_chat_server ADDRESS        unix-seqpacket:/tmp/chat.sock   unix-seqpacket:@chat

#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/net/fd_passing.hpp>
#include <parley/net/listen.hpp>
#include <parley/net/local.hpp>
#include <parley/net/packet.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <list>
#include <optional>
#include <string>
#include <utility>

namespace asio = parley::asio;
using guest_socket = parley::local_seqpacket::socket;

// [room]
class room {
public:
    parley::task<> welcome(guest_socket socket) {
        const auto guest = guests_.emplace(guests_.end(), std::move(socket));
        if (const auto name = co_await hear(*guest)) {
            while (const auto line = co_await hear(*guest)) tell_all(*name + ": " + *line);
            tell_all(*name + " has left");
        }
        guests_.erase(guest);
    }

private:
    // The next packet; nothing at the end, or for one that is too long. An empty packet is an empty line.
    static parley::task<std::optional<std::string>> hear(guest_socket& from) {
        std::string line(1000, '\0');
        parley::error_code failed;
        const auto packet = co_await parley::async_receive_packet(from, asio::buffer(line),
                                                                  asio::redirect_error(asio::use_awaitable, failed));
        if (failed || packet.end) co_return std::nullopt;
        line.resize(packet.size);
        co_return line;
    }

    // Never waits: who does not listen misses what is said, and holds up nobody.
    void tell_all(const std::string& line) {
        for (auto& guest : guests_) (void)parley::try_send_with_fds(guest, asio::buffer(line), {});
    }

    std::list<guest_socket> guests_;
};
// [/room]

parley::task<> serve(parley::address where) {
    auto door = parley::listen<parley::local_seqpacket>(co_await asio::this_coro::executor, where).value();
    std::cout << "listening at " << door.local_address() << std::endl;
    room chat;
    co_await parley::with_task_group([&](parley::task_group& guests) -> parley::task<> {
        for (;;) guests.spawn(chat.welcome(co_await door.async_accept()));
    });
}

int main(int count, char** words) {
    const auto where = parley::address::parse(count > 1 ? words[1] : "");
    if (!where) {
        std::cerr << where.error() << "\nusage: seqpacket_chat_server ADDRESS\n";
        return 2;
    }
    return parley::run(serve(*where));
}
