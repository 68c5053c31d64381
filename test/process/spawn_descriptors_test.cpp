// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What can go wrong with descriptors around a start: their numbers, their flags, and none left.

#include <parley/process/spawn.hpp>

#include "descriptor_limits.hpp"
#include "file_tools.hpp"
#include "process_tools.hpp"
#include "standard_streams.hpp"
#include "temporary_directory.hpp"

#include <parley/process/popen.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(spawn_descriptors_test)

using namespace parley;
using namespace parley::test;

namespace {

bool is_close_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

std::array<int, 3> flags_of_standard_streams() {
    std::array<int, 3> flags{};
    for (int fd = 0; fd < 3; ++fd) flags[static_cast<std::size_t>(fd)] = ::fcntl(fd, F_GETFL);
    return flags;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(spawn_descriptors_suite, process_fixture)

BOOST_AUTO_TEST_CASE(whatever_a_start_opens_is_close_on_exec) {
    const temporary_directory place;
    const auto before = open_descriptors();
    asio::io_context fresh;  // and what Asio opens for it
    auto what = helper({"echo"});
    what.stop = stop_policy::kill();
    std::vector<child> all;
    for (const auto& stream : {stdio::pipe(), stdio::socket_pair(), stdio::pty()}) {
        what.in = what.out = what.err = stream;
        all.push_back(spawn(fresh.get_executor(), what).value());
    }
    what.in = stdio::pipe();
    what.out = stdio::truncate_file(place / "out");
    what.err = stdio::to_stdout();
    what.die_with_parent = true;
    all.push_back(spawn(fresh.get_executor(), what).value());
    auto stream =
        popen(fresh.get_executor(), "exec cat", {.mode = popen_mode::read_write, .stop = stop_policy::kill()});
    int checked = 0;
    for (const auto& [fd, target] : open_descriptors()) {
        if (before.contains(fd)) continue;
        BOOST_TEST(is_close_on_exec(fd), "descriptor " << fd << ", " << target);
        ++checked;
    }
    // A pidfd for each of five, 3 pipes, 3 socket pairs, a terminal, a pipe, two pipes.
    BOOST_TEST(checked >= 15);
    all.clear();
    {
        const auto gone = std::move(stream).value();  // its end runs the stop policy, while the loop still turns
    }
    BOOST_TEST(run_dry(fresh));
}

BOOST_AUTO_TEST_CASE(standard_streams_arrive_in_every_arrangement) {
    // Each of the child's three is one of ours: all 27 ways, exchanges and the same one twice among them.
    const temporary_directory place;
    std::array<unique_fd, 3> files;
    std::array<std::string, 3> inodes, said;
    for (std::size_t i = 0; i < 3; ++i) {
        files[i] = unique_fd(::open((place / std::to_string(i)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        inodes[i] = inode(files[i].get());
    }
    const auto number = [](int n) { return static_cast<std::size_t>(n); };
    for (int in = 0; in < 3; ++in)
        for (int out = 0; out < 3; ++out)
            for (int err = 0; err < 3; ++err) {
                auto what = helper({"descriptors"});
                what.in = stdio::descriptor(in);
                what.out = stdio::descriptor(out);
                what.err = stdio::descriptor(err);
                exit_status status;
                {
                    const standard_streams ours(files[0].get(), files[1].get(), files[2].get());
                    status = status_of(what);
                }
                const auto expected =
                    "0 " + inodes[number(in)] + "\n1 " + inodes[number(out)] + "\n2 " + inodes[number(err)] + "\n";
                BOOST_TEST(status.success());
                BOOST_TEST(content(place / std::to_string(out)) == expected, in << out << err);
                for (const auto& file : files)
                    BOOST_TEST((::ftruncate(file.get(), 0) == 0 && ::lseek(file.get(), 0, SEEK_SET) == 0));
            }
}

BOOST_AUTO_TEST_CASE(the_largest_number_is_that_of_no_descriptor) {
    auto what = helper({"ready"});
    what.descriptors = {{0, std::numeric_limits<int>::max()}, {0, 3}};
    const auto refused = failure(what);
    BOOST_TEST((failed_step(refused.code()) == spawn_step::descriptors), refused);
}

BOOST_AUTO_TEST_CASE(descriptors_may_be_shifted_onto_one_another) {
    // Each source is the next one's target: upwards, downwards, in a ring, and with the first one given twice.
    const temporary_directory place;
    constexpr int first = 200, count = 5;
    std::vector<unique_fd> files;
    for (int i = 0; i < count; ++i) {
        const unique_fd file(::open((place / std::to_string(i)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        files.emplace_back(::fcntl(file.get(), F_DUPFD_CLOEXEC, first + i));
        BOOST_REQUIRE(files.back().get() == first + i);
    }
    for (const int step : {1, -1, count - 1, 2}) {
        for (const bool ring : {false, true}) {
            auto what = helper({"descriptors"});
            std::string expected;
            for (int i = 0; i < count; ++i) {
                const int source = ring ? (i + step + count) % count : i + step;
                if (source < 0 || source >= count) continue;
                what.descriptors.push_back({first + source, first + i});
                expected += std::to_string(first + i) + " " + inode(first + source) + "\n";
            }
            what.descriptors.push_back({first, first + count});
            expected += std::to_string(first + count) + " " + inode(first) + "\n";
            const auto out = run(what).out;
            BOOST_TEST(out.ends_with(expected), out << "does not end with\n" << expected);
            BOOST_TEST(std::ranges::count(out, '\n') == 3 + std::ranges::count(expected, '\n'));
        }
    }
}

BOOST_AUTO_TEST_CASE(inherited_streams_keep_their_flags) {
    // O_NONBLOCK belongs to the open file, which we share with whoever gave it to us.
    std::array<std::array<int, 2>, 3> pipes{};
    std::vector<unique_fd> owned;
    for (auto& ends : pipes) {
        BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        for (const int fd : ends) owned.emplace_back(fd);
    }
    bool kept = true;
    {
        const standard_streams ours(pipes[0][0], pipes[1][1], pipes[2][1]);
        const auto before = flags_of_standard_streams();
        kept = (before[0] & O_NONBLOCK) == 0;
        const auto look = [&] { kept = kept && flags_of_standard_streams() == before; };
        auto what = helper({"ready"});
        what.descriptors = {{0, 3}, {1, 4}};
        what.err = stdio::descriptor(2);
        what.stop = stop_policy::kill();
        auto running = run_task(io, start_ready(what));
        look();
        running = child();
        run_dry(io);
        look();
        status_of({.program = "/bin/true"});
        look();
        run(shell("exit 0"), {.input = "x"});
        look();
        auto stream = popen(ex, "exit 0").value();
        look();
        run_task(io, [](process_stream& s) -> task<> { co_await s.async_close(); }(stream));
        look();
    }
    BOOST_TEST(kept);  // said here: what a test says in there nobody hears
}

BOOST_AUTO_TEST_CASE(a_start_that_finds_no_descriptor_left_leaves_none_behind) {
    // The kernel's own refusal, at every number of descriptors that are left.
    auto what = helper({"exit", "0"});
    what.in = what.out = what.err = stdio::pipe();
    status_of(what);                           // Asio and the first start have what they need
    BOOST_TEST(!spawn(ex, command("/none")));  // and UndefinedBehaviorSanitizer knows the category of its errors
    int refused = 0, started = 0;
    for (int left = 0; left < 12; ++left) {
        const auto before = open_descriptors();
        auto made = [&] {
            const descriptor_limit few(left);
            return spawn(ex, what);
        }();
        if (made) {
            BOOST_TEST(end_of(*made).success());
            *made = child();
            ++started;
        } else {
            BOOST_TEST(made.error().code().value() % 65536 == EMFILE, made.error().message());
            ++refused;
        }
        BOOST_TEST(children().empty());
        BOOST_TEST((open_descriptors() == before));
    }
    BOOST_TEST(refused >= 6);
    BOOST_TEST(started >= 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
