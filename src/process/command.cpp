// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/command.hpp>

#include "core/syscall.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <ostream>

namespace parley {
namespace {

std::string redirection(std::string_view number, std::string_view sign, const std::string& path) {
    return " " + std::string(number) + std::string(sign) + " " + shell_quote(path);
}

std::string stream_to_shell(const stdio& plan, int number) {
    const bool reads = number == 0;
    const std::string shown = number == 2 ? "2" : "";
    switch (plan.what()) {
        case stdio::kind::inherit:
        case stdio::kind::pipe:
        case stdio::kind::socket_pair:
        case stdio::kind::pty:
            return "";  // what leads to the parent has no word in a shell
        case stdio::kind::null:
            return redirection(shown, reads ? "<" : ">", "/dev/null");
        case stdio::kind::read_file:
            return redirection(shown, "<", plan.path());
        case stdio::kind::truncate_file:
            return redirection(shown, ">", plan.path());
        case stdio::kind::append_file:
            return redirection(shown, ">>", plan.path());
        case stdio::kind::descriptor:
            return " " + shown + (reads ? "<&" : ">&") + std::to_string(plan.fd());
        case stdio::kind::to_stdout:
            return " 2>&1";
    }
    return "";
}

std::string limit_to_shell(rlim_t value) {
    return value == resource_limit::unlimited ? "unlimited" : std::to_string(value);
}

template <typename Numbers>
std::string listed(const Numbers& numbers) {
    std::string text;
    for (const auto number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
    return text;
}

// Tools that run the rest of the line in changed surroundings, each followed by a space.
std::string surroundings_to_shell(const command& c) {
    std::string line;
    if (c.group == process_group::session) line += "setsid ";
    // The field is absolute, the word of the shell counts from where it is.
    if (c.nice) line += "nice -n $((" + std::to_string(*c.nice) + " - $(nice))) ";
    if (!c.cpus.empty()) line += "taskset -c " + listed(c.cpus) + " ";
    if (!c.limits.empty()) {
        line += "prlimit";
        for (const auto& limit : c.limits) {
            std::string name(resource_name(limit.resource));
            std::ranges::transform(name, name.begin(), [](unsigned char ch) { return std::tolower(ch); });
            line += " --" + name + "=" + limit_to_shell(limit.soft) + ":" + limit_to_shell(limit.hard);
        }
        line += " ";
    }
    if (c.run_as || c.no_new_privs || c.die_with_parent) {
        line += "setpriv";
        if (c.run_as) {
            line += " --reuid " + std::to_string(c.run_as->user) + " --regid " + std::to_string(c.run_as->group);
            line += c.run_as->groups.empty() ? " --clear-groups" : " --groups " + listed(c.run_as->groups);
        }
        if (c.no_new_privs) line += " --no-new-privs";
        if (c.die_with_parent) line += " --pdeathsig KILL";
        line += " ";
    }
    return line;
}

}  // namespace

std::string shell_quote(std::string_view word) {
    const auto plain = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_@%+=:,./-").find(static_cast<char>(c)) != std::string_view::npos;
    };
    if (!word.empty() && std::ranges::all_of(word, plain)) return std::string(word);
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted + "'";
}

std::string to_shell(const command& c) {
    std::string line;
    if (!c.directory.empty()) line += "cd " + shell_quote(c.directory) + " && ";
    if (c.umask) {
        char digits[8];
        std::snprintf(digits, sizeof digits, "%04o", static_cast<unsigned>(*c.umask));
        line += "umask " + std::string(digits) + " && ";
    }
    if (!c.cgroup.empty()) line += "echo $$ > " + shell_quote(c.cgroup + "/cgroup.procs") + " && ";
    std::string taken, set;
    for (const auto& [name, value] : c.environment.changes) {
        if (value)
            set += " " + shell_quote(name + "=" + *value);
        else if (c.environment.base != environment_base::empty)
            taken += " -u " + shell_quote(name);
    }
    if (c.environment.base == environment_base::empty)
        line += "env -i" + set + " ";
    else if (!taken.empty() || !set.empty())
        line += "env" + taken + set + " ";
    line += surroundings_to_shell(c);
    // A word with '=' in the first place would be taken for an assignment.
    line += c.program.find('=') != std::string::npos ? "'" + c.program + "'" : shell_quote(c.program);
    for (const auto& argument : c.arguments) line += " " + shell_quote(argument);
    line += stream_to_shell(c.in, 0) + stream_to_shell(c.out, 1) + stream_to_shell(c.err, 2);
    for (int number = 3; const auto& each : c.sockets)
        line += " " + std::to_string(number++) + "<&" + std::to_string(each.fd);
    for (const auto& mapping : c.descriptors)
        line += " " + std::to_string(mapping.child) + "<&" + std::to_string(mapping.parent);
    return line;
}

std::ostream& operator<<(std::ostream& out, const command& c) { return out << to_shell(c); }

result<std::string> find_program(std::string_view name, std::string_view path) {
    if (name.empty() || name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos)
        return error(errc::invalid_argument,
                     "find program '" + std::string(name) + "': a name without a slash is looked for in PATH");
    while (!path.empty()) {
        const auto colon = path.find(':');
        const auto element = path.substr(0, colon);
        path.remove_prefix(colon == std::string_view::npos ? path.size() : colon + 1);
        if (element.empty() || element.front() != '/') continue;
        std::string candidate(element);
        if (candidate.back() != '/') candidate += '/';
        candidate += name;
        if (sys::is_executable_file(candidate.c_str())) return candidate;
    }
    return error(errc::program_not_found, "find program '" + std::string(name) + "'");
}

result<std::string> find_program(std::string_view name) {
    const char* path = std::getenv("PATH");
    return find_program(name, path ? path : "/usr/local/bin:/usr/bin:/bin");
}

}  // namespace parley
