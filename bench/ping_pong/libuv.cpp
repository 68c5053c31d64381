// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"
#include "numbered.hpp"

#include <uv.h>

#include <vector>

namespace ping_pong {
namespace {

// Without a run it is the side that answers.
struct player {
    explicit player(bench::run* r, std::size_t bytes) : measured(r), message(bytes), answer(bytes) {}

    bench::run* measured;
    bench::question message;
    std::vector<char> answer;
    std::size_t received = 0;
    uv_pipe_t pipe{};
};

void send(player& p) {
    auto& what = p.measured != nullptr ? p.message.next() : p.answer;
    const uv_buf_t buffer = uv_buf_init(what.data(), static_cast<unsigned>(what.size()));
    // The answer may be there before the callback, so the next send needs a request of its own.
    uv_write(new uv_write_t, reinterpret_cast<uv_stream_t*>(&p.pipe), &buffer, 1, [](uv_write_t* request, int status) {
        delete request;
        bench::require(status == 0, "uv_write");
    });
}

void provide(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto& p = *static_cast<player*>(handle->data);
    *buffer = uv_buf_init(p.answer.data() + p.received, static_cast<unsigned>(p.answer.size() - p.received));
}

void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t*) {
    auto& p = *static_cast<player*>(stream->data);
    if (n < 0) {
        bench::require(n == UV_EOF && p.measured == nullptr, "uv_read");
        uv_close(reinterpret_cast<uv_handle_t*>(stream), nullptr);
        return;
    }
    p.received += static_cast<std::size_t>(n);
    if (p.received < p.answer.size()) return;
    p.received = 0;
    if (p.measured != nullptr) p.message.check_answer({p.answer.data(), p.answer.size()});
    if (p.measured == nullptr || p.measured->add(1))
        send(p);
    else
        uv_close(reinterpret_cast<uv_handle_t*>(stream), nullptr);
}

void run(bench::run* r, std::size_t bytes, int socket) {
    uv_loop_t loop;
    bench::require(uv_loop_init(&loop) == 0, "uv_loop_init");
    player p(r, bytes);
    uv_pipe_init(&loop, &p.pipe, 0);
    p.pipe.data = &p;
    bench::require(uv_pipe_open(&p.pipe, socket) == 0, "uv_pipe_open");
    uv_read_start(reinterpret_cast<uv_stream_t*>(&p.pipe), provide, on_read);
    if (r != nullptr) send(p);
    uv_run(&loop, UV_RUN_DEFAULT);
    bench::require(uv_loop_close(&loop) == 0, "uv_loop_close");
}

void ask(bench::run& r, std::size_t bytes, int socket) { run(&r, bytes, socket); }
void echo(std::size_t bytes, int socket) { run(nullptr, bytes, socket); }

}  // namespace

BENCH_MODULE void bench_ping_pong(bench::run& r) { play(r, make_ends(), ask, echo); }

}  // namespace ping_pong
