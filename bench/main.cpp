// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// parley-bench: runs one implementation of one workload once, in this process. Who runs when, and what the figures mean
// together, is the business of bench/run and bench/table.

#include "bench.hpp"
#include "cores.hpp"
#include "module.hpp"
#include "workloads.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using bench::cpus;

constexpr const char* usage = R"(usage: parley-bench WORKLOAD --impl NAME [option...]
       parley-bench WORKLOAD --list | --cases [--smoke] | --help
       parley-bench --list | --help
Runs one implementation of one workload once, and prints one line of JSON.
  --impl NAME         which one
  --seconds S         how long (1)
  --count N           in place of --seconds: until N operations are done, after a first one that is not counted
  --cpus WHERE        same: all processes on one core; apart: each of the two sides on a core of its own;
                      any: where the kernel puts them (the first that --cases names)
  --case NAME=VALUE   a case with this number; may be repeated (the first of --cases)
  --repetition N      a number for the line, as bench/run counts (1)
  --list              names the workloads, or the implementations of one; with --case, those that do such a case
  --cases             names the cases of a workload; --case and --cpus choose among them
  --smoke             small cases, which show that the program works, and nothing else
)";

// Something is wrong with the words of the command line.
struct misuse : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <typename Range, typename Name>
std::string join(const Range& all, Name name) {
    std::string text;
    for (const auto& each : all) text += (text.empty() ? "" : ", ") + std::string(name(each));
    return text;
}

std::string impls_of(const bench::workload& what) {
    return join(what.impls, [](const bench::impl& i) { return std::string(1, '"').append(i.name).append(1, '"'); });
}

constexpr std::array<std::pair<cpus, const char*>, 3> placements{
    {{cpus::same, "same"}, {cpus::apart, "apart"}, {cpus::any, "any"}}};

const char* name_of(cpus where) {
    for (const auto& [value, name] : placements)
        if (value == where) return name;
    return "";
}

struct options {
    std::string impl;
    std::optional<double> seconds;
    std::optional<long> count;
    std::optional<cpus> where;
    bench::parameters numbers;
    long repetition = 1;
    bool list = false;
    bool cases = false;
    bool smoke = false;
    bool help = false;
};

template <typename Number>
Number parse_number(const std::string& what, std::string_view text, Number least) {
    Number number{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size() || !(number >= least))
        throw misuse(what + " is no number that can be meant: " + std::string(text));
    return number;
}

std::pair<std::string, long> parse_case(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) throw misuse("--case wants NAME=VALUE, not " + text);
    return {text.substr(0, equals), parse_number<long>("--case", std::string_view(text).substr(equals + 1), 0)};
}

cpus parse_cpus(const std::string& text) {
    for (const auto& [value, name] : placements)
        if (text == name) return value;
    throw misuse("--cpus is same, apart or any, not " + text);
}

options parse(const std::vector<std::string>& words) {
    options o;
    for (auto at = words.begin(); at != words.end(); ++at) {
        const std::string& word = *at;
        const auto value = [&]() -> const std::string& {
            if (++at == words.end()) throw misuse(word + " needs a value");
            return *at;
        };
        if (word == "--impl")
            o.impl = value();
        else if (word == "--seconds")
            o.seconds = parse_number<double>(word, value(), 1e-6);
        else if (word == "--count")
            o.count = parse_number<long>(word, value(), 1);
        else if (word == "--cpus")
            o.where = parse_cpus(value());
        else if (word == "--case")
            o.numbers.push_back(parse_case(value()));
        else if (word == "--repetition")
            o.repetition = parse_number<long>(word, value(), 1);
        else if (word == "--list")
            o.list = true;
        else if (word == "--cases")
            o.cases = true;
        else if (word == "--smoke")
            o.smoke = true;
        else if (word == "--help")
            o.help = true;
        else
            throw misuse("unknown: " + word + "; parley-bench --help names the options");
    }
    if (o.seconds && o.count) throw misuse("either --seconds or --count says how long a run is, not both");
    return o;
}

std::string text_of(const bench::parameters& numbers) {
    std::string text;
    for (const auto& [name, value] : numbers) text += (text.empty() ? "" : " ") + name + "=" + std::to_string(value);
    return text;
}

std::string json_of(const bench::parameters& numbers) {
    std::string text;
    for (const auto& [name, value] : numbers) {
        if (!text.empty()) text += ", ";
        text.append(1, '"').append(name).append("\": ").append(std::to_string(value));
    }
    return text;
}

// The cases that have the numbers of the options.
std::vector<bench::parameters> cases_of(const bench::workload& what, const options& o) {
    const auto& all = o.smoke ? what.smoke_cases : what.cases;
    std::vector<bench::parameters> chosen;
    std::ranges::copy_if(all, std::back_inserter(chosen), [&](const bench::parameters& numbers) {
        return std::ranges::all_of(
            o.numbers, [&](const auto& wanted) { return std::ranges::find(numbers, wanted) != numbers.end(); });
    });
    if (chosen.empty())
        throw misuse(what.name + " has no case " + text_of(o.numbers) + "; there are: " + join(all, text_of));
    return chosen;
}

bool does(const bench::impl& who, const bench::parameters& numbers) {
    return std::ranges::all_of(who.at_most, [&](const auto& most) {
        const auto found = std::ranges::find(numbers, most.first, &bench::parameters::value_type::first);
        return found == numbers.end() || found->second <= most.second;
    });
}

