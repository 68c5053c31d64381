// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The modes of the test child that fork workers.
#pragma once

#include <string>
#include <vector>

/// prefork WORK [LISTENER]: two workers that do WORK; says "start INDEX PID" and "end INDEX PID STATUS DELAY" as they
/// come and go. WORK is wait, throw, exit CODE, deaf, share PATH, hand-out PATH, threads.
int prefork_workers(const std::vector<std::string>& w);
