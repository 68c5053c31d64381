// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// How many descriptors this process may have.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/unique_fd.hpp>

#include "skip.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

#include <sys/resource.h>
#include <unistd.h>

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
    /// Where they are not the case is skipped.
    bool are(rlim_t wanted) const {
        if (most() >= wanted) return true;
        skip_case("this user may not have ", wanted, " descriptors");
        return false;
    }

private:
    rlimit earlier_{};
};

/// Only so many more descriptors can be opened for the length of a scope.
class descriptor_limit {
public:
    explicit descriptor_limit(int more) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        auto now = before_;
        std::vector<unique_fd> next;
        for (int i = 0; i <= more; ++i) next.emplace_back(::dup(0));
        now.rlim_cur = static_cast<rlim_t>(next.back().get());
        // UndefinedBehaviorSanitizer looks at a new type of object through a pipe; without numbers left it would take
        // the categories of errors for something else. Tests are compiled without that: the library has to meet them.
        BOOST_TEST((make_error_code(errc::descriptors_lost) == errc::descriptors_lost));
        BOOST_TEST(!unique_fd::duplicate(-1));
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    descriptor_limit(const descriptor_limit&) = delete;
    descriptor_limit& operator=(const descriptor_limit&) = delete;
    ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

}  // namespace parley::test
