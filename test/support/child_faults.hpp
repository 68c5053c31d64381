// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The modes of the test child in which something goes wrong around parley.
#pragma once

#include <string>
#include <vector>

/// start-one: starts /bin/true and says how it ended, or why it did not start.
int start_one(const std::vector<std::string>& w);

/// fail-to-start FILE: leaves a line in the buffer of stdout and an exit handler that adds a byte to FILE, fails to
/// start a program, and says whether the handler has run.
int fail_to_start(const std::vector<std::string>& w);

/// start-until-refused: starts children until the kernel does not give any more; says how many there were, how many
/// this process has, the error, and how many descriptors the failed start has left.
int start_until_refused(const std::vector<std::string>& w);

/// small-pipes COUNT: opens so many pipes, says the capacity of one more, runs captures and says "whole" for each that
/// came back so.
int small_pipes(const std::vector<std::string>& w);

/// leave-children endless: leaves a child that ignores SIGTERM to the end of the program, with a grace, beside one that
/// may take any time, and says the pid of the first.
/// leave-children threadless: leaves two children to it that may take a long time; for the first there is no thread.
int leave_children(const std::vector<std::string>& w);

/// hold PID...: seizes the processes, says "ready", keeps each in the stop that a signal brings, reaps those that die,
/// and ends with the last.
int hold(const std::vector<std::string>& w);
