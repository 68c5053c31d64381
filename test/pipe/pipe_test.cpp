// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/pipe/pipe.hpp>

#include "fault.hpp"
#include "leftovers.hpp"
#include "pipe_bytes.hpp"
#include "run_task.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(pipe_test)

using namespace parley;
using namespace parley::test;
using namespace asio::experimental::awaitable_operators;

static_assert(!std::is_copy_constructible_v<pipe_writer> && std::is_nothrow_move_constructible_v<pipe_writer>);

BOOST_FIXTURE_TEST_SUITE(pipe_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(what_is_written_can_be_read_and_closing_is_the_end) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor()).value();
    const auto text = run_task(io, [](pipe_pair& p) -> task<std::string> {
        co_await asio::async_write(p.writer, asio::buffer(std::string("hello")), asio::use_awaitable);
        p.writer.close();
        std::string read;
        error_code ec;
        co_await asio::async_read(p.reader, asio::dynamic_buffer(read), asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == asio::error::eof);
        co_return read;
    }(pipe));
    BOOST_TEST(text == "hello");
}

BOOST_AUTO_TEST_CASE(both_ends_are_close_on_exec) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor()).value();
    BOOST_TEST((::fcntl(pipe.reader.native_handle(), F_GETFD) & FD_CLOEXEC) != 0);
    BOOST_TEST((::fcntl(pipe.writer.native_handle(), F_GETFD) & FD_CLOEXEC) != 0);
}

BOOST_AUTO_TEST_CASE(no_end_takes_the_place_of_a_closed_standard_stream) {
    asio::io_context io;
    static_cast<void>(make_pipe(io.get_executor()));  // Asio opens its own descriptors at the first use
    std::array<unique_fd, 3> kept;
    for (int fd = 0; fd < 3; ++fd) kept[fd] = unique_fd::duplicate(fd).value();
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    auto pipe = make_pipe(io.get_executor());
    for (int fd = 0; fd < 3; ++fd) ::dup2(kept[fd].get(), fd);
    BOOST_TEST_REQUIRE(pipe.has_value());
    BOOST_TEST(pipe->reader.native_handle() >= 3);
    BOOST_TEST(pipe->writer.native_handle() >= 3);
}

BOOST_AUTO_TEST_CASE(the_capacity_is_what_was_asked_for) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    BOOST_TEST(pipe_capacity(pipe.writer.native_handle()).value() == 4096u);
    BOOST_TEST(pipe_capacity(pipe.reader.native_handle()).value() == 4096u);
    auto wide = make_pipe(io.get_executor(), {.capacity = 256 * 1024}).value();
    BOOST_TEST(pipe_capacity(wide.writer.native_handle()).value() == 256u * 1024);
}

BOOST_AUTO_TEST_CASE(a_capacity_that_cannot_be_is_an_error_that_names_it) {
    asio::io_context io;
    const auto made = make_pipe(io.get_executor(), {.capacity = std::size_t{1} << 40});
    BOOST_TEST_REQUIRE(made.has_error());
    BOOST_TEST(made.error().code() == make_error_code(errc::invalid_argument));
    BOOST_TEST(made.error().context() == "pipe of 1099511627776 bytes");
    const fault refused(sys::call::set_pipe_size, EPERM);
    BOOST_TEST(make_pipe(io.get_executor(), {.capacity = 4096}).error().code() ==
               boost::system::errc::operation_not_permitted);
}

BOOST_AUTO_TEST_CASE(the_capacity_of_what_is_no_pipe_is_an_error) {
    BOOST_TEST(pipe_capacity(-1).error().code() == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(a_pipe_that_cannot_be_made_is_an_error_that_names_the_step) {
    asio::io_context io;
    {
        const fault none_left(sys::call::pipe2, EMFILE);
        const auto made = make_pipe(io.get_executor());
        BOOST_TEST(made.error().code() == boost::system::errc::too_many_files_open);
        BOOST_TEST(made.error().context() == "make pipe");
    }
    const fault refused(sys::call::fcntl, EPERM);
    const auto made = make_pipe(io.get_executor());
    BOOST_TEST(made.error().context().starts_with("pipe writer on descriptor "));
}

BOOST_AUTO_TEST_CASE(an_interrupted_write_goes_on) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor()).value();
    const fault interrupted(sys::call::writev, EINTR, 1, 3);
    BOOST_TEST(pipe.writer.write_some(asio::buffer("abc", 3)) == 3u);
    BOOST_TEST(interrupted.seen() == 4);
    BOOST_TEST(drain(pipe.reader.native_handle()) == "abc");
}

