// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "signal/signal_hub.hpp"

#include <parley/signal/signal_catalogue.hpp>

#include "core/syscall.hpp"
#include "signal/asio_signals.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

#include <sys/signalfd.h>
#include <unistd.h>

namespace parley::detail {
namespace {

using plain_handler = void (*)(int);
using info_handler = void (*)(int, siginfo_t*, void*);

// One signal of the process. Handlers read the atomics; everything else belongs to the holder of the lock, and does not
// change while `handlers` is 0, but for its first step to 1.
struct entry {
    std::atomic<subscription::node*> first_node{nullptr};
    // A handler that somebody had laid over Asio's, and we over that: at most one of the two. It is called after ours.
    std::atomic<plain_handler> plain{nullptr};
    std::atomic<info_handler> with_info{nullptr};

    std::atomic<std::size_t> handlers{0};  // subscriptions that need our handler
    struct ::sigaction laid_over {};       // what ours replaced
    bool asio_was_there = false;           // a signal_set waited for it then
    asio_signals::before counted_over{};   // what Asio knew of it then
};

constinit std::array<entry, NSIG> entries;
constinit std::mutex lock;
constinit std::atomic<pid_t> owner{0};          // the process whose subscriptions these are
constinit std::atomic<std::size_t> running{0};  // handlers that may look at a list just now

entry& entry_of(int number) noexcept { return entries[static_cast<std::size_t>(number)]; }

std::string name_of(int number) { return std::string(find_signal(number)->name); }

// Which parts of siginfo_t are set depends on how the signal was sent: the kernel's siginfo_layout().
signal_event make_event(int number, int code, pid_t pid, uid_t uid, int value, void* pointer) noexcept {
    signal_event event{.number = number, .code = code};
    const bool from_timer = code == SI_TIMER;
    const bool from_descriptor = code == SI_SIGIO || code == SI_ASYNCIO || code == SI_ASYNCNL;
    const bool carries_value = code < 0 && !from_descriptor;
    const bool of_child = number == SIGCHLD && code > 0 && code != SI_KERNEL;
    if (code == SI_USER || of_child || (carries_value && !from_timer)) {
        event.sender_pid = pid;
        event.sender_uid = uid;
    }
    if (carries_value) {
        event.value = value;
        event.pointer = pointer;
    }
    return event;
}

void give(const signal_event& event, const event_queue* quiet) noexcept {
    for (auto* node = entry_of(event.number).first_node.load(); node; node = node->next.load()) {
        node->queue->push(event);
        if (node->queue != quiet) node->queue->ring();
    }
}

void on_signal(int number, siginfo_t* info, void* context);

bool is_ours(const struct ::sigaction& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) && action.sa_sigaction == on_signal;
}

// What is to be in place of our handler. Asio's where a signal_set waits; the default where one did and does not any
// more, because Asio would have left that behind; else what ours was laid over.
struct ::sigaction action_after(const entry& here, bool signal_set_waits, const struct ::sigaction& of_asio) noexcept {
    if (signal_set_waits) {
        auto again = here.asio_was_there ? here.laid_over : of_asio;
        if (asio_signals::is_its_handler(again)) again.sa_flags |= of_asio.sa_flags;
        return again;
    }
    if (!here.asio_was_there) return here.laid_over;
    struct ::sigaction by_default {};
    by_default.sa_handler = SIG_DFL;
    return by_default;
}

// Async-signal-safe: atomics, getpid, and a write to an eventfd.
void on_signal(int number, siginfo_t* info, void* context) {
    const int saved = errno;
    // In a child that was forked and has not called exec, the queues are copies, but the descriptors are the parent's.
    if (::getpid() != owner.load(std::memory_order_relaxed)) return;
    const entry& here = entry_of(number);
    if (here.handlers.load() == 0) {
        // Nobody watches any more. Either this call began when somebody still did, or somebody had saved this handler
        // and has brought it back: then the one before takes its place.
        struct ::sigaction now {};
        sys::sigaction(number, nullptr, &now);
        if (is_ours(now)) {
            const auto next = action_after(here, asio_signals::count_now(number) > 0, asio_signals::plain_action());
            sys::sigaction(number, &next, nullptr);
        }
        sys::raise(number);
        errno = saved;
        return;
    }
    running.fetch_add(1);
    give(make_event(number, info->si_code, info->si_pid, info->si_uid, info->si_value.sival_int,
                    info->si_value.sival_ptr),
         nullptr);
    running.fetch_sub(1);
    // Not counted as running: a handler of somebody else's need not return.
    errno = saved;
    if (const auto next = here.plain.load(std::memory_order_relaxed))
        next(number);
    else if (const auto next_info = here.with_info.load(std::memory_order_relaxed))
        next_info(number, info, context);
    else if (asio_signals::count_now(number) > 1)
        asio_signals::deliver(number);  // only then: all signal_sets share one pipe, which others must not fill
    errno = saved;
}

// Returns when every handler that could have seen a node that is no longer listed has ended. A handler that interrupts
// this thread runs to its end and so is never waited for.
void wait_for_handlers() noexcept {
    using namespace std::chrono_literals;
    for (int round = 0; running.load() != 0; ++round) {
        if (round < 100)
            std::this_thread::yield();
        else
            std::this_thread::sleep_for(50us);
    }
}

void chain_to(entry& here, const struct ::sigaction& next) noexcept {
    const bool info = next.sa_flags & SA_SIGINFO;
    const bool plain = !info && next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN;
    const bool foreign = here.asio_was_there && !asio_signals::is_its_handler(next);
    here.with_info = foreign && info ? next.sa_sigaction : nullptr;
    here.plain = foreign && plain ? next.sa_handler : nullptr;
}

// In a forked child the lists hold what the parent's watchers were; the child starts with none.
void claim_process() noexcept {
    const pid_t self = ::getpid();
    if (owner.load() == self) return;
    asio_signals asio;
    for (int number = 1; number < NSIG; ++number) {
        entry& here = entry_of(number);
        if (here.handlers != 0) asio.uncount(number, here.counted_over);
        here.first_node = nullptr;
        here.handlers = 0;
    }
    running = 0;
    owner = self;
}

void check(const error_code& ec, int number, const char* call) {
    if (ec) throw boost::system::system_error(ec, "watch " + name_of(number) + ", " + call);
}

// The first lays our handler over what is there.
void install(int number) {
    entry& here = entry_of(number);
    if (here.handlers != 0) {
        ++here.handlers;
        return;
    }
    asio_signals asio;
    struct ::sigaction before {};
    check(sys::sigaction(number, nullptr, &before), number, "sigaction");
    here.counted_over = asio.count(number);
    here.handlers = 1;
    if (is_ours(before)) return;  // inherited by fork, with what it was laid over
    here.asio_was_there = asio.others(number) > 0;
    here.laid_over = before;
    chain_to(here, before);  // before the first signal can arrive
    struct ::sigaction ours {};
    ours.sa_sigaction = on_signal;
    ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    if (here.asio_was_there) ours.sa_flags |= before.sa_flags & (SA_NOCLDSTOP | SA_NOCLDWAIT);
    sigfillset(&ours.sa_mask);
    if (const auto ec = sys::sigaction(number, &ours, nullptr)) {
        here.handlers = 0;
        asio.uncount(number, here.counted_over);
        check(ec, number, "sigaction");
    }
}

// The reverse. What somebody else has installed over ours in the meantime stays.
void uninstall(int number) noexcept {
    entry& here = entry_of(number);
    if (here.handlers > 1) {
        --here.handlers;
        return;
    }
    asio_signals asio;
    struct ::sigaction now {};
    sys::sigaction(number, nullptr, &now);
    asio.uncount(number, here.counted_over);
    if (is_ours(now)) {
        const auto next = action_after(here, asio.all(number) > 0, asio.action(number));
        sys::sigaction(number, &next, nullptr);
    }
    here.handlers = 0;
}

// While dispositions change, this thread takes no signal: between two steps of Asio and ours it might meet the default
// action. Other threads are not stopped; for them the moment stays.
class quiet_thread {
public:
    quiet_thread() noexcept {
        sigset_t all;
        sigfillset(&all);
        quiet_ = !sys::thread_sigmask(SIG_SETMASK, &all, &earlier_);
    }
    quiet_thread(const quiet_thread&) = delete;
    quiet_thread& operator=(const quiet_thread&) = delete;
    ~quiet_thread() {
        if (quiet_) sys::thread_sigmask(SIG_SETMASK, &earlier_, nullptr);
    }

private:
    bool quiet_ = false;
    sigset_t earlier_{};
};

// Adds at the end: signals reach the queues in the order of their subscriptions.
void list(subscription::node& added) noexcept {
    auto* place = &entry_of(added.number).first_node;
    while (auto* node = place->load()) place = &node->next;
    place->store(&added);
}

void unlist(const subscription::node& removed) noexcept {
    auto* place = &entry_of(removed.number).first_node;
    while (auto* node = place->load()) {
        if (node == &removed) {
            place->store(node->next.load());
            return;
        }
        place = &node->next;
    }
}

signal_event make_event(const signalfd_siginfo& info) noexcept {
    return make_event(static_cast<int>(info.ssi_signo), info.ssi_code, static_cast<pid_t>(info.ssi_pid), info.ssi_uid,
                      info.ssi_int, reinterpret_cast<void*>(static_cast<std::uintptr_t>(info.ssi_ptr)));
}

}  // namespace

