// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// systemd's client of varlink at the other end, where there is one: it came with systemd 255.

#include "varlink_example.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(varlinkctl_test)
namespace {

struct needs_varlinkctl {
    needs_varlinkctl() { skip_without("varlinkctl"); }
};

struct varlinkctl_fixture : varlink_fixture {
    varlinkctl_fixture() {
        add_example();
        serve();
    }
    ~varlinkctl_fixture() { end_serving(); }

    run_result varlinkctl(argument_list words) {
        return run_to_its_end({.program = "varlinkctl", .arguments = std::move(words), .search_path = true});
    }
    static std::size_t count_of(std::string_view what, std::string_view in) {
        std::size_t n = 0;
        for (auto at = in.find(what); at != std::string_view::npos; at = in.find(what, at + 1)) ++n;
        return n;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(varlinkctl_suite, varlinkctl_fixture, *boost::unit_test::fixture<needs_varlinkctl>())

BOOST_AUTO_TEST_CASE(a_service_is_described_and_called) {
    BOOST_TEST(varlinkctl({"info", where}).out.find("a test") != std::string::npos);
    BOOST_TEST(varlinkctl({"introspect", where, "org.example.parley"}).out.find("method") != std::string::npos);
    auto said = varlinkctl({"--json=short", "call", where, "org.example.parley.Add", R"({"a":2,"b":3})"});
    BOOST_TEST(said.status == exit_status::exited(0), said.err);
    BOOST_TEST(count_of(R"("sum":5)", said.out) == 1u, said.out);
    said = varlinkctl({"--json=short", "--more", "call", where, "org.example.parley.Count", R"({"to":20})"});
    BOOST_TEST(said.status == exit_status::exited(0), said.err);
    BOOST_TEST(count_of(R"("n":)", said.out) == 20u, said.out);
}

BOOST_AUTO_TEST_CASE(errors_are_shown_by_their_names) {
    auto said = varlinkctl({"call", where, "org.example.parley.Find", R"({"what":"cake"})"});
    BOOST_TEST(!said.status.success());
    BOOST_TEST((said.out + said.err).find("org.example.parley.NotFound") != std::string::npos, said.err);
    said = varlinkctl({"call", where, "org.example.parley.Missing", "{}"});
    BOOST_TEST(!said.status.success());
    BOOST_TEST((said.out + said.err).find("MethodNotFound") != std::string::npos, said.err);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
