// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Addresses as values: read from the words of the command line, made of parts, turned into an endpoint of Asio.

#include <parley/net/address.hpp>
#include <parley/net/address_endpoint.hpp>

#include <boost/asio/local/stream_protocol.hpp>

#include <iostream>
#include <string_view>

namespace asio = parley::asio;

// [parse]
void show(std::string_view text) {
    const auto parsed = parley::address::parse(text);
    if (!parsed) {
        std::cout << parsed.error() << '\n';
        return;
    }
    const parley::address& a = *parsed;
    std::cout << a << ": ";
    if (a.is_unix())
        std::cout << (a.is_abstract() ? "abstract name " : "path ") << a.path();
    else if (!a.host().empty())
        std::cout << "port " << a.port() << " of " << a.host() << (a.is_numeric() ? "" : ", to be resolved");
    else
        std::cout << "a socket of kind " << a.kind();
    if (const auto backlog = a.options().backlog) std::cout << ", backlog " << *backlog;
    std::cout << '\n';
}
// [/parse]

int main(int count, char** words) {
    for (int i = 1; i < count; ++i) show(words[i]);

    // [parts]
    const auto server = parley::address::unix_stream("/run/a b.sock", {.mode = 0660, .group = "www"}).value();
    std::cout << "made of parts: " << server << '\n';
    // [/parts]

    // [endpoint]
    const auto endpoint = parley::to_endpoint<asio::local::stream_protocol::endpoint>(server).value();
    std::cout << "and back: " << parley::to_address(endpoint).value() << '\n';
    // [/endpoint]
    return 0;
}
