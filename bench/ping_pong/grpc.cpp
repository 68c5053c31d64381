// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "grpc_peer.hpp"
#include "impls.hpp"
#include "module.hpp"
#include "numbered.hpp"
#include "senders.hpp"

namespace ping_pong {

BENCH_MODULE void bench_ping_pong(bench::run& r) {
    const bench::place at;
    bench::with_senders(
        r.where(), 1,
        [&](std::size_t) {
            bench::grpc_echo echo;
            bench::serve_by_grpc(at.path(), echo)->Wait();
        },
        [&] {
            const auto stub = bench::connect_by_grpc(at.path());
            bench::question message(static_cast<std::size_t>(r["bytes"]));
            bench::schema::Blob question, answer;
            do {
                question.set_bytes(std::string(message.next_text()));
                grpc::ClientContext context;
                context.set_wait_for_ready(true);
                bench::grpc_check(stub->Echo(&context, question, &answer));
                message.check_answer(answer.bytes());
            } while (r.add(1));
        });
}

}  // namespace ping_pong
