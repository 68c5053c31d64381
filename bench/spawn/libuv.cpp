// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "module.hpp"

#include <uv.h>

#include <vector>

namespace spawning {
namespace {

struct slot {
    bench::run* measured = nullptr;
    bool more = true;
    uv_process_t process{};
};

void start(slot& s, uv_loop_t* loop);

void on_closed(uv_handle_t* handle) {
    auto& s = *static_cast<slot*>(handle->data);
    if (s.more) start(s, handle->loop);
}

void on_exit(uv_process_t* process, int64_t status, int signal) {
    auto& s = *static_cast<slot*>(process->data);
    bench::require(status == 0 && signal == 0, "the child has failed");
    s.more = s.measured->add(1);
    uv_close(reinterpret_cast<uv_handle_t*>(process), on_closed);
}

void start(slot& s, uv_loop_t* loop) {
    char* arguments[] = {const_cast<char*>(program), nullptr};
    uv_stdio_container_t streams[3] = {};
    for (int number = 0; number < 3; ++number) {
        streams[number].flags = UV_INHERIT_FD;
        streams[number].data.fd = number;
    }
    uv_process_options_t options{};
    options.exit_cb = on_exit;
    options.file = program;
    options.args = arguments;
    options.stdio_count = 3;
    options.stdio = streams;
    s.process.data = &s;
    bench::require(uv_spawn(loop, &s.process, &options) == 0, "uv_spawn");
}

}  // namespace

BENCH_MODULE void bench_spawn(bench::run& r) {
    const bench::resident_memory memory(r["resident_mib"]);
    uv_loop_t loop;
    bench::require(uv_loop_init(&loop) == 0, "uv_loop_init");
    std::vector<slot> slots(static_cast<std::size_t>(r["in_flight"]));
    for (auto& s : slots) {
        s.measured = &r;
        start(s, &loop);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    bench::require(uv_loop_close(&loop) == 0, "uv_loop_close");
}

}  // namespace spawning
