// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"

#include "run_task.hpp"

#include <boost/test/results_collector.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <thread>

#include <sys/syscall.h>
#include <sys/wait.h>
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

namespace {

constexpr const char* run_variable = "PARLEY_TEST_RUN";

struct seen_process {
    int pid;
    int parent;
};

std::vector<seen_process> all_processes() {
    std::vector<seen_process> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::ifstream stat(entry.path() / "stat");
        std::string line;
        if (!std::getline(stat, line)) continue;
        const auto end_of_name = line.rfind(')');
        if (end_of_name == std::string::npos || end_of_name + 4 >= line.size()) continue;
        found.push_back({std::stoi(name), std::atoi(line.c_str() + end_of_name + 4)});
    }
    return found;
}

bool came_from_here(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
    const auto wanted = std::string(run_variable) + "=" + std::to_string(::getpid());
    for (std::string one; std::getline(file, one, '\0');)
        if (one == wanted) return true;
    return false;
}

bool case_has_failed() {
    if (std::uncaught_exceptions() > 0) return true;
    const auto id = boost::unit_test::framework::current_test_case_id();
    if (guard_has_passed || id == boost::unit_test::INV_TEST_UNIT_ID) return guard_has_passed;
    return !boost::unit_test::results_collector.results(id).passed();
}

}  // namespace

std::chrono::seconds time_left() { return case_has_failed() ? std::chrono::seconds(5) : guard; }

void name_what_is_started() { ::setenv(run_variable, std::to_string(::getpid()).c_str(), 1); }

void end_what_is_left() {
    for (int round = 0; round < 20; ++round) {
        std::set<int> ours{::getpid()};
        const auto all = all_processes();
        for (bool more = true; more;) {
            more = false;
            for (const auto& [pid, parent] : all)
                if (!ours.contains(pid) && (ours.contains(parent) || came_from_here(pid)))
                    more = ours.insert(pid).second || more;
        }
        ours.erase(::getpid());
        if (ours.empty()) return;
        for (const int pid : ours) {
            const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
            if (pidfd < 0) continue;
            ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
            siginfo_t info{};
            ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
            ::close(pidfd);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

no_leftovers::no_leftovers() : before_(open_descriptors()) { guard_has_passed = false; }

no_leftovers::~no_leftovers() {
    if (case_has_failed()) end_what_is_left();
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
