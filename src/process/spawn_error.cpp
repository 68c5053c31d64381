// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/spawn_error.hpp"

#include <parley/process/spawn.hpp>
#include <parley/signal/signal_name.hpp>

#include "core/syscall.hpp"

#include <boost/system/errc.hpp>

#include <cstdio>
#include <ostream>
#include <string>

namespace parley {
namespace {

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "parley.spawn"; }
    std::string message(int value) const override {
        return std::string(to_string(static_cast<spawn_step>(value / 65536))) + ": " +
               sys::make_code(value % 65536).message();
    }
    boost::system::error_condition default_error_condition(int value) const noexcept override {
        return {value % 65536, boost::system::generic_category()};
    }
};

std::string octal(mode_t mode) {
    char text[8];
    std::snprintf(text, sizeof text, "%03o", static_cast<unsigned>(mode));
    return text;
}

std::string describe_deviation(const command& what, const launch_failure& failed) {
    const auto number = std::to_string(failed.detail);
    const auto signal = [&] {
        const auto name = signal_name(failed.detail);
        return name ? *name : "signal " + number;
    };
    switch (failed.found) {
        case deviation::none:
            return {};
        case deviation::missing:
            return "descriptor " + number + " is not open for the program";
        case deviation::not_listed:
            return "descriptor " + number + " (" + failed.target + ") is open and was not listed";
        case deviation::blocked:
            return signal() + " is blocked";
        case deviation::not_default:
            return signal() + " does not have its default disposition";
        case deviation::directory:
            return "the working directory is not " +
                   (what.directory.empty() ? "the parent's" : shell_quote(what.directory));
        case deviation::umask:
            return "the umask is " + octal(static_cast<mode_t>(failed.detail));
    }
    return {};
}

}  // namespace

const boost::system::error_category& spawn_category() noexcept {
    static const category instance;
    return instance;
}

spawn_step failed_step(const error_code& ec) noexcept {
    return ec.category() == spawn_category() ? static_cast<spawn_step>(ec.value() / 65536) : spawn_step{};
}

std::string_view to_string(spawn_step step) noexcept {
    switch (step) {
        case spawn_step::prepare:
            return "prepare";
        case spawn_step::clone:
            return "clone";
        case spawn_step::session:
            return "setsid";
        case spawn_step::group:
            return "setpgid";
        case spawn_step::descriptors:
            return "place descriptors";
        case spawn_step::directory:
            return "chdir";
        case spawn_step::initializer:
            return "initializer";
        case spawn_step::close:
            return "close descriptors";
        case spawn_step::signals:
            return "reset signals";
        case spawn_step::terminal:
            return "controlling terminal";
        case spawn_step::cgroup:
            return "join cgroup";
        case spawn_step::priority:
            return "setpriority";
        case spawn_step::affinity:
            return "sched_setaffinity";
        case spawn_step::limits:
            return "setrlimit";
        case spawn_step::umask:
            return "umask";
        case spawn_step::identity:
            return "change identity";
        case spawn_step::no_new_privs:
            return "set no_new_privs";
        case spawn_step::parent_death:
            return "die with parent";
        case spawn_step::verify:
            return "verify";
        case spawn_step::exec:
            return "exec";
    }
    return "?";
}

std::ostream& operator<<(std::ostream& out, spawn_step step) { return out << to_string(step); }

error_code make_spawn_error(spawn_step step, int errno_value) noexcept {
    return {static_cast<int>(step) * 65536 + (errno_value & 0xffff), spawn_category()};
}

std::string describe(const command& what, const launch_failure& failed) {
    switch (failed.step) {
        case spawn_step::group:
            return what.join_group == 0 ? "" : "group " + std::to_string(what.join_group);
        case spawn_step::directory:
            return "directory " + shell_quote(what.directory);
        case spawn_step::cgroup:
            return "cgroup " + shell_quote(what.cgroup);
        case spawn_step::limits:
            return "RLIMIT_" + std::string(resource_name(failed.detail));
        case spawn_step::priority:
            return "nice " + std::to_string(what.nice.value_or(0));
        case spawn_step::identity:
            return "user " + std::to_string(what.run_as->user) + ", group " + std::to_string(what.run_as->group);
        case spawn_step::verify:
            return describe_deviation(what, failed);
        default:
            return {};
    }
}

}  // namespace parley
