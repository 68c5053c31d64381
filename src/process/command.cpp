// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/command.hpp>

#include "core/syscall.hpp"
#include "process/arguments.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ostream>
#include <utility>
#include <vector>

#include <unistd.h>

namespace parley {
namespace {

// A shell need not know more than one digit as the number of a descriptor; dash takes `10` for a word.
constexpr int most_of_a_shell = 9;
bool has_a_number(int fd) { return fd >= 0 && fd <= most_of_a_shell; }

constexpr std::array<std::string_view, 3> stream_names{"standard input", "standard output", "standard error"};

// A file that bash opens as a socket has another spelling that it leaves alone.
std::string file_to_shell(const std::string& path) {
    for (const std::string_view special : {"/dev/tcp/", "/dev/udp/"})
        if (path.starts_with(special)) return shell_quote("/dev/./" + path.substr(5));
    return shell_quote(path);
}

// Where the child's descriptors come from. A start moves all at once, a shell one after the other: a descriptor is
// overwritten when nothing else comes from it, and what goes in a ring is put aside in between.
class redirections {
public:
    explicit redirections(std::vector<std::string>& unsaid) : unsaid_(unsaid) {}

    void stream(const stdio& plan, int number) {
        const std::string name(stream_names[static_cast<std::size_t>(number)]);
        switch (plan.what()) {
            case stdio::kind::inherit:
                return;
            case stdio::kind::pipe:
                return unsaid_.push_back(name + " is a pipe to the parent");
            case stdio::kind::socket_pair:
                return unsaid_.push_back(name + " is a socket to the parent");
            case stdio::kind::pty:
                return unsaid_.push_back(name + " is a pseudo-terminal");
            case stdio::kind::null:
                return file(number, number == 0 ? "<" : ">", "/dev/null");
            case stdio::kind::read_file:
                return file(number, "<", plan.path());
            case stdio::kind::truncate_file:
                return file(number, ">", plan.path());
            case stdio::kind::append_file:
                return file(number, ">>", plan.path());
            case stdio::kind::descriptor:
                if (plan.fd() == number) return;
                if (has_a_number(plan.fd())) return copy(plan.fd(), number);
                return unsaid_.push_back(name + " is descriptor " + std::to_string(plan.fd()));
            case stdio::kind::to_stdout:
                if (number == 2)
                    like_output_ = true;
                else
                    unsaid_.push_back(name + " cannot go to standard output");
                return;
        }
    }

    void mapping(int parent, int child) {
        if (has_a_number(parent)) sources_.push_back(parent);
        if (has_a_number(parent) && has_a_number(child)) return copy(parent, child);
        unsaid_.push_back("descriptor " + std::to_string(parent) + " as " + std::to_string(child));
    }

    std::string line() {
        while (!pending_.empty()) {
            while (break_a_ring()) {}
            auto next = std::ranges::find_if(pending_, [this](const move& m) { return !is_source_of_others(m); });
            if (next == pending_.end()) {  // a ring, and no number to put one of it aside
                next = pending_.begin();
                unsaid_.push_back("descriptor " + std::to_string(next->from) + " as " + std::to_string(next->to));
            } else {
                say(*next);
            }
            pending_.erase(next);
        }
        if (like_output_) said_ += " 2>&1";
        // A start closes what the child was not given.
        std::ranges::sort(sources_);
        sources_.erase(std::unique(sources_.begin(), sources_.end()), sources_.end());
        for (const int fd : sources_)
            if (fd > 2 && !is_target(fd)) said_ += " " + std::to_string(fd) + "<&-";
        return said_;
    }

private:
    struct move {
        int to;
        int from;  // -1: `file` has the sign and the path
        std::string file;
    };

    void file(int to, const std::string& sign, const std::string& path) {
        targets_.push_back(to);
        pending_.push_back({to, -1, sign + " " + file_to_shell(path)});
    }

