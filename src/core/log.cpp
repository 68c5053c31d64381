// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/log.hpp>

#include "core/visible.hpp"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <mutex>
#include <string>

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

// A line may quote what a peer has sent, and ends on a terminal.
class printable_formatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
        const std::string text = detail::visible({message.payload.data(), message.payload.size()});
        auto shown = message;
        shown.payload = text;
        lines_.format(shown, to);
    }
    std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<printable_formatter>(); }

private:
    spdlog::pattern_formatter lines_{};
};

std::shared_ptr<spdlog::logger> make_default() {
    auto made = std::make_shared<spdlog::logger>("parley", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_formatter(std::make_unique<printable_formatter>());
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
