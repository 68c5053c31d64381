// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/error.hpp>

#include "core/visible.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <ostream>

namespace parley {
namespace {

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "parley"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::unknown_signal:
                return "no such signal";
            case errc::signal_not_catchable:
                return "this signal cannot be caught, blocked or ignored";
            case errc::signal_not_blocked:
                return "the signal must be blocked in every thread";
            case errc::signal_ignored:
                return "the signal was ignored when the program began";
            case errc::invalid_process:
                return "not the pid of one process";
            case errc::invalid_argument:
                return "invalid argument";
            case errc::child_ignored:
                return "SIGCHLD is ignored, the kernel would discard exit statuses";
            case errc::threads_exist:
                return "this process has threads";
            case errc::unknown_user:
                return "no such user";
            case errc::program_not_found:
                return "program not found";
            case errc::not_a_fifo:
                return "not a FIFO";
            case errc::limit_exceeded:
                return "limit exceeded";
            case errc::not_a_child:
                return "not a child of this process";
            case errc::no_child:
                return "no child";
            case errc::not_piped:
                return "this standard stream is not a pipe";
            case errc::invalid_address:
                return "invalid address";
            case errc::stage_failed:
                return "the coroutine of a stage threw an exception";
            case errc::too_many_descriptors:
                return "too many descriptors with one message";
            case errc::descriptors_lost:
                return "descriptors of a message were lost";
            case errc::unexpected_descriptor:
                return "not the descriptor that was expected";
            case errc::invalid_frame:
                return "not a message in this framing";
            case errc::truncated_frame:
                return "the stream ended within a message";
        }
        return "unknown parley error";
    }

    boost::system::error_condition default_error_condition(int value) const noexcept override {
        namespace generic = boost::system::errc;
        switch (static_cast<errc>(value)) {
            case errc::unknown_signal:
            case errc::signal_not_catchable:
            case errc::invalid_process:
            case errc::invalid_argument:
            case errc::unknown_user:
            case errc::invalid_address:
                return make_error_condition(generic::invalid_argument);
            case errc::program_not_found:
                return make_error_condition(generic::no_such_file_or_directory);
            case errc::limit_exceeded:
                return make_error_condition(generic::message_size);
            case errc::no_child:
            case errc::not_a_child:
                return make_error_condition(generic::no_child_process);
            default:
                return {value, *this};
        }
    }
};

}  // namespace

const boost::system::error_category& parley_category() noexcept {
    static const category instance;
    return instance;
}

error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), parley_category()}; }

std::ostream& operator<<(std::ostream& out, errc value) {
    return out << parley_category().message(static_cast<int>(value));
}

error::error(error_code code, std::string context) : code_(code), context_(std::move(context)) {}
error::error(errc code, std::string context) : error(make_error_code(code), std::move(context)) {}

std::string error::message() const {
    return detail::visible(context_.empty() ? code_.message() : context_ + ": " + code_.message());
}

std::ostream& operator<<(std::ostream& out, const error& e) { return out << e.message(); }

void throw_exception_from_error(const error& e, const boost::source_location& where) {
    boost::throw_exception(boost::system::system_error(e.code(), detail::visible(e.context())), where);
}

}  // namespace parley
