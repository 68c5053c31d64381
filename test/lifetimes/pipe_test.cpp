// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"
#include "lifetimes.hpp"

#include <parley/pipe/pipe.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

#include <fcntl.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(pipe_test)

using namespace parley;
using namespace parley::test;

namespace {

std::unique_ptr<pipe_writer> writer_of_a_pipe(const executor& io, std::shared_ptr<void>* keep = nullptr) {
    auto ends = make_pipe_descriptors().value();
    if (keep) *keep = std::make_shared<unique_fd>(std::move(ends.reader));
    return std::make_unique<pipe_writer>(io, std::move(ends.writer));
}

const dead_objects<pipe_writer>& dead_writers() {
    static const dead_objects<pipe_writer> all =
        dead_ones<pipe_writer>({{"made empty", [](const executor& io) { return std::make_unique<pipe_writer>(io); }},
                                {"moved from", [](const executor& io) { return moved_from(writer_of_a_pipe(io)); }},
                                {"closed",
                                 [](const executor& io) {
                                     auto writer = writer_of_a_pipe(io);
                                     writer->close();
                                     return writer;
                                 }},
                                {"released", [](const executor& io) {
                                     auto writer = writer_of_a_pipe(io);
                                     (void)writer->release();
                                     return writer;
                                 }}});
    return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pipe_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(a_writer_without_a_pipe) {
    const auto& dead = dead_writers();
    const std::string text = "text";
    lifetime("pipe_writer", "async_write_some", dead, [&](pipe_writer& w, auto& call) {
        call.fails([&](auto h) { w.async_write_some(asio::buffer(text), h); });
    });
    lifetime("pipe_writer", "write_some", dead, [&](pipe_writer& w, auto&) {
        error_code ec;
        BOOST_TEST(w.write_some(asio::buffer(text), ec) == 0u);
        BOOST_TEST((ec == boost::system::errc::bad_file_descriptor));
    });
    lifetime("pipe_writer", "get_executor", dead, [](pipe_writer& w, auto&) { (void)w.get_executor(); });
    lifetime("pipe_writer", "native_handle", dead, [](pipe_writer& w, auto&) { BOOST_TEST(w.native_handle() == -1); });
    lifetime("pipe_writer", "is_open", dead, [](pipe_writer& w, auto&) { BOOST_TEST(!w.is_open()); });
    lifetime("pipe_writer", "assign", dead,
             [](pipe_writer& w, auto&) { BOOST_TEST(w.assign(unique_fd()).has_error()); });
    lifetime("pipe_writer", "release", dead, [](pipe_writer& w, auto&) { BOOST_TEST(!w.release()); });
    lifetime("pipe_writer", "cancel", dead, [](pipe_writer& w, auto&) { w.cancel(); });
    lifetime("pipe_writer", "close", dead, [](pipe_writer& w, auto&) { w.close(); });
}

BOOST_AUTO_TEST_CASE(a_writer_that_goes) {
    static const std::string text = "text";
    const auto full = [](const executor& io) {
        living<pipe_writer> live;
        live.object = writer_of_a_pipe(io, &live.keeps);
        const std::string much(4096, 'x');
        while (::write(live.object->native_handle(), much.data(), much.size()) > 0) {}
        return live;
    };
    pending("pipe_writer", "async_write_some", full,
            [](pipe_writer& w, auto h) { w.async_write_some(asio::buffer(text), h); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
