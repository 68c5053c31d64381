// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The process group of a pipeline.

#include <parley/process/pipeline.hpp>

#include "pipeline_tools.hpp"
#include "test_child.hpp"

#include <parley/signal/send_signal.hpp>

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <set>
#include <sstream>
#include <string>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(pipeline_group_test)

using namespace parley;
using namespace parley::test;

namespace {

command says_its_group() { return {.program = "/bin/sh", .arguments = {"-c", "\"$0\" ids; exec cat", test_child()}}; }

std::multiset<pid_t> groups_in(const std::string& said) {
    std::istringstream in(said);
    std::multiset<pid_t> found;
    for (pid_t pid = 0, group = 0, session = 0; in >> pid >> group >> session;) found.insert(group);
    return found;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pipeline_group_suite, pipeline_fixture)

BOOST_AUTO_TEST_CASE(all_programs_can_be_one_group_with_the_first_as_leader) {
    pid_t told = -1;
    const auto all = says_its_group() | stage(upper) | says_its_group() | says_its_group();
    const auto [ec, r] = run_all(all, {.own_group = true, .started = [&](pid_t group) { told = group; }});
    BOOST_TEST(!ec);
    BOOST_TEST(told == r.stages[0].report.pid);
    BOOST_TEST(told != ::getpgrp());
    BOOST_TEST((groups_in(r.out) == std::multiset<pid_t>{told, told, told}));
}

BOOST_AUTO_TEST_CASE(a_signal_to_the_group_reaches_every_stage) {
    const auto [ec, r] = run_all(helper({"ready"}) | helper({"ready"}) | helper({"ready"}),
                                 {.own_group = true, .started = [](pid_t group) {
                                      BOOST_TEST(send_signal_to_group(group, SIGUSR1).has_value());
                                  }});
    BOOST_TEST(!ec);
    for (const auto& stage : r.stages) BOOST_TEST(stage.status == exit_status::signalled(SIGUSR1));
}

BOOST_AUTO_TEST_CASE(a_stage_with_a_group_or_session_of_its_own_stays_out) {
    auto session = says_its_group(), own = says_its_group();
    session.group = process_group::session;
    own.group = process_group::own;
    pid_t told = -1;
    const auto all = session | says_its_group() | own | says_its_group();
    const auto [ec, r] = run_all(all, {.own_group = true, .started = [&](pid_t group) { told = group; }});
    BOOST_TEST(!ec);
    const auto pid = [&r = r](std::size_t i) { return r.stages[i].report.pid; };
    BOOST_TEST(told == pid(1));
    BOOST_TEST((groups_in(r.out) == std::multiset<pid_t>{pid(0), pid(1), pid(2), pid(1)}));
}

BOOST_AUTO_TEST_CASE(without_the_option_the_group_is_ours) {
    pid_t told = -1;
    const auto [ec, r] = run_all(says_its_group() | says_its_group(), {.started = [&](pid_t group) { told = group; }});
    BOOST_TEST(!ec);
    BOOST_TEST(told == 0);
    BOOST_TEST((groups_in(r.out) == std::multiset<pid_t>{::getpgrp(), ::getpgrp()}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
