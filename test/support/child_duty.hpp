// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The modes of the test child in which an `init_duty` meets children that the program forked itself.
#pragma once

#include <string>
#include <vector>

/// duty new-session-before|new-session-after|in-a-tree: the program forks a child and then makes a session of its own
/// and an `init_duty`, or makes these in the other order first, or is marked as part of a tree; tells whether the child
/// was left to it
int duty(const std::vector<std::string>& w);

/// duty-number-again adopted|dead-for-long|reaped-elsewhere: as the first process of a PID namespace; the number of a
/// child from before, of one that has been dead for long, or of one that is just about to be reaped was given to
/// another process; tells whether that is treated as what it is
int duty_number_again(const std::vector<std::string>& w);
