// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "numbered.hpp"
#include "senders.hpp"
#include "shared_queue.hpp"

namespace ping_pong {

void with_interprocess(bench::run& r) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    bench::shared_queue there(bytes), back(bytes);
    bench::with_senders(
        r.where(), 1,
        [&](std::size_t) {
            for (;;) back.send(there.receive());
        },
        [&] {
            bench::question message(bytes);
            do {
                there.send(message.next_text());
                message.check_answer(back.receive());
            } while (r.add(1));
        });
}

}  // namespace ping_pong
