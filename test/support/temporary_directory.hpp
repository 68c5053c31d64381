// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A directory of a test's own, gone at the end with all that is in it.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace parley::test {

class temporary_directory {
public:
    temporary_directory() : path_((std::filesystem::temp_directory_path() / "parley-test-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::system_category(), "mkdtemp");
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const noexcept { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace parley::test
