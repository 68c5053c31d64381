// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a descriptor is that somebody else has sent, before anything is done with it.
#pragma once

#include <parley/core/error.hpp>
#include <parley/core/export.hpp>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace parley {

enum class descriptor_kind : std::uint8_t {
    regular_file,      ///< of a file system, or a memfd
    kernel_file,       ///< of /proc: the kernel makes it up while it is read
    directory,         ///<
    pipe,              ///< or FIFO
    socket,            ///<
    character_device,  ///< terminals are such
    block_device,      ///<
    symbolic_link,     ///< by O_PATH
    event,             ///< eventfd, epoll, pidfd, timerfd and other files without a name
};

PARLEY_EXPORT std::string_view to_string(descriptor_kind kind) noexcept;
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, descriptor_kind kind);

/// An open file as this process sees it.
struct descriptor_facts {
    descriptor_kind kind{};
    bool readable = false;
    bool writable = false;
    bool path_only = false;  ///< O_PATH: it can be neither read nor written, but opened anew
    bool append = false;     ///< writes go to the end, wherever the position is
    bool blocking = false;   ///< O_NONBLOCK is not set
    std::uint64_t size = 0;  ///< bytes of a regular file; it may take up none of them (sparse)
    /// Of a memfd and its like: F_SEAL_SHRINK and others of fcntl(2). A file that is not sealed can change at any time,
    /// and one that shrinks is SIGBUS for whoever has it mapped.
    std::optional<unsigned> seals{};
};

/// What `fd` is. Reads nothing from it, changes nothing, waits for nobody: what is known of a file on a network or in
/// user space (FUSE) is what the kernel remembers.
///
/// Errors: `bad_descriptor`. Any thread. Source: statx(2), fcntl(2).
[[nodiscard]] PARLEY_EXPORT result<descriptor_facts> describe_descriptor(int fd);

/// What a descriptor shall be.
struct expected_descriptor {
    descriptor_kind kind = descriptor_kind::regular_file;
    bool readable = false;
    bool writable = false;
    /// Of a regular file.
    std::optional<std::uint64_t> most_bytes{};
    /// These must be there, as of fcntl(2).
    unsigned seals = 0;
};

/// Whether `fd` is what was expected; rights beyond that are welcome.
///
/// A FIFO in the place of a file blocks whoever reads it; a descriptor by O_PATH or without the right cannot be used;
/// a sparse file may claim any size. This says so before. It does not say that a later read is quick: a file on a
/// network or in user space takes as long as its server likes, and `O_NONBLOCK` means nothing to files. That flag, and
/// the position, belong to the open file, which the sender shares: setting the flag changes it for the sender, too, and
/// the sender can set it back at any time. Use pread(2), and for pipes and sockets calls that do not rely on the flag.
///
/// Errors: `errc::unexpected_descriptor`, with what it is and what it should be; `bad_descriptor`. Any thread.
[[nodiscard]] PARLEY_EXPORT result<void> check_descriptor(int fd, const expected_descriptor& expected);

}  // namespace parley
