// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// One reading of the kernel's table of processes, for all trees that ask at the time.
#pragma once

#include <parley/core/asio.hpp>

#include "process/process_table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace parley {

/// All processes as one reading has found them. To look for the members of a tree costs what the tree has members.
class process_census {
public:
    struct entry {
        process_row row{};
        std::uint64_t mark = 0;  // RLIMIT_RTTIME
    };

    void add(process_row row, std::uint64_t mark);
    /// After the last one.
    void index();

    /// None where there is no such process.
    const entry* find(pid_t pid) const;

    /// `function(entry)` for each child of a process, each process of a group, of a session, with a mark.
    template <typename Function>
    void each_child(pid_t parent, Function function) const {
        each(by_parent_, static_cast<std::uint64_t>(parent), function);
    }
    template <typename Function>
    void each_of_group(pid_t group, Function function) const {
        each(by_group_, static_cast<std::uint64_t>(group), function);
    }
    template <typename Function>
    void each_of_session(pid_t session, Function function) const {
        each(by_session_, static_cast<std::uint64_t>(session), function);
    }
    template <typename Function>
    void each_with_mark(std::uint64_t mark, Function function) const {
        each(by_mark_, mark, function);
    }

    error_code failed{};

private:
    using index_type = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

    template <typename Function>
    void each(const index_type& index, std::uint64_t key, const Function& function) const {
        for (auto at = std::ranges::lower_bound(index, std::pair(key, std::uint32_t{0}));
             at != index.end() && at->first == key; ++at)
            function(entries_[at->second]);
    }

    std::vector<entry> entries_;
    index_type by_pid_, by_parent_, by_group_, by_session_, by_mark_;
};

/// A reading that begins after this call, in slices between which other handlers run. All that ask on a context while
/// one is under way share the next. Cancellation: all types.
task<std::shared_ptr<const process_census>> take_census(executor io);

}  // namespace parley
