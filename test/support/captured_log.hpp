// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the library logs during a scope.
#pragma once

#include <parley/core/log.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <string>

namespace parley::test {

class captured_log {
public:
    captured_log() {
        auto made =
            std::make_shared<spdlog::logger>("captured", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_, true));
        made->set_pattern("%l: %v");
        made->set_level(spdlog::level::warn);
        set_logger(std::move(made));
    }
    captured_log(const captured_log&) = delete;
    captured_log& operator=(const captured_log&) = delete;
    ~captured_log() { set_logger(nullptr); }

    std::string text() const { return out_.str(); }
    bool has(const std::string& part) const { return text().find(part) != std::string::npos; }

private:
    std::ostringstream out_;
};

}  // namespace parley::test
