// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads have in common: their cases, their implementations, and one run of one of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench {

using clock = std::chrono::steady_clock;

/// The numbers that tell the cases of a workload apart, as in {{"in_flight", 8}, {"resident_mib", 1024}}.
using parameters = std::vector<std::pair<std::string, long>>;

/// Where the processes of a run are: all on one core; each of its two sides on a core of its own; or where the kernel
/// puts them.
enum class cpus { same, apart, any };

/// When a run is over: after a time or, where `count` is not 0, after so many calls of `run::add`.
struct extent {
    clock::duration length{};
    long count = 0;
};

/// One run of one implementation: its case, and the clock that says when it is over.
class run {
public:
    run(parameters which, cpus where, extent how_long) : which_(std::move(which)), where_(where), extent_(how_long) {}

    /// A number of the case; a name that it does not have ends the program.
    long operator[](std::string_view name) const;
    cpus where() const { return where_; }
    extent how_long() const { return extent_; }

    /// A run of the same case for one of so many who work at once, with a clock and a count of its own.
    run share(long of) const { return {which_, where_, {extent_.length, (extent_.count + of - 1) / of}}; }

    /// Counts finished work; false when the run is over. The clock starts with the first call after a tenth of the
    /// length, so that the first piece of work is never counted.
    bool add(double amount);
    /// The result of a run that was measured elsewhere. A figure that is no rate, such as bytes per connection, comes
    /// with 1 for the seconds.
    void set(double amount, double seconds) { amount_ = amount, seconds_ = seconds; }

    double amount() const { return amount_; }
    double seconds() const { return seconds_; }

private:
    parameters which_;
    cpus where_;
    extent extent_;
    clock::time_point made_ = clock::now();
    clock::time_point begun_{};
    bool over_ = false;
    long operations_ = 0;
    double amount_ = 0;
    double seconds_ = 0;
};

/// Works until `run::add` says that it is enough. Throws when anything goes wrong.
using work_function = std::function<void(run&)>;

struct impl {
    std::string name;
    std::string version;
    work_function work;
    /// Where `work` is empty, the module that has it: see module.hpp.
    std::string module{};
    /// The largest number of a case that it is run with; what is not named here has no limit.
    parameters at_most{};
};

struct workload {
    std::string name;
    /// What one call of `run::add` stands for, as `--count` counts it. Empty where the case says how much there is to
    /// do: then neither `--count` nor `--seconds` does.
    std::string operation;
    std::string unit;
    /// The first is what the others are compared with.
    std::vector<impl> impls;
    std::vector<parameters> cases;
    /// Cases for a test of the program, which measures nothing.
    std::vector<parameters> smoke_cases;
    /// Where each case runs when nobody says it. `apart` stands here only where `work` sees to it.
    std::vector<cpus> where;
    /// Whether there are two sides that can be `apart`.
    bool two_sides = false;
};

/// Memory that is really there, in small pages: what makes a fork expensive.
class resident_memory {
public:
    explicit resident_memory(long mib);
    ~resident_memory();
    resident_memory(const resident_memory&) = delete;
    resident_memory& operator=(const resident_memory&) = delete;

private:
    void* base_ = nullptr;
    std::size_t size_ = 0;
};

/// A path for a listener, in a directory that is removed at the end with all that is in it.
class place {
public:
    place();
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place();
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// The number of open descriptors of this process.
long open_descriptors();
/// Lets this process have as many descriptors as it may.
void raise_descriptor_limit();

/// The path of this program.
std::string own_path();

/// Runs a Python program of this folder, which prints the amount and the seconds, with the seconds and the count that
/// the run may take, one of which is 0, and then `words` as its arguments.
void run_script(run& r, const std::string& script, const std::vector<std::string>& words);

/// `value` where it is not negative; throws with errno and the name of the call otherwise.
int check(int value, const char* call);
/// Throws, with `what` as the reason, when it is false.
void require(bool good, const char* what);

/// For the end of a coroutine: what it threw leaves the loop.
inline void rethrow(std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
}

}  // namespace bench
