// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a test must not leave behind: descriptors and dead children.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace parley::test {

/// Open descriptors of this process and what each refers to.
std::map<int, std::string> open_descriptors();

/// Children of this process that have ended and that nobody has waited for.
std::vector<int> zombies();

/// All children of this process, dead or alive.
std::vector<int> children();

/// Kills every process that has come from this program and reaps those that are its children. All carry its number in
/// their environment, `name_what_is_started` sees to that; those without an environment are found as children of
/// others.
void end_what_is_left();
void name_what_is_started();

/// Use with BOOST_FIXTURE_TEST_SUITE or BOOST_FIXTURE_TEST_CASE: fails a test that leaves a descriptor or a zombie.
/// What a failed test has left of processes is killed: it would hold the pipe of ctest, which waits for its end.
class no_leftovers {
public:
    no_leftovers();
    ~no_leftovers();
    no_leftovers(const no_leftovers&) = delete;
    no_leftovers& operator=(const no_leftovers&) = delete;

private:
    std::map<int, std::string> before_;
};

}  // namespace parley::test
