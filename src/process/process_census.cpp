// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/process_census.hpp"

#include "process/shared_rounds.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <string>
#include <unordered_map>

#include <time.h>
#include <unistd.h>

namespace parley {
namespace {

// That are read before other handlers run: about a millisecond.
constexpr int census_rows_a_slice = 32;

// A process has the mark that it keeps once it runs its program: a child between fork and exec may get another.
constexpr std::uint64_t settled_after_seconds = 1;

std::uint64_t ticks_a_second() {
    static const auto ticks = static_cast<std::uint64_t>(std::max(::sysconf(_SC_CLK_TCK), 1L));
    return ticks;
}

std::uint64_t ticks_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * ticks_a_second();
}

/// The marks of processes that have had theirs for a while, so that they are asked once.
class mark_cache {
public:
    std::uint64_t mark_of(const process_row& row, std::uint64_t now) {
        const auto before = known_.find(row.pid);
        const bool same =
            before != known_.end() && before->second.start == row.start && before->second.name == row.name;
        const auto mark = same ? before->second.mark : realtime_limit(row.pid);
        if (same || (now > row.start && now - row.start > settled_after_seconds * ticks_a_second()))
            seen_[row.pid] = {row.start, mark, row.name};
        return mark;
    }
    /// Forgets those that were not asked for since the last time.
    void end_of_reading() { known_ = std::exchange(seen_, {}); }

private:
    struct item {
        std::uint64_t start;
        std::uint64_t mark;
        std::string name;  // another one after an exec
    };
    std::unordered_map<pid_t, item> known_, seen_;
};

class census_rounds final : public shared_rounds<process_census> {
public:
    inline static asio::execution_context::id id;
    using shared_rounds::shared_rounds;

private:
    task<void> run(executor io, process_census& into) override {
        auto listing = process_listing::open();
        if (!listing) into.failed = listing.error();
        const auto now = ticks_since_boot();
        int rows = 0;
        while (listing) {
            const auto pid = listing->next();
            if (!pid) into.failed = pid.error();
            if (!pid || !*pid) break;
            auto row = read_row(**pid);
            if (!row) into.failed = row.error();
            if (row && *row) {
                const auto mark = marks_.mark_of(**row, now);
                into.add(std::move(**row), mark);
            }
            if (++rows % census_rows_a_slice == 0) co_await asio::post(io, asio::use_awaitable);
        }
        marks_.end_of_reading();
        into.index();
    }

    std::chrono::steady_clock::duration rest_after(std::chrono::steady_clock::duration) const override { return {}; }

    mark_cache marks_;
};

}  // namespace

void process_census::add(process_row row, std::uint64_t mark) { entries_.push_back({std::move(row), mark}); }

void process_census::index() {
    const auto fill = [this](index_type& index, auto key) {
        index.clear();
        index.reserve(entries_.size());
        for (std::uint32_t i = 0; i < entries_.size(); ++i)
            index.emplace_back(static_cast<std::uint64_t>(key(entries_[i])), i);
        std::ranges::sort(index);
    };
    fill(by_pid_, [](const entry& e) { return e.row.pid; });
    fill(by_parent_, [](const entry& e) { return e.row.parent; });
    fill(by_group_, [](const entry& e) { return e.row.group; });
    fill(by_session_, [](const entry& e) { return e.row.session; });
    fill(by_mark_, [](const entry& e) { return e.mark; });
}

const process_census::entry* process_census::find(pid_t pid) const {
    const entry* found = nullptr;
    each(by_pid_, static_cast<std::uint64_t>(pid), [&](const entry& e) { found = &e; });
    return found;
}

task<std::shared_ptr<const process_census>> take_census(executor io) {
    return next_round<census_rounds, process_census>(std::move(io));
}

}  // namespace parley
