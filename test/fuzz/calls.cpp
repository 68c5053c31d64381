// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The same bytes at a server and at a client that waits for answers, in each protocol, as one message: they must not
// crash, read outside of themselves, or complete a call twice.

#include <parley/net/local.hpp>
#include <parley/rpc/connection.hpp>
#include <parley/rpc/reply_stream.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/describe/class.hpp>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace {

namespace asio = parley::asio;
namespace rpc = parley::rpc;
using local = asio::local::stream_protocol;

struct item {
    std::string name{};
    std::optional<std::int8_t> small{};
    std::variant<int, std::string, std::vector<double>> any{};
    bool operator==(const item&) const = default;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, small, any))

rpc::router functions() {
    rpc::router calls;
    calls.on("a", [](int n, const std::string& text) { return std::to_string(n) + text; });
    calls.on("b", {"x", "y"},
             [](const item& x, const std::map<std::string, rpc::value>& y) { return std::tuple(x, y); });
    calls.on("c", [](const rpc::value& v) { return v; });
    calls.on("d", [](rpc::bytes b, rpc::context& c) -> parley::task<rpc::bytes> {
        co_await c.async_send_part(b.data.size());
        co_return b;
    });
    calls.describe("fuzz");
    return calls;
}

void check(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto protocol = data[0] % 3 == 0   ? rpc::json_rpc()
                          : data[0] % 3 == 1 ? rpc::message_pack_rpc()
                                             : rpc::varlink();
    asio::io_context io(1);
    auto [here, there] = parley::make_socket_pair<local>(io.get_executor()).value();
    const rpc::connection_options options{.protocol = protocol, .calls_running = 4, .message_bytes = 4096};
    int answered = 0, made = 0;
    {
        rpc::connection tried(std::move(here), functions(), options);
        auto other = protocol.make_channel(std::move(there));
        const auto count = [&](const std::exception_ptr&, auto&&) { ++answered; };
        for (int i = 0; i < 3; ++i, ++made) tried.prepare_call<item>("x", rpc::named("i", i))(count);
        tried.prepare_call<std::vector<rpc::value>>("y", rpc::named("i", 1))(count);
        ++made;
        auto parts = rpc::open_stream<int, std::string>(tried, "z", rpc::named("i", 1));
        io.poll();
        (void)other.try_send(bytes);
        (void)other.try_send(bytes);
        for (int i = 0; i < 20; ++i) io.poll();
        tried.close();
        for (int i = 0; i < 20; ++i) io.poll();
        check(answered == made);  // each once
    }
    // And as text of no protocol.
    if (const auto v = rpc::from_json(bytes)) {
        const auto text = rpc::to_json(*v);
        check(text.has_value());
        check(rpc::from_json(*text).has_value());
    }
    return 0;
}
