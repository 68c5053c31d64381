// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/spawn.hpp>

#include "fault.hpp"
#include "file_tools.hpp"
#include "process_tools.hpp"
#include "temporary_directory.hpp"

#include <parley/process/run.hpp>

#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(spawn_stdio_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(spawn_stdio_suite, process_fixture)

BOOST_AUTO_TEST_CASE(a_child_has_three_descriptors_and_no_other) {
    std::vector<unique_fd> foreign;
    for (int i = 0; i < 500; ++i) {
        const int cloexec = i % 2 == 0 ? 0 : 1;
        switch (i % 3) {
            case 0:
                foreign.emplace_back(::open("/dev/null", O_RDWR | (cloexec ? O_CLOEXEC : 0)));
                break;
            case 1:
                foreign.emplace_back(::socket(AF_UNIX, SOCK_STREAM | (cloexec ? SOCK_CLOEXEC : 0), 0));
                break;
            default:
                foreign.emplace_back(::dup(0));
                break;
        }
    }
    const auto three = [](const std::string& out) {
        return std::ranges::count(out, '\n') == 3 && out.starts_with("0 ") && out.find("\n1 ") != std::string::npos &&
               out.find("\n2 ") != std::string::npos;
    };
    BOOST_TEST(three(run(helper({"descriptors"})).out));
    for (const int refusal : {ENOSYS, EPERM}) {
        const fault no_close_range(sys::call::child_close_range, refusal);
        BOOST_TEST(three(run(helper({"descriptors"})).out));
        BOOST_TEST(no_close_range.seen() == 1);
    }
}

BOOST_AUTO_TEST_CASE(a_start_that_cannot_close_descriptors_fails) {
    const fault no_close_range(sys::call::child_close_range, ENOSYS);
    const auto hook = sys::set_fault_hook([](sys::call c) noexcept {
        return c == sys::call::child_close_range ? ENOSYS : c == sys::call::child_getdents ? EACCES : 0;
    });
    const auto e = failure(helper({"descriptors"}));
    sys::set_fault_hook(hook);
    BOOST_TEST((failed_step(e.code()) == spawn_step::close));
    BOOST_TEST((e.code() == boost::system::errc::permission_denied));
}

