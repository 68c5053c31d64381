// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/peer.hpp>

#include "forked.hpp"
#include "net_tools.hpp"
#include "skip.hpp"

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <filesystem>
#include <sstream>
#include <stdexcept>

#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

BOOST_AUTO_TEST_SUITE(peer_test)

using namespace parley;
using namespace parley::test;
namespace fs = std::filesystem;
using stream = asio::generic::stream_protocol::socket;

constexpr uid_t daemon_user = 1;  // of every Debian

struct peer_fixture : net_fixture {
    /// A client in a process of its own, which does `before`, connects, tells so by a byte, and waits for the end.
    template <typename Before>
    static int client(const std::string& to, Before before) {
        if (!before()) return 2;
        raw_socket socket;
        if (socket.connect(to) != 0) return 3;
        char byte = 'x';
        if (::send(socket.fd(), &byte, 1, MSG_NOSIGNAL) != 1) return 4;
        return ::recv(socket.fd(), &byte, 1, 0) == 0 ? 0 : 5;
    }
    stream next(listener& server) {
        return run([](listener& from) -> task<stream> {
            auto session = co_await from.async_accept(asio::use_awaitable);
            char byte = 0;
            co_await asio::async_read(session, asio::buffer(&byte, 1), asio::use_awaitable);
            co_return session;
        }(server));
    }
};

bool become(uid_t id, std::vector<gid_t> groups = {}) {
    return ::setgroups(groups.size(), groups.data()) == 0 && ::setgid(id) == 0 && ::setuid(id) == 0;
}

BOOST_FIXTURE_TEST_SUITE(peer_suite, peer_fixture)

BOOST_AUTO_TEST_CASE(the_kernel_tells_who_is_there) {
    auto server = parley::listen(io.get_executor(), local()).value();
    forked other([&] { return client(path(), [] { return true; }); });
    auto session = next(server);
    const auto who = peer_of(session).value();
    BOOST_TEST((who.pid == other.pid()));
    BOOST_TEST((who.user == ::geteuid()) | (::geteuid() == 65534));
    BOOST_TEST((who.group == ::getegid()) | (::getegid() == 65534));
    BOOST_TEST(to_string(who).find("pid " + std::to_string(other.pid()) + ", user ") == 0u);
    session.close();
    BOOST_TEST(other.wait() == 0);
}

BOOST_AUTO_TEST_CASE(who_connects_as_another_user_is_that_one) {
    if (!is_root_or_skip()) return;
    fs::permissions(directory.path(), fs::perms::all);
    auto server = parley::listen(io.get_executor(), local("?mode=0666")).value();
    forked other([&] { return client(path(), [] { return become(daemon_user, {27, 5, 65534}); }); });
    auto session = next(server);
    const auto who = peer_of(session).value();
    BOOST_TEST((who.user == daemon_user));
    BOOST_TEST((who.group == daemon_user));
    BOOST_TEST((who.groups == std::vector<gid_t>{5, 27}));  // sorted, and without the unknown one
    session.close();
    BOOST_TEST(other.wait() == 0);
}

BOOST_AUTO_TEST_CASE(any_number_of_groups_is_known) {
    if (!is_root_or_skip()) return;
    fs::permissions(directory.path(), fs::perms::all);
    std::vector<gid_t> groups;
    for (gid_t i = 0; i < 300; ++i) groups.push_back(1000 + i);
    auto server = parley::listen(io.get_executor(), local("?mode=0666")).value();
    forked other([&] { return client(path(), [&] { return become(daemon_user, groups); }); });
    auto session = next(server);
    BOOST_TEST((peer_of(session).value().groups == groups));
    session.close();
    BOOST_TEST(other.wait() == 0);
}

// The identity is that of the moment of connect(2).
BOOST_AUTO_TEST_CASE(who_changes_its_user_later_stays_who_it_was) {
    if (!is_root_or_skip()) return;
    auto server = parley::listen(io.get_executor(), local()).value();
    forked other([&] {
        raw_socket socket;
        char byte = 'x';
        if (socket.connect(path()) != 0 || !become(daemon_user)) return 1;
        if (::send(socket.fd(), &byte, 1, MSG_NOSIGNAL) != 1) return 2;
        return ::recv(socket.fd(), &byte, 1, 0) == 0 ? 0 : 3;
    });
    auto session = next(server);
    BOOST_TEST((peer_of(session).value().user == 0u));
    session.close();
    BOOST_TEST(other.wait() == 0);
}

