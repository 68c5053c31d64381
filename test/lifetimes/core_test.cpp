// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "lifetimes.hpp"

#include <parley/core/buffer.hpp>
#include <parley/core/unique_fd.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>

#include <fcntl.h>

BOOST_AUTO_TEST_SUITE(core_test)

using namespace parley;
using namespace parley::test;

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_not_there) {
    const auto open = [] { return std::make_unique<unique_fd>(::open("/dev/null", O_RDONLY | O_CLOEXEC)); };
    const dead_objects<unique_fd> dead = dead_ones<unique_fd>(
        {{"moved from", [=](const executor&) { return moved_from(open()); }}, {"closed", [=](const executor&) {
                                                                                   auto fd = open();
                                                                                   fd->reset();
                                                                                   return fd;
                                                                               }}});
    lifetime("unique_fd", "get", dead, [](unique_fd& fd, auto&) { BOOST_TEST(fd.get() == -1); });
    lifetime("unique_fd", "operator bool", dead, [](unique_fd& fd, auto&) { BOOST_TEST(!fd); });
    lifetime("unique_fd", "release", dead, [](unique_fd& fd, auto&) { BOOST_TEST(fd.release() == -1); });
    lifetime("unique_fd", "reset", dead, [](unique_fd& fd, auto&) { fd.reset(); });
    lifetime("unique_fd", "duplicate", dead,
             [](unique_fd& fd, auto&) { BOOST_TEST(unique_fd::duplicate(fd.get()).has_error()); });
}

BOOST_AUTO_TEST_CASE(a_buffer_that_was_moved_from) {
    const dead_objects<buffer> dead = dead_ones<buffer>({{"moved from", [](const executor&) {
                                                              auto full = std::make_unique<buffer>(64);
                                                              (void)full->prepare(64);
                                                              full->commit(64);
                                                              return moved_from(std::move(full));
                                                          }}});
    lifetime("buffer", "size", dead, [](buffer& b, auto&) { BOOST_TEST(b.size() == 0u); });
    lifetime("buffer", "empty", dead, [](buffer& b, auto&) { BOOST_TEST(b.empty()); });
    lifetime("buffer", "data", dead, [](buffer& b, auto&) { BOOST_TEST(b.data() == ""); });
    lifetime("buffer", "capacity", dead, [](buffer& b, auto&) { BOOST_TEST(b.capacity() == 0u); });
    lifetime("buffer", "consume", dead, [](buffer& b, auto&) {
        b.consume(9);
        BOOST_TEST(b.size() == 0u);
    });
    lifetime("buffer", "commit", dead, [](buffer& b, auto&) {
        b.commit(9);
        BOOST_TEST(b.size() == 0u);
    });
    lifetime("buffer", "limit", dead, [](buffer& b, auto&) { BOOST_TEST(b.limit() <= 64u); });
    lifetime("buffer", "full", dead, [](buffer& b, auto&) { BOOST_TEST(b.full() == (b.limit() == 0)); });
    lifetime("buffer", "prepare", dead, [](buffer& b, auto&) { BOOST_TEST(b.prepare(9).size() <= 9u); });
}

BOOST_AUTO_TEST_SUITE_END()
