// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/pipeline.hpp>

#include <csignal>
#include <ostream>
#include <utility>

namespace parley {
namespace {

std::string to_shell(const pipeline_stage& stage) {
    if (const auto* coroutine = std::get_if<coroutine_stage>(&stage)) return "[" + shell_quote(coroutine->name()) + "]";
    return to_shell(std::get<command>(stage));
}

}  // namespace

pipeline::pipeline(command first) { stages_.emplace_back(std::move(first)); }
pipeline::pipeline(coroutine_stage first) { stages_.emplace_back(std::move(first)); }

pipeline& pipeline::operator|=(const pipeline& next) {
    const auto added = next.stages_;  // it may be this one
    stages_.insert(stages_.end(), added.begin(), added.end());
    return *this;
}

pipeline operator|(pipeline left, const pipeline& right) {
    left |= right;
    return left;
}

std::string to_shell(const pipeline& p) {
    std::string line;
    for (const auto& stage : p.stages()) line += (line.empty() ? "" : " | ") + to_shell(stage);
    return line;
}

std::ostream& operator<<(std::ostream& out, const pipeline& p) { return out << to_shell(p); }

exit_status pipeline_result::status() const noexcept {
    if (stages.empty()) return {};
    if (rule == pipeline_rule::last_stage) return stages.back().status;
    for (std::size_t i = stages.size(); i-- > 0;) {
        const auto& status = stages[i].status;
        const bool forgiven = forgive_sigpipe && i + 1 < stages.size() && status.signal_number() == SIGPIPE;
        if (!status.success() && !forgiven) return status;
    }
    return exit_status::exited(0);
}

}  // namespace parley
