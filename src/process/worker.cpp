// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/log.hpp>
#include <parley/signal/signal_watcher.hpp>

#include "core/operation.hpp"
#include "core/syscall.hpp"
#include "core/visible.hpp"
#include "process/worker_process.hpp"

#include <spdlog/logger.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <cstdio>
#include <exception>

#include <unistd.h>

namespace parley {

struct worker::state {
    explicit state(asio::io_context& io) : connections(io) {}
    asio::posix::stream_descriptor connections;
};

worker::worker(unsigned index, unique_fd connections) : state_(std::make_unique<state>(context_)), index_(index) {
    if (!connections) return;
    state_->connections.assign(connections.get());
    (void)connections.release();
}

worker::~worker() = default;

namespace {

task<unique_fd> next_connection(asio::posix::stream_descriptor& from) {
    for (;;) {
        auto received = sys::receive_descriptor(from.native_handle());
        if (received && *received) co_return std::move(*received);
        if (received) throw boost::system::system_error(asio::error::eof);
        if (received.error().value() != EAGAIN) throw boost::system::system_error(received.error());
        co_await from.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    }
}

// Cancels the worker's coroutine at the first signal; a second SIGTERM does not wait for it.
class end_on_signal {
public:
    // By a handler: they are blocked until this is made, and let through then.
    explicit end_on_signal(asio::io_context& io)
        : signals_(io.get_executor(), {SIGTERM, SIGINT}, {.by_handler = true}) {
        wait();
    }
    asio::cancellation_slot slot() noexcept { return cancel_.slot(); }
    bool asked() const noexcept { return asked_; }

private:
    void wait() {
        signals_.async_wait([this](error_code ec, const signal_event& event) {
            if (ec) return;
            if (asked_ && event.number == SIGTERM) ::_exit(128 + SIGTERM);
            asked_ = true;
            wait();
            cancel_.emit(asio::cancellation_type::all);
        });
    }

    signal_watcher signals_;
    asio::cancellation_signal cancel_;
    bool asked_ = false;
};

int code_of_worker(const std::exception_ptr& failure, bool asked, unsigned index) {
    constexpr int ex_software = 70;  // sysexits.h
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& e) {
        if (asked && e.code() == asio::error::operation_aborted) return 0;
        logger()->error("parley: worker {}: {}", index, detail::visible(e.what()));
    } catch (const std::exception& e) {
        logger()->error("parley: worker {}: {}", index, detail::visible(e.what()));
    } catch (...) {
        logger()->error("parley: worker {}: an exception that is no std::exception", index);
    }
    return ex_software;
}

int run(const std::function<task<int>(worker&)>& work, unsigned index, unique_fd connections, const sigset_t& mask) {
    worker self(index, std::move(connections));
    end_on_signal signals(self.context());
    sys::thread_sigmask(SIG_SETMASK, &mask, nullptr);
    int code = 0;
    asio::co_spawn(self.context(), detail::accept_every_cancellation(work(self)),
                   asio::bind_cancellation_slot(signals.slot(), [&](std::exception_ptr failure, int returned) {
                       code = failure ? code_of_worker(failure, signals.asked(), index) : returned;
                       self.context().stop();
                   }));
    self.context().run();
    return code;
}

}  // namespace

void worker::start_connection(completion_handler<void(error_code, unique_fd)> handler) {
    if (!state_->connections.is_open()) {
        post_completion(get_executor(), std::move(handler), error_code(asio::error::eof), unique_fd{});
        return;
    }
    run_operation(get_executor(), std::move(handler), next_connection(state_->connections));
}

void run_worker(const std::function<task<int>(worker&)>& work, unsigned index, unique_fd connections, pid_t parent,
                const sigset_t& mask, int parents_signals) noexcept {
    sys::close(parents_signals);
    if (sys::die_with(parent)) ::_exit(1);
    const int code = run(work, index, std::move(connections), mask);
    std::fflush(nullptr);
    ::_exit(code);
}

}  // namespace parley
