// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What can go wrong beyond errno, and the error that says where: a code and a context.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/export.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/error_category.hpp>
#include <boost/system/result.hpp>

#include <iosfwd>
#include <string>
#include <type_traits>

namespace parley {

/// Errors of parley's own. Everything the kernel says stays an errno in `boost::system::system_category()`; end of
/// stream, abortion and time-outs are Asio's (`asio::error::eof`, `operation_aborted`, `timed_out`).
enum class errc {
    unknown_signal = 1,     ///< no signal of this name or number
    signal_not_catchable,   ///< SIGKILL and SIGSTOP cannot be caught, blocked or ignored
    signal_not_blocked,     ///< the operation needs a signal that is blocked in every thread
    signal_ignored,         ///< the signal was ignored when the program began, and stays so unless asked
    invalid_process,        ///< a pid of 0 or below where one process is meant
    invalid_argument,       ///< a value that cannot work; the context says which
    child_ignored,          ///< SIGCHLD is ignored (or SA_NOCLDWAIT set): the kernel would discard exit statuses
    threads_exist,          ///< this process has threads, and what is asked needs one that has none
    unknown_user,           ///< no user or group of this name
    program_not_found,      ///< no executable file of this name in PATH
    not_a_fifo,             ///< the path names something else than a FIFO
    limit_exceeded,         ///< more bytes than the caller allowed; the context or the operation says which limit
    not_a_child,            ///< the process is no child of this one, or was already waited for
    no_child,               ///< the object holds no child: never started, moved from, or detached
    not_piped,              ///< this standard stream of the child was not asked to be a pipe
    invalid_address,        ///< not an address; the context points at the place and says what was expected
    stage_failed,           ///< a coroutine stage of a pipeline threw something that is no system_error
    too_many_descriptors,   ///< more descriptors with one message than the kernel takes, or than are welcome
    descriptors_lost,       ///< descriptors that came with a message could not be taken, and all of them are closed
    unexpected_descriptor,  ///< a descriptor of another kind, or with other rights, than was expected
    invalid_frame,          ///< bytes that are no message in the framing that was agreed; the context says where
    truncated_frame,        ///< the stream has ended within a message
};

/// The category of `errc`, named "parley".
PARLEY_EXPORT const boost::system::error_category& parley_category() noexcept;

PARLEY_EXPORT error_code make_error_code(errc value) noexcept;

/// The text of the code.
PARLEY_EXPORT std::ostream& operator<<(std::ostream& out, errc value);

/// An error with the circumstances: what was tried, on which program, path, name or number.
///
/// A value: copies, compares, prints. Converts to its `error_code`, so it fits wherever one is wanted.
class PARLEY_EXPORT error {
public:
    error() = default;  // no error; boost::system::result asks for it
    error(error_code code) noexcept : code_(code) {}
    error(error_code code, std::string context);
    error(errc code) noexcept : code_(make_error_code(code)) {}
    error(errc code, std::string context);

    /// False where there is no error: `if (e.code())`.
    const error_code& code() const noexcept { return code_; }
    const std::string& context() const noexcept { return context_; }

    /// "context: text of the code", the line to show a person: control characters in it are shown as `\\xNN`.
    std::string message() const;

    operator const error_code&() const noexcept { return code_; }

    friend bool operator==(const error&, const error&) = default;
    PARLEY_EXPORT friend std::ostream& operator<<(std::ostream& out, const error& e);

private:
    error_code code_;
    std::string context_;
};

/// What a synchronous function that can fail returns. `value()` throws `boost::system::system_error` whose `what()`
/// begins with the context; `error()` is the `parley::error`.
template <typename T>
using result = boost::system::result<T, error>;

/// Found by `boost::system::result::value()`: the exception keeps code and context.
[[noreturn]] PARLEY_EXPORT void throw_exception_from_error(const error& e, const boost::source_location& where);

}  // namespace parley

template <>
struct boost::system::is_error_code_enum<parley::errc> : std::true_type {};
