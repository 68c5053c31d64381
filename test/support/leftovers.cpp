// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include <unistd.h>

namespace parley::test {

namespace fs = std::filesystem;

std::map<int, std::string> open_descriptors() {
    std::map<int, std::string> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
        const auto target = fs::read_symlink(entry.path(), ignored);
        if (ignored) continue;
        found.emplace(std::stoi(entry.path().filename()), target.string());
    }
    // The iterator's own descriptor was among them.
    std::erase_if(found, [](const auto& item) {
        return ::access(("/proc/self/fd/" + std::to_string(item.first)).c_str(), F_OK) != 0 &&
               item.second.find("/proc/") == 0;
    });
    return found;
}

namespace {

// The children of every thread of this process with their state letters.
std::map<int, char> children_with_state() {
    std::map<int, char> found;
    for (const auto& entry : fs::directory_iterator("/proc/self/task")) {
        std::ifstream list(entry.path() / "children");
        for (int pid; list >> pid;) {
            std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
            std::string line;
            if (!std::getline(stat, line)) continue;
            const auto end_of_name = line.rfind(')');
            if (end_of_name == std::string::npos || end_of_name + 2 >= line.size()) continue;
            found.emplace(pid, line[end_of_name + 2]);
        }
    }
    return found;
}

}  // namespace

std::vector<int> zombies() {
    std::vector<int> found;
    for (const auto& [pid, state] : children_with_state())
        if (state == 'Z') found.push_back(pid);
    return found;
}

std::vector<int> children() {
    std::vector<int> found;
    for (const auto& [pid, state] : children_with_state()) found.push_back(pid);
    return found;
}

no_leftovers::no_leftovers() : before_(open_descriptors()) {}

no_leftovers::~no_leftovers() {
    // A helper thread of the library may be about to let go of what it had: of a child that has just ended, say.
    std::map<int, std::string> left;
    std::vector<int> dead;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    do {
        left = open_descriptors();
        std::erase_if(left, [this](const auto& item) { return before_.contains(item.first); });
        dead = zombies();
        if (left.empty() && dead.empty()) return;
        std::this_thread::yield();
    } while (std::chrono::steady_clock::now() < deadline);
    for (const auto& [fd, target] : left) BOOST_ERROR("descriptor " << fd << " was left open: " << target);
    for (const int pid : dead) BOOST_ERROR("child " << pid << " was left a zombie");
}

}  // namespace parley::test
