// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "bench.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <climits>

namespace bench {
namespace {

constexpr const char* usage = R"(usage: %s [option...]
Runs every contender on every case, by turns, and prints one line of JSON for each run.
  --repetitions N    runs of each contender on each case (5)
  --seconds S        length of a run (1)
  --contender NAME   only this one; may be repeated
  --case NAME=VALUE  only cases with this number; may be repeated
  --smoke            short and small: shows that the program works, and nothing else
  --list             names the contenders
)";

struct options {
    int repetitions = 5;
    double seconds = 1;
    bool smoke = false;
    bool list = false;
    bool help = false;
    std::vector<std::string> contenders;
    parameters numbers;
    std::string single;  // one run in this process, for which `numbers` is the whole case
};

std::pair<std::string, long> parse_number(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) throw std::invalid_argument("not NAME=VALUE: " + text);
    return {text.substr(0, equals), std::stol(text.substr(equals + 1))};
}

options parse(int argc, char* argv[]) {
    options o;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const auto next = [&]() -> std::string {
            if (++i == argc) throw std::invalid_argument(word + " needs a value");
            return argv[i];
        };
        if (word == "--repetitions")
            o.repetitions = std::stoi(next());
        else if (word == "--seconds")
            o.seconds = std::stod(next());
        else if (word == "--contender")
            o.contenders.push_back(next());
        else if (word == "--case")
            o.numbers.push_back(parse_number(next()));
        else if (word == "--single")
            o.single = next();
        else if (word == "--smoke")
            o.smoke = true;
        else if (word == "--list")
            o.list = true;
        else if (word == "--help")
            o.help = true;
        else
            throw std::invalid_argument("unknown: " + word);
    }
    return o;
}

clock::duration length_of(const options& o) {
    return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(o.seconds));
}

// One run, in this process. `o.repetitions` is its number.
int run_here(const workload& what, const options& o) {
    const auto who = std::ranges::find(what.contenders, o.single, &contender::name);
    if (who == what.contenders.end()) throw std::invalid_argument("no such contender: " + o.single);
    ::alarm(static_cast<unsigned>(60 + 10 * o.seconds));  // one that hangs ends by SIGALRM
    run r(o.numbers, length_of(o));
    who->work(r);
    require(r.amount() > 0 && r.seconds() > 0, "the run was too short to measure anything");
    std::string numbers;
    for (const auto& [name, value] : o.numbers) {
        if (!numbers.empty()) numbers += ", ";
        numbers.append("\"").append(name).append("\": ").append(std::to_string(value));
    }
    std::printf(
        "{\"workload\": \"%s\", \"contender\": \"%s\", \"version\": \"%s\", \"baseline\": \"%s\", "
        "\"repetition\": %d, \"rate\": %.6g, \"unit\": \"%s\", \"amount\": %.6g, \"seconds\": %.6g, "
        "\"parameters\": {%s}}\n",
        what.name.c_str(), who->name.c_str(), who->version.c_str(), what.contenders.front().name.c_str(), o.repetitions,
        r.amount() / r.seconds(), what.unit.c_str(), r.amount(), r.seconds(), numbers.c_str());
    return 0;
}

// The same in a process of its own.
void run_apart(const options& o, const std::string& contender_name, int repetition, const parameters& which) {
    std::vector<std::string> words{own_path(),
                                   "--single",
                                   contender_name,
                                   "--repetitions",
                                   std::to_string(repetition),
                                   "--seconds",
                                   std::to_string(o.seconds)};
    for (const auto& [name, value] : which) {
        words.emplace_back("--case");
        words.push_back(name + "=" + std::to_string(value));
    }
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t pid = -1;
    errno = ::posix_spawn(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ);
    check(errno == 0 ? 0 : -1, "posix_spawn");
    int status = 0;
    check(::waitpid(pid, &status, 0), "waitpid");
    if (status != 0) throw std::runtime_error("the run of " + contender_name + " failed");
}

