// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What an editor does, against a language server that nobody here wrote: clangd finds a mistake in a file, explains a
// name, proposes others, and sees the mistake go.
//
//     lsp_client [SERVER [ARGUMENT...]]
//
// The server is clangd, unless another one is given. Exits with 77 where there is none.

#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/process/spawn.hpp>
#include <parley/rpc/connection.hpp>

#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <unistd.h>

namespace asio = parley::asio;
namespace rpc = parley::rpc;
using namespace std::chrono_literals;

// [types]
// As much of the protocol's types as is used here. What else a message has in them is passed over.
namespace lsp {

struct position {
    int line = 0;
    int character = 0;
};
BOOST_DESCRIBE_STRUCT(position, (), (line, character))

struct range {
    position start{}, end{};
};
BOOST_DESCRIBE_STRUCT(range, (), (start, end))

struct document {
    std::string uri{};
    std::optional<int> version{};
};
BOOST_DESCRIBE_STRUCT(document, (), (uri, version))

struct place {
    document textDocument{};
    lsp::position position{};
};
BOOST_DESCRIBE_STRUCT(place, (), (textDocument, position))

struct diagnostic {
    lsp::range range{};
    std::string message{};
};
BOOST_DESCRIBE_STRUCT(diagnostic, (), (range, message))

struct diagnostics {
    std::string uri{};
    std::optional<int> version{};
    std::vector<diagnostic> diagnostics{};
};
BOOST_DESCRIBE_STRUCT(diagnostics, (), (uri, version, diagnostics))

struct completion {
    std::string label{};
};
BOOST_DESCRIBE_STRUCT(completion, (), (label))

struct completions {
    std::vector<completion> items{};
};
BOOST_DESCRIBE_STRUCT(completions, (), (items))

struct markup {
    std::string kind{}, value{};
};
BOOST_DESCRIBE_STRUCT(markup, (), (kind, value))

struct hover {
    markup contents{};
};
BOOST_DESCRIBE_STRUCT(hover, (), (contents))

}  // namespace lsp
// [/types]

// The file is in the editor only: clangd sees what it is told, and reads nothing from the disk.
constexpr auto uri = "file:///example/square.cpp";
constexpr std::string_view with_a_mistake = R"(struct square {
    double side;
    double area() const { return side * side; }
};
double twice(const square& s) { return s.area() + s.aera(); }
)";
constexpr std::string_view without_one = R"(struct square {
    double side;
    double area() const { return side * side; }
};
double twice(const square& s) { return s.area() + s.area(); }
)";

// The place behind the first `word` of the text.
lsp::place behind(std::string_view text, std::string_view word) {
    const auto before = text.substr(0, text.find(word) + word.size());
    const auto lines = std::ranges::count(before, '\n');
    return {{uri}, {static_cast<int>(lines), static_cast<int>(before.size() - (before.rfind('\n') + 1))}};
}

// [calls]
parley::task<> explain(rpc::peer server, lsp::place where) {
    const auto found = co_await server.async_call<lsp::hover>("textDocument/hover", rpc::named(where));
    const std::string& text = found.contents.value;
    std::cout << "explained: " << text.substr(0, text.find('\n')) << std::endl;
}

parley::task<> complete(rpc::peer server, lsp::place where) {
    const auto found = co_await server.async_call<lsp::completions>("textDocument/completion", rpc::named(where));
    std::cout << "proposed:";
    for (const auto& one : found.items) std::cout << one.label << ";";
    std::cout << std::endl;
}
// [/calls]

// [edit]
using diagnostics_channel = asio::experimental::channel<void(parley::error_code, lsp::diagnostics)>;

parley::task<> edit(rpc::peer server, diagnostics_channel& found) {
    const auto told = co_await server.async_call(
        "initialize", rpc::named("processId", ::getpid(), "rootUri", nullptr, "capabilities", rpc::object()));
    std::cout << "server: " << told["serverInfo"]["name"] << std::endl;
    co_await server.async_notify("initialized", rpc::named(rpc::object()));

    const auto show_mistakes = [&](int version) -> parley::task<> {
        auto of = co_await found.async_receive(asio::use_awaitable);
        while (of.version != version) of = co_await found.async_receive(asio::use_awaitable);
        std::cout << "mistakes in version " << version << ": " << of.diagnostics.size() << std::endl;
        for (const auto& one : of.diagnostics)
            std::cout << "line " << one.range.start.line + 1 << ": " << one.message << std::endl;
    };

    co_await server.async_notify(
        "textDocument/didOpen",
        rpc::named("textDocument", rpc::named("uri", uri, "languageId", "cpp", "version", 1, "text", with_a_mistake)));
    co_await show_mistakes(1);
    co_await explain(server, behind(with_a_mistake, "s.area"));
    co_await complete(server, behind(with_a_mistake, "+ s."));

    // The user types on before the answer is there. Nobody wants it any more, and clangd is told so.
    co_await parley::with_task_group([&](parley::task_group& asked) -> parley::task<> {
        asked.spawn(complete(server, behind(with_a_mistake, "+ s.")));
        co_await server.async_notify("textDocument/didChange",
                                     rpc::named("textDocument", rpc::named("uri", uri, "version", 2), "contentChanges",
                                                std::tuple(rpc::named("text", without_one))));
        asked.cancel();
    });
    co_await show_mistakes(2);

    co_await server.async_call<void>("shutdown");
    co_await server.async_notify("exit");
}
// [/edit]

// [start]
parley::task<int> start(parley::command program) {
    const auto io = co_await asio::this_coro::executor;
    program.search_path = program.program.find('/') == std::string::npos;
    program.in = program.out = parley::stdio::pipe();
    program.err = parley::stdio::null();  // a log, at length
    auto started = parley::spawn(io, program);
    if (!started) {
        std::cerr << "skipped: " << started.error() << std::endl;
        co_return 77;
    }
    parley::child& child = *started;

    diagnostics_channel found(io, 16);
    rpc::router calls;
    calls.on("textDocument/publishDiagnostics",
             [&](lsp::diagnostics d) { found.try_send(parley::error_code(), std::move(d)); });
    rpc::connection server(parley::stream_pair(std::move(child.out()), std::move(child.in())), calls,
                           {.protocol = rpc::json_rpc(rpc::json_rpc_options::language_server()), .deadline = 60s});
    co_await edit(server, found);

    const auto ended = co_await child.async_wait();
    std::cout << "server: " << ended << std::endl;
    co_return ended.success() ? 0 : 1;
}
// [/start]

int main(int count, char** words) {
    parley::command program{.program = count > 1 ? words[1] : "clangd"};
    for (int i = 2; i < count; ++i) program.arguments.emplace_back(words[i]);
    return parley::run(start(std::move(program)));
}
