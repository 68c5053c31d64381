// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// main() of every test program. The suite takes the program's name, so test files define no BOOST_TEST_MODULE. Under a
// name that ends in that of a test file, as in net_listen_test, the program runs that file's suite, unless it is told
// what to run. It ends with 77 where every case that it ran said that it cannot run here.

#include "leftovers.hpp"
#include "skip.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::string program_name(const char* path) { return std::filesystem::path(path).filename().string(); }

bool says_what_to_run(std::string_view argument) {
    constexpr std::string_view option = "--run_test=";
    return argument.starts_with("-t") ||
           (argument.starts_with(option) && !argument.substr(option.size()).starts_with('!'));
}

bool name_the_suite() {
    auto& suite = boost::unit_test::framework::master_test_suite();
    suite.p_name.value = program_name(suite.argv[0]);
    parley::test::watch_for_skipped_cases();
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
    std::vector<char*> arguments(argv, argv + argc);
    const std::string name = program_name(argv[0]);
    std::string choice = "--run_test=" + name.substr(name.find('_') + 1);
    if (name.ends_with("_test") && std::none_of(argv + 1, argv + argc, says_what_to_run))
        arguments.insert(arguments.begin() + 1, choice.data());
    arguments.push_back(nullptr);
    parley::test::name_what_is_started();
    const int ended =
        boost::unit_test::unit_test_main(&name_the_suite, static_cast<int>(arguments.size()) - 1, arguments.data());
    if (ended != 0) parley::test::end_what_is_left();
    constexpr int skipped = 77;  // to CTest
    return ended == 0 && parley::test::all_were_skipped() ? skipped : ended;
}