int run_all(const workload& what, const options& o) {
    std::vector<std::string> names;
    for (const auto& c : what.contenders)
        if (o.contenders.empty() || std::ranges::find(o.contenders, c.name) != o.contenders.end())
            names.push_back(c.name);
    std::vector<parameters> cases = o.smoke ? what.smoke_cases : what.cases;
    std::erase_if(cases, [&](const parameters& which) {
        return !std::ranges::all_of(
            o.numbers, [&](const auto& wanted) { return std::ranges::find(which, wanted) != which.end(); });
    });
    if (names.empty() || cases.empty()) throw std::invalid_argument("no such contender or case");
    // By turns, and each time another one first, so that neither drift nor a neighbour's habit is always the same
    // one's.
    for (int repetition = 1; repetition <= o.repetitions; ++repetition) {
        for (const auto& which : cases)
            for (const auto& name : names) run_apart(o, name, repetition, which);
        std::ranges::rotate(names, names.begin() + 1);
    }
    return 0;
}

}  // namespace

long run::operator[](std::string_view name) const {
    const auto found = std::ranges::find(which_, name, [](const auto& p) -> std::string_view { return p.first; });
    if (found == which_.end()) throw std::invalid_argument("the case has no number called " + std::string(name));
    return found->second;
}

bool run::add(double amount) {
    if (over_) return false;
    const auto now = clock::now();
    if (begun_ == clock::time_point{}) {
        if (now - made_ >= length_ / 10) begun_ = now;
        return true;
    }
    amount_ += amount;
    seconds_ = std::chrono::duration<double>(now - begun_).count();
    over_ = now - begun_ >= length_;
    return !over_;
}

int main_of(const workload& what, int argc, char* argv[]) {
    try {
        options o = parse(argc, argv);
        if (o.help) {
            std::printf(usage, argv[0]);
            return 0;
        }
        if (o.list) {
            for (const auto& c : what.contenders) std::printf("%s\n", c.name.c_str());
            return 0;
        }
        if (!o.single.empty()) return run_here(what, o);
        if (o.smoke) o.repetitions = 1, o.seconds = 0.005;
        return run_all(what, o);
    } catch (const std::invalid_argument& e) {
        std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
        std::fprintf(stderr, usage, argv[0]);
        return 2;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
        return 1;
    }
}

resident_memory::resident_memory(long mib) : size_(static_cast<std::size_t>(mib) << 20) {
    if (size_ == 0) return;
    base_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(base_ == MAP_FAILED ? -1 : 0, "mmap");
    ::madvise(base_, size_, MADV_NOHUGEPAGE);  // fails where there are no huge pages, and is not needed there
    for (std::size_t at = 0; at < size_; at += 4096) static_cast<volatile char*>(base_)[at] = 1;
}

resident_memory::~resident_memory() {
    if (size_ != 0) ::munmap(base_, size_);
}

place::place() {
    std::string directory = "/tmp/parley-bench-XXXXXX";
    require(::mkdtemp(directory.data()) != nullptr, "mkdtemp");
    path_ = directory + "/s";
}

place::~place() {
    ::unlink(path_.c_str());
    ::rmdir(path_.substr(0, path_.rfind('/')).c_str());
}

long open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all)) - 1;  // without the one that reads the directory
}

void raise_descriptor_limit() {
    rlimit limit{};
    check(::getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    check(::setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

std::string own_path() {
    std::string path(PATH_MAX, '\0');
    const auto length = ::readlink("/proc/self/exe", path.data(), path.size());
    check(static_cast<int>(length), "readlink /proc/self/exe");
    path.resize(static_cast<std::size_t>(length));
    return path;
}

#ifdef PARLEY_BENCH_PYTHON
void run_script(run& r, const std::string& script, const std::vector<std::string>& words) {
    std::string line = "exec '" PARLEY_BENCH_PYTHON "' '" PARLEY_BENCH_FOLDER "/" + script + "'";
    line += " " + std::to_string(r.length().count());
    for (const auto& word : words) line += " '" + word + "'";
    FILE* from = ::popen(line.c_str(), "r");
    check(from == nullptr ? -1 : 0, "popen");
    double amount = 0;
    double seconds = 0;
    const bool understood = std::fscanf(from, "%lf %lf", &amount, &seconds) == 2;
    require(::pclose(from) == 0 && understood, "the Python program failed");
    r.set(amount, seconds);
}
#endif

int check(int value, const char* call) {
    if (value < 0) throw std::system_error(errno, std::system_category(), call);
    return value;
}

void require(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

}  // namespace bench
