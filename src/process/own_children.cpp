// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/own_children.hpp"

#include <mutex>
#include <unordered_set>

namespace parley {
namespace {

struct registry {
    std::mutex mutex;  // guards everything below
    int births = 0;
    std::unordered_multiset<pid_t> children;  // a number may be given again before the earlier child is forgotten
};

// Never destroyed: helper threads may outlive main.
registry& own() {
    static registry& instance = *new registry;
    return instance;
}

}  // namespace

child_birth::child_birth() noexcept {
    const std::lock_guard lock(own().mutex);
    ++own().births;
}

child_birth::~child_birth() {
    const std::lock_guard lock(own().mutex);
    --own().births;
}

void add_own_child(pid_t child) {
    const std::lock_guard lock(own().mutex);
    own().children.insert(child);
}

void forget_own_child(pid_t child) noexcept {
    const std::lock_guard lock(own().mutex);
    const auto found = own().children.find(child);
    if (found != own().children.end()) own().children.erase(found);
}

bool is_own_child(pid_t child) noexcept {
    const std::lock_guard lock(own().mutex);
    return own().children.contains(child);
}

bool is_strange_child(pid_t child) noexcept {
    // At one moment: who is handed over is forgotten and added again during a birth.
    const std::lock_guard lock(own().mutex);
    return own().births == 0 && !own().children.contains(child);
}

}  // namespace parley
