// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a loop that polls looks for by itself, without asking the reactor: a system call less for each thing that comes.
#pragma once

#include <parley/core/asio.hpp>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

namespace parley::detail {

enum class looked : unsigned char {
    not_yet,
    in_vain,  ///< nobody waits for it any more
    come,     ///< and who waited for it was told
};

/// Something that somebody waits for. Destroyed, like an operation of the reactor, when its context is.
class awaited {
public:
    awaited() = default;
    awaited(const awaited&) = delete;
    awaited& operator=(const awaited&) = delete;
    virtual ~awaited() = default;

    /// Looks for it once. Runs the handler of who waits, from the loop.
    virtual looked look() = 0;
    /// Leaves it to the reactor. Runs no handler.
    virtual void leave() = 0;
};

/// Those that a loop looks for while it polls. A few: looking costs a system call for each. All others, and these
/// before the loop blocks, are the reactor's. The loop's thread only.
class polling final : public asio::execution_context::service {
public:
    static asio::execution_context::id id;

    explicit polling(asio::execution_context& context);

    /// That of the loop behind `io`; null where none polls, or something stands between (a strand).
    static polling* of(const executor& io);

    /// The loop of this thread runs, from here to the end of this object.
    class running {
    public:
        explicit running(polling& loop) noexcept : loop_(loop), before_(std::exchange(here, &loop)) {}
        running(const running&) = delete;
        running& operator=(const running&) = delete;
        ~running() {
            loop_.activate(false);
            here = before_;
        }

    private:
        polling& loop_;
        polling* before_;
    };

    /// Whether it polls now. Where it does not, all are the reactor's.
    void activate(bool now);

    /// Never so for another thread than that of the loop.
    bool has_room() const noexcept { return here == this && active_ && count_ != all_.size(); }
    /// Where there is room.
    void add(std::unique_ptr<awaited> one);
    bool empty() const noexcept { return count_ == 0; }

    /// Looks for all of them once; gives how many have come. What a handler throws comes out; the others stay.
    std::size_t look();
    /// Leaves all of them to the reactor.
    void leave();

private:
    using work = asio::executor_work_guard<asio::io_context::executor_type>;
    static constexpr std::size_t most = 8;
    static constexpr unsigned patience = 1024;  // looks in vain, then it is the reactor's

    struct place {
        std::unique_ptr<awaited> one{};
        unsigned looks = 0;
    };

    static thread_local polling* here;

    void shutdown() override;
    void put(place p) noexcept;
    void settle() noexcept {
        if (count_ == 0) work_.reset();
    }

    asio::io_context& context_;
    std::array<place, most> all_{};
    std::size_t count_ = 0;
    bool active_ = false;
    std::optional<work> work_{};  // while there are any: the loop has something to do
};

}  // namespace parley::detail
