// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// clangd at the other end: the Language Server Protocol in both directions.

#include "interop_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/describe/class.hpp>

#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(clangd_test)
namespace {

struct place {
    int line = 0;
    int character = 0;
    bool operator==(const place&) const = default;
};
BOOST_DESCRIBE_STRUCT(place, (), (line, character))

struct needs_clangd {
    needs_clangd() { skip_without("clangd"); }
};

// A semicolon is missing at its end.
constexpr std::string_view with_a_mistake =
    "struct square { double side; double area() const { return side * side; } };\n"
    "double twice(const square& s) { return 2 * s.area() }\n";
constexpr place at_square{0, 9}, at_area{1, 46}, behind_the_dot{1, 45};

struct clangd_fixture : interop_fixture {
    temporary_directory directory;
    std::map<std::string, rpc::value> diagnostics;  // of each file, the newest
    std::vector<rpc::value> progress;

    clangd_fixture() {
        calls.on("textDocument/publishDiagnostics", [&](const rpc::value& p) { diagnostics[*p["uri"].text()] = p; });
        calls.on("$/progress", [&](const rpc::value& p) { progress.push_back(p["value"]); });
    }

    void start(rpc::object capabilities = {}) {
        interop_fixture::start({.program = "clangd", .directory = directory.path()},
                               rpc::json_rpc(rpc::json_rpc_options::language_server()));
        const auto told = call("initialize", rpc::named("processId", ::getpid(), "rootUri", uri_of(""), "capabilities",
                                                        std::move(capabilities)));
        BOOST_TEST(told["capabilities"]["hoverProvider"] == rpc::value(true));
        notify("initialized", rpc::named(rpc::object()));
    }
    void stop() {
        call<void>("shutdown");
        notify("exit");
        BOOST_TEST(end() == exit_status::exited(0));
        BOOST_TEST(peer.counters().unknown_answers == 0u);
        BOOST_TEST(peer.counters().invalid_messages == 0u);
    }

