// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a test must not leave behind: changed dispositions, a changed signal mask, pending signals.
#pragma once

#include "leftovers.hpp"

#include <csignal>
#include <initializer_list>
#include <map>

namespace parley::test {

/// What the kernel does with each signal now.
std::map<int, struct ::sigaction> dispositions();

bool same_disposition(const struct ::sigaction& a, const struct ::sigaction& b);

/// A fixture: fails a test that leaves a descriptor, a zombie, another disposition or another mask.
class no_signal_leftovers : public no_leftovers {
public:
    no_signal_leftovers();
    ~no_signal_leftovers();

private:
    std::map<int, struct ::sigaction> before_;
    sigset_t mask_;
};

/// Blocks signals in this thread and takes the pending ones at the end, so that none is delivered then.
class blocked {
public:
    explicit blocked(std::initializer_list<int> numbers);
    blocked(const blocked&) = delete;
    blocked& operator=(const blocked&) = delete;
    ~blocked();

private:
    sigset_t set_, earlier_;
};

}  // namespace parley::test