BOOST_AUTO_TEST_CASE(lines_are_read_from_the_reader) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor()).value();
    run_task(io, [](pipe_pair& p) -> task<> {
        co_await asio::async_write(p.writer, asio::buffer(std::string("one\ntwo\n")), asio::use_awaitable);
        std::string text;
        auto n = co_await asio::async_read_until(p.reader, asio::dynamic_buffer(text), '\n', asio::use_awaitable);
        BOOST_TEST(text.substr(0, n) == "one\n");
        text.erase(0, n);
        n = co_await asio::async_read_until(p.reader, asio::dynamic_buffer(text), '\n', asio::use_awaitable);
        BOOST_TEST(text.substr(0, n) == "two\n");
    }(pipe));
}

BOOST_AUTO_TEST_CASE(a_write_to_a_full_pipe_completes_once_there_is_room) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::buffer("late", 4), outcome.handler());
    run_ready(io);
    BOOST_TEST(!outcome.done());
    drain(pipe.reader.native_handle());
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(!outcome.ec);
    BOOST_TEST(outcome.bytes == 4u);
    BOOST_TEST(drain(pipe.reader.native_handle()) == "late");
}

BOOST_AUTO_TEST_CASE(a_mebibyte_passes_a_small_pipe_intact) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    std::vector<unsigned char> sent(1 << 20), got(sent.size());
    std::iota(sent.begin(), sent.end(), static_cast<unsigned char>(0));
    for (std::size_t i = 0; i < sent.size(); i += 256) sent[i] = static_cast<unsigned char>(i >> 12);
    run_task(io, [](pipe_pair& p, auto& out, auto& in) -> task<> {
        co_await (asio::async_write(p.writer, asio::buffer(out), asio::use_awaitable) &&
                  asio::async_read(p.reader, asio::buffer(in), asio::use_awaitable));
    }(pipe, sent, got));
    BOOST_TEST((sent == got));
}

BOOST_AUTO_TEST_CASE(many_small_buffers_arrive_in_order) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor()).value();
    std::vector<std::string> words;
    std::string expected;
    for (int i = 0; i < 40; ++i) expected += words.emplace_back(i % 7 == 0 ? "" : std::to_string(i) + ",");
    std::vector<asio::const_buffer> buffers;
    for (const auto& word : words) buffers.push_back(asio::buffer(word));
    write_outcome outcome;
    asio::async_write(pipe.writer, buffers, outcome.handler());
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.bytes == expected.size());
    BOOST_TEST(drain(pipe.reader.native_handle()) == expected);
}

BOOST_AUTO_TEST_CASE(no_handler_runs_before_the_initiation_returns) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor()).value();
    write_outcome at_once;
    asio::dispatch(io, [&] {
        pipe.writer.async_write_some(asio::buffer("x", 1), at_once.handler());
        BOOST_TEST(!at_once.done());
    });
    run_until(io, [&] { return at_once.done(); });
}

BOOST_AUTO_TEST_CASE(nothing_to_write_completes_at_once_even_when_the_pipe_is_full) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::const_buffer(), outcome.handler());
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(!outcome.ec);
    BOOST_TEST(outcome.bytes == 0u);
    BOOST_TEST(pipe.writer.write_some(std::vector<asio::const_buffer>{}) == 0u);
}

BOOST_AUTO_TEST_CASE(a_writer_without_a_pipe_says_bad_descriptor) {
    asio::io_context io;
    pipe_writer writer(io.get_executor());
    BOOST_TEST(!writer.is_open());
    BOOST_TEST(writer.native_handle() == -1);
    write_outcome outcome;
    writer.async_write_some(asio::buffer("x", 1), outcome.handler());
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.ec == asio::error::bad_descriptor);
    BOOST_CHECK_THROW(writer.write_some(asio::buffer("x", 1)), boost::system::system_error);
    writer.cancel();
    BOOST_TEST(!writer.release());
    BOOST_TEST(writer.assign(unique_fd{}).error().code() == asio::error::bad_descriptor);
}

BOOST_AUTO_TEST_CASE(a_synchronous_write_waits_for_room) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    std::string early(fill(pipe.writer.native_handle()), '\0');
    std::thread reader([&] { asio::read(pipe.reader, asio::buffer(early)); });
    BOOST_TEST(pipe.writer.write_some(asio::buffer("late", 4)) == 4u);
    reader.join();
    BOOST_TEST(drain(pipe.reader.native_handle()) == "late");
}

BOOST_AUTO_TEST_CASE(a_synchronous_write_outlives_a_signal) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    struct ::sigaction caught {
    }, earlier{};
    caught.sa_handler = [](int) {};
    BOOST_TEST_REQUIRE(::sigaction(SIGUSR1, &caught, &earlier) == 0);
    error_code ec;
    std::size_t written = 0;
    std::thread writer([&] { written = pipe.writer.write_some(asio::buffer("late", 4), ec); });
    for (int i = 0; i < 50; ++i) {
        ::pthread_kill(writer.native_handle(), SIGUSR1);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::string all = drain(pipe.reader.native_handle());
    writer.join();
    all += drain(pipe.reader.native_handle());
    ::sigaction(SIGUSR1, &earlier, nullptr);
    BOOST_TEST(!ec);
    BOOST_TEST(written == 4u);
    BOOST_TEST(all.ends_with("late"));
}

