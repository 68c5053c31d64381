// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/fault.hpp>

#include <boost/asio/error.hpp>

#include <sstream>
#include <utility>

namespace parley::rpc {
namespace {

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "parley.rpc"; }
    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::remote_fault:
                return "the other side failed";
            case errc::unknown_method:
                return "the other side has no such method";
            case errc::invalid_params:
                return "the other side does not take these arguments";
            case errc::invalid_request:
                return "the other side did not understand the request";
            case errc::invalid_reply:
                return "the reply is not what was asked for";
            case errc::busy:
                return "the other side has too much to do";
            case errc::cancelled:
                return "the call was cancelled on the other side";
            case errc::too_many_calls:
                return "too many calls wait for an answer";
            case errc::disconnected:
                return "the connection has ended";
            case errc::not_carried:
                return "the protocol cannot carry this";
        }
        return "unknown error " + std::to_string(value);
    }
};

errc meaning_of(const fault& f) noexcept {
    switch (f.number()) {
        case fault_code::parse_error:
        case fault_code::invalid_request:
            return errc::invalid_request;
        case fault_code::method_not_found:
            return errc::unknown_method;
        case fault_code::invalid_params:
            return errc::invalid_params;
        case fault_code::busy:
            return errc::busy;
        case fault_code::request_cancelled:
            return errc::cancelled;
        default:
            return errc::remote_fault;
    }
}

std::string in_front(const std::string& method, const std::string& text) {
    return text.empty() ? method : method.empty() ? text : method + ": " + text;
}

// A text that says what has happened stands for that of these codes; beside others it says on what.
std::string text_for(const error_code& code, const std::string& text) {
    const bool says_all = code == make_error_code(errc::disconnected) || code == asio::error::timed_out ||
                          code == asio::error::bad_descriptor;
    return says_all && !text.empty() ? text : in_front(text, code.message());
}

}  // namespace

const boost::system::error_category& rpc_category() noexcept {
    static const category instance;
    return instance;
}

error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), rpc_category()}; }

fault::fault(std::int64_t number, std::string message) : fault(number, std::move(message), value()) {}
fault::fault(std::int64_t number, std::string message, value data)
    : number_(number), message_(std::move(message)), data_(std::move(data)) {}
fault::~fault() = default;

std::string fault::describe() const {
    std::ostringstream out;
    out << message_;
    if (const auto* text = data_.text())
        out << (message_.empty() ? "" : ": ") << *text;
    else if (!data_.is_null())
        out << (message_.empty() ? "" : ": ") << data_;
    if (number_ != 0) out << " (" << number_ << ')';
    return out.str();
}

call_error::call_error() : system_error(error_code()) {}
call_error::call_error(error_code code, const std::string& method) : call_error(code, method, std::string()) {}
call_error::call_error(error_code code, const std::string& method, const std::string& text)
    : system_error(code), text_(in_front(method, text_for(code, text))) {}
call_error::call_error(rpc::fault f, const std::string& method)
    : system_error(make_error_code(meaning_of(f))), text_(in_front(method, f.describe())), fault_(std::move(f)) {}
call_error::~call_error() = default;

void throw_exception_from_error(const call_error& e, const boost::source_location&) { throw e; }

}  // namespace parley::rpc
