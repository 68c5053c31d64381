// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// main() of every test program. The suite takes the program's name, so test files define no BOOST_TEST_MODULE.

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <filesystem>

namespace {

bool name_the_suite() {
    auto& suite = boost::unit_test::framework::master_test_suite();
    suite.p_name.value = std::filesystem::path(suite.argv[0]).filename().string();
    return true;
}

// What a shell or nohup ignored for us (SIGINT of a background job, SIGHUP) is no part of a test.
void stop_ignoring_signals() {
    for (int number = 1; number <= SIGRTMAX; ++number) {
        struct sigaction now {};
        if (::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) std::signal(number, SIG_DFL);
    }
}

}  // namespace

int main(int argc, char* argv[]) {
    stop_ignoring_signals();
    return boost::unit_test::unit_test_main(&name_the_suite, argc, argv);
}
