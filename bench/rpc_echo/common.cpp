// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "senders.hpp"

#include <cstring>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace rpc_echo {

call::call(std::int32_t number) : number_(number) {
    text_.fill('e');
    auto rest = static_cast<std::uint32_t>(number);
    for (auto at = text_.rbegin(); rest != 0; rest /= 16) *at++ = "0123456789abcdef"[rest % 16];
}

void call::check(const words& answer) const {
    bench::require(answer.number == number_ && answer.text == asked().text, "another answer has come");
}

void play(bench::run& r, ask_function ask, answer_function answer) {
    std::array<int, 2> both{};
    bench::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both.data()), "socketpair");
    bench::with_senders(
        r.where(), 1,
        [&](std::size_t) {
            ::close(both[0]);
            answer(both[1]);
        },
        [&] {
            ::close(both[1]);
            ask(r, r["in_flight"], both[0]);
        });
}

void play_at(bench::run& r, ask_at_function ask, answer_at_function answer) {
    const bench::place at;
    bench::with_senders(
        r.where(), 1, [&](std::size_t) { answer(at.path().c_str()); },
        [&] { ask(r, r["in_flight"], at.path().c_str()); });
}

packed pack(const words& what) {
    packed bytes{};
    bench::require(what.text.size() == bytes.size() - sizeof what.number, "a text of another size");
    std::memcpy(bytes.data(), &what.number, sizeof what.number);
    std::memcpy(bytes.data() + sizeof what.number, what.text.data(), what.text.size());
    return bytes;
}

words unpack(std::string_view bytes) {
    words what{};
    bench::require(bytes.size() == sizeof(packed), "a message of another size has come");
    std::memcpy(&what.number, bytes.data(), sizeof what.number);
    what.text = bytes.substr(sizeof what.number);
    return what;
}

}  // namespace rpc_echo
