// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Boost.Process initializers with parley's spawn. Not part of <parley/parley.hpp>: it includes Boost.Process.
#pragma once

#include <parley/process/spawn.hpp>

#include <boost/process/v2/default_launcher.hpp>

#include <tuple>
#include <utility>
#include <vector>

namespace parley {
namespace detail {

template <typename... Initializers>
class boost_extension final : public spawn_extension {
    using launcher_type = boost::process::v2::posix::default_launcher;
    using path_type = boost::process::v2::filesystem::path;

public:
    explicit boost_extension(Initializers&... initializers) : initializers_(initializers...) {}

    error_code prepare(const char* program, const char* const* argv, const char* const*& environment,
                       std::vector<int>& keep) override {
        program_ = program;
        argv_ = argv;
        launcher_.env = environment;
        const auto ec = until_error([this](auto& init) -> error_code {
            if constexpr (requires { launcher_.env = init.env.data(); })
                launcher_.env =
                    init.env.data();  // process_environment, whose on_setup Boost 1.81 to 1.85 leave undefined
            else if constexpr (requires { init.on_setup(launcher_, program_, argv_); })
                return init.on_setup(launcher_, program_, argv_);
            return {};
        });
        environment = launcher_.env;
        keep.insert(keep.end(), launcher_.fd_whitelist.begin(), launcher_.fd_whitelist.end());
        return ec;
    }

    error_code in_child() noexcept override {
        return until_error([this](auto& init) -> error_code {
            if constexpr (requires { init.on_exec_setup(launcher_, program_, argv_); })
                return init.on_exec_setup(launcher_, program_, argv_);
            return {};
        });
    }

    void failed(const error_code& ec) override {
        each([this, &ec](auto& init) {
            if constexpr (requires { init.on_error(launcher_, program_, argv_, ec); })
                init.on_error(launcher_, program_, argv_, ec);
        });
    }

    void succeeded() override {
        each([this](auto& init) {
            if constexpr (requires { init.on_success(launcher_, program_, argv_); })
                init.on_success(launcher_, program_, argv_);
        });
    }

private:
    template <typename Function>
    void each(Function&& function) {
        std::apply([&](auto&... init) { (function(init), ...); }, initializers_);
    }
    template <typename Function>
    error_code until_error(Function&& function) {
        error_code ec;
        std::apply([&](auto&... init) { (void)((ec = function(init), !ec) && ...); }, initializers_);
        return ec;
    }

    std::tuple<Initializers&...> initializers_;
    launcher_type launcher_{};
    path_type program_;
    const char* const* argv_ = nullptr;
};

}  // namespace detail

/// Starts `what` with Boost.Process v2 initializers on top: `process_stdio`, `process_environment`,
/// `process_start_dir`, or anybody's. They run in the order given: `on_setup` in the parent, `on_exec_setup` in the
/// child after the command's own descriptors and directory are in place, then `on_error` or `on_success` in the parent.
/// Unlike Boost's own launchers the child shares the parent's memory until execve(2): `on_exec_setup` must be
/// async-signal-safe and change nothing of the parent's. (Boost 1.81's `posix::bind_fd` is broken in itself; use
/// `command::descriptors`.)
template <typename Initializer, typename... Initializers>
[[nodiscard]] result<child> spawn(const executor& io, const command& what, Initializer&& first,
                                  Initializers&&... more) {
    detail::boost_extension<std::remove_reference_t<Initializer>, std::remove_reference_t<Initializers>...> extension(
        first, more...);
    return detail::spawn_extended(io, what, &extension);
}

}  // namespace parley
