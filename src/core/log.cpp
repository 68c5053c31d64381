// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/log.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <mutex>

namespace parley {
namespace {

struct place {
    std::mutex mutex;
    std::shared_ptr<spdlog::logger> current;
};

place& the_place() {
    static place instance;
    return instance;
}

std::shared_ptr<spdlog::logger> make_default() {
    auto made = std::make_shared<spdlog::logger>("parley", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::warn);
    return made;
}

}  // namespace

std::shared_ptr<spdlog::logger> logger() {
    place& p = the_place();
    const std::lock_guard lock(p.mutex);
    if (!p.current) p.current = make_default();
    return p.current;
}

void set_logger(std::shared_ptr<spdlog::logger> replacement) {
    place& p = the_place();
    const std::lock_guard lock(p.mutex);
    p.current = std::move(replacement);
}

}  // namespace parley
