// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Two hosts on one machine: network namespaces with a cable between them. They have no names and are nobody's file, so
// that nothing is left of them, however a test ends.
#pragma once

#include "process_tools.hpp"
#include "run_task.hpp"

#include <parley/core/unique_fd.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace parley::test {

/// A network namespace; it lives as long as this and the sockets in it.
class net_namespace {
public:
    /// std::system_error where this user may not make one.
    net_namespace() {
        const auto earlier = current();
        if (::unshare(CLONE_NEWNET) != 0) throw std::system_error(errno, std::system_category(), "unshare");
        own_ = current();
        enter(earlier.get());
    }

    int fd() const noexcept { return own_.get(); }

    /// For the length of a scope this thread is in there: what it opens and starts belongs there for good.
    class inside {
    public:
        explicit inside(const net_namespace& there) : earlier_(current()) { enter(there.fd()); }
        inside(const inside&) = delete;
        inside& operator=(const inside&) = delete;
        ~inside() { enter(earlier_.get()); }

    private:
        unique_fd earlier_;
    };

private:
    static unique_fd current() { return unique_fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }
    static void enter(int fd) {
        if (::setns(fd, CLONE_NEWNET) != 0) std::abort();
    }

    unique_fd own_;
};

/// The hosts `left` (10.77.0.1, fe80::1, interface "cable-l") and `right` (10.77.0.2, fe80::2, "cable-r").
struct two_hosts {
    net_namespace left, right;

    /// Puts the cable in between; throws with what `ip` says where it cannot.
    explicit two_hosts(process_fixture& starter) : starter_(starter) {
        const auto other = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(right.fd());
        ip(left, "link add cable-l type veth peer name cable-r netns " + other);
        for (const bool is_left : {true, false}) {
            const auto& host = is_left ? left : right;
            const std::string cable = is_left ? "cable-l" : "cable-r", number = is_left ? "1" : "2";
            ip(host, "link set lo up");
            ip(host, "address add 10.77.0." + number + "/24 dev " + cable);
            ip(host, "link set " + cable + " up");
            if (has_ipv6()) ip(host, "address add fe80::" + number + "/64 dev " + cable + " nodad");
        }
        wait_until_up(left, "cable-l");
        wait_until_up(right, "cable-r");
    }

    static bool has_ipv6() { return ::access("/proc/net/if_inet6", F_OK) == 0; }

    void ip(const net_namespace& host, const std::string& line) {
        const auto told = on(host, "ip " + line);
        if (!told.status.success()) throw std::runtime_error("ip " + line + ": " + told.err);
    }
    /// What a line of the shell says on that host.
    run_result on(const net_namespace& host, const std::string& line) {
        const net_namespace::inside there(host);
        return starter_.run(shell(line));
    }

private:
    /// The kernel connects the ends later, by a worker; what is sent before that is lost.
    void wait_until_up(const net_namespace& host, const std::string& cable) {
        const auto end = std::chrono::steady_clock::now() + guard;
        while (on(host, "ip -oneline link show dev " + cable).out.find(" state UP ") == std::string::npos) {
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error(cable + " does not come up");
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    process_fixture& starter_;
};

}  // namespace parley::test
