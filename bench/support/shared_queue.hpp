// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of Boost.Interprocess.
#pragma once

#include "bench.hpp"

#include <boost/interprocess/creation_tags.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace bench {

/// A message_queue in shared memory, for this process and those that it forks.
class shared_queue {
public:
    explicit shared_queue(std::size_t bytes)
        : queue_(boost::interprocess::create_only, name().c_str(), slots(bytes), bytes), received_(bytes) {
        boost::interprocess::message_queue::remove(name().c_str());  // it lives as long as somebody has it
    }

    void send(std::string_view bytes) { queue_.send(bytes.data(), bytes.size(), 0); }
    /// Good until the next one is received.
    std::string_view receive() {
        boost::interprocess::message_queue::size_type size = 0;
        unsigned priority = 0;
        queue_.receive(received_.data(), received_.size(), size, priority);
        return {received_.data(), size};
    }

private:
    static std::string name() { return "parley-bench-" + std::to_string(::getpid()); }
    // Up to 4 MiB, as many messages as that are.
    static std::size_t slots(std::size_t bytes) {
        return std::clamp<std::size_t>((std::size_t{4} << 20) / bytes, 4, 1024);
    }

    boost::interprocess::message_queue queue_;
    std::vector<char> received_;
};

}  // namespace bench
