// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/spawn.hpp>

#include "core/syscall.hpp"
#include "process/arguments.hpp"
#include "process/child_state.hpp"
#include "process/launcher.hpp"
#include "process/own_children.hpp"
#include "process/spawn_error.hpp"
#include "process/spawner_thread.hpp"
#include "process/streams.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <charconv>
#include <climits>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace parley {
namespace {

// What the plan points to and the command does not hold in that form.
struct plan_storage {
    std::vector<gid_t> groups;
    std::vector<unsigned long> cpus;
    unique_fd cgroup_procs;
    expected_state expected;
};

std::vector<unsigned long> cpu_bits(const std::vector<int>& cpus) {
    constexpr int word = sizeof(unsigned long) * CHAR_BIT;
    std::vector<unsigned long> bits(static_cast<std::size_t>(*std::ranges::max_element(cpus) / word + 1));
    for (const int cpu : cpus) bits[static_cast<std::size_t>(cpu / word)] |= 1ul << cpu % word;
    return bits;
}

// The file mode creation mask of this process; umask(2) itself could only tell by changing it.
mode_t current_umask() {
    const auto status = sys::read_file("/proc/self/status", 8192);
    constexpr std::string_view label = "\nUmask:\t";
    mode_t mask = 022;
    if (!status) return mask;
    if (const auto at = status->find(label); at != std::string::npos) {
        const char* digits = status->data() + at + label.size();
        std::from_chars(digits, status->data() + status->size(), mask, 8);
    }
    return mask;
}

result<void> check_numbers(const command& what) {
    const auto bad = [&](const std::string& why) {
        return start_error(what, make_error_code(errc::invalid_argument), why);
    };
    constexpr int most_cpus = 65536;
    if (what.join_group < 0) return bad("join_group: " + std::to_string(what.join_group) + " is no process group");
    for (const int cpu : what.cpus)
        if (cpu < 0 || cpu >= most_cpus) return bad("there is no CPU " + std::to_string(cpu));
    if (what.nice && (*what.nice < -20 || *what.nice > 19))
        return bad("nice " + std::to_string(*what.nice) + " is not within -20 and 19");
    if (what.umask && (*what.umask & ~mode_t{0777}) != 0) return bad("the umask is more than 0777");
    for (const auto& limit : what.limits) {
        const auto name = resource_name(limit.resource);
        if (name.empty()) return bad("there is no resource " + std::to_string(limit.resource));
        if (limit.soft > limit.hard)
            return bad("RLIMIT_" + std::string(name) + ": the soft limit is above the hard one");
    }
    if (what.run_as) {
        constexpr auto unchanged = static_cast<id_t>(-1);  // to the kernel: leave it as it is
        if (what.run_as->user == unchanged || what.run_as->group == unchanged) return bad("run_as: -1 is nobody");
        for (const gid_t group : what.run_as->groups)
            if (group == unchanged) return bad("run_as: -1 is no group");
    }
    return {};
}

result<void> plan_surroundings(const command& what, launch_plan& plan, plan_storage& storage) {
    if (auto checked = check_numbers(what); !checked) return checked.error();
    plan.directory = what.directory.empty() ? nullptr : what.directory.c_str();
    plan.group = plan.terminal >= 0 ? process_group::session : what.group;
    plan.join_group = what.join_group;
    if (what.join_group != 0 && plan.group != process_group::inherit)
        return start_error(what, make_error_code(errc::invalid_argument),
                           "join_group: the child cannot have a group or session of its own as well");
    plan.no_new_privs = what.no_new_privs;
    plan.die_with_parent = what.die_with_parent;
    plan.parent = ::getpid();
    plan.umask = what.umask;
    plan.nice = what.nice;
    plan.limits = what.limits.data();
    plan.limit_count = what.limits.size();
    if (what.run_as) {
        plan.run_as = &*what.run_as;
        storage.groups = what.run_as->groups;
        std::ranges::sort(storage.groups);
        plan.groups = storage.groups.data();
        plan.group_count = storage.groups.size();
    }
    if (!what.cpus.empty()) {
        storage.cpus = cpu_bits(what.cpus);
        plan.cpus = storage.cpus.data();
        plan.cpus_size = storage.cpus.size() * sizeof(unsigned long);
    }
    if (!what.cgroup.empty()) {
        auto opened = sys::open((what.cgroup + "/cgroup.procs").c_str(), O_WRONLY);
        if (!opened)
            return start_error(what, make_spawn_error(spawn_step::cgroup, opened.error().value()),
                               "cgroup " + shell_quote(what.cgroup));
        storage.cgroup_procs = std::move(*opened);
        plan.cgroup_procs = storage.cgroup_procs.get();
    }
    if (what.verify) {
        const auto there = sys::stat(what.directory.empty() ? "." : what.directory.c_str());
        if (!there)
            return start_error(what, make_spawn_error(spawn_step::directory, there.error().value()),
                               "directory " + shell_quote(what.directory));
        storage.expected = {there->st_dev, there->st_ino, what.umask ? *what.umask : current_umask()};
        plan.verify = &storage.expected;
    }
    return {};
}

}  // namespace

result<child> detail::spawn_extended(const executor& io, const command& what, spawn_extension* extension) {
    if (sys::exit_statuses_are_discarded()) return start_error(what, make_error_code(errc::child_ignored));
    auto words = lay_out(what);
    if (!words) return words.error();
    auto streams = open_streams(what);
    if (!streams) return streams.error();

    launch_plan plan;
    plan_storage storage;
    plan.program = words->program.c_str();
    plan.arguments = words->arguments.data();
    plan.environment = words->environment.data();
    if (!words->process_number.empty()) plan.process_number = words->process_number.data() + process_number_name.size();
    plan.extension = extension;
    if (auto planned = plan_descriptors(what, *streams, plan); !planned) return planned.error();
    if (auto planned = plan_surroundings(what, plan, storage); !planned) return planned.error();
    const auto refuse = [&](const error_code& ec, const std::string& where = {}) {
        if (extension) extension->failed(ec);
        return start_error(what, ec, where);
    };
    if (extension)
        if (const auto ec = extension->prepare(plan.program, plan.arguments, plan.environment, plan.keep))
            return refuse(ec);
    std::erase_if(plan.keep, [](int number) { return number < 0; });
    std::ranges::sort(plan.keep);
    plan.keep.erase(std::unique(plan.keep.begin(), plan.keep.end()), plan.keep.end());

    auto ends = attach_all(io, *streams);
    if (!ends) return refuse(prepare_error(ends.error()));
    auto origin = origin_of(what);
    const child_birth under_way;
    // The kernel takes the end of the thread that made the child for the end of its parent.
    auto outcome = plan.die_with_parent ? launch_from_lasting_thread(plan) : launch(plan);
    if (const auto* failed = std::get_if<launch_failure>(&outcome))
        return refuse(make_spawn_error(failed->step, failed->errno_value), describe(what, *failed));
    auto& started = std::get<launched>(outcome);
    std::shared_ptr<child_state> state;
    try {
        state = std::make_shared<child_state>(io, started.pid, std::move(started.pidfd), what.stop, std::move(origin));
    } catch (const boost::system::system_error& e) {  // the child is killed and reaped behind our back
        return refuse(prepare_error(e.code()));
    }
    state->in = std::move(ends->in);
    state->out = std::move(ends->out);
    state->err = std::move(ends->err);
    state->terminal = std::move(ends->terminal);
    if (extension) extension->succeeded();
    return child(std::move(state));
}

}  // namespace parley