BOOST_AUTO_TEST_CASE(four_descriptors_arrive_in_every_permutation) {
    temporary_directory place;
    std::array<unique_fd, 4> files;
    for (std::size_t i = 0; i < 4; ++i) {
        files[i] = unique_fd(::open((place / std::to_string(i)).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        BOOST_REQUIRE(files[i].get() >= 0);
    }
    // The numbers that the parent uses are the numbers wanted in the child: every kind of crossing.
    std::array<int, 4> numbers;
    std::ranges::transform(files, numbers.begin(), [](const unique_fd& fd) { return fd.get(); });
    std::array<std::size_t, 4> order;
    std::iota(order.begin(), order.end(), 0u);
    do {
        auto c = helper({"descriptors"});
        std::string expected;
        for (std::size_t i = 0; i < 4; ++i) c.descriptors.push_back({numbers[order[i]], numbers[i]});
        for (std::size_t i = 0; i < 4; ++i)
            expected += std::to_string(numbers[i]) + " " + inode(numbers[order[i]]) + "\n";
        const auto out = run(c).out;
        BOOST_TEST(out.ends_with(expected), out << "does not end with\n" << expected);
        BOOST_TEST(std::ranges::count(out, '\n') == 7);
    } while (std::ranges::next_permutation(order).found);
}

BOOST_AUTO_TEST_CASE(one_descriptor_may_have_several_numbers) {
    temporary_directory place;
    const unique_fd file(::open((place / "f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    auto c = helper({"descriptors"});
    c.descriptors = {{file.get(), 10}, {file.get(), 700}};
    BOOST_TEST(run(c).out.ends_with("10 " + inode(file.get()) + "\n700 " + inode(file.get()) + "\n"));
}

BOOST_AUTO_TEST_CASE(standard_streams_can_be_crossed) {
    auto c = shell("echo to-out; echo to-err >&2");
    temporary_directory place;
    const unique_fd file(::open((place / "f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    c.out = stdio::descriptor(2);
    c.err = stdio::descriptor(file.get());
    c.in = stdio::null();
    run_task(io, [](executor on, command what) -> task<> { co_await spawn(on, what).value().async_wait(); }(ex, c));
    BOOST_TEST(content(place / "f") == "to-err\n");
}

BOOST_AUTO_TEST_CASE(sockets_are_handed_over_as_systemd_does) {
    int ends[2];
    BOOST_TEST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const unique_fd one(ends[0]), other(ends[1]);
    auto what = shell(
        "echo $LISTEN_FDS $LISTEN_FDNAMES; test $LISTEN_PID = $$ && echo for me; echo word >&4; "
        "env | grep -c LISTEN_");
    what.environment.changes = {{"LISTEN_PID", "1"}, {"LISTEN_FDS", "9"}};  // what was for somebody else
    what.sockets = {{"web", one.get()}, {"admin socket", other.get()}};
    const auto told = run(what);
    BOOST_TEST(told.out == "2 web:admin socket\nfor me\n3\n");
    char text[8] = {};
    BOOST_TEST(::recv(one.get(), text, sizeof text, MSG_DONTWAIT) == 5);
    BOOST_TEST(to_shell(what).find(" 3<&" + std::to_string(one.get()) + " 4<&") != std::string::npos);

    what.descriptors = {{one.get(), 4}};
    BOOST_TEST((failure(what).code() == errc::invalid_argument));
    what.descriptors = {};
    for (const std::string name : {"", "a:b", "a\nb"}) {
        what.sockets = {{name, one.get()}};
        BOOST_TEST((failure(what).code() == errc::invalid_argument));
    }
    what.sockets = {{"web", 4000}};
    BOOST_TEST((failure(what).code() == boost::system::errc::bad_file_descriptor));
}

BOOST_AUTO_TEST_CASE(bad_descriptors_are_refused) {
    auto c = helper({"exit", "0"});
    c.descriptors = {{9999, 5}};
    auto e = failure(c);
    BOOST_TEST((e.code() == boost::system::errc::bad_file_descriptor));
    BOOST_TEST(e.context().find("descriptor 9999 as 5") != std::string::npos);
    c.descriptors = {{1, 2}};
    BOOST_TEST((failure(c).code() == errc::invalid_argument));
    c.descriptors = {{1, 5}, {1, 5}};
    BOOST_TEST((failure(c).code() == errc::invalid_argument));
    c.descriptors.clear();
    c.out = stdio::descriptor(9999);
    e = failure(c);
    BOOST_TEST(e.context().find("standard output: descriptor 9999") != std::string::npos);
    c.out = stdio::to_stdout();
    BOOST_TEST((failure(c).code() == errc::invalid_argument));
}

// Streams

BOOST_AUTO_TEST_CASE(files_are_read_emptied_and_appended) {
    temporary_directory place;
    std::ofstream(place / "in") << "hello";
    std::ofstream(place / "out") << "what was there before";
    auto c = helper({"echo"});
    c.in = stdio::read_file(place / "in");
    c.out = stdio::truncate_file(place / "out");
    BOOST_TEST(run(c).status.success());
    BOOST_TEST(content(place / "out") == "hello");
    c.out = stdio::append_file(place / "out");
    BOOST_TEST(run(c).status.success());
    BOOST_TEST(content(place / "out") == "hellohello");
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_is_named) {
    auto c = helper({"echo"});
    c.in = stdio::read_file("/no/such file");
    const auto e = failure(c);
    BOOST_TEST((e.code() == boost::system::errc::no_such_file_or_directory));
    BOOST_TEST((failed_step(e.code()) == spawn_step::prepare));
    BOOST_TEST(e.message().find("standard input '/no/such file'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_fifo_without_a_reader_does_not_block_the_start) {
    temporary_directory place;
    BOOST_REQUIRE(::mkfifo((place / "f").c_str(), 0600) == 0);
    auto c = helper({"echo"});
    c.out = stdio::append_file(place / "f");
    BOOST_TEST((failure(c).code() == boost::system::errc::no_such_device_or_address));
}

BOOST_AUTO_TEST_CASE(error_output_follows_standard_output) {
    auto c = shell("echo a; echo b >&2; echo c");
    c.err = stdio::to_stdout();
    const auto r = run(c);
    BOOST_TEST(r.out == "a\nb\nc\n");
    BOOST_TEST(r.err.empty());
}

BOOST_AUTO_TEST_CASE(the_childs_ends_of_pipes_block) {
    auto c = shell("sed -n 's/^flags://p' /proc/self/fdinfo/0 /proc/self/fdinfo/1");
    const auto r = run(c, {.input = "x"});
    std::istringstream lines(r.out);
    int count = 0;
    for (std::string flags; lines >> flags; ++count) BOOST_TEST((std::stol(flags, nullptr, 8) & O_NONBLOCK) == 0);
    BOOST_TEST(count == 2);
}

BOOST_AUTO_TEST_CASE(streams_can_be_socket_pairs_of_one_direction) {
    auto c = shell("readlink /proc/self/fd/0; readlink /proc/self/fd/1; cat; echo end >&2");
    c.in = c.out = c.err = stdio::socket_pair();
    const auto r = run(c, {.input = "fed"});
    BOOST_TEST(r.out.starts_with("socket:["), r.out);
    BOOST_TEST(r.out.ends_with("]\nfed"), r.out);
    BOOST_TEST(r.err == "end\n");
    auto late = shell("exec 0<&-; echo closed; exec sleep 1000");
    late.in = late.out = stdio::socket_pair();
    auto started = start(late);
    run_task(io, [](child& of) -> task<> {
        BOOST_TEST(co_await next_line(of) == "closed");
        error_code ec;
        const std::string text(1 << 20, 'x');
        co_await asio::async_write(of.in(), asio::buffer(text), asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == asio::error::broken_pipe);  // and no SIGPIPE
    }(started));
}

BOOST_AUTO_TEST_CASE(a_program_without_standard_streams_is_no_danger) {
    temporary_directory place;
    const auto r = run(helper({"without-streams", place / "report"}));
    BOOST_TEST(r.status == exit_status::exited(0));
    BOOST_TEST(content(place / "report") == "high\nhigh\nhigh\n");
    BOOST_TEST(content(place / "report.child") == "/dev/null\n" + (place / "report.child") + "\n/dev/null\n");
}

// Signals

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
