// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/own_children.hpp"

#include <atomic>
#include <mutex>
#include <unordered_set>

namespace parley {
namespace {

struct registry {
    std::atomic<int> births{0};
    std::mutex mutex;
    std::unordered_multiset<pid_t> children;  // guarded by the mutex; a number may be given again before the
                                              // earlier child of it is forgotten
};

// Never destroyed: helper threads may outlive main.
registry& own() {
    static registry& instance = *new registry;
    return instance;
}

}  // namespace

child_birth::child_birth() noexcept { ++own().births; }
child_birth::~child_birth() { --own().births; }

void add_own_child(pid_t child) {
    const std::lock_guard lock(own().mutex);
    own().children.insert(child);
}

void forget_own_child(pid_t child) noexcept {
    const std::lock_guard lock(own().mutex);
    const auto found = own().children.find(child);
    if (found != own().children.end()) own().children.erase(found);
}

bool is_strange_child(pid_t child) noexcept {
    // In this order: a start that began before the child was seen has ended by the first look, and its child is in the
    // second.
    if (own().births != 0) return false;
    const std::lock_guard lock(own().mutex);
    return !own().children.contains(child);
}

}  // namespace parley