    std::string uri_of(const std::string& name) const { return "file://" + (directory / name); }
    void open(const std::string& name, std::string_view text) {
        notify("textDocument/didOpen",
               rpc::named("textDocument",
                          rpc::object{{"uri", uri_of(name)}, {"languageId", "cpp"}, {"version", 1}, {"text", text}}));
        wait_until([&] { return diagnostics.contains(uri_of(name)); });
    }
    /// What clangd proposes to do about a mistake, as a command to be executed.
    auto command_for(const rpc::value& mistake) {
        const auto actions =
            call("textDocument/codeAction",
                 rpc::named("textDocument", rpc::object{{"uri", uri_of("a.cpp")}}, "range", mistake["range"], "context",
                            rpc::object{{"diagnostics", rpc::array{mistake}}}));
        const auto& first = actions[std::size_t{0}];
        BOOST_TEST_REQUIRE(first["command"].text() != nullptr);
        return rpc::named("command", first["command"], "arguments", first["arguments"]);
    }
    auto at(const std::string& name, place where) const {
        return rpc::named("textDocument", rpc::object{{"uri", uri_of(name)}}, "position", where);
    }
    std::string hover_at(const std::string& name, place where) {
        return *call("textDocument/hover", at(name, where))["contents"]["value"].text();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(clangd_suite, clangd_fixture, *boost::unit_test::fixture<needs_clangd>())

BOOST_AUTO_TEST_CASE(a_cancelled_call_is_answered_and_the_answer_is_late) {
    start();
    open("a.cpp", with_a_mistake);
    asio::cancellation_signal enough;
    std::exception_ptr ended;
    peer.prepare_call("textDocument/completion", at("a.cpp", behind_the_dot))(
        asio::bind_cancellation_slot(enough.slot(), [&](std::exception_ptr e, const rpc::value&) { ended = e; }));
    enough.emit(asio::cancellation_type::terminal);
    wait_until([&] { return ended != nullptr; });
    BOOST_CHECK_EXCEPTION(std::rethrow_exception(ended), rpc::call_error,
                          [](const auto& e) { return e.code() == asio::error::operation_aborted; });
    BOOST_TEST(peer.counters().waiting == 0u);
    wait_until([&] { return peer.counters().late_answers == 1; });
    BOOST_TEST(hover_at("a.cpp", at_area).find("area") != std::string::npos);
    stop();
}

BOOST_AUTO_TEST_CASE(a_call_that_is_too_late_is_cancelled) {
    start();
    open("a.cpp", with_a_mistake);
    const auto failure = failure_of(
        peer.prepare_call({.deadline = std::chrono::nanoseconds(1)}, "textDocument/hover", at("a.cpp", at_area)));
    BOOST_TEST(failure.code() == asio::error::timed_out);
    wait_until([&] { return peer.counters().late_answers == 1; });
    stop();
}

BOOST_AUTO_TEST_CASE(a_file_of_mistakes_is_mended_by_what_clangd_calls_while_it_serves_our_call) {
    std::optional<rpc::value> edit;
    calls.on("workspace/applyEdit", {"edit"}, [&](rpc::value e) -> rpc::object {
        edit = std::move(e);
        return {{"applied", true}};
    });
    start();
    open("a.cpp", with_a_mistake);
    const auto& found = diagnostics[uri_of("a.cpp")]["diagnostics"];
    BOOST_TEST_REQUIRE(found[0]["message"].text() != nullptr);
    BOOST_TEST(found[0]["message"].text()->find("';'") != std::string::npos);
    const auto actions =
        call("textDocument/codeAction", rpc::named("textDocument", rpc::object{{"uri", uri_of("a.cpp")}}, "range",
                                                   found[0]["range"], "context", rpc::object{{"diagnostics", found}}));
    BOOST_TEST_REQUIRE(actions[0]["command"].text() != nullptr);
    BOOST_TEST(!edit);
    call("workspace/executeCommand",
         rpc::named("command", actions[0]["command"], "arguments", actions[0]["arguments"]));
    BOOST_TEST_REQUIRE(edit.has_value());
    BOOST_TEST(*(*edit)["changes"][uri_of("a.cpp")][0]["newText"].text() == ";");
    BOOST_TEST(peer.counters().served == 1u);
    stop();
}

BOOST_AUTO_TEST_CASE(a_fault_of_ours_is_the_reason_that_clangd_gives) {
    calls.on("workspace/applyEdit",
             [](const rpc::value&) -> rpc::value { throw rpc::fault(-32001, "the file is locked"); });
    start();
    open("a.cpp", with_a_mistake);
    const auto& found = diagnostics[uri_of("a.cpp")]["diagnostics"];
    const auto actions =
        call("textDocument/codeAction", rpc::named("textDocument", rpc::object{{"uri", uri_of("a.cpp")}}, "range",
                                                   found[0]["range"], "context", rpc::object{{"diagnostics", found}}));
    const auto failure =
        failure_of(peer.prepare_call("workspace/executeCommand", rpc::named("command", actions[0]["command"],
                                                                            "arguments", actions[0]["arguments"])));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::remote_fault));
    BOOST_TEST(std::string(failure.what()).find("the file is locked") != std::string::npos, failure.what());
    stop();
}

BOOST_AUTO_TEST_CASE(clangd_asks_for_a_place_to_show_progress_and_shows_it) {
    std::ofstream(directory / "b.cpp") << "int b() { return 1; }\n";
    std::ofstream(directory / "compile_commands.json")
        << R"([{"directory": ")" << directory.path() << R"(", "file": "b.cpp", "command": "c++ -c b.cpp"}])";
    int created = 0;
    calls.on("window/workDoneProgress/create", {"token"}, [&](const rpc::value&) { ++created; });
    start(rpc::object{{"window", rpc::object{{"workDoneProgress", true}}}});
    open("b.cpp", "int b() { return 1; }\n");
    wait_until([&] { return !progress.empty() && progress.back()["kind"] == rpc::value("end"); });
    BOOST_TEST(created == 1);
    BOOST_TEST((progress.front()["kind"] == rpc::value("begin")));
    BOOST_TEST(peer.counters().not_handled == 0u);
    stop();
}

BOOST_AUTO_TEST_CASE(clangd_goes_on_where_we_have_no_such_method) {
    std::ofstream(directory / "b.cpp") << "int b() { return 1; }\n";
    std::ofstream(directory / "compile_commands.json")
        << R"([{"directory": ")" << directory.path() << R"(", "file": "b.cpp", "command": "c++ -c b.cpp"}])";
    start(rpc::object{{"window", rpc::object{{"workDoneProgress", true}}}});
    open("b.cpp", "int b() { return 1; }\n");
    wait_until([&] { return peer.counters().faults == 1; });
    BOOST_TEST(hover_at("b.cpp", {0, 4}).find('b') != std::string::npos);
    stop();
}

BOOST_AUTO_TEST_CASE(faults_of_clangd_have_their_meaning) {
    start();
    open("a.cpp", with_a_mistake);
    auto failure = failure_of(peer.prepare_call("textDocument/tea", rpc::named("sugar", true)));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::unknown_method), failure.what());
    failure = failure_of(peer.prepare_call("textDocument/hover", rpc::named("textDocument", 5)));
    BOOST_TEST_REQUIRE(failure.fault().has_value());
    BOOST_TEST(failure.fault()->number() < 0);
    BOOST_TEST(!failure.fault()->message().empty());
    failure = failure_of(peer.prepare_call("textDocument/hover", at("never_opened.cpp", {0, 0})));
    BOOST_TEST_REQUIRE(failure.fault().has_value());
    BOOST_TEST(!failure.fault()->message().empty());
    stop();
}

BOOST_AUTO_TEST_CASE(text_of_all_kinds_arrives_whole) {
    start();
    // Columns are counted in UTF-16: U+1F600 is two.
    open("t.cpp", "const char* t = \"\u00e4\u20ac\U0001F600 \\\" \\\\ \t\";  int wrong = nothing;\n");
    const auto& found = diagnostics[uri_of("t.cpp")]["diagnostics"];
    BOOST_TEST_REQUIRE(found[0]["range"]["start"]["character"].get_if<std::int64_t>() != nullptr);
    BOOST_TEST(found[0]["range"]["start"]["character"].get<std::int64_t>() == 45);
    stop();
}

BOOST_AUTO_TEST_CASE(many_calls_at_once_are_each_answered) {
    start();
    open("a.cpp", with_a_mistake);
    int answered = 0;
    for (int i = 0; i < 300; ++i)
        peer.prepare_call("textDocument/hover", at("a.cpp", i % 2 == 0 ? at_area : at_square))(
            [&, i](const std::exception_ptr& failure, const rpc::value& found) {
                BOOST_TEST(!failure);
                const auto* const text = found["contents"]["value"].text();
                BOOST_TEST_REQUIRE(text != nullptr);
                BOOST_TEST(text->find(i % 2 == 0 ? "area" : "square") != std::string::npos);
                ++answered;
            });
    wait_until([&] { return answered == 300; });
    stop();
}

BOOST_AUTO_TEST_CASE(a_call_that_waits_when_clangd_ends_is_disconnected) {
    start();
    notify("exit");
    const auto failure = failure_of(peer.prepare_call<void>("shutdown"));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::disconnected), failure.what());
    run(peer.async_wait());
    BOOST_TEST(!peer.is_open());
    BOOST_TEST(end() == exit_status::exited(1));  // without a shutdown before
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
