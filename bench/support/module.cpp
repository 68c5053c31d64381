// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "module.hpp"

#include <filesystem>
#include <stdexcept>

#include <dlfcn.h>

namespace bench {
namespace {

std::string path_of(const std::string& peer) { return own_path() + "-" + peer + ".so"; }

void* symbol(void* module, const std::string& name) {
    void* const found = ::dlsym(module, name.c_str());
    if (found == nullptr) throw std::runtime_error(::dlerror());
    return found;
}

}  // namespace

bool has_module(const std::string& peer) { return std::filesystem::exists(path_of(peer)); }

void load_module(impl& of, const std::string& workload) {
    void* const module = ::dlopen(path_of(of.module).c_str(), RTLD_NOW | RTLD_LOCAL);  // stays until the process ends
    if (module == nullptr) throw std::runtime_error(::dlerror());
    of.version = reinterpret_cast<const char* (*)()>(symbol(module, "bench_version"))();
    of.work = reinterpret_cast<void (*)(run&)>(symbol(module, "bench_" + workload));
}

}  // namespace bench
