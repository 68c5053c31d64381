// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "net/ancillary.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <random>
#include <vector>

#include <netinet/in.h>

BOOST_AUTO_TEST_SUITE(ancillary_test)

using namespace parley::detail;

// Control messages one after the other, as the kernel lays them out.
struct messages {
    std::vector<std::byte> bytes;

    messages& add(int level, int type, const void* data, std::size_t size, std::size_t claimed = 0) {
        cmsghdr header{};
        header.cmsg_level = level;
        header.cmsg_type = type;
        header.cmsg_len = claimed != 0 ? claimed : CMSG_LEN(size);
        const auto at = bytes.size();
        bytes.resize(at + CMSG_SPACE(size));
        std::memcpy(bytes.data() + at, &header, sizeof header);
        if (size != 0) std::memcpy(bytes.data() + at + CMSG_LEN(0), data, size);
        return *this;
    }
    messages& rights(std::vector<int> fds) { return add(SOL_SOCKET, SCM_RIGHTS, fds.data(), fds.size() * sizeof(int)); }
    messages& credentials(ucred who) { return add(SOL_SOCKET, SCM_CREDENTIALS, &who, sizeof who); }
    messages& pidfd(int fd) { return add(SOL_SOCKET, 4, &fd, sizeof fd); }
};

struct decoded {
    std::vector<int> fds;
    std::optional<ucred> credentials;
    int pidfd;
    bool malformed;
};

decoded decode(const std::vector<std::byte>& bytes) {
    control_content content;
    decode_control(bytes, content);
    return {{content.view().begin(), content.view().end()}, content.credentials, content.pidfd, content.malformed};
}

const std::vector<int> none;

BOOST_AUTO_TEST_CASE(what_is_encoded_is_what_the_macros_of_the_system_read) {
    for (const std::size_t n : {1u, 2u, 252u, 253u}) {
        std::vector<int> fds(n);
        for (std::size_t i = 0; i < n; ++i) fds[i] = static_cast<int>(i + 100);
        control_buffer buffer;
        const auto size = encode_descriptors(fds, buffer);
        BOOST_TEST(size <= buffer.bytes.size());
        msghdr message{};
        message.msg_control = buffer.bytes.data();
        message.msg_controllen = size;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        BOOST_REQUIRE(header != nullptr);
        BOOST_TEST(header->cmsg_level == SOL_SOCKET);
        BOOST_TEST(header->cmsg_type == SCM_RIGHTS);
        BOOST_TEST(header->cmsg_len == CMSG_LEN(n * sizeof(int)));
        BOOST_TEST(std::memcmp(CMSG_DATA(header), fds.data(), n * sizeof(int)) == 0);
        BOOST_TEST(CMSG_NXTHDR(&message, header) == nullptr);
        const auto back = decode({buffer.bytes.begin(), buffer.bytes.begin() + static_cast<std::ptrdiff_t>(size)});
        BOOST_TEST(back.fds == fds);
        BOOST_TEST(!back.malformed);
    }
}

