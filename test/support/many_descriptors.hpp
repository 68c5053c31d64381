// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// As many descriptors as this process may have.
#pragma once

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>

namespace parley::test {

/// Raises the limit to the most that is allowed, for the length of a scope.
class many_descriptors {
public:
    many_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &earlier_);
        const rlimit all{earlier_.rlim_max, earlier_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &all);
    }
    many_descriptors(const many_descriptors&) = delete;
    many_descriptors& operator=(const many_descriptors&) = delete;
    ~many_descriptors() { ::setrlimit(RLIMIT_NOFILE, &earlier_); }

    rlim_t most() const { return earlier_.rlim_max; }
    bool are(rlim_t wanted) const {
        if (most() >= wanted) return true;
        BOOST_TEST_MESSAGE("skipped: this user may not have " << wanted << " descriptors");
        return false;
    }

private:
    rlimit earlier_{};
};

}  // namespace parley::test
