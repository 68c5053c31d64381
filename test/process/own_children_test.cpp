// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// From its birth to its reaping, whoever does that, a child that parley started is known to be ours.

#include "process/own_children.hpp"

#include "tree_tools.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(own_children_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

constexpr pid_t nobody = 1 << 30;

// Looks all the time whether a child was taken for somebody else's.
class doubter {
public:
    explicit doubter(pid_t child)
        : thread_([this, child] {
              for (looking_ = true; !stop_;)
                  if (is_strange_child(child)) doubted_ = true;
          }) {
        while (!looking_) std::this_thread::yield();
    }
    doubter(const doubter&) = delete;
    doubter& operator=(const doubter&) = delete;
    ~doubter() { doubted(); }

    bool doubted() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
        return doubted_;
    }

private:
    std::atomic<bool> looking_{false}, stop_{false}, doubted_{false};
    std::thread thread_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(own_children_suite, tree_fixture)

BOOST_AUTO_TEST_CASE(a_child_is_ours_until_it_is_forgotten) {
    BOOST_TEST(is_strange_child(nobody));
    add_own_child(nobody);
    BOOST_TEST(!is_strange_child(nobody));
    BOOST_TEST(is_strange_child(nobody - 1));
    forget_own_child(nobody);
    BOOST_TEST(is_strange_child(nobody));
    forget_own_child(nobody);
}

BOOST_AUTO_TEST_CASE(a_number_that_was_given_again_is_ours_until_the_later_child_is_forgotten_too) {
    add_own_child(nobody);
    add_own_child(nobody);
    forget_own_child(nobody);
    BOOST_TEST(!is_strange_child(nobody));
    forget_own_child(nobody);
    BOOST_TEST(is_strange_child(nobody));
}

BOOST_AUTO_TEST_CASE(nobody_is_strange_while_a_child_is_being_born) {
    std::optional<child_birth> first(std::in_place), second(std::in_place);
    BOOST_TEST(!is_strange_child(nobody));
    first.reset();
    BOOST_TEST(!is_strange_child(nobody));
    second.reset();
    BOOST_TEST(is_strange_child(nobody));
}

BOOST_AUTO_TEST_CASE(a_child_that_is_there_before_its_handle_is_not_strange) {
    // Without a pidfd from clone the parent opens one: the child exists then, and nobody has its number yet.
    static std::atomic<int> looks{0}, doubts{0};
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c == sys::call::pidfd_open) ++looks, doubts += is_strange_child(nobody);
        return c == sys::call::clone_pidfd ? EINVAL : 0;
    });
    auto started = spawn(ex, helper({"exit", "3"}));
    sys::set_fault_hook(earlier);
    BOOST_TEST(looks == 1);
    BOOST_TEST(doubts == 0);
    BOOST_TEST(end_of(*started) == exit_status::exited(3));
    BOOST_TEST(is_strange_child(nobody));
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_handed_to_the_helper_thread_is_ours_all_the_time) {
    for (int i = 0; i < 50; ++i) {
        std::optional<doubter> other;
        pid_t leader = 0;
        {
            asio::io_context short_lived;
            auto what = marked(helper({"ignore", std::to_string(SIGTERM)}));
            what.out = stdio::pipe();
            what.stop = {SIGTERM, 24h};
            auto tree = spawn_tree(short_lived.get_executor(), what, without_cgroup()).value();
            BOOST_TEST(run_task(short_lived, next_line(tree.leader())) == "ready");
            leader = tree.leader().pid();
            other.emplace(leader);
        }
        // The thread has it, and is not in the way of others' while it waits.
        BOOST_TEST(soon([] { return is_strange_child(nobody); }));
        BOOST_TEST(!is_strange_child(leader));
        BOOST_TEST(!other->doubted());
        ::kill(leader, SIGKILL);
        BOOST_TEST(soon([&] { return is_strange_child(leader); }));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
