// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/activation.hpp>

#include "forked.hpp"
#include "net_tools.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>

BOOST_AUTO_TEST_SUITE(activation_test)

using namespace parley;
using namespace parley::test;

// What sd_listen_fds(3) describes, done by hand in a copy of this process: `count` listeners from descriptor 3 on.
void hand_over(const std::string& path, int count, const char* names) {
    std::vector<int> made;
    for (int i = 0; i < count; ++i) {
        raw_socket each;
        if (each.bind(path + std::to_string(i)) != 0 || ::listen(each.fd(), 5) != 0) ::_exit(90);
        made.push_back(::fcntl(each.fd(), F_DUPFD, 100));
    }
    for (int i = 0; i < count; ++i) ::dup2(made[static_cast<std::size_t>(i)], 3 + i);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(count).c_str(), 1);
    if (names != nullptr)
        ::setenv("LISTEN_FDNAMES", names, 1);
    else
        ::unsetenv("LISTEN_FDNAMES");
}

BOOST_FIXTURE_TEST_SUITE(activation_suite, net_fixture)

BOOST_AUTO_TEST_CASE(a_program_that_was_given_none_has_none) {
    forked alone([] {
        ::unsetenv("LISTEN_PID");
        return activated_names().empty() && take_activated_socket("x").has_error() ? 0 : 1;
    });
    BOOST_TEST(alone.wait() == 0);
}

BOOST_AUTO_TEST_CASE(what_is_for_another_process_is_not_ours) {
    forked other([&] {
        hand_over(path(), 1, "web");
        ::setenv("LISTEN_PID", std::to_string(::getppid()).c_str(), 1);
        return activated_names().empty() ? 0 : 1;
    });
    BOOST_TEST(other.wait() == 0);
}

BOOST_AUTO_TEST_CASE(sockets_are_taken_by_name_once) {
    forked activated([&] {
        hand_over(path(), 3, "web:admin:web");
        if (activated_names() != std::vector<std::string>{"web", "admin", "web"}) return 1;
        if ((::fcntl(4, F_GETFD) & FD_CLOEXEC) == 0) return 2;
        const auto first = take_activated_socket("web"), second = take_activated_socket("web");
        if (!first || !second || first->get() != 3 || second->get() != 5) return 3;
        const auto third = take_activated_socket("web");
        if (third || third.error().context().find("but 'admin'") == std::string::npos) return 4;
        return 0;
    });
    BOOST_TEST(activated.wait() == 0);
}

BOOST_AUTO_TEST_CASE(names_may_be_missing_and_the_count_wrong) {
    forked fewer([&] {
        hand_over(path(), 1, nullptr);
        ::setenv("LISTEN_FDS", "7", 1);
        ::dup3(3, 4, O_CLOEXEC);  // one of the program's own
        return activated_names() == std::vector<std::string>{"unknown"} ? 0 : 1;
    });
    BOOST_TEST(fewer.wait() == 0);
    forked nonsense([&] {
        hand_over(path("t"), 1, "web");
        ::setenv("LISTEN_FDS", "one", 1);
        return activated_names().empty() ? 0 : 1;
    });
    BOOST_TEST(nonsense.wait() == 0);
}

BOOST_AUTO_TEST_CASE(a_listener_takes_one) {
    forked activated([&] {
        hand_over(path(), 1, "web");
        asio::io_context own;
        auto server = parley::listen(own.get_executor(), at("systemd:web"));
        if (!server || server->local_address().path() != path() + "0") return 1;
        bool served = false;
        server->async_accept([&](error_code ec, auto) { served = !ec; });
        raw_socket client;
        if (client.connect(path() + "0") != 0) return 2;
        own.run();
        server->close();
        if (!exists(path() + "0")) return 3;  // whoever made it removes it
        return served && parley::listen(own.get_executor(), at("systemd:web")).has_error() ? 0 : 4;
    });
    BOOST_TEST(activated.wait() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