BOOST_AUTO_TEST_CASE(a_process_of_another_pid_namespace_has_no_pid) {
    if (!is_root_or_skip()) return;
    // The server lives in a PID namespace of its own and cannot see the client.
    forked server([&] {
        if (::unshare(CLONE_NEWPID) != 0) return 77;
        const pid_t inner = ::fork();
        if (inner == 0) {
            asio::io_context own;
            auto listening = parley::listen(own.get_executor(), local()).value();
            int result = 1;
            listening.async_accept([&](error_code ec, stream session) {
                if (ec) return;
                const auto who = peer_of(session);
                result = who && !who->pid && who->user == 0u ? 0 : 2;
            });
            own.run();
            ::_exit(result);
        }
        int status = 0;
        ::waitpid(inner, &status, 0);
        return WEXITSTATUS(status);
    });
    raw_socket outside;
    for (int i = 0; i < 5000 && outside.connect(path()) != 0; ++i) ::usleep(1000);
    const int status = WEXITSTATUS(server.wait());
    if (status == 77) return skip_case("no PID namespaces here");
    BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(a_user_of_another_user_namespace_is_unknown) {
    if (!is_root_or_skip()) return;
    auto server = parley::listen(io.get_executor(), local("?mode=0666"), {.policy = peer_policy::anyone()}).value();
    fs::permissions(directory.path(), fs::perms::all);
    forked other([&] { return client(path(), [] { return become(65534); }); });
    auto session = next(server);
    const auto who = peer_of(session).value();
    BOOST_TEST(!who.user);
    BOOST_TEST(!who.group);
    BOOST_TEST(to_string(who).find("user unknown, group unknown") != std::string::npos);
    BOOST_TEST(!peer_policy().allow_user(65534).allows(who));
    session.close();
    BOOST_TEST(other.wait() == 0);
}

BOOST_AUTO_TEST_CASE(a_pidfd_means_that_process_for_ever) {
    auto server = parley::listen(io.get_executor(), local()).value();
    forked other([&] { return client(path(), [] { return true; }); });
    auto session = next(server);
    const auto pidfd = peer_pidfd(session);
    if (!pidfd && pidfd.error().code() == code(ENOPROTOOPT)) {
        skip_case("no SO_PEERPIDFD in this kernel");
    } else {
        pollfd ended{pidfd.value().get(), POLLIN, 0};
        BOOST_TEST(::poll(&ended, 1, 0) == 0);
        session.close();
        BOOST_TEST(other.wait() == 0);
        BOOST_TEST(::poll(&ended, 1, 10'000) == 1);
    }
    session.close();
}

BOOST_AUTO_TEST_CASE(where_nobody_is_known_it_is_an_error) {
    BOOST_TEST(peer_of(-1).error().code() == code(EBADF));
    raw_socket alone, ip(SOCK_STREAM, AF_INET);
    BOOST_TEST(peer_of(alone.fd()).error().code() == code(ENOTCONN));
    BOOST_TEST(peer_of(ip.fd()).error().code() == make_error_code(errc::invalid_argument));
    BOOST_TEST(peer_pidfd(ip.fd()).has_error());
    BOOST_TEST(peer_pidfd(alone.fd()).has_error());
}

BOOST_AUTO_TEST_CASE(a_policy_is_a_list) {
    const peer_credentials who{.pid = 1, .user = 1000, .group = 100, .groups = {27, 44}};
    BOOST_TEST(!peer_policy().allows(who));
    BOOST_TEST(peer_policy::anyone().allows(who));
    BOOST_TEST(peer_policy::anyone().allows({}));
    BOOST_TEST(peer_policy().allow_user(1000).allows(who));
    BOOST_TEST(!peer_policy().allow_user(1001).allows(who));
    BOOST_TEST(peer_policy().allow_group(100).allows(who));
    BOOST_TEST(peer_policy().allow_group(44).allows(who));
    BOOST_TEST(!peer_policy().allow_group(45).allows(who));
    BOOST_TEST(!peer_policy().allow_user(0).allow_group(0).allows({}));  // unknown is not root
    std::ostringstream out;
    out << peer_policy().allow_user(0).allow_user(1000).allow_group(27) << "; " << peer_policy() << "; "
        << peer_policy::anyone();
    BOOST_TEST(out.str() == "users 0 1000, groups 27; nobody at all; anyone");
    peer_policy full;
    for (uid_t i = 0; i < peer_policy::capacity; ++i) full.allow_user(i);
    BOOST_CHECK_THROW(full.allow_user(99), std::length_error);
}

BOOST_AUTO_TEST_CASE(who_is_not_on_the_list_is_closed_and_counted) {
    if (!is_root_or_skip()) return;
    fs::permissions(directory.path(), fs::perms::all);
    auto server = parley::listen(io.get_executor(), local("?mode=0666"), {.policy = peer_policy::same_user()}).value();
    forked stranger([&] {
        if (!become(daemon_user)) return 1;
        for (int i = 0; i < 100; ++i) {
            raw_socket socket;
            char byte = 0;
            if (socket.connect(path()) != 0) return 2;
            if (::recv(socket.fd(), &byte, 1, 0) != 0) return 3;
        }
        return 0;
    });
    bool served = false;
    server.async_accept([&](error_code ec, stream) { served = !ec; });
    run_until(io, [&] { return server.counters().refused == 100u; });
    BOOST_TEST(stranger.wait() == 0);
    BOOST_TEST(!served);
    raw_socket friendly;
    BOOST_TEST(friendly.connect(path()) == 0);
    run_until(io, [&] { return served; });
}

// An abstract name has no rights; by default it is for the same user only.
BOOST_AUTO_TEST_CASE(an_abstract_name_is_for_the_same_user_unless_asked) {
    if (!is_root_or_skip()) return;
    const auto name = "parley-peer-" + std::to_string(::getpid());
    auto server = parley::listen(io.get_executor(), at("unix:@" + name)).value();
    forked stranger([&] {
        if (!become(daemon_user)) return 1;
        raw_socket socket;
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        name.copy(to.sun_path + 1, sizeof to.sun_path - 1);
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        if (::connect(socket.fd(), reinterpret_cast<sockaddr*>(&to), size) != 0) return 2;
        char byte = 0;
        return ::recv(socket.fd(), &byte, 1, 0) == 0 ? 0 : 3;
    });
    server.async_accept([](error_code, stream) {});
    run_until(io, [&] { return server.counters().refused == 1u; });
    BOOST_TEST(stranger.wait() == 0);
    server.close();
    run_ready(io);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
