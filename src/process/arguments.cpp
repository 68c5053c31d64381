// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/arguments.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string_view>

#include <unistd.h>

namespace parley {
namespace {

error bad(const command& c, const std::string& what) {
    return error(errc::invalid_argument, "spawn " + shell_quote(c.program) + ": " + what);
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// One after the other, each with its NUL: a start pays for one piece of memory, not for one per variable.
result<std::vector<char>> variables_of(const command& c,
                                       const std::map<std::string, std::optional<std::string>>& changes) {
    std::map<std::string_view, std::string_view> wanted;
    std::vector<char> all;
    const auto append = [&all](std::string_view text) { all.insert(all.end(), text.begin(), text.end()); };
    if (c.environment.base == environment_base::inherit && changes.empty()) {
        std::size_t size = 0;
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) size += std::strlen(*entry) + 1;
        all.reserve(size);
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
            append({*entry, std::strlen(*entry) + 1});  // as it is, like exec does it
        return all;
    }
    if (c.environment.base != environment_base::empty && environ != nullptr) {
        for (char** entry = environ; *entry != nullptr; ++entry) {
            const std::string_view text(*entry);
            const auto equals = text.find('=');
            if (equals == std::string_view::npos || equals == 0) {
                // Entries without a name are passed on as they are, like exec does.
                if (c.environment.base == environment_base::inherit) append({text.data(), text.size() + 1});
                continue;
            }
            const auto name = text.substr(0, equals);
            if (c.environment.base == environment_base::clean && steers_programs(name)) continue;
            wanted.emplace(name, text.substr(equals + 1));  // of two of a name getenv sees the first
        }
    }
    for (const auto& [name, value] : changes) {
        const auto shown = "environment variable " + shell_quote(name);
        if (name.empty()) return bad(c, "an environment variable without a name");
        if (name.find('=') != std::string::npos) return bad(c, shown + ": '=' in the name");
        if (has_nul(name) || (value && has_nul(*value))) return bad(c, shown + " contains a NUL byte");
        if (value)
            wanted.insert_or_assign(name, *value);
        else
            wanted.erase(name);
    }
    std::size_t size = all.size();
    for (const auto& [name, value] : wanted) size += name.size() + value.size() + 2;
    all.reserve(size);
    for (const auto& [name, value] : wanted) {
        append(name);
        all.push_back('=');
        append(value);
        all.push_back('\0');
    }
    return all;
}

// As sd_listen_fds(3) says. The number of the child is for the child to fill in.
result<void> tell_of_sockets(const command& c, std::map<std::string, std::optional<std::string>>& changes,
                             argument_block& block) {
    if (c.sockets.empty()) return {};
    constexpr std::size_t longest_name = 255;
    std::string names;
    for (const auto& each : c.sockets) {
        const bool visible = std::ranges::all_of(each.name, [](char ch) { return ch >= ' ' && ch < 127 && ch != ':'; });
        if (each.name.empty() || each.name.size() > longest_name || !visible)
            return bad(c, "a socket cannot be named " + shell_quote(each.name));
        names += names.empty() ? "" : ":";
        names += each.name;
    }
    changes["LISTEN_FDS"] = std::to_string(c.sockets.size());
    changes["LISTEN_FDNAMES"] = names;
    changes["LISTEN_PID"] = std::nullopt;
    constexpr std::size_t digits = 20;
    block.process_number.assign(process_number_name.begin(), process_number_name.end());
    block.process_number.resize(process_number_name.size() + digits + 1);
    return {};
}

}  // namespace

bool steers_programs(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 12> prefixes{"LD_",  "GCONV_", "MALLOC_", "BASH_FUNC_", "PYTHON",    "PERL5",
                                                        "RUBY", "LUA_",   "NODE_",   "JAVA_TOOL_", "GLIBC_TUN", "RES_"};
    constexpr std::array<std::string_view, 18> names{
        "IFS",         "BASH_ENV",    "ENV",           "SHELLOPTS",        "BASHOPTS",  "PS4",
        "CDPATH",      "GLOBIGNORE",  "TZDIR",         "NLSPATH",          "LOCPATH",   "HOSTALIASES",
        "LOCALDOMAIN", "GETCONF_DIR", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "PERLLIB"};
    return std::ranges::find(names, name) != names.end() ||
           std::ranges::any_of(prefixes, [name](std::string_view prefix) { return name.starts_with(prefix); });
}

result<argument_block> lay_out(const command& c) {
    if (c.program.empty()) return error(errc::invalid_argument, "spawn: the program is empty");
    if (has_nul(c.program)) return bad(c, "the program's path contains a NUL byte");
    if (has_nul(c.name)) return bad(c, "the name contains a NUL byte");
    if (has_nul(c.directory)) return bad(c, "the directory contains a NUL byte");
    if (has_nul(c.cgroup)) return bad(c, "the cgroup's path contains a NUL byte");
    for (std::size_t i = 0; i < c.arguments.size(); ++i)
        if (has_nul(c.arguments[i])) return bad(c, "argument " + std::to_string(i + 1) + " contains a NUL byte");

    argument_block block;
    block.program = c.program;
    if (c.search_path) {
        auto found = find_program(c.program);
        if (!found) return error(found.error().code(), "spawn: " + found.error().context());
        block.program = std::move(*found);
    } else if (c.program.find('/') == std::string::npos) {
        return bad(c, "not a path (set search_path to look it up in PATH)");
    }
    auto changes = c.environment.changes;
    if (auto told = tell_of_sockets(c, changes, block); !told) return told.error();
    auto variables = variables_of(c, changes);
    if (!variables) return variables.error();
    block.variables = std::move(*variables);

    block.arguments.reserve(c.arguments.size() + 2);
    block.arguments.push_back(c.name.empty() ? c.program.c_str() : c.name.c_str());
    for (const auto& argument : c.arguments) block.arguments.push_back(argument.c_str());
    block.arguments.push_back(nullptr);
    block.environment.reserve(std::ranges::count(block.variables, '\0') + 2);
    for (const char* at = block.variables.data(); at != block.variables.data() + block.variables.size();
         at += std::strlen(at) + 1)
        block.environment.push_back(at);
    if (!block.process_number.empty()) block.environment.push_back(block.process_number.data());
    block.environment.push_back(nullptr);
    return block;
}

}  // namespace parley
