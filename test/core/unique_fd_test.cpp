// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/unique_fd.hpp>

#include "fault.hpp"
#include "leftovers.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(unique_fd_test)

using namespace parley;
using namespace parley::test;

static_assert(!std::is_copy_constructible_v<unique_fd> && !std::is_copy_assignable_v<unique_fd>);
static_assert(std::is_nothrow_move_constructible_v<unique_fd> && std::is_nothrow_move_assignable_v<unique_fd>);

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }
unique_fd some_file() { return unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)}; }

BOOST_FIXTURE_TEST_SUITE(unique_fd_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(it_closes_at_the_end_of_its_life) {
    int number = -1;
    {
        const unique_fd fd = some_file();
        number = fd.get();
        BOOST_TEST(is_open(number));
        BOOST_TEST(static_cast<bool>(fd));
    }
    BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(a_negative_number_means_none) {
    unique_fd none{-7};
    BOOST_TEST(!none);
    BOOST_TEST(!unique_fd());
    none.reset();
    BOOST_TEST(none.get() == -1);
}

BOOST_AUTO_TEST_CASE(a_move_leaves_nothing_behind) {
    unique_fd a = some_file();
    const int number = a.get();
    unique_fd b = std::move(a);
    BOOST_TEST(!a);
    BOOST_TEST(b.get() == number);
    unique_fd c = some_file();
    const int replaced = c.get();
    c = std::move(b);
    BOOST_TEST(c.get() == number);
    BOOST_TEST(!is_open(replaced));
    auto& same = c;
    c = std::move(same);
    BOOST_TEST(is_open(number));
}

BOOST_AUTO_TEST_CASE(release_gives_away_without_closing) {
    unique_fd a = some_file();
    const int number = a.release();
    BOOST_TEST(!a);
    BOOST_TEST(is_open(number));
    a.reset(number);
    a.reset(number);  // the same again stays open
    BOOST_TEST(is_open(number));
}

BOOST_AUTO_TEST_CASE(closing_keeps_errno) {
    unique_fd none{999'999};
    errno = EXDEV;
    none.reset();
    BOOST_TEST(errno == EXDEV);
}

BOOST_AUTO_TEST_CASE(a_duplicate_is_close_on_exec_and_out_of_the_standard_streams_way) {
    const unique_fd file = some_file();
    const int saved = ::fcntl(0, F_DUPFD_CLOEXEC, 3);
    ::close(0);
    auto copy = unique_fd::duplicate(file.get());
    ::dup2(saved, 0);
    ::close(saved);
    BOOST_TEST_REQUIRE(copy.has_value());
    BOOST_TEST(copy->get() >= 3);
    BOOST_TEST((::fcntl(copy->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

BOOST_AUTO_TEST_CASE(a_failed_duplicate_names_the_descriptor) {
    const auto copy = unique_fd::duplicate(999'999);
    BOOST_TEST(copy.error().code() == asio::error::bad_descriptor);
    BOOST_TEST(copy.error().context() == "duplicate descriptor 999999");
    const fault none_left(sys::call::dup, EMFILE);
    BOOST_TEST(unique_fd::duplicate(1).error().code() == boost::system::errc::too_many_files_open);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
