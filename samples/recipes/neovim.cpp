// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Neovim as an editor without a screen: we call it, it tells us what it changes, and it calls us in the middle of what
// we asked it to do. Exits with 77 where there is no Neovim.

#include <parley/loop/application.hpp>
#include <parley/message/stream_pair.hpp>
#include <parley/process/spawn.hpp>
#include <parley/rpc/connection.hpp>

#include <boost/asio/this_coro.hpp>

#include <iostream>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace asio = parley::asio;
namespace rpc = parley::rpc;

// [calls]
// What Neovim may call. Its arguments are checked against the types of the parameters.
rpc::router what_we_serve() {
    rpc::router calls;
    calls.on("price", [](const std::string& of) -> int {
        if (of == "fig") return 3;
        if (of == "apple") return 2;
        throw rpc::fault(1, "we have no " + of);
    });
    calls.on("nvim_buf_lines_event", [](const rpc::extension&, std::optional<long>, int first, int,
                                        const std::vector<std::string>& lines, bool) {
        for (const auto& line : lines) std::cout << "line " << ++first << " is now: " << line << std::endl;
    });
    return calls;
}
// [/calls]

// [edit]
parley::task<> edit(rpc::peer nvim) {
    const auto buffer = co_await nvim.async_call<rpc::extension>("nvim_get_current_buf");
    co_await nvim.async_call<bool>("nvim_buf_attach", buffer, false, rpc::object());
    co_await nvim.async_call<void>("nvim_buf_set_lines", buffer, 0, -1, true, std::tuple("fig", "apple"));
    co_await nvim.async_call<void>("nvim_command", "sort");

    // For each word Neovim asks us what it costs, while we wait for its answer.
    co_await nvim.async_call<void>("nvim_command",
                                   "%s/\\w\\+/\\=submatch(0) .. ': ' .. rpcrequest(1, 'price', submatch(0))");
    const auto sum = co_await nvim.async_call<int>("nvim_eval", "rpcrequest(1, 'price', 'fig') + 1");
    std::cout << "the result: " << sum << std::endl;

    const auto none = co_await nvim.async_call<rpc::outcome<int>>("nvim_eval", "rpcrequest(1, 'price', 'kiwi')");
    std::cout << "an error: " << none.error().fault()->message() << std::endl;
}
// [/edit]

parley::task<int> run_neovim() {
    const parley::command program{.program = "nvim",
                                  .arguments = {"--embed", "--headless", "--clean"},
                                  .search_path = true,
                                  .in = parley::stdio::pipe(),
                                  .out = parley::stdio::pipe()};
    auto started = parley::spawn(co_await asio::this_coro::executor, program);
    if (!started) {
        std::cerr << "skipped: " << started.error() << std::endl;
        co_return 77;
    }
    parley::child& child = *started;
    rpc::connection nvim(parley::stream_pair(std::move(child.out()), std::move(child.in())), what_we_serve(),
                         {.protocol = rpc::message_pack_rpc(rpc::message_pack_rpc_options::neovim())});
    co_await edit(nvim);
    co_await nvim.async_notify("nvim_command", "quitall!");
    std::cout << "Neovim " << co_await child.async_wait() << std::endl;
    co_return 0;
}

int main() { return parley::run(run_neovim()); }
