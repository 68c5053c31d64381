// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Programs and coroutines in a row, each of which reads what the one before it writes.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/export.hpp>
#include <parley/core/timer.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/command.hpp>
#include <parley/process/exit_report.hpp>
#include <parley/process/exit_status.hpp>
#include <parley/process/run.hpp>

#include <boost/asio/readable_pipe.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <sys/types.h>

namespace parley {

/// What can stand in a pipeline in the place of a program: `task<void>(asio::readable_pipe& from, pipe_writer& to)`.
template <typename F>
concept stage_body =
    std::is_invocable_r_v<task<void>, const F&, asio::readable_pipe&, pipe_writer&> && std::copy_constructible<F>;

/// A coroutine in the place of a program: reads `from` to its end, writes `to`, and returns. Copies share the callable.
///
/// Both ends are closed when the coroutine has ended, however it did; it may close them before. What it reads ends with
/// `asio::error::eof`. When the next stage does not read any more, a write is `broken_pipe`; a coroutine that lets this
/// exception through counts as killed by SIGPIPE, as a program would be. Any other exception ends the whole pipeline.
class coroutine_stage {
public:
    template <stage_body F>
    coroutine_stage(std::string name, F body)
        : name_(std::move(name)), body_(std::make_shared<const function>(std::move(body))) {}

    const std::string& name() const noexcept { return name_; }
    /// Throws system_error, `errc::invalid_argument`, where this was moved from.
    task<void> run(asio::readable_pipe& from, pipe_writer& to) const {
        if (!body_)
            throw boost::system::system_error(make_error_code(errc::invalid_argument),
                                              "coroutine stage without a body");
        return (*body_)(from, to);
    }

    /// Of one name and copies of one another.
    friend bool operator==(const coroutine_stage&, const coroutine_stage&) = default;

private:
    using function = std::function<task<void>(asio::readable_pipe&, pipe_writer&)>;

    std::string name_;
    std::shared_ptr<const function> body_;
};

/// A coroutine stage; the name is for people.
template <stage_body F>
coroutine_stage stage(std::string name, F body) {
    return {std::move(name), std::move(body)};
}
template <stage_body F>
coroutine_stage stage(F body) {
    return {"coroutine", std::move(body)};
}

using pipeline_stage = std::variant<command, coroutine_stage>;

/// `command | command | command`: a value that can be built, compared, copied and printed before anything is started. A
/// callable that `stage` would take can stand between commands as it is.
///
///     const auto all = command{.program = "/bin/ls"} | command{.program = "/usr/bin/wc", .arguments = {"-l"}};
class PARLEY_EXPORT pipeline {
public:
    /// No stage.
    pipeline() = default;
    pipeline(command first);
    pipeline(coroutine_stage first);
    template <stage_body F>
    pipeline(F first) : pipeline(stage(std::move(first))) {}

    const std::vector<pipeline_stage>& stages() const noexcept { return stages_; }

    /// Adds the stages of `next` at the end.
    pipeline& operator|=(const pipeline& next);

    friend bool operator==(const pipeline&, const pipeline&) = default;

private:
    std::vector<pipeline_stage> stages_;
};

PARLEY_EXPORT pipeline operator|(pipeline left, const pipeline& right);

/// The pipeline as a line that sh(1) accepts, as far as `to_shell(command)` does. A coroutine stage has no word in a
/// shell: it is its name in brackets.
PARLEY_EXPORT std::string to_shell(const pipeline& p);
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, const pipeline& p);

/// Which stages decide whether a pipeline has succeeded.
enum class pipeline_rule : unsigned char {
    pipefail,    ///< all: its status is that of the last stage that failed, as with `set -o pipefail` in bash
    last_stage,  ///< the last alone, as in sh
};

struct pipeline_options {
    /// Written to the first stage, which then sees the end of its input. A stage that does not read it all is no error.
    std::string input{};
    /// The most bytes kept of the last stage's standard output, and of each stage's standard error.
    std::size_t output_limit = std::size_t{16} << 20;
    std::size_t error_limit = std::size_t{1} << 20;
    capture_overflow on_overflow = capture_overflow::fail;
    /// Whether to capture the standard error of commands that leave it at `stdio::inherit()`. No: it is the parent's.
    bool capture_errors = true;
    /// How long the whole may take; then it is stopped and the call ends with `asio::error::timed_out`. None: as long
    /// as it takes.
    std::optional<saturated<std::chrono::milliseconds>> timeout{};
    /// How long to go on reading after all stages have ended, while a descendant of one keeps a pipe open. After an
    /// error 250 ms at most.
    saturated<std::chrono::milliseconds> drain_grace{250};

    pipeline_rule rule = pipeline_rule::pipefail;
    /// Whether a stage that was killed by SIGPIPE, because a later one ended early, counts as successful. In
    /// `yes | head -n 1` head ends after a line and yes is killed when it writes the next.
    bool forgive_sigpipe = false;
    /// Puts all programs into one process group of their own, with the first as its leader; those that ask for a group
    /// or session themselves stay out of it. Needs that nothing else in this process waits for the first meanwhile.
    bool own_group = false;
    /// Called once, on the executor, when all programs run: with the number of their group (0 without `own_group`), for
    /// `send_signal_to_group`. The number is theirs while one of them runs. What it throws ends the pipeline.
    std::function<void(pid_t group)> started{};
};