    void copy(int from, int to) {
        targets_.push_back(to);
        sources_.push_back(from);
        pending_.push_back({to, from, {}});
    }

    bool is_target(int fd) const { return std::ranges::find(targets_, fd) != targets_.end(); }

    bool is_source(int fd) const {
        return std::ranges::any_of(pending_, [fd](const move& m) { return m.from == fd; });
    }

    bool is_source_of_others(const move& m) const {
        return std::ranges::any_of(pending_, [&](const move& other) { return &other != &m && other.from == m.to; });
    }

    void say(const move& m) {
        const std::string sign = m.from < 0 ? m.file : (m.to == 1 || m.to == 2 ? ">&" : "<&") + std::to_string(m.from);
        const bool number_is_meant = m.to == (sign.starts_with('<') ? 0 : 1);
        said_ += " " + (number_is_meant ? "" : std::to_string(m.to)) + sign;
    }

    const move* pending_to(int fd) const {
        const auto at = std::ranges::find_if(pending_, [fd](const move& m) { return m.to == fd; });
        return at == pending_.end() ? nullptr : &*at;
    }

    bool is_in_a_ring(const move& m) const {
        const move* at = &m;
        for (std::size_t steps = 0; at != nullptr && at->from != at->to && steps < pending_.size(); ++steps) {
            if (at->from == m.to) return true;
            at = pending_to(at->from);
        }
        return false;
    }

    // Puts one of a ring aside, where a number is free, or will get what it is for later. False: nothing was done.
    bool break_a_ring() {
        const auto ring = std::ranges::find_if(pending_, [this](const move& m) { return is_in_a_ring(m); });
        if (ring == pending_.end()) return false;
        const int in_the_way = ring->to;
        for (const bool for_later : {false, true})
            for (int spare = 3; spare <= most_of_a_shell; ++spare) {
                if (is_source(spare) || is_target(spare) != for_later || (for_later && pending_to(spare) == nullptr))
                    continue;
                said_ += " " + std::to_string(spare) + "<&" + std::to_string(in_the_way);
                sources_.push_back(spare);
                for (auto& m : pending_)
                    if (m.from == in_the_way) m.from = spare;
                return true;
            }
        return false;
    }

    std::vector<std::string>& unsaid_;
    std::vector<move> pending_;
    std::vector<int> targets_, sources_;
    bool like_output_ = false;
    std::string said_;
};

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
    // Without -w it does not wait where it has to fork: as the leader of a group, which a shell with jobs makes it.
    if (c.group == process_group::session) line += "setsid -w ";
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

const char* own_path() {
    const char* path = std::getenv("PATH");
    return path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
}

// Whether env(1) finds a name where a start does: it takes the PATH of the child, and relative elements too.
bool is_found_by_env(const command& c) {
    if (c.environment.base == environment_base::empty || c.environment.changes.contains("PATH")) return false;
    for (std::string_view path = own_path();;) {
        if (!path.starts_with('/')) return false;
        const auto colon = path.find(':');
        if (colon == std::string_view::npos) return true;
        path.remove_prefix(colon + 1);
    }
}

// The program with its environment and directory. env(1) comes last, so that no tool runs in the child's environment,
// and knows no builtin, keyword, function or alias.
class program_words {
public:
    program_words(const command& c, std::vector<std::string>& unsaid) : c_(c) {
        std::string argv0 = c.name.empty() ? c.program : c.name;
        program_ = c.program;
        if (c.search_path && program_.find('/') == std::string::npos && !is_found_by_env(c))
            if (auto found = find_program(program_)) program_ = std::move(*found);
        if (argv0 != program_) unsaid.push_back("argv[0] is " + shell_quote(argv0));
        if (c.environment.base == environment_base::clean) unsaid.push_back("no variable that steers programs is left");
        options_and_variables();
    }

