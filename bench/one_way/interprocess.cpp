// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "senders.hpp"
#include "shared_queue.hpp"

namespace one_way {

void with_interprocess(bench::run& r) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    bench::shared_queue queue(bytes);
    bench::with_senders(
        r.where(), 1,
        [&](std::size_t) {
            numbered messages(bytes);
            for (;;) queue.send(messages.next());
        },
        [&] {
            checked messages(r, bytes);
            while (messages.take(queue.receive())) {}
        });
}

}  // namespace one_way