BOOST_AUTO_TEST_CASE(a_pending_write_follows_a_move) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::buffer("late", 4), outcome.handler());
    pipe_writer moved = std::move(pipe.writer);
    BOOST_TEST(!pipe.writer.is_open());
    drain(pipe.reader.native_handle());
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.bytes == 4u);
    pipe.writer = std::move(moved);
    BOOST_TEST(pipe.writer.is_open());
}

BOOST_AUTO_TEST_CASE(release_gives_the_descriptor_away) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::buffer("never", 5), outcome.handler());
    const int number = pipe.writer.native_handle();
    const unique_fd fd = pipe.writer.release();
    BOOST_TEST(fd.get() == number);
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.ec == asio::error::operation_aborted);
    drain(pipe.reader.native_handle());
    BOOST_TEST(::write(fd.get(), "x", 1) == 1);
}

BOOST_AUTO_TEST_CASE(a_regular_file_is_written_as_a_pipe_is) {
    asio::io_context io;
    const temporary_directory directory;
    const auto path = directory / "file";
    pipe_writer writer(io.get_executor(), unique_fd{::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)});
    write_outcome outcome;
    asio::async_write(writer, asio::buffer("abc", 3), outcome.handler());
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.bytes == 3u);
    BOOST_TEST(std::filesystem::file_size(path) == 3u);
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_none_is_refused_by_number) {
    asio::io_context io;
    BOOST_CHECK_EXCEPTION(pipe_writer(io.get_executor(), unique_fd{999'999}), boost::system::system_error,
                          [](const auto& e) {
                              return e.code() == asio::error::bad_descriptor &&
                                     std::string(e.what()).starts_with("pipe writer on descriptor 999999");
                          });
}

BOOST_AUTO_TEST_CASE(a_handler_runs_on_its_own_executor) {
    asio::io_context io, other;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    write_outcome at_once, later;
    pipe.writer.async_write_some(asio::buffer("x", 1), asio::bind_executor(other, at_once.handler()));
    run_ready(io);
    BOOST_TEST(!at_once.done());
    run_ready(other);
    BOOST_TEST(at_once.done());
    fill(pipe.writer.native_handle());
    pipe.writer.async_write_some(asio::buffer("x", 1), asio::bind_executor(other, later.handler()));
    drain(pipe.reader.native_handle());
    run_ready(io);
    BOOST_TEST(!later.done());
    run_ready(other);
    BOOST_TEST(later.bytes == 1u);
}

BOOST_AUTO_TEST_CASE(a_write_without_a_reader_is_broken_pipe_and_no_signal) {
    const default_sigpipe lethal;
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    write_outcome waiting, later;
    pipe.writer.async_write_some(asio::buffer("x", 1), waiting.handler());
    run_ready(io);
    pipe.reader.close();
    run_until(io, [&] { return waiting.done(); });
    BOOST_TEST(waiting.ec == asio::error::broken_pipe);
    pipe.writer.async_write_some(asio::buffer("x", 1), later.handler());
    run_until(io, [&] { return later.done(); });
    BOOST_TEST(later.ec == asio::error::broken_pipe);
    BOOST_CHECK_EXCEPTION(pipe.writer.write_some(asio::buffer("x", 1)), boost::system::system_error,
                          [](const auto& e) { return e.code() == asio::error::broken_pipe; });
    BOOST_TEST(!sigpipe_is_pending());
}

BOOST_AUTO_TEST_CASE(descriptors_for_children_block_and_are_close_on_exec) {
    const auto pipe = make_pipe_descriptors({.capacity = 4096}).value();
    for (const int fd : {pipe.reader.get(), pipe.writer.get()}) {
        BOOST_TEST(fd >= 3);
        BOOST_TEST((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
        BOOST_TEST((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    BOOST_TEST(pipe_capacity(pipe.reader.get()).value() == 4096u);
}

BOOST_AUTO_TEST_CASE(the_end_that_stays_does_not_change_the_end_that_goes) {
    asio::io_context io;
    auto pipe = make_pipe_descriptors().value();
    const pipe_writer writer(io.get_executor(), std::move(pipe.writer));
    BOOST_TEST((::fcntl(writer.native_handle(), F_GETFL) & O_NONBLOCK) != 0);
    BOOST_TEST((::fcntl(pipe.reader.get(), F_GETFL) & O_NONBLOCK) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
