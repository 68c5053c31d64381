// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"

#include <uv.h>

#include <vector>

namespace connecting {
namespace {

struct client {
    bench::run* measured = nullptr;
    long* left = nullptr;
    uv_pipe_t* server = nullptr;
    const char* path = nullptr;
    bool more = true;
    char byte = 0;
    uv_pipe_t pipe{};
    uv_connect_t request{};
};

void start(client& c, uv_loop_t* loop);

void on_client_closed(uv_handle_t* handle) {
    auto& c = *static_cast<client*>(handle->data);
    if (c.more) return start(c, handle->loop);
    if (--*c.left == 0) uv_close(reinterpret_cast<uv_handle_t*>(c.server), nullptr);
}

void on_connected(uv_connect_t* request, int status) {
    bench::require(status == 0, "uv_pipe_connect");
    auto& c = *static_cast<client*>(request->data);
    uv_read_start(
        reinterpret_cast<uv_stream_t*>(&c.pipe),
        [](uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
            *buffer = uv_buf_init(&static_cast<client*>(handle->data)->byte, 1);
        },
        [](uv_stream_t* stream, ssize_t n, const uv_buf_t*) {
            auto& of = *static_cast<client*>(stream->data);
            if (n == 0) return;
            bench::require(n == UV_EOF, "the server did not close");
            of.more = of.measured->add(1);
            uv_close(reinterpret_cast<uv_handle_t*>(stream), on_client_closed);
        });
}

void start(client& c, uv_loop_t* loop) {
    uv_pipe_init(loop, &c.pipe, 0);
    c.pipe.data = &c;
    c.request.data = &c;
    uv_pipe_connect(&c.request, &c.pipe, c.path, on_connected);
}

void on_connection(uv_stream_t* server, int status) {
    bench::require(status == 0, "uv_listen");
    auto* const session = new uv_pipe_t;
    uv_pipe_init(server->loop, session, 0);
    bench::require(uv_accept(server, reinterpret_cast<uv_stream_t*>(session)) == 0, "uv_accept");
    uv_close(reinterpret_cast<uv_handle_t*>(session),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_pipe_t*>(handle); });
}

}  // namespace

BENCH_MODULE void bench_connect(bench::run& r) {
    const bench::place at;
    uv_loop_t loop;
    bench::require(uv_loop_init(&loop) == 0, "uv_loop_init");
    uv_pipe_t server;
    uv_pipe_init(&loop, &server, 0);
    bench::require(uv_pipe_bind(&server, at.path().c_str()) == 0, "uv_pipe_bind");
    bench::require(uv_listen(reinterpret_cast<uv_stream_t*>(&server), 4096, on_connection) == 0, "uv_listen");
    long left = r["in_flight"];
    std::vector<client> clients(static_cast<std::size_t>(left));
    for (auto& c : clients) {
        c.measured = &r;
        c.left = &left;
        c.server = &server;
        c.path = at.path().c_str();
        start(c, &loop);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    bench::require(uv_loop_close(&loop) == 0, "uv_loop_close");
}

}  // namespace connecting
