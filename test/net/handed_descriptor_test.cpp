// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Descriptors that come from elsewhere: those that are no socket, and those that somebody else still has when ours is
// closed. The kernel keeps such a one in the set of epoll, under a number that may be another's by then, unless it is
// taken out.

#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>

#include "forked.hpp"
#include "net_tools.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/test/data/test_case.hpp>

#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>

BOOST_AUTO_TEST_SUITE(handed_descriptor_test)

using namespace parley;
using namespace parley::test;
namespace data = boost::unit_test::data;
using stream = asio::generic::stream_protocol::socket;

ino_t number_of_file(int fd) {
    struct stat st {};
    ::fstat(fd, &st);
    return st.st_ino;
}

unique_fd open_kind(const std::string& kind) {
    if (kind == "a file") return unique_fd(::memfd_create("file", MFD_CLOEXEC));
    if (kind == "/dev/null" || kind == "a directory")
        return unique_fd(::open(kind == "/dev/null" ? "/dev/null" : "/", O_RDONLY | O_CLOEXEC));
    if (kind == "a path only") return unique_fd(::open("/dev/null", O_PATH | O_CLOEXEC));
    if (kind == "an epoll") return unique_fd(::epoll_create1(EPOLL_CLOEXEC));
    int ends[2] = {-1, -1};  // a pipe
    BOOST_TEST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    ::close(ends[1]);
    return unique_fd(ends[0]);
}