BOOST_AUTO_TEST_CASE(there_is_room_for_all_that_is_welcome) {
    for (std::size_t n = 0; n <= 300; ++n) {
        messages all;
        all.credentials({1, 2, 3});
        if (n != 0 && n <= most_descriptors) all.rights(std::vector<int>(n, 5));
        all.pidfd(6);
        if (n <= most_descriptors) BOOST_TEST(all.bytes.size() == control_room(n));
        BOOST_TEST(control_room(n) <= control_capacity);
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_nothing) {
    const auto got = decode({});
    BOOST_TEST((got.fds.empty() && !got.credentials && got.pidfd < 0 && !got.malformed));
}

BOOST_AUTO_TEST_CASE(messages_are_read_in_any_order_and_number) {
    const ucred who{1234, 1000, 100};
    for (const auto& bytes :
         {messages().credentials(who).rights({7, 8, 9}).bytes, messages().rights({7, 8, 9}).credentials(who).bytes,
          messages().rights({7}).credentials(who).rights({8, 9}).bytes,
          messages().rights({}).rights({7, 8}).rights({9}).credentials(who).bytes,
          messages().add(SOL_SOCKET, 99, "odd", 3).rights({7, 8, 9}).add(0, 1, "ip", 2).credentials(who).bytes}) {
        const auto got = decode(bytes);
        BOOST_TEST(got.fds == (std::vector<int>{7, 8, 9}));
        BOOST_REQUIRE(got.credentials.has_value());
        BOOST_TEST(got.credentials->pid == 1234);
        BOOST_TEST(got.credentials->uid == 1000u);
        BOOST_TEST(got.credentials->gid == 100u);
        BOOST_TEST(!got.malformed);
    }
}

BOOST_AUTO_TEST_CASE(a_pidfd_is_told_from_descriptors_and_a_second_one_is_not_lost) {
    BOOST_TEST(decode(messages().rights({7}).pidfd(8).bytes).pidfd == 8);
    const auto twice = decode(messages().pidfd(8).pidfd(9).bytes);
    BOOST_TEST(twice.pidfd == 8);
    BOOST_TEST(twice.fds == std::vector<int>{9});
    BOOST_TEST(twice.malformed);
}

BOOST_AUTO_TEST_CASE(rights_of_another_level_are_none) {
    const int fd = 7;
    BOOST_TEST(decode(messages().add(0, SCM_RIGHTS, &fd, sizeof fd).bytes).fds == none);
}

BOOST_AUTO_TEST_CASE(the_destination_of_a_datagram_is_read) {
    in_pktinfo four{};
    four.ipi_ifindex = 3;
    four.ipi_addr.s_addr = htonl(0x7f000001);
    in6_pktinfo six{};
    six.ipi6_ifindex = 4;
    six.ipi6_addr.s6_addr[15] = 1;
    control_content content;
    decode_control(messages().add(IPPROTO_IP, IP_PKTINFO, &four, sizeof four).bytes, content);
    BOOST_REQUIRE(content.destination.has_value());
    BOOST_TEST((!content.destination->v6 && content.destination->interface == 3 &&
                content.destination->address[0] == 127 && content.destination->address[3] == 1));
    decode_control(messages().add(IPPROTO_IPV6, IPV6_PKTINFO, &six, sizeof six).bytes, content);
    BOOST_TEST(
        (content.destination->v6 && content.destination->interface == 4 && content.destination->address[15] == 1));
    control_content none_of_it;
    decode_control(messages().add(IPPROTO_IP, IP_PKTINFO, &four, 4).bytes, none_of_it);
    BOOST_TEST(!none_of_it.destination.has_value());
}

BOOST_AUTO_TEST_CASE(the_last_message_need_not_be_padded) {
    auto all = messages().rights({7, 8, 9});
    all.bytes.resize(CMSG_LEN(3 * sizeof(int)));
    BOOST_TEST(decode(all.bytes).fds == (std::vector<int>{7, 8, 9}));
    BOOST_TEST(!decode(all.bytes).malformed);
}

BOOST_AUTO_TEST_CASE(lengths_that_cannot_be_end_the_reading) {
    const int fd = 7;
    for (const std::size_t claimed :
         {std::size_t{1}, std::size_t{15}, std::size_t{1000}, ~std::size_t{0}, ~std::size_t{0} - 7}) {
        const auto got = decode(messages().rights({6}).add(SOL_SOCKET, SCM_RIGHTS, &fd, sizeof fd, claimed).bytes);
        BOOST_TEST(got.fds == std::vector<int>{6});
        BOOST_TEST(got.malformed);
    }
    BOOST_TEST(decode(messages().add(SOL_SOCKET, SCM_CREDENTIALS, "short", 5).bytes).malformed);
    BOOST_TEST(decode(messages().add(SOL_SOCKET, SCM_RIGHTS, "12345", 5).bytes).malformed);
    BOOST_TEST(decode(messages().credentials({1, 2, 3}).credentials({4, 5, 6}).bytes).credentials->pid == 1);
}

BOOST_AUTO_TEST_CASE(more_descriptors_than_there_is_room_for_are_not_written_past_the_end) {
    const auto got = decode(messages().rights(std::vector<int>(1000, 3)).bytes);
    BOOST_TEST(got.fds.size() == control_content{}.descriptors.size());
    BOOST_TEST(got.malformed);
}

BOOST_AUTO_TEST_CASE(any_bytes_are_survived) {
    std::mt19937 random(1);
    for (int round = 0; round < 20'000; ++round) {
        auto bytes = messages().credentials({1, 2, 3}).rights({4, 5}).pidfd(6).bytes;
        bytes.resize(random() % (bytes.size() + 1));
        for (unsigned i = random() % 4; i != 0 && !bytes.empty(); --i)
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        BOOST_TEST_REQUIRE(decode(bytes).fds.size() <= control_content{}.descriptors.size());
    }
}

BOOST_AUTO_TEST_SUITE_END()
