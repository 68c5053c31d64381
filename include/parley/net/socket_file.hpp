// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The name of a UNIX socket in the file system, and whose it is to remove.
#pragma once

#include <parley/core/export.hpp>

#include <string>

#include <sys/types.h>

namespace parley {

/// The file at whose path a UNIX socket is bound. Removes it at the end of its life, if it is still the one that was
/// bound: not what somebody has put in its place, and not in a process that was forked.
///
/// Move-only. One thread at a time. A file that is removed while the socket is still open leaves no moment in which
/// another server could take it for a stale one.
class PARLEY_EXPORT socket_file {
public:
    socket_file() noexcept = default;
    /// The file that is at `path` now. A relative path counts from the working directory of now, for ever.
    explicit socket_file(const std::string& path);
    socket_file(socket_file&& other) noexcept;
    socket_file& operator=(socket_file&& other) noexcept;
    ~socket_file() { remove(); }

    /// Absolute; empty when there is none.
    const std::string& path() const noexcept { return path_; }
    bool is_still_ours() const noexcept;

    /// Removes it now, if it is still ours.
    void remove() noexcept;
    /// Leaves it where it is.
    void release() noexcept { path_.clear(); }

private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    pid_t owner_ = 0;
};

}  // namespace parley
