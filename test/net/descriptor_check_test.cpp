// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Descriptors that a hostile peer may send in the place of a file.

#include <parley/net/descriptor_check.hpp>

#include "socket_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

BOOST_AUTO_TEST_SUITE(descriptor_check_test)

using namespace parley;
using namespace parley::test;

struct sent : socket_fixture {
    temporary_directory directory;
    local_stream::socket here{ex}, there{ex};

    sent() {
        auto pair = make_socket_pair<local_stream>(ex).value();
        here = std::move(pair.first);
        there = std::move(pair.second);
    }

    // As another process would have it.
    unique_fd through(unique_fd fd) {
        BOOST_REQUIRE(bool(fd));
        const int fds[] = {fd.get()};
        send(here, "x", fds);
        std::array<char, 4> block;
        auto got = receive(there, block);
        BOOST_REQUIRE(got.value.fds.size() == 1u);
        return std::move(got.value.fds[0]);
    }
    unique_fd open(const std::string& path, int flags) {
        return through(unique_fd(::open(path.c_str(), flags | O_CLOEXEC, 0600)));
    }
    std::string refusal(int fd, const expected_descriptor& expected) {
        const int before = ::fcntl(fd, F_GETFL);
        const auto checked = check_descriptor(fd, expected);
        BOOST_TEST(::fcntl(fd, F_GETFL) == before);
        if (checked) return "";
        BOOST_TEST((checked.error().code() == errc::unexpected_descriptor));
        const std::string text = checked.error().context();
        return text.substr(text.find(',') + 2);
    }
};

constexpr expected_descriptor readable_file{.readable = true};

BOOST_FIXTURE_TEST_SUITE(descriptor_check, sent)

BOOST_AUTO_TEST_CASE(a_file_with_the_rights_that_are_needed_passes) {
    const auto fd = open(directory / "file", O_CREAT | O_RDWR);
    BOOST_TEST(refusal(fd.get(), readable_file) == "");
    BOOST_TEST(refusal(fd.get(), {.readable = true, .writable = true}) == "");
    const auto facts = describe_descriptor(fd.get()).value();
    BOOST_TEST((facts.kind == descriptor_kind::regular_file));
    BOOST_TEST((facts.readable && facts.writable && facts.blocking && !facts.path_only && !facts.append));
}

BOOST_AUTO_TEST_CASE(missing_rights_are_told) {
    const auto writer = open(directory / "file", O_CREAT | O_WRONLY | O_APPEND);
    BOOST_TEST(refusal(writer.get(), readable_file) == "a regular file, cannot be read");
    BOOST_TEST(describe_descriptor(writer.get())->append);
    const auto reader = open(directory / "file", O_RDONLY);
    BOOST_TEST(refusal(reader.get(), {.writable = true}) == "a regular file, cannot be written");
    const auto path = open(directory / "file", O_PATH);
    BOOST_TEST(refusal(path.get(), readable_file) == "a regular file, was opened as a path only");
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_refused_without_being_touched) {
    BOOST_TEST(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
    const auto fifo = open(directory / "fifo", O_RDWR);
    BOOST_TEST(refusal(fifo.get(), readable_file) == "a pipe, should be a regular file");
    const auto folder = open(directory.path(), O_RDONLY);
    BOOST_TEST(refusal(folder.get(), readable_file) == "a directory, should be a regular file");
    const auto null = open("/dev/null", O_RDWR);
    BOOST_TEST(refusal(null.get(), readable_file) == "a character device, should be a regular file");
    const auto event = through(unique_fd(::eventfd(0, EFD_CLOEXEC)));
    BOOST_TEST(refusal(event.get(), readable_file) == "an event, should be a regular file");
    const auto epoll = through(unique_fd(::epoll_create1(EPOLL_CLOEXEC)));
    BOOST_TEST((describe_descriptor(epoll.get())->kind == descriptor_kind::event));
    const auto socket = through(unique_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    BOOST_TEST(::listen(socket.get(), 1) == 0);
    BOOST_TEST(refusal(socket.get(), readable_file) == "a socket, should be a regular file");
}

BOOST_AUTO_TEST_CASE(the_memory_of_a_process_is_no_file) {
    const auto memory = open("/proc/self/mem", O_RDWR);
    BOOST_TEST(refusal(memory.get(), readable_file) == "a file of the kernel, should be a regular file");
}

BOOST_AUTO_TEST_CASE(a_file_that_claims_more_bytes_than_are_welcome_is_refused) {
    const auto sparse = open(directory / "sparse", O_CREAT | O_RDWR);
    BOOST_TEST(::ftruncate(sparse.get(), off_t{1} << 40) == 0);
    BOOST_TEST(refusal(sparse.get(), {.readable = true, .most_bytes = 1 << 20}) ==
               "a regular file, has 1099511627776 bytes, more than 1048576");
    BOOST_TEST(::ftruncate(sparse.get(), 1 << 20) == 0);
    BOOST_TEST(refusal(sparse.get(), {.readable = true, .most_bytes = 1 << 20}) == "");
}

BOOST_AUTO_TEST_CASE(memory_that_can_still_change_is_told_from_memory_that_cannot) {
    const unsigned all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    const auto open_memory = through(unique_fd(::memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
    BOOST_TEST(refusal(open_memory.get(), {.readable = true, .seals = all}) ==
               "a regular file, is not sealed as it should be");
    BOOST_TEST(refusal(open_memory.get(), readable_file) == "");
    BOOST_TEST(::fcntl(open_memory.get(), F_ADD_SEALS, all) == 0);
    BOOST_TEST(refusal(open_memory.get(), {.readable = true, .seals = all}) == "");
    const auto file = open(directory / "file", O_CREAT | O_RDWR);
    BOOST_TEST(refusal(file.get(), {.readable = true, .seals = F_SEAL_SHRINK}) ==
               "a regular file, is not sealed as it should be");
}

BOOST_AUTO_TEST_CASE(pipes_and_sockets_can_be_what_is_expected) {
    const auto event = through(unique_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
    BOOST_TEST(refusal(event.get(), {.kind = descriptor_kind::event, .readable = true, .writable = true}) == "");
    BOOST_TEST(!describe_descriptor(event.get())->blocking);
    const auto socket = through(unique_fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    BOOST_TEST(refusal(socket.get(), {.kind = descriptor_kind::socket, .readable = true}) == "");
}

BOOST_AUTO_TEST_CASE(a_number_that_is_not_open_is_bad_descriptor) {
    BOOST_TEST(check_descriptor(999'999, {}).error().message() == "descriptor 999999: Bad file descriptor");
    BOOST_TEST(describe_descriptor(-1).error().code() == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(kinds_print) {
    std::ostringstream out;
    out << descriptor_kind::pipe << ", " << descriptor_kind::block_device;
    BOOST_TEST(out.str() == "pipe, block device");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