/// How one stage ended.
struct stage_result {
    /// A coroutine that returned has "exited with 0"; one that found no reader was "killed by SIGPIPE". Unknown: it was
    /// not started, or was interrupted.
    exit_status status{};
    std::string err{};
    bool err_truncated = false;  ///< more came than the limit
    /// Why the stage could not be started, what its coroutine threw, or which of its streams ended the whole ("stage 2:
    /// /bin/sh: standard error"), with the number of the stage; else no error.
    error failure{};
    /// What its coroutine threw.
    std::exception_ptr exception{};
    /// All else that is known of the end; of a coroutine the name, the status and the run time.
    exit_report report{};
};

/// How the stages ended and what came out at the end.
struct PARLEY_EXPORT pipeline_result {
    std::vector<stage_result> stages{};  ///< one for each, in order
    std::string out{};
    bool out_truncated = false;  ///< more came than the limit
    /// The streams ended by themselves. False: all stages have ended, but a descendant held a pipe open past the grace.
    bool drained = true;
    pipeline_rule rule = pipeline_rule::pipefail;  ///< as in the options
    bool forgive_sigpipe = false;                  ///< as in the options

    /// By the rule: exited with 0 when all that decide succeeded, else the status of the last that did not.
    exit_status status() const noexcept;
    bool success() const noexcept { return status().success(); }
};

namespace detail {
PARLEY_EXPORT void start_pipeline(const executor& io, pipeline what, pipeline_options options,
                                  completion_handler<void(error_code, pipeline_result)> handler);
}

/// Runs all stages of `what` side by side until every one has ended.
///
/// Between two programs is a pipe of theirs alone, which blocks as programs expect: the kernel moves the bytes, and
/// this process holds neither end once both have started. (`stdio::pipe(capacity)` or `stdio::socket_pair()` as the
/// `out` of the left or the `in` of the right says what is between them.) The first stage reads `options.input`, the
/// output of the last is captured, both unless the command leads them elsewhere, for example to a file. As in a shell,
/// a stage between others may lead its streams elsewhere, too: then the other side of the pipe has nobody to talk to.
///
/// Completion: `void(error_code, pipeline_result)`. Programs that end with a code or by a signal are a result, not an
/// error, whatever the rule makes of them. Errors: that of the first stage that could not be started (as `spawn`; then
/// none of the coroutines is); `errc::limit_exceeded`; `timed_out`; the code of the system_error that a coroutine stage
/// threw, `errc::stage_failed` for another exception, which is in the result; `errc::invalid_argument` for no stage,
/// for a stream that is a pseudo-terminal, and for an input that the first command does not read; read(2) and write(2).
/// With an error the result holds what was captured until then (take it with `as_tuple`). The first failure is the
/// cause, and the `failure` of its stage names it; what it cancels is not told.
///
/// After an error all programs are stopped by their commands' policies, the last first, so that none takes the death of
/// the one before it for the end of the data; then coroutines get a cancellation (terminal) and the input ends. The
/// call completes when all programs are reaped and all coroutines have ended. Cancellation: all types, likewise, and
/// `operation_aborted` is reported. Any number may run at once. Threads: everything happens on `io`, which must not run
/// its handlers in parallel (a strand or a loop of one thread). Descriptors: one for each program, one more where its
/// standard error is captured, two for each coroutine.
///
/// GCC 12 destroys a braces-made temporary twice when it stands in a `co_await` expression (fixed in GCC 13); there,
/// name the pipeline and the options first: passing them as temporaries does not compile. A single command or coroutine
/// is not taken for a pipeline unasked: write `pipeline(...)`. Source: pipe(7), bash(1).
template <std::same_as<pipeline> Pipeline, typename CompletionToken = asio::deferred_t>
auto async_run(const executor& io, const Pipeline& what, const pipeline_options& options,
               CompletionToken&& token = {}) {
    return async_start<void(error_code, pipeline_result)>(
        std::forward<CompletionToken>(token), [io, what = pipeline(what), options = pipeline_options(options)](
                                                  completion_handler<void(error_code, pipeline_result)> h) mutable {
            detail::start_pipeline(io, std::move(what), std::move(options), std::move(h));
        });
}

/// The same with the default options.
template <std::same_as<pipeline> Pipeline, typename CompletionToken = asio::deferred_t>
    requires(!std::convertible_to<CompletionToken, pipeline_options>)
auto async_run(const executor& io, const Pipeline& what, CompletionToken&& token = {}) {
    return async_start<void(error_code, pipeline_result)>(
        std::forward<CompletionToken>(token),
        [io, what = pipeline(what)](completion_handler<void(error_code, pipeline_result)> h) mutable {
            detail::start_pipeline(io, std::move(what), {}, std::move(h));
        });
}

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <std::same_as<pipeline> Pipeline, typename... Rest>
void async_run(const executor& io, Pipeline&& what, Rest&&... rest) = delete;
template <std::same_as<pipeline> Pipeline, typename... Rest>
void async_run(const executor& io, const Pipeline& what, pipeline_options&& options, Rest&&... rest) = delete;
#endif

}  // namespace parley
