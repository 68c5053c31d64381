// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/waiting_line.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

namespace parley::detail {

// A line belongs to its places, which the handlers own that wait: the context destroys them, and they may end after
// this.
class place_in_line::service final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit service(asio::execution_context& context) : asio::execution_context::service(context) {}

    static service& of(const executor& io) {
        return asio::use_service<service>(asio::query(io, asio::execution::context));
    }

    const std::shared_ptr<all_lines> lines = std::make_shared<all_lines>();

private:
    void shutdown() override {}
};

place_in_line::place_in_line(const executor& io, const std::string& key) : lines_(service::of(io).lines), timer_(io) {
    ++places;
    const std::lock_guard lock(lines_->mutex);
    line_ = lines_->lines.try_emplace(key).first;
    own_ = line_->second.insert(line_->second.end(), this);
}

place_in_line::~place_in_line() {
    --places;
    const std::lock_guard lock(lines_->mutex);
    const bool first = is_first();
    line_->second.erase(own_);
    if (line_->second.empty()) {
        lines_->lines.erase(line_);
    } else if (first) {
        auto& next = *line_->second.front();
        next.called_ = true;
        next.timer_.cancel();
    }
}

bool place_in_line::is_line(const executor& io, const std::string& key) {
    if (places == 0) return false;
    const auto lines = service::of(io).lines;
    const std::lock_guard lock(lines->mutex);
    return lines->lines.contains(key);
}

void place_in_line::cancel() {
    const std::lock_guard lock(lines_->mutex);
    cancelled_ = true;
    timer_.cancel();
}

}  // namespace parley::detail
