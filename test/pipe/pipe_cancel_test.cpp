// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How writes to a pipe end early: cancelled, closed, destroyed.

#include <parley/pipe/pipe.hpp>

#include "leftovers.hpp"
#include "pipe_bytes.hpp"
#include "run_task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <utility>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(pipe_cancel_test)

using namespace parley;
using namespace parley::test;

BOOST_FIXTURE_TEST_SUITE(pipe_cancel_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(cancel_ends_the_pending_write_and_the_pipe_lives_on) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    const std::size_t there = fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::buffer("never", 5), outcome.handler());
    run_ready(io);
    pipe.writer.cancel();
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.ec == asio::error::operation_aborted);
    BOOST_TEST(outcome.bytes == 0u);
    BOOST_TEST(drain(pipe.reader.native_handle()).size() == there);
    BOOST_TEST(pipe.writer.write_some(asio::buffer("more", 4)) == 4u);
}

BOOST_AUTO_TEST_CASE(every_type_of_cancellation_ends_the_pending_write) {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::io_context io;
        auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
        fill(pipe.writer.native_handle());
        asio::cancellation_signal cancel;
        write_outcome outcome;
        pipe.writer.async_write_some(asio::buffer("never", 5),
                                     asio::bind_cancellation_slot(cancel.slot(), outcome.handler()));
        run_ready(io);
        cancel.emit(type);
        run_until(io, [&] { return outcome.done(); });
        BOOST_TEST(outcome.ec == asio::error::operation_aborted);
        BOOST_TEST(outcome.bytes == 0u);
    }
}

// A write whose handler runs elsewhere: between the event and the handler there is time for something to happen.
struct write_on_its_way {
    asio::io_context io, other;
    pipe_pair pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    asio::cancellation_signal signal;
    write_outcome outcome;

    write_on_its_way() {
        fill(pipe.writer.native_handle());
        pipe.writer.async_write_some(
            asio::buffer("late", 4),
            asio::bind_executor(other, asio::bind_cancellation_slot(signal.slot(), outcome.handler())));
        run_ready(io);
        drain(pipe.reader.native_handle());
        run_ready(io);
    }
};

BOOST_AUTO_TEST_CASE(a_write_that_finds_the_room_taken_waits_again) {
    write_on_its_way write;
    fill(write.pipe.writer.native_handle());
    run_ready(write.other);
    run_ready(write.io);
    BOOST_TEST(!write.outcome.done());
    drain(write.pipe.reader.native_handle());
    run_ready(write.io);
    run_ready(write.other);
    BOOST_TEST(write.outcome.bytes == 4u);
}

BOOST_AUTO_TEST_CASE(a_cancellation_is_kept_while_the_event_is_on_its_way) {
    for (const bool by_slot : {false, true}) {
        write_on_its_way write;
        fill(write.pipe.writer.native_handle());
        if (by_slot) write.signal.emit(asio::cancellation_type::total);
        if (!by_slot) write.pipe.writer.cancel();
        run_ready(write.other);
        BOOST_TEST(write.outcome.ec == asio::error::operation_aborted);
        BOOST_TEST(write.outcome.bytes == 0u);
    }
}

BOOST_AUTO_TEST_CASE(closing_while_the_event_is_on_its_way_aborts_the_write) {
    write_on_its_way write;
    write.pipe.writer.close();
    run_ready(write.other);
    BOOST_TEST(write.outcome.ec == asio::error::operation_aborted);
    BOOST_TEST(drain(write.pipe.reader.native_handle()) == "");
}

BOOST_AUTO_TEST_CASE(close_ends_the_pending_write_and_may_be_repeated) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::buffer("never", 5), outcome.handler());
    run_ready(io);
    pipe.writer.close();
    pipe.writer.close();
    BOOST_TEST(!outcome.done());
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.ec == asio::error::operation_aborted);
    BOOST_TEST(!pipe.writer.is_open());
}

BOOST_AUTO_TEST_CASE(a_writer_that_another_is_moved_onto_ends_its_pending_write_and_closes) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    const std::size_t there = fill(pipe.writer.native_handle());
    write_outcome outcome;
    pipe.writer.async_write_some(asio::buffer("never", 5), outcome.handler());
    run_ready(io);
    auto other = make_pipe(io.get_executor()).value();
    pipe.writer = std::move(other.writer);
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.ec == asio::error::operation_aborted);
    BOOST_TEST(drain(pipe.reader.native_handle()).size() == there);
    char byte = 0;
    BOOST_TEST(::read(pipe.reader.native_handle(), &byte, 1) == 0);  // the end
    BOOST_TEST(pipe.writer.write_some(asio::buffer("to the other", 12)) == 12u);
    BOOST_TEST(drain(other.reader.native_handle()) == "to the other");
}

BOOST_AUTO_TEST_CASE(a_writer_that_is_moved_onto_itself_stays_open) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor()).value();
    auto& same = pipe.writer;
    pipe.writer = std::move(same);
    BOOST_TEST(pipe.writer.is_open());
    BOOST_TEST(pipe.writer.write_some(asio::buffer("abc", 3)) == 3u);
}

BOOST_AUTO_TEST_CASE(a_writer_may_be_destroyed_with_its_write_pending) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    auto writer = std::make_unique<pipe_writer>(std::move(pipe.writer));
    fill(writer->native_handle());
    write_outcome outcome;
    writer->async_write_some(asio::buffer("never", 5), outcome.handler());
    run_ready(io);
    writer.reset();
    run_until(io, [&] { return outcome.done(); });
    BOOST_TEST(outcome.ec == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(a_writer_may_be_destroyed_by_its_own_handler) {
    asio::io_context io;
    auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
    auto writer = std::make_unique<pipe_writer>(std::move(pipe.writer));
    fill(writer->native_handle());
    bool done = false;
    writer->async_write_some(asio::buffer("x", 1), [&](error_code ec, std::size_t) {
        BOOST_TEST(!ec);
        writer.reset();
        done = true;
    });
    drain(pipe.reader.native_handle());
    run_until(io, [&] { return done; });
    BOOST_TEST(!writer);
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_with_a_write_pending) {
    const auto alive = std::make_shared<int>(0);
    {
        asio::io_context io;
        auto pipe = make_pipe(io.get_executor(), {.capacity = 4096}).value();
        fill(pipe.writer.native_handle());
        auto owner = std::make_shared<pipe_pair>(std::move(pipe));
        owner->writer.async_write_some(asio::buffer("never", 5),
                                       [owner, alive](error_code, std::size_t) { BOOST_ERROR("ran"); });
        run_ready(io);
    }
    BOOST_TEST(alive.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
