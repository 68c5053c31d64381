// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"

#include <uv.h>

namespace idle {
namespace {

struct server {
    uv_pipe_t pipe{};
    bool reading = false;
    long left = 0;
};

void on_connection(uv_stream_t* stream, int status) {
    bench::require(status == 0, "uv_listen");
    auto& s = *static_cast<server*>(stream->data);
    auto* const session = new uv_pipe_t;
    uv_pipe_init(stream->loop, session, 0);
    bench::require(uv_accept(stream, reinterpret_cast<uv_stream_t*>(session)) == 0, "uv_accept");
    if (s.reading)
        uv_read_start(
            reinterpret_cast<uv_stream_t*>(session),
            [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
                static char shared[65536];  // NOLINT: what libuv recommends
                *buffer = uv_buf_init(shared, sizeof shared);
            },
            [](uv_stream_t*, ssize_t, const uv_buf_t*) {});
    --s.left;
}

// Connects as many and accepts them one by one.
void accept(server& s, clients& others, const bench::place& at, long connections) {
    for (; connections > 0; --connections) {
        others.connect_one(at);
        for (s.left = 1; s.left > 0;) uv_run(s.pipe.loop, UV_RUN_ONCE);
    }
}

}  // namespace

BENCH_MODULE void bench_idle_connection(bench::run& r) {
    bench::raise_descriptor_limit();
    const bench::place at;
    uv_loop_t loop;
    bench::require(uv_loop_init(&loop) == 0, "uv_loop_init");
    server s;
    s.reading = r["reading"] != 0;
    s.pipe.data = &s;
    uv_pipe_init(&loop, &s.pipe, 0);
    bench::require(uv_pipe_bind(&s.pipe, at.path().c_str()) == 0, "uv_pipe_bind");
    bench::require(uv_listen(reinterpret_cast<uv_stream_t*>(&s.pipe), 4096, on_connection) == 0, "uv_listen");
    clients others;
    accept(s, others, at, 1);  // is not counted
    const double before = heap_in_use();
    accept(s, others, at, r["connections"]);
    r.set((heap_in_use() - before) / static_cast<double>(r["connections"]), 1);
}

}  // namespace idle
