// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc_tools.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(describe_test)
namespace {

BOOST_DEFINE_ENUM_CLASS(tone, low, high)

struct note {
    tone pitch{};
    double length = 0;
    std::optional<std::string> name{};
};
BOOST_DESCRIBE_STRUCT(note, (), (pitch, length, name))

rpc::router music() {
    rpc::router calls;
    calls.on("org.example.music.Play", {"notes", "times"},
             [](const std::vector<note>&, std::optional<int>) { return true; });
    calls.on("org.example.music.Find", [](const note& n) { return n; });
    calls.on("org.example.music.Stop", [] {});
    calls.on("org.example.other.Count", {"of"}, [](const std::map<std::string, int>& of) { return of.size(); });
    calls.on("plain", [](int, const rpc::value& v) { return v; });
    return calls;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(describe_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(nothing_is_told_unasked) {
    auto [client, server] = connect(rpc::json_rpc(), music());
    BOOST_TEST(failure_of(client.prepare_call("rpc.discover")).code() == make_error_code(rpc::errc::unknown_method));
}

BOOST_AUTO_TEST_CASE(methods_are_told_as_open_rpc_has_them) {
    auto calls = music();
    calls.describe("music", "2.1");
    auto [client, server] = connect(rpc::json_rpc(), calls);
    const auto document = get<rpc::value>(client.prepare_call("rpc.discover"));
    BOOST_TEST(*document["info"]["title"].text() == "music");
    const auto& methods = document["methods"].get<rpc::array>();
    BOOST_TEST_REQUIRE(methods.size() == 5u);  // not the one that was asked
    BOOST_TEST(rpc::to_json(methods[1]).value() ==
               R"({"name":"org.example.music.Play","params":[{"name":"notes","required":true,"schema":{"type":"array",)"
               R"("items":{"type":"object","properties":{"pitch":{"type":"string","enum":["low","high"]},)"
               R"("length":{"type":"number"},"name":{"type":"string"}},"required":["pitch","length"]}}},)"
               R"({"name":"times","required":false,"schema":{"anyOf":[{"type":"integer"},{"type":"null"}]}}],)"
               R"("paramStructure":"either","result":{"name":"result","schema":{"type":"boolean"}}})");
    BOOST_TEST(*methods[0]["paramStructure"].text() == "by-name");
    BOOST_TEST(*methods[0]["params"][2]["name"].text() == "name");
    BOOST_TEST(!methods[0]["params"][2]["required"].get<bool>());
    BOOST_TEST(*methods[4]["paramStructure"].text() == "by-position");
    BOOST_TEST(*methods[4]["params"][0]["name"].text() == "argument1");
}

BOOST_AUTO_TEST_CASE(interfaces_are_told_as_varlink_has_them) {
    auto calls = music();
    calls.describe("music");
    auto [client, server] = connect(rpc::varlink(), calls);
    const auto info = get<rpc::value>(client.prepare_call("org.varlink.service.GetInfo"));
    BOOST_TEST(*info["product"].text() == "music");
    BOOST_TEST((info["interfaces"] ==
                rpc::value(rpc::array{"org.example.music", "org.example.other", "org.varlink.service"})));
    const auto described = [&](const std::string& name) {
        const auto got = get<rpc::value>(
            client.prepare_call("org.varlink.service.GetInterfaceDescription", rpc::named("interface", name)));
        return *got["description"].text();
    };
    BOOST_TEST(
        described("org.example.music") ==
        "interface org.example.music\n\n"
        "method Find(pitch: (low, high), length: float, name: ?string) -> (pitch: (low, high), length: float, name: "
        "?string)\n\n"
        "method Play(notes: [](pitch: (low, high), length: float, name: ?string), times: ?int) -> (result: bool)\n\n"
        "method Stop() -> ()\n");
    BOOST_TEST(described("org.example.other") ==
               "interface org.example.other\n\nmethod Count(of: [string]int) -> (result: int)\n");
    BOOST_TEST(described("org.varlink.service").find("method GetInfo()") != std::string::npos);
    const auto failure = failure_of(
        client.prepare_call("org.varlink.service.GetInterfaceDescription", rpc::named("interface", "org.none")));
    BOOST_TEST(failure.fault()->number() == rpc::fault_code::method_not_found);
    BOOST_TEST(*failure.fault()->data().text() == "org.none");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
