// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"

#include <uv.h>

#include <memory>

namespace capturing {
namespace {

struct capture {
    std::string text;
    std::unique_ptr<char[]> block = std::make_unique<char[]>(block_size);
    bool success = false;
    uv_pipe_t out{};  // a socket pair, in spite of its name
    uv_process_t process{};
};

void on_exit(uv_process_t* process, int64_t status, int signal) {
    static_cast<capture*>(process->data)->success = status == 0 && signal == 0;
    uv_close(reinterpret_cast<uv_handle_t*>(process), nullptr);
}

void give_block(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(static_cast<capture*>(handle->data)->block.get(), block_size);
}

void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    if (count > 0)
        static_cast<capture*>(stream->data)->text.append(buffer->base, static_cast<std::size_t>(count));
    else if (count < 0)
        uv_close(reinterpret_cast<uv_handle_t*>(stream), nullptr);
}

void run_child(uv_loop_t& loop, const child_command& command, capture& c) {
    std::vector<char*> arguments{const_cast<char*>(command.program.c_str())};
    for (const auto& word : command.arguments) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    c.out.data = c.process.data = &c;
    bench::require(uv_pipe_init(&loop, &c.out, 0) == 0, "uv_pipe_init");
    uv_stdio_container_t streams[3] = {};
    for (int number = 0; number < 3; ++number) {
        streams[number].flags = UV_INHERIT_FD;
        streams[number].data.fd = number;
    }
    streams[1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
    streams[1].data.stream = reinterpret_cast<uv_stream_t*>(&c.out);
    uv_process_options_t options{};
    options.exit_cb = on_exit;
    options.file = arguments[0];
    options.args = arguments.data();
    options.stdio_count = 3;
    options.stdio = streams;
    bench::require(uv_spawn(&loop, &c.process, &options) == 0, "uv_spawn");
    bench::require(uv_read_start(reinterpret_cast<uv_stream_t*>(&c.out), give_block, on_read) == 0, "uv_read_start");
    uv_run(&loop, UV_RUN_DEFAULT);
}

}  // namespace

BENCH_MODULE void bench_capture(bench::run& r) {
    const auto command = child_of(r);
    uv_loop_t loop;
    bench::require(uv_loop_init(&loop) == 0, "uv_loop_init");
    do {
        capture c;
        run_child(loop, command, c);
        bench::require(c.success && c.text.size() == command.size, "not what the child wrote");
    } while (r.add(static_cast<double>(r["mib"])));
    bench::require(uv_loop_close(&loop) == 0, "uv_loop_close");
}

}  // namespace capturing
