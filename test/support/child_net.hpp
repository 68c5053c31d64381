// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The modes of the test child that have sockets.
#pragma once

#include <string>
#include <vector>

/// activated NAME...: listens at the sockets of these names that were handed over, says on each connection which it is,
/// and ends when each has had one.
int serve_activated(const std::vector<std::string>& w);
