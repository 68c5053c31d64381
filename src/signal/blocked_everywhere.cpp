// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "signal/blocked_everywhere.hpp"

#include "core/syscall.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

namespace parley::detail {
namespace {

enum class answer { yes, no, unsettled };

// "SigBlk:\t0000000000000a00" of /proc/<pid>/task/<tid>/status: bit n - 1 is signal n. proc_pid_status(5).
answer blocks(std::string_view status, const signal_mask& signals) {
    constexpr std::string_view key = "\nSigBlk:\t";
    // The C library lets no program block this one; it does so itself while a thread starts, before that thread has
    // its own mask.
    constexpr int signal_of_a_starting_thread = 33;
    const auto at = status.find(key);
    if (at == std::string_view::npos) return answer::no;
    const auto digits = status.substr(at + key.size());
    std::uint64_t bits = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16).ec != std::errc{}) return answer::no;
    const auto has = [&](int number) { return number <= 64 && (bits >> (number - 1) & 1); };
    for (const int number : signals.to_vector())
        if (!has(number)) return answer::no;
    return has(signal_of_a_starting_thread) ? answer::unsettled : answer::yes;
}

answer every_thread_blocks(const signal_mask& signals) {
    constexpr std::size_t largest_status = 64 * 1024;
    auto so_far = answer::no;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
        const auto status = sys::read_file((thread.path() / "status").c_str(), largest_status);
        if (!status) {
            const auto& ec = status.error();
            const bool ended =
                ec == boost::system::errc::no_such_file_or_directory || ec == boost::system::errc::no_such_process;
            if (ended) continue;
            return answer::no;
        }
        const auto here = blocks(*status, signals);
        if (here == answer::no) return here;
        if (so_far != answer::unsettled) so_far = here;
    }
    return so_far;
}

}  // namespace

bool blocked_everywhere(const signal_mask& signals) noexcept {
    const auto own = current_mask();
    if (!own || !(signals - *own).empty()) return false;  // the usual case costs one call
    try {
        constexpr int rounds = 100;  // a thread settles within microseconds of being scheduled; this may run on a loop
        for (int round = 0; round < rounds; ++round) {
            const auto now = every_thread_blocks(signals);
            if (now != answer::unsettled) return now == answer::yes;
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
    } catch (const std::exception&) {  // no /proc: a handler works everywhere
    }
    return false;
}

}  // namespace parley::detail
