// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The writing side of FIFOs.

#include <parley/pipe/fifo.hpp>

#include "fault.hpp"
#include "fifo_opening.hpp"
#include "pipe_bytes.hpp"
#include "run_task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(fifo_writer_test)

using namespace parley;
using namespace parley::test;
using namespace asio::experimental::awaitable_operators;
namespace generic = boost::system::errc;

BOOST_FIXTURE_TEST_SUITE(writer_suite, fifo_fixture)

BOOST_AUTO_TEST_CASE(opening_completes_at_once_when_there_is_a_reader) {
    make_fifo(path).value();
    const auto reader = raw_open(path, O_RDONLY);
    writer_opening result;
    async_open_fifo_writer(io.get_executor(), path, result.handler());
    run_until(io, [&] { return result.done(); });
    BOOST_TEST_REQUIRE(!result.ec);
    BOOST_TEST((::fcntl(result.object->native_handle(), F_GETFD) & FD_CLOEXEC) != 0);
    BOOST_TEST(result.object->write_some(asio::buffer("abc", 3)) == 3u);
    BOOST_TEST(drain(reader.get()) == "abc");
}

BOOST_AUTO_TEST_CASE(opening_waits_for_a_reader) {
    make_fifo(path).value();
    writer_opening result;
    async_open_fifo_writer(io.get_executor(), path, result.handler());
    run_ready(io);
    BOOST_TEST(!result.done());
    const auto reader = raw_open(path, O_RDONLY);
    run_until(io, [&] { return result.done(); });
    BOOST_TEST(!result.ec);
    BOOST_TEST(result.object->is_open());
}

BOOST_AUTO_TEST_CASE(opening_waits_without_inotify_too) {
    make_fifo(path).value();
    for (const auto call : {sys::call::inotify_init, sys::call::inotify_add_watch}) {
        const fault none_left(call, call == sys::call::inotify_init ? EMFILE : ENOSPC);
        writer_opening result;
        async_open_fifo_writer(io.get_executor(), path, result.handler());
        // A reader that comes late, when the writer has looked for one several times.
        run_ready(io);
        io.run_for(std::chrono::milliseconds(20));
        BOOST_TEST(!result.done());
        const auto reader = raw_open(path, O_RDONLY);
        run_until(io, [&] { return result.done(); });
        BOOST_TEST(!result.ec);
        BOOST_TEST(none_left.seen() > 0);
    }
}

BOOST_AUTO_TEST_CASE(a_reader_that_has_gone_again_is_none_and_waiting_does_not_spin) {
    make_fifo(path).value();
    const fault opens(sys::call::open, 0);
    writer_opening first, second;
    async_open_fifo_writer(io.get_executor(), path, first.handler());
    async_open_fifo_writer(io.get_executor(), path, second.handler());
    run_ready(io);
    raw_open(path, O_RDONLY).reset();
    run_ready(io);
    const int tried = opens.seen();
    for (int i = 0; i < 100; ++i) run_ready(io);
    BOOST_TEST(opens.seen() == tried);
    BOOST_TEST(tried < 20);
    BOOST_TEST((!first.done() && !second.done()));
    const auto reader = raw_open(path, O_RDONLY);
    run_until(io, [&] { return first.done() && second.done(); });
    BOOST_TEST((!first.ec && !second.ec));
}

BOOST_AUTO_TEST_CASE(a_fifo_replaced_while_it_waits_is_followed) {
    for (const std::string way : {"replaced", "moved away", "unlinked"}) {
        make_fifo(path).value();
        writer_opening result;
        async_open_fifo_writer(io.get_executor(), path, result.handler());
        run_ready(io);
        make_fifo(directory / "other").value();
        if (way == "moved away") std::filesystem::rename(path, directory / "aside");
        if (way == "unlinked")
            std::filesystem::create_hard_link(path, directory / "link"), std::filesystem::remove(path);
        std::filesystem::rename(directory / "other", path);
        run_ready(io);
        BOOST_TEST(!result.done());
        const auto reader = raw_open(path, O_RDONLY);
        run_until(io, [&] { return result.done(); });
        BOOST_TEST_REQUIRE(!result.ec, way);
        BOOST_TEST(result.object->write_some(asio::buffer("abc", 3)) == 3u);
        BOOST_TEST(drain(reader.get()) == "abc");
        std::filesystem::remove(path);
    }
}