subscription::subscription(event_queue& queue, const signal_mask& signals, bool handlers_on)
    : numbers_(signals.to_vector()), nodes_(std::make_unique<node[]>(numbers_.size())) {
    const std::scoped_lock hold(lock);
    const quiet_thread quiet;
    claim_process();
    try {
        for (; listed_ < numbers_.size(); ++listed_) {
            node& mine = nodes_[listed_];
            mine.queue = &queue;
            mine.number = numbers_[listed_];
            list(mine);
        }
        if (handlers_on)
            for (; handled_ < numbers_.size(); ++handled_) install(numbers_[handled_]);
    } catch (...) {
        undo();
        throw;
    }
}

subscription::~subscription() {
    if (owner.load() != ::getpid()) return;  // a forked child: the lists and handlers are the parent's
    const std::scoped_lock hold(lock);
    const quiet_thread quiet;
    undo();
}

void subscription::undo() noexcept {
    while (handled_ > 0) uninstall(numbers_[--handled_]);
    while (listed_ > 0) unlist(nodes_[--listed_]);
    wait_for_handlers();
}

std::size_t distribute(int signalfd, std::size_t limit, const event_queue* quiet) noexcept {
    std::array<signalfd_siginfo, 64> batch;
    const std::scoped_lock hold(lock);
    const auto n = sys::read(signalfd, batch.data(), std::min(limit, batch.size()) * sizeof batch[0]);
    if (!n) return 0;
    const std::size_t count = *n / sizeof batch[0];
    for (std::size_t i = 0; i < count; ++i) give(make_event(batch[i]), quiet);
    return count;
}

std::optional<signal_event> take_one(int signalfd) noexcept {
    signalfd_siginfo info;
    const std::scoped_lock hold(lock);
    const auto n = sys::read(signalfd, &info, sizeof info);
    if (!n || *n != sizeof info) return std::nullopt;
    const auto event = make_event(info);
    give(event, nullptr);
    return event;
}

}  // namespace parley::detail
