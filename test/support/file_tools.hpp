// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Files as a test looks at them.
#pragma once

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>

#include <sys/stat.h>

namespace parley::test {

inline std::string content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Device and number of the file behind a descriptor.
inline std::string inode(int fd) {
    struct stat st {};
    ::fstat(fd, &st);
    return std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino);
}

/// Of what is at the path itself, without its kind.
inline mode_t mode_of(const std::string& path) {
    struct ::stat st {};
    BOOST_TEST_REQUIRE(::lstat(path.c_str(), &st) == 0);
    return st.st_mode & 07777;
}

inline bool exists(const std::string& path) {
    struct ::stat st {};
    return ::lstat(path.c_str(), &st) == 0;
}

class scoped_umask {
public:
    explicit scoped_umask(mode_t mask) : earlier_(::umask(mask)) {}
    scoped_umask(const scoped_umask&) = delete;
    scoped_umask& operator=(const scoped_umask&) = delete;
    ~scoped_umask() { ::umask(earlier_); }

private:
    mode_t earlier_;
};

}  // namespace parley::test
