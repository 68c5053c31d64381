// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The debugging aid that holds a child against its command.

#include <parley/process/spawn.hpp>

#include "fault.hpp"
#include "process_tools.hpp"
#include "temporary_directory.hpp"

#include <parley/signal/disposition.hpp>
#include <parley/signal/signal_mask.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>

BOOST_AUTO_TEST_SUITE(verify_test)

using namespace parley;
using namespace parley::test;

namespace {

struct context : process_fixture {
    command checked = [] {
        auto c = helper({"exit", "0"});
        c.verify = true;
        return c;
    }();

    std::string deviation() {
        const auto e = failure(checked);
        BOOST_TEST((failed_step(e.code()) == spawn_step::verify), e.message());
        return e.context();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(verify_suite, context)

BOOST_AUTO_TEST_CASE(a_child_as_declared_starts) {
    const temporary_directory place;
    checked.directory = place.path();
    checked.umask = 077;
    checked.descriptors = {{1, 7}, {2, 30}};
    BOOST_TEST(status_of(checked).success());
    checked.directory.clear();
    checked.umask.reset();
    BOOST_TEST(status_of(checked).success());
}

BOOST_AUTO_TEST_CASE(a_descriptor_too_many_is_named_with_its_target) {
    for (const auto& [number, target] : open_descriptors())  // what the runner of the tests has left open
        if (number > 2) ::fcntl(number, F_SETFD, FD_CLOEXEC);
    const unique_fd leaked(::open("/etc/passwd", O_RDONLY));  // not close-on-exec, as other code makes them
    const fault not_closed(sys::call::child_close_range, sys::pretend);
    BOOST_TEST(deviation().find("descriptor " + std::to_string(leaked.get()) +
                                " (/etc/passwd) is open and was not listed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_disposition_that_is_not_the_default_is_named) {
    const scoped_disposition ignored(SIGHUP, disposition::ignore);
    const fault not_reset(sys::call::child_sigaction, sys::pretend);
    const auto text = deviation();
    BOOST_TEST(text.ends_with("SIGHUP does not have its default disposition"), text);
}

BOOST_AUTO_TEST_CASE(a_blocked_signal_is_named) {
    const fault not_set(sys::call::child_sigmask, sys::pretend);  // all are blocked during the start
    BOOST_TEST(deviation().ends_with("SIGHUP is blocked"));
}

BOOST_AUTO_TEST_CASE(another_directory_is_named) {
    const temporary_directory place;
    checked.directory = place.path();
    const fault stayed(sys::call::child_chdir, sys::pretend);
    BOOST_TEST(deviation().ends_with("the working directory is not " + place.path()));
}

BOOST_AUTO_TEST_CASE(another_umask_is_named) {
    const mode_t earlier = ::umask(022);
    checked.umask = 077;
    {
        const fault stayed(sys::call::child_umask, sys::pretend);
        BOOST_TEST(deviation().ends_with("the umask is 022"));
    }
    ::umask(earlier);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
