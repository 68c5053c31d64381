// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What can go wrong with a call, on this side and on the other one.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/value.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>

namespace parley::rpc {

/// Why a call failed, beyond what the connection says (`asio::error::timed_out`, `operation_aborted`, an errno).
enum class errc {
    remote_fault = 1,  ///< the handler of the other side failed: `call_error::fault` says how
    unknown_method,    ///< the other side has no such method
    invalid_params,    ///< it does not take these arguments; the text says which
    invalid_request,   ///< it did not understand the request
    invalid_reply,     ///< what came is no answer, or not of the type that was asked for; the text says where
    busy,              ///< it has too much to do
    cancelled,         ///< it says that the call was cancelled
    too_many_calls,    ///< more calls wait for an answer than `connection_options::calls_waiting`
    disconnected,      ///< the connection ended before the answer came, so it is not known what became of the call; or
                       ///< before the call was made. The text says how
    not_carried,       ///< the protocol cannot carry this, such as arguments by place in varlink
};

/// The category of `rpc::errc`, named "parley.rpc".
PARLEY_RPC_EXPORT const boost::system::error_category& rpc_category() noexcept;
PARLEY_RPC_EXPORT error_code make_error_code(errc value) noexcept;

/// Numbers of faults, those of JSON-RPC 2.0 and of the Language Server Protocol. The other protocols are given what
/// they have for them. Applications number theirs outside -32768 to -32000.
namespace fault_code {
inline constexpr std::int64_t parse_error = -32700;
inline constexpr std::int64_t invalid_request = -32600;
inline constexpr std::int64_t method_not_found = -32601;
inline constexpr std::int64_t invalid_params = -32602;
inline constexpr std::int64_t internal_error = -32603;
inline constexpr std::int64_t busy = -32000;
inline constexpr std::int64_t request_cancelled = -32800;
}  // namespace fault_code

/// What a handler throws to fail with a number, a text and data of its choice: the caller gets them as they are, as far
/// as the protocol has room for them. In varlink `message` is the error's name ("org.example.NotFound"), `data` its
/// parameters.
class PARLEY_RPC_EXPORT fault : public std::exception {
public:
    explicit fault(std::int64_t number, std::string message);
    explicit fault(std::int64_t number, std::string message, value data);
    fault(const fault&) = default;
    fault& operator=(const fault&) = default;
    ~fault() override;

    std::int64_t number() const noexcept { return number_; }
    const std::string& message() const noexcept { return message_; }
    const value& data() const noexcept { return data_; }
    /// The message.
    const char* what() const noexcept override { return message_.c_str(); }
    /// "message: data (number)"
    std::string describe() const;

private:
    std::int64_t number_;
    std::string message_;
    value data_;
};

/// What a call that failed throws where it is awaited. `what()` names the method and says what was wrong.
class PARLEY_RPC_EXPORT call_error : public boost::system::system_error {
public:
    /// No error; `outcome` asks for it.
    call_error();
    call_error(error_code code, const std::string& method);
    call_error(error_code code, const std::string& method, const std::string& text);
    /// The other side has answered with `f`.
    call_error(rpc::fault f, const std::string& method);
    call_error(const call_error&) = default;
    call_error& operator=(const call_error&) = default;
    ~call_error() override;

    /// What the other side has answered; nothing where the failure was on this side, or under way.
    const std::optional<rpc::fault>& fault() const noexcept { return fault_; }

    /// "add: Invalid params: params[1]: an integer was expected, not \"x\" (-32602)"
    const char* what() const noexcept override { return text_.c_str(); }

private:
    std::string text_{};
    std::optional<rpc::fault> fault_;
};

/// The result of a call for which a failure is a value and no exception: `async_call<outcome<int>>(…)`. `value()`
/// throws the `call_error`.
template <typename T>
using outcome = boost::system::result<T, call_error>;

/// Found by `boost::system::result::value()`.
[[noreturn]] PARLEY_RPC_EXPORT void throw_exception_from_error(const call_error& e,
                                                               const boost::source_location& where);

namespace detail {

template <typename R>
inline constexpr bool is_outcome = false;
template <typename T>
inline constexpr bool is_outcome<outcome<T>> = true;

}  // namespace detail
}  // namespace parley::rpc

template <>
struct boost::system::is_error_code_enum<parley::rpc::errc> : std::true_type {};
