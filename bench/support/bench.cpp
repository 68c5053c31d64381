// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "bench.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace bench {

long run::operator[](std::string_view name) const {
    const auto found = std::ranges::find(which_, name, [](const auto& p) -> std::string_view { return p.first; });
    if (found == which_.end()) throw std::invalid_argument("the case has no number called " + std::string(name));
    return found->second;
}

bool run::add(double amount) {
    if (over_) return false;
    if (begun_ == clock::time_point{}) {
        const auto now = clock::now();
        if (now - made_ >= extent_.length / 10) begun_ = now;
        return true;
    }
    amount_ += amount;
    ++operations_;
    if (operations_ < extent_.count) return true;
    const auto taken = clock::now() - begun_;
    seconds_ = std::chrono::duration<double>(taken).count();
    over_ = extent_.count != 0 || taken >= extent_.length;
    return !over_;
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
    std::error_code ignored;
    std::filesystem::remove_all(path_.substr(0, path_.rfind('/')), ignored);
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
    line.append(" ").append(std::to_string(std::chrono::duration<double>(r.how_long().length).count()));
    line.append(" ").append(std::to_string(r.how_long().count));
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