BOOST_AUTO_TEST_CASE(a_fifo_removed_or_squatted_while_it_waits_ends_the_wait) {
    for (const bool squatted : {false, true}) {
        make_fifo(path).value();
        writer_opening result;
        async_open_fifo_writer(io.get_executor(), path, result.handler());
        run_ready(io);
        if (squatted) {
            std::ofstream(directory / "file") << "x";
            std::filesystem::rename(directory / "file", path);
        } else {
            std::filesystem::remove(path);
        }
        run_until(io, [&] { return result.done(); });
        if (squatted) BOOST_TEST(result.ec == make_error_code(errc::not_a_fifo));
        if (!squatted) BOOST_TEST(result.ec == generic::no_such_file_or_directory);
        std::filesystem::remove(path);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_fifo_is_refused) {
    std::ofstream(directory / "file") << "x";
    make_fifo(path).value();
    std::filesystem::create_symlink(path, directory / "link");
    BOOST_TEST(writer_error(io, directory / "file") == make_error_code(errc::not_a_fifo));
    BOOST_TEST(writer_error(io, "/dev/null") == make_error_code(errc::not_a_fifo));
    BOOST_TEST(writer_error(io, directory / "link") == generic::too_many_symbolic_link_levels);
    BOOST_TEST(writer_error(io, directory / "none") == generic::no_such_file_or_directory);
    BOOST_TEST(writer_error(io, std::string(1, '\0')) == make_error_code(errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(every_type_of_cancellation_ends_the_wait_and_leaves_no_descriptor) {
    make_fifo(path).value();
    for (const bool inotify : {true, false}) {
        const fault refused(sys::call::inotify_init, inotify ? 0 : EMFILE);
        for (const auto type : every_type) {
            run_ready(io);
            asio::cancellation_signal cancel;
            writer_opening result;
            async_open_fifo_writer(io.get_executor(), path,
                                   asio::bind_cancellation_slot(cancel.slot(), result.handler()));
            run_ready(io);
            cancel.emit(type);
            run_until(io, [&] { return result.done(); });
            BOOST_TEST(result.ec == asio::error::operation_aborted);
            for (const auto& [fd, target] : open_descriptors()) BOOST_TEST(target.find("inotify") == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_with_the_wait_pending) {
    make_fifo(path).value();
    asio::io_context own;
    async_open_fifo_writer(own.get_executor(), path, [](error_code, pipe_writer) { BOOST_ERROR("ran"); });
    run_ready(own);
}

BOOST_AUTO_TEST_CASE(a_writer_after_the_last_reader_has_gone_is_broken_pipe) {
    const default_sigpipe lethal;
    make_fifo(path).value();
    auto reader = raw_open(path, O_RDONLY);
    writer_opening result;
    async_open_fifo_writer(io.get_executor(), path, result.handler());
    run_until(io, [&] { return result.done(); });
    reader.reset();
    error_code ec;
    result.object->write_some(asio::buffer("x", 1), ec);
    BOOST_TEST(ec == asio::error::broken_pipe);
}

BOOST_AUTO_TEST_CASE(both_ends_find_each_other_on_one_loop) {
    make_fifo(path).value();
    run_task(io, [](std::string name) -> task<> {
        const auto here = co_await asio::this_coro::executor;
        const auto write = [](executor on, std::string where) -> task<> {
            auto writer = co_await async_open_fifo_writer(on, where);
            co_await asio::async_write(writer, asio::buffer(std::string("hello")), asio::use_awaitable);
        };
        auto reader = co_await (async_open_fifo_reader(here, name, {}, asio::use_awaitable) && write(here, name));
        std::string all;
        error_code ec;
        co_await asio::async_read(reader, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(all == "hello");
        BOOST_TEST(ec == asio::error::eof);
    }(path));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