void print_impls(const bench::workload& what, const options& o) {
    const auto cases = cases_of(what, o);
    for (const auto& each : what.impls)
        if (std::ranges::any_of(cases, [&](const auto& numbers) { return does(each, numbers); }))
            std::puts(each.name.c_str());
}

std::vector<cpus> places_of(const bench::workload& what, const options& o) {
    if (!o.where) return what.where;
    if (*o.where == cpus::apart && !what.two_sides)
        throw misuse("--cpus apart: " + what.name + " has one side only, which can be at one place");
    return {*o.where};
}

void print_cases(const bench::workload& what, const options& o) {
    for (const cpus where : places_of(what, o))
        for (const auto& numbers : cases_of(what, o))
            std::printf("%s cpus=%s\n", text_of(numbers).c_str(), name_of(where));
}

void print_help(const bench::workload& what, const options& o) {
    std::printf("%s\nthe workload %s, in %s\nimplementations: %s\ncases:\n", usage, what.name.c_str(),
                what.unit.c_str(), impls_of(what).c_str());
    print_cases(what, o);
    if (what.operation.empty())
        std::puts("the case says how much there is to do, and neither --count nor --seconds does");
    else
        std::printf("an operation, as --count counts them: %s\n", what.operation.c_str());
}

int run(bench::workload& what, const options& o) {
    if (o.impl.empty()) throw misuse("--impl NAME is needed; parley-bench " + what.name + " --list names them");
    const auto who = std::ranges::find(what.impls, o.impl, &bench::impl::name);
    if (who == what.impls.end())
        throw misuse(what.name + " has no implementation " + o.impl + "; there are: " + impls_of(what));
    if (o.count && what.operation.empty())
        throw misuse("--count: how much there is to do is part of the case of " + what.name);
    auto cases = cases_of(what, o);
    std::erase_if(cases, [&](const auto& numbers) { return !does(*who, numbers); });
    if (cases.empty()) throw misuse(o.impl + " is not run with " + text_of(o.numbers));
    const auto& numbers = cases.front();
    const cpus where = places_of(what, o).front();
    if (!who->module.empty()) bench::load_module(*who, what.name);
    const double seconds = o.count ? 0 : o.seconds.value_or(1);
    if (!o.count) ::alarm(static_cast<unsigned>(60 + 10 * seconds));          // one that hangs ends by SIGALRM
    bench::pin(where == cpus::apart ? cpus::any : where, bench::side::here);  // those apart pin themselves
    const auto length = std::chrono::duration_cast<bench::clock::duration>(std::chrono::duration<double>(seconds));
    bench::run r(numbers, where, {length, o.count.value_or(0)});
    who->work(r);
    bench::require(r.amount() > 0 && r.seconds() > 0, "the run was too short to measure anything");
    std::printf(
        "{\"workload\": \"%s\", \"impl\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"version\": \"%s\", "
        "\"baseline\": \"%s\", \"repetition\": %ld, \"amount\": %.6g, \"seconds\": %.6g, \"cpus\": \"%s\", "
        "\"parameters\": {%s}}\n",
        what.name.c_str(), who->name.c_str(), r.amount() / r.seconds(), what.unit.c_str(), who->version.c_str(),
        what.impls.front().name.c_str(), o.repetition, r.amount(), r.seconds(), name_of(where),
        json_of(numbers).c_str());
    return 0;
}

int main_of(const std::vector<std::string>& words) {
    std::vector<bench::workload> all{
        spawning::describe(), capturing::describe(), connecting::describe(), connecting_often::describe(),
        fan_in::describe(),   fan_out::describe(),   idle::describe(),       one_way::describe(),
        passing::describe(),  ping_pong::describe(), rpc_echo::describe(),   waiting::describe()};
    for (auto& each : all)
        std::erase_if(each.impls,
                      [](const bench::impl& i) { return !i.module.empty() && !bench::has_module(i.module); });
    const auto name = [](const bench::workload& w) { return w.name; };
    if (words.empty() || words.front().starts_with("--")) {
        const options o = parse(words);
        if (o.list)
            for (const auto& each : all) std::puts(each.name.c_str());
        else if (o.help)
            std::printf("%sworkloads: %s\n", usage, join(all, name).c_str());
        else
            throw misuse("which workload? There are: " + join(all, name));
        return 0;
    }
    const auto found = std::ranges::find(all, words.front(), &bench::workload::name);
    if (found == all.end()) throw misuse("no workload " + words.front() + "; there are: " + join(all, name));
    const options o = parse({words.begin() + 1, words.end()});
    if (o.help)
        print_help(*found, o);
    else if (o.list)
        print_impls(*found, o);
    else if (o.cases)
        print_cases(*found, o);
    else
        return run(*found, o);
    return 0;
}

}  // namespace

int main(int argc, char* argv[]) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    try {
        if (words.size() == 3 && words[0] == "capture" && words[1] == "--child")
            return capturing::child_main(std::stol(words[2]));
        return main_of(words);
    } catch (const misuse& e) {
        std::fprintf(stderr, "parley-bench: %s\n", e.what());
        return 2;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "parley-bench: %s\n", e.what());
        return 1;
    }
}