struct handed_fixture : net_fixture {
    /// The descriptor of the loop's set, and the inodes of what is in it.
    int epoll() const {
        for (const auto& [fd, target] : open_descriptors())
            if (target == "anon_inode:[eventpoll]") return fd;
        throw std::runtime_error("no epoll");
    }
    bool is_watched(ino_t inode) const {
        std::ifstream in("/proc/self/fdinfo/" + std::to_string(epoll()));
        for (std::string line; std::getline(in, line);) {
            const auto at = line.find(" ino:");
            if (line.starts_with("tfd:") && at != std::string::npos &&
                std::stoul(line.substr(at + 5), nullptr, 16) == inode)
                return true;
        }
        return false;
    }
    /// Whether epoll_wait(2) would return.
    bool is_rung() const {
        pollfd set{epoll(), POLLIN, 0};
        return ::poll(&set, 1, 0) == 1;
    }
    std::pair<stream, stream> connected(listener& server) {
        std::optional<stream> client, session;
        async_connect(io.get_executor(), server.local_address(), [&](error_code ec, stream s) {
            BOOST_TEST(!ec);
            client = std::move(s);
        });
        server.async_accept([&](error_code ec, stream s) {
            BOOST_TEST(!ec);
            session = std::move(s);
        });
        run_until(io, [&] { return client && session; });
        return {std::move(*client), std::move(*session)};
    }
    error_code connect_failure(const address& a) {
        std::optional<error_code> ended;
        async_connect(io.get_executor(), a, [&](error_code ec, stream) { ended = ec; });
        run_until(io, [&] { return ended.has_value(); });
        return *ended;
    }
    /// Closed here, and still open elsewhere as `twin`: what comes for it rings nobody, and nobody has its number's
    /// events.
    void is_forgotten(stream gone, stream& peer, listener& server) {
        const int number = gone.native_handle();
        const auto inode = number_of_file(number);
        BOOST_TEST(is_watched(inode));
        std::optional<error_code> ended;
        gone.async_wait(asio::socket_base::wait_read, [&](error_code ec) { ended = ec; });
        run_ready(io);
        gone.close();
        run_ready(io);
        BOOST_TEST((ended == asio::error::operation_aborted));
        BOOST_TEST(!is_watched(inode));

        auto [next, next_peer] = connected(server);
        BOOST_TEST((next.native_handle() == number || next_peer.native_handle() == number));
        int called = 0;
        for (auto* each : {&next, &next_peer})
            each->async_wait(asio::socket_base::wait_read, [&](error_code ec) { called += ec ? 0 : 1; });
        run_ready(io);
        int returns = 0;
        for (int i = 0; i < 100; ++i) {
            BOOST_TEST_REQUIRE(::send(peer.native_handle(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1);
            returns += is_rung() ? 1 : 0;
            io.restart();
            called += static_cast<int>(io.poll());
        }
        BOOST_TEST(returns == 0);
        BOOST_TEST(called == 0);
        next_peer.write_some(asio::buffer("y", 1));
        run_until(io, [&] { return called == 1; });
        next.close();
        next_peer.close();
        run_ready(io);
    }
};

BOOST_FIXTURE_TEST_SUITE(handed_descriptor_suite, handed_fixture)

BOOST_DATA_TEST_CASE(what_is_no_socket_is_refused_and_stays_with_its_owner,
                     data::make({"a file", "/dev/null", "a directory", "a pipe", "a path only", "an epoll"}), kind) {
    auto server = parley::listen(io.get_executor(), local()).value();
    const auto own = open_kind(kind);
    const auto inode = number_of_file(own.get());
    const auto flags = ::fcntl(own.get(), F_GETFL);
    const auto before = open_descriptors();
    const auto cause = code(std::string(kind) == "a path only" ? EBADF : ENOTSOCK);
    const auto name = at("fd:" + std::to_string(own.get()));
    const auto listening = parley::listen(io.get_executor(), name);
    BOOST_TEST_REQUIRE(listening.has_error());
    BOOST_TEST(listening.error().code() == cause);
    BOOST_TEST(listening.error().message().find("'" + to_string(name) + "': " + cause.message()) != std::string::npos,
               listening.error().message());
    BOOST_TEST(connect_failure(name) == cause);
    BOOST_TEST((open_descriptors() == before));
    BOOST_TEST(number_of_file(own.get()) == inode);
    BOOST_TEST(::fcntl(own.get(), F_GETFL) == flags);
    // The loop has not suffered.
    auto [client, session] = connected(server);
    BOOST_TEST(run(are_connected(client, session)));
}

BOOST_AUTO_TEST_CASE(a_closed_number_is_told) {
    const int number = open_kind("a file").get();
    const auto name = at("fd:" + std::to_string(number));
    BOOST_TEST(parley::listen(io.get_executor(), name).error().code() == code(EBADF));
    BOOST_TEST(connect_failure(name) == code(EBADF));
}

BOOST_AUTO_TEST_CASE(a_socket_that_lives_on_under_another_number_rings_nobody_here) {
    auto server = parley::listen(io.get_executor(), local()).value();
    for (const bool accepted : {false, true}) {
        auto [client, session] = connected(server);
        auto& gone = accepted ? session : client;
        auto& peer = accepted ? client : session;
        const unique_fd twin(::fcntl(gone.native_handle(), F_DUPFD_CLOEXEC, 100));
        is_forgotten(std::move(gone), peer, server);
        char bytes[101];
        BOOST_TEST(::recv(twin.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0);  // it does live on
    }
}

BOOST_AUTO_TEST_CASE(a_socket_that_lives_on_in_a_child_rings_nobody_here) {
    auto server = parley::listen(io.get_executor(), local()).value();
    auto [client, session] = connected(server);
    const forked owner([] {
        for (;;) ::pause();
        return 0;
    });
    is_forgotten(std::move(client), session, server);
}

BOOST_AUTO_TEST_CASE(a_handed_socket_that_its_owner_keeps_rings_nobody_when_ours_is_closed) {
    auto server = parley::listen(io.get_executor(), local()).value();
    auto [client, session] = connected(server);
    const unique_fd owners(client.release());
    std::optional<stream> taken;
    async_connect(io.get_executor(), at("fd:" + std::to_string(owners.get())),
                  [&](error_code, stream s) { taken = std::move(s); });
    run_until(io, [&] { return taken.has_value(); });
    is_forgotten(std::move(*taken), session, server);
    BOOST_TEST(::fcntl(owners.get(), F_GETFD) != -1);
}

BOOST_AUTO_TEST_CASE(a_listener_whose_twin_lives_on_rings_nobody_here) {
    for (const bool given_away : {false, true}) {
        auto gone = parley::listen(io.get_executor(), at("tcp:0")).value();
        auto server = parley::listen(io.get_executor(), local()).value();
        const auto inode = number_of_file(gone.native_handle());
        const auto where = gone.local_address();
        const unique_fd twin(::fcntl(gone.native_handle(), F_DUPFD_CLOEXEC, 100));
        std::optional<error_code> ended;
        gone.async_accept([&](error_code ec, stream) { ended = ec; });
        run_ready(io);
        BOOST_TEST(is_watched(inode));
        unique_fd released;
        if (given_away)
            released = gone.release();
        else
            gone.close();
        run_ready(io);
        BOOST_TEST((ended == asio::error::operation_aborted));
        BOOST_TEST(!is_watched(inode));
        auto other = parley::listen<asio::ip::tcp>(io.get_executor(), at("tcp:0")).value();
        bool rung = false;
        other.async_accept([&](error_code ec, auto) { rung = !ec; });
        run_ready(io);
        // Somebody connects to the twin.
        raw_socket client(SOCK_STREAM, AF_INET);
        const auto to = to_socket_address(where).value();
        BOOST_TEST(::connect(client.fd(), to.data(), to.size) == 0);
        BOOST_TEST(!is_rung());
        run_ready(io);
        BOOST_TEST(!rung);
        other.close();
        run_ready(io);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
