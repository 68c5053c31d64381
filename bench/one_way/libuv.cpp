// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "libuv_peer.hpp"
#include "module.hpp"
#include "plain_frames.hpp"

#include <uv.h>

namespace one_way {
namespace {

void send(std::size_t bytes, int socket) {
    uv_loop_t loop;
    bench::require(uv_loop_init(&loop) == 0, "uv_loop_init");
    const bench::uv_sender sender(loop, bytes, socket);
    uv_run(&loop, UV_RUN_DEFAULT);
}

struct receiver {
    receiver(bench::run& r, std::size_t bytes) : messages(r, bytes), in(bytes) {}

    checked messages;
    bench::frame_reader in;
    uv_pipe_t pipe{};
};

void provide(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    auto& r = *static_cast<receiver*>(handle->data);
    *buffer = uv_buf_init(r.in.data(), static_cast<unsigned>(r.in.room()));
}

void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t*) {
    auto& r = *static_cast<receiver*>(stream->data);
    bench::require(n >= 0, "uv_read");
    if (!r.in.take(static_cast<std::size_t>(n), r.messages)) uv_close(reinterpret_cast<uv_handle_t*>(stream), nullptr);
}

void receive(bench::run& measured, std::size_t bytes, int socket) {
    uv_loop_t loop;
    bench::require(uv_loop_init(&loop) == 0, "uv_loop_init");
    receiver r(measured, bytes);
    uv_pipe_init(&loop, &r.pipe, 0);
    r.pipe.data = &r;
    bench::require(uv_pipe_open(&r.pipe, socket) == 0, "uv_pipe_open");
    uv_read_start(reinterpret_cast<uv_stream_t*>(&r.pipe), provide, on_read);
    uv_run(&loop, UV_RUN_DEFAULT);
    bench::require(uv_loop_close(&loop) == 0, "uv_loop_close");
}

}  // namespace

BENCH_MODULE void bench_one_way(bench::run& r) { play(r, send, receive); }

}  // namespace one_way
