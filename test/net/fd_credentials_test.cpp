// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Who sent a message, beside descriptors: in every order, forged, and only where it was asked for.

#include <parley/net/fd_passing.hpp>
#include <parley/net/socket_options.hpp>

#include "skip.hpp"
#include "socket_tools.hpp"

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(fd_credentials_test)

using namespace parley;
using namespace parley::test;

using protocols = boost::mpl::list<local_stream, local_datagram, local_seqpacket>;

// Sends a byte with control messages as they stand.
class raw_message {
public:
    raw_message& rights(std::vector<int> fds) { return add(SCM_RIGHTS, fds.data(), fds.size() * sizeof(int)); }
    raw_message& credentials(ucred who) { return add(SCM_CREDENTIALS, &who, sizeof who); }

    int send(int socket) {
        char byte = 'x';
        iovec part{&byte, 1};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control_.data();
        message.msg_controllen = control_.size();
        return ::sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
    }

private:
    raw_message& add(int type, const void* data, std::size_t size) {
        const auto at = control_.size();
        control_.resize(at + CMSG_SPACE(size));
        cmsghdr header{};
        header.cmsg_level = SOL_SOCKET;
        header.cmsg_type = type;
        header.cmsg_len = CMSG_LEN(size);
        std::memcpy(control_.data() + at, &header, sizeof header);
        std::memcpy(control_.data() + at + CMSG_LEN(0), data, size);
        return *this;
    }

    std::vector<char> control_;
};

BOOST_FIXTURE_TEST_SUITE(fd_credentials, socket_fixture)

BOOST_AUTO_TEST_CASE_TEMPLATE(the_sender_is_told_where_it_was_asked_for, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    std::array<char, 16> block;
    send(here, "x");
    BOOST_TEST(!receive(there, block).value.sender.has_value());
    there.set_option(pass_credentials(true));
    const auto file = file_with("");
    const int fds[] = {file.get()};
    send(here, "y", fds);
    const auto got = receive(there, block);
    BOOST_REQUIRE(got.value.sender.has_value());
    BOOST_TEST((got.value.sender->pid == ::getpid()));
    BOOST_TEST((got.value.sender->user == ::getuid() || ::getuid() == 65534));
    BOOST_TEST(got.value.fds.size() == 1u);
    there.set_option(pass_credentials(false));
    send(here, "z");
    BOOST_TEST(!receive(there, block).value.sender.has_value());
}

BOOST_AUTO_TEST_CASE(what_was_sent_before_anybody_asked_has_an_unknown_sender) {
    auto [here, there] = make_socket_pair<local_datagram>(ex).value();
    send(here, "x");
    there.set_option(pass_credentials(true));
    std::array<char, 16> block;
    const auto got = receive(there, block);
    BOOST_REQUIRE(got.value.sender.has_value());
    BOOST_TEST((!got.value.sender->pid && !got.value.sender->user && !got.value.sender->group));
    BOOST_TEST(!peer_policy::same_user().allows(*got.value.sender));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_order_of_control_messages_is_read, Protocol, protocols) {
    const auto one = file_with("one"), two = file_with("two");
    const bool root = ::getuid() == 0;
    const ucred who{::getpid(), root ? 1234u : ::getuid(), root ? 4321u : ::getgid()};
    std::array<char, 16> block;
    auto first = make_socket_pair<Protocol>(ex).value();  // with what the context opens for it
    const auto before = descriptor_count();
    for (const bool asked : {false, true}) {
        auto [here, there] = make_socket_pair<Protocol>(ex).value();
        there.set_option(pass_credentials(asked));
        raw_message credentials_first, rights_first, twice;
        credentials_first.credentials(who).rights({one.get(), two.get()});
        rights_first.rights({one.get(), two.get()}).credentials(who);
        twice.rights({one.get()}).rights({two.get()});
        for (auto* message : {&credentials_first, &rights_first, &twice}) {
            BOOST_TEST(message->send(here.native_handle()) == 0);
            const auto got = receive(there, block);
            BOOST_TEST(!got.ec);
            BOOST_REQUIRE(got.value.fds.size() == 2u);
            BOOST_TEST(text_of(got.value.fds[0].get()) == "one");
            BOOST_TEST(text_of(got.value.fds[1].get()) == "two");
            BOOST_TEST(got.value.sender.has_value() == asked);
            if (!asked || message == &twice || who.uid == 65534) continue;
            BOOST_TEST((got.value.sender->user == who.uid));  // root may say so; the kernel refuses it to others
            BOOST_TEST((got.value.sender->group == who.gid));
        }
    }
    BOOST_TEST(descriptor_count() == before);
}

BOOST_AUTO_TEST_CASE(a_pidfd_of_the_sender_comes_where_the_kernel_has_it) {
    auto [here, there] = make_socket_pair<local_seqpacket>(ex).value();
    error_code ec;
    there.set_option(pass_pidfd(true), ec);
    if (ec) return skip_case("SO_PASSPIDFD: ", ec.message());
    const auto file = file_with("");
    std::array<char, 16> block;
    for (const std::size_t n : {0u, 1u, 253u}) {
        send(here, "x", repeated(file.get(), n));
        const auto got = receive(there, block, {.most_fds = n});
        BOOST_TEST(!got.ec);
        BOOST_TEST(got.value.fds.size() == n);
        BOOST_TEST(is_close_on_exec(got.value.sender_pidfd.get()));
    }
    send(here, "x", repeated(file.get(), 3));
    BOOST_TEST((receive(there, block, {.most_fds = 2}).ec == errc::too_many_descriptors));
    here.close();
    BOOST_TEST(receive(there, block).value.end);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
