// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/spawner_thread.hpp"

#include "process/masked_thread.hpp"

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>

#include <unistd.h>

namespace parley {
namespace {

using outcome = std::variant<launched, launch_failure>;

class spawner {
public:
    spawner() {
        start_masked_thread([this] { serve(); });
    }

    /// The process that the thread is in; after a fork there is none.
    pid_t owner() const noexcept { return owner_; }

    outcome run(const launch_plan& plan) {
        const std::lock_guard one_at_a_time(turn_);
        std::unique_lock lock(mutex_);
        asked_ = &plan;
        changed_.notify_all();
        changed_.wait(lock, [this] { return answer_.has_value(); });
        outcome answer = std::move(*answer_);
        answer_.reset();
        return answer;
    }

private:
    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return asked_ != nullptr; });
            answer_.emplace(launch(*std::exchange(asked_, nullptr)));
            changed_.notify_all();
        }
    }

    const pid_t owner_ = ::getpid();
    std::mutex turn_;
    std::mutex mutex_;
    std::condition_variable changed_;
    const launch_plan* asked_ = nullptr;
    std::optional<outcome> answer_;
};

}  // namespace

outcome launch_from_lasting_thread(const launch_plan& plan) noexcept {
    // Never destroyed: its thread may outlive main. A forked child makes its own.
    static std::atomic<spawner*> current{nullptr};
    static std::mutex making;
    try {
        spawner* found = current.load();
        if (found == nullptr || found->owner() != ::getpid()) {
            const std::lock_guard lock(making);
            found = current.load();
            if (found == nullptr || found->owner() != ::getpid()) current.store(found = new spawner);
        }
        return found->run(plan);
    } catch (const std::system_error&) {
        return launch_failure{spawn_step::clone, EAGAIN};
    } catch (...) {
        return launch_failure{spawn_step::clone, ENOMEM};
    }
}

}  // namespace parley
