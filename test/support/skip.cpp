// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "skip.hpp"

#include <boost/test/results_collector.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

namespace parley::test {
namespace {

namespace ut = boost::unit_test;

struct skips : ut::test_observer {
    std::vector<ut::test_unit_id> noted{};  // whose cases have not ended yet
    std::size_t ended = 0;
    std::size_t skipped = 0;

    void test_unit_finish(const ut::test_unit& unit, unsigned long) override {
        if (unit.p_type != ut::TUT_CASE) return;
        ++ended;
        const auto own = std::ranges::find(noted, unit.p_id.get());
        if (own == noted.end()) return;
        noted.erase(own);
        // A case that has failed before it was skipped has failed.
        if (!ut::results_collector.results(unit.p_id).passed()) return;
        ++skipped;
        ut::results_collector.test_unit_skipped(unit, "it cannot run here");
    }
    int priority() override {
        return -1;
    }  // of ends those with the least priority are told last: behind those that count
};

skips& all() {
    static skips instance;
    return instance;
}

void print(const std::string& name, const std::string& reason) {
    std::string line = reason;
    std::ranges::replace(line, '\n', ' ');
    while (line.ends_with(' ')) line.pop_back();
    std::printf("skipped: %s: %s\n", name.c_str(), line.c_str());
    std::fflush(stdout);
}

}  // namespace

void detail_of_skip::note(const std::string& reason) {
    const auto& unit = ut::framework::current_test_case();
    print(unit.full_name(), reason);
    if (std::ranges::count(all().noted, unit.p_id.get()) == 0) all().noted.push_back(unit.p_id);
}

void skip_program(const std::string& reason) {
    print(ut::framework::current_test_unit().full_name(), reason);
    std::_Exit(77);
}

bool is_root_or_skip() {
    if (::geteuid() == 0) return true;
    skip_case("needs root");
    return false;
}

void watch_for_skipped_cases() { ut::framework::register_observer(all()); }

bool all_were_skipped() { return all().ended != 0 && all().skipped == all().ended; }

}  // namespace parley::test