    std::string line() const {
        const bool by_env = !options_.empty() || !variables_.empty() || !c_.sockets.empty() ||
                            program_.find('/') == std::string::npos || program_.starts_with('-');
        std::string words = shell_quote(program_);
        if (program_.find('=') != std::string::npos || program_ == "-") {
            // Unquoted it may be an assignment for a shell; for env it is one in any case, and `-` is an option, behind
            // `--` too. nice(1) knows neither.
            if (words == program_) words = "'" + program_ + "'";
            if (by_env)
                words = "\"$(command -v nice)\" -n 0 " + std::string(program_.starts_with('-') ? "-- " : "") + words;
        }
        for (const auto& argument : c_.arguments) words += " " + shell_quote(argument);
        if (!by_env) return words;
        const bool options_end = variables_.empty() ? c_.sockets.empty() && program_.starts_with('-')
                                                    : variables_.starts_with(" -") || variables_.starts_with(" '-");
        const std::string env = "env" + options_ + (options_end ? " --" : "") + variables_;
        if (c_.sockets.empty()) return env + " " + words;
        // The number is that of the process that becomes the program.
        return "sh -c " + shell_quote("exec " + env + " LISTEN_PID=$$ \"$@\"") + " sh " + words;
    }

private:
    void options_and_variables() {
        auto changes = c_.environment.changes;
        if (!c_.sockets.empty()) {
            std::string names;
            for (const auto& each : c_.sockets) names += (names.empty() ? "" : ":") + each.name;
            changes["LISTEN_FDS"] = std::to_string(c_.sockets.size());
            changes["LISTEN_FDNAMES"] = names;
            changes.erase("LISTEN_PID");
        }
        if (c_.environment.base == environment_base::empty) options_ += " -i";
        if (c_.environment.base == environment_base::clean)
            for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
                const std::string name(*entry, std::strcspn(*entry, "="));
                if (!name.empty() && steers_programs(name)) changes.try_emplace(name, std::nullopt);
            }
        for (const auto& [name, value] : changes) {
            if (value)
                variables_ += " " + shell_quote(name + "=" + *value);
            else if (c_.environment.base != environment_base::empty)
                options_ += " -u " + shell_quote(name);
        }
        // Not `cd`: it knows CDPATH and `-`, follows links in its own way, changes PWD, and comes before a change of
        // user.
        if (!c_.directory.empty()) options_ += " -C " + shell_quote(c_.directory);
    }

    const command& c_;
    std::string program_, options_, variables_;
};

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
    std::vector<std::string> unsaid;
    if (c.group == process_group::own) unsaid.push_back("a process group of its own");
    if (c.join_group != 0) unsaid.push_back("process group " + std::to_string(c.join_group));
    redirections streams(unsaid);
    streams.stream(c.in, 0);
    streams.stream(c.out, 1);
    streams.stream(c.err, 2);
    for (int number = 3; const auto& each : c.sockets) streams.mapping(each.fd, number++);
    for (const auto& each : c.descriptors) streams.mapping(each.parent, each.child);
    const std::string moved = streams.line();
    const std::string program = surroundings_to_shell(c) + program_words(c, unsaid).line();

    std::string before;
    if (!unsaid.empty()) {
        std::string all;
        for (const auto& each : unsaid) all += (all.empty() ? "not said: " : "; ") + each;
        before += ": " + shell_quote(all) + " && ";
    }
    if (c.umask) {
        char digits[8];
        std::snprintf(digits, sizeof digits, "%04o", static_cast<unsigned>(*c.umask));
        before += "umask " + std::string(digits) + " && ";
    }
    if (!c.cgroup.empty()) before += "echo 0 > " + shell_quote(c.cgroup + "/cgroup.procs") + " && ";
    // The files of the streams are opened outside the parentheses, as the parent opens them: without the child's umask.
    return before.empty() ? program + moved : "(" + before + "exec " + program + ")" + moved;
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

result<std::string> find_program(std::string_view name) { return find_program(name, own_path()); }

}  // namespace parley
