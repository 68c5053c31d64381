// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "impls.hpp"
#include "senders.hpp"
#include "shared_queue.hpp"

namespace fan_in {

void with_interprocess(bench::run& r) {
    const auto bytes = static_cast<std::size_t>(r["bytes"]);
    const auto senders = static_cast<std::size_t>(r["senders"]);
    bench::shared_queue queue(bytes);
    bench::with_senders(
        r.where(), senders,
        [&](std::size_t sender) {
            numbered messages(bytes, sender);
            for (;;) queue.send(messages.next());
        },
        [&] {
            checked_by_sender messages(r, bytes, senders);
            while (messages.take(queue.receive())) {}
        });
}

}  // namespace fan_in
