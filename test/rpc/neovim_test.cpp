// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Neovim at the other end: MessagePack-RPC in both directions.

#include "interop_tools.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(neovim_test)
namespace {

struct needs_neovim {
    needs_neovim() { skip_without("nvim"); }
};

struct api_version {
    int major = 0;
    int minor = 0;
    std::optional<bool> prerelease{};
};
BOOST_DESCRIBE_STRUCT(api_version, (), (major, minor, prerelease))
struct api_function {
    std::string name{};
    std::string return_type{};
    std::vector<std::tuple<std::string, std::string>> parameters{};
};
BOOST_DESCRIBE_STRUCT(api_function, (), (name, return_type, parameters))
struct api_type {
    int id = 0;
    std::string prefix{};
};
BOOST_DESCRIBE_STRUCT(api_type, (), (id, prefix))
struct api {
    api_version version{};
    std::vector<api_function> functions{};
    std::map<std::string, api_type> types{};
};
BOOST_DESCRIBE_STRUCT(api, (), (version, functions, types))

struct neovim_fixture : interop_fixture {
    int channel = 0;  // what Neovim calls us

    neovim_fixture() {
        start({.program = "nvim", .arguments = {"--embed", "--headless", "--clean"}},
              rpc::message_pack_rpc(rpc::message_pack_rpc_options::neovim()));
        channel = std::get<0>(call<std::tuple<int, rpc::value>>("nvim_get_api_info"));
    }
    ~neovim_fixture() {
        if (!peer.is_open()) return;
        notify("nvim_command", "quitall!");
        run(peer.async_wait());
        BOOST_TEST(end() == exit_status::exited(0));
        BOOST_TEST(peer.counters().unknown_answers == 0u);
        BOOST_TEST(peer.counters().not_handled == 0u);
    }

    template <typename R = rpc::value>
    R eval(const std::string& expression) {
        return call<R>("nvim_eval", expression);
    }
    /// An expression by which Neovim calls us.
    std::string request(const std::string& method_and_arguments) const {
        return "rpcrequest(" + std::to_string(channel) + ", " + method_and_arguments + ")";
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(neovim_suite, neovim_fixture, *boost::unit_test::fixture<needs_neovim>())

BOOST_AUTO_TEST_CASE(what_is_evaluated_comes_back_with_its_type) {
    BOOST_TEST(eval<int>("6 * 7") == 42);
    BOOST_TEST(eval<std::int64_t>("-9223372036854775807") == -9223372036854775807);
    BOOST_TEST(eval<double>("0.5") == 0.5);
    BOOST_TEST(eval<std::string>("'a' . nr2char(228) . nr2char(128512)") == "a\u00e4\U0001F600");
    BOOST_TEST(eval<bool>("v:true"));
    BOOST_TEST((eval("{'a': [1, 2.5, v:null, v:false, {}], 'b': ''}") ==
                rpc::value(rpc::object{{"a", rpc::array{1, 2.5, nullptr, false, rpc::object()}}, {"b", ""}})));
    BOOST_TEST((eval<std::vector<int>>("range(1000)").back() == 999));
    BOOST_TEST(eval<std::string>("repeat('x', 100000)").size() == 100000u);
}

BOOST_AUTO_TEST_CASE(its_description_of_itself_fits_into_types) {
    const auto [id, of] = call<std::tuple<int, api>>("nvim_get_api_info");
    BOOST_TEST(id == channel);
    BOOST_TEST(of.functions.size() > 100u);
    BOOST_TEST((of.types.at("Buffer").prefix == "nvim_buf_"));
    const auto buffer = call<rpc::extension>("nvim_get_current_buf");
    BOOST_TEST(int{buffer.type} == of.types.at("Buffer").id);
    BOOST_TEST(int{call<rpc::extension>("nvim_get_current_win").type} == of.types.at("Window").id);
    BOOST_TEST(int{call<rpc::extension>("nvim_get_current_tabpage").type} == of.types.at("Tabpage").id);
}

BOOST_AUTO_TEST_CASE(a_buffer_goes_back_as_it_came) {
    const auto buffer = call<rpc::extension>("nvim_create_buf", true, false);
    call<void>("nvim_buf_set_lines", buffer, 0, -1, true, std::vector<std::string>{"one", "two", "three"});
    BOOST_TEST(call<int>("nvim_buf_line_count", buffer) == 3);
    const auto lines = call<std::vector<std::string>>("nvim_buf_get_lines", buffer, 1, -1, true);
    BOOST_TEST(lines == (std::vector<std::string>{"two", "three"}), boost::test_tools::per_element());
    const auto all = call<std::vector<rpc::extension>>("nvim_list_bufs");
    BOOST_TEST((all.back() == buffer));
    // As a value of any kind, too.
    const auto first = call("nvim_list_bufs")[std::size_t{0}];
    BOOST_TEST((first.get<rpc::extension>() == all.front()));
    BOOST_TEST(call<bool>("nvim_buf_is_valid", first));
}

BOOST_AUTO_TEST_CASE(changes_of_a_buffer_are_notified) {
    std::vector<std::string> lines;
    std::optional<rpc::extension> of;
    bool detached = false;
    calls.on("nvim_buf_lines_event", [&](rpc::extension buffer, std::optional<int> tick, int first, int last,
                                         std::vector<std::string> data, bool more) {
        BOOST_TEST(tick.has_value());
        BOOST_TEST(!more);
        of = std::move(buffer);
        const auto at = lines.begin() + first;
        lines.insert(lines.erase(at, last < 0 ? lines.end() : lines.begin() + last), data.begin(), data.end());
    });
    calls.on("nvim_buf_detach_event", [&](const rpc::extension&) { detached = true; });
    const auto buffer = call<rpc::extension>("nvim_get_current_buf");
    BOOST_TEST(call<bool>("nvim_buf_attach", buffer, true, rpc::object()));
    call<void>("nvim_buf_set_lines", buffer, 0, -1, true, rpc::array{"b", "c", "a"});
    call<void>("nvim_command", "sort");
    call<void>("nvim_buf_set_lines", buffer, 1, 2, true, rpc::array{"x", "y"});
    // What it has notified of comes before its answers.
    BOOST_TEST((of == buffer));
    BOOST_TEST(lines == (std::vector<std::string>{"a", "x", "y", "c"}), boost::test_tools::per_element());
    BOOST_TEST(call<bool>("nvim_buf_detach", buffer));
    wait_until([&] { return detached; });
}

BOOST_AUTO_TEST_CASE(neovim_calls_us_while_it_serves_our_call) {
    calls.on("add", [](int a, int b) { return a + b; });
    BOOST_TEST(eval<int>("1 + " + request("'add', 2, 3")) == 6);
    BOOST_TEST(call<int>("nvim_exec_lua", "return vim.rpcrequest(...)", rpc::array{channel, "add", 40, 2}) == 42);
    BOOST_TEST(peer.counters().served == 2u);
}

BOOST_AUTO_TEST_CASE(calls_lie_in_one_another) {
    calls.on("fall", [&](int n, rpc::context& c) -> task<int> {
        if (n == 0) co_return 100;
        co_return n + co_await c.peer().async_call<int>("nvim_eval", request("'fall', " + std::to_string(n - 1)));
    });
    BOOST_TEST(eval<int>(request("'fall', 10")) == 155);
}

BOOST_AUTO_TEST_CASE(every_type_goes_there_and_back) {
    calls.on("echo", [](rpc::value v) { return v; });
    const rpc::value all = rpc::object{{"array", rpc::array{1, -1, 0.25, true, nullptr, "text"}},
                                       {"large", INT64_MAX},
                                       {"small", INT64_MIN},
                                       {"text", std::string(70000, 'x')},
                                       {"map", rpc::object{{"\u00e4", "\U0001F600"}}}};
    // Into a variable of Neovim's, out of it, to us and back again.
    call<void>("nvim_set_var", "all", all);
    auto back = eval("g:all");
    for (const auto& [name, v] : all.get<rpc::object>()) BOOST_TEST((back[name] == v), name);
    back = eval(request("'echo', g:all"));
    for (const auto& [name, v] : all.get<rpc::object>()) BOOST_TEST((back[name] == v), name);
    const rpc::bytes as_text{"as text"};
    call<void>("nvim_set_var", "bytes", as_text);
    BOOST_TEST(eval<std::string>("g:bytes") == "as text");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_arrive) {
    // Neovim sends what is in a file, and calls it text.
    BOOST_TEST((eval<rpc::bytes>("\"a\\xff\\xfe\"").data == "a\xff\xfe"));
    const auto buffer = call<rpc::extension>("nvim_get_current_buf");
    call<void>("nvim_buf_set_lines", buffer, 0, -1, true, std::vector<rpc::bytes>{{"\xe4pfel"}, {"b"}});
    const auto lines = call<std::vector<rpc::bytes>>("nvim_buf_get_lines", buffer, 0, -1, true);
    BOOST_TEST((lines.at(0).data == "\xe4pfel"));
    BOOST_TEST((lines.at(1).data == "b"));
    BOOST_TEST(eval<int>("1") == 1);
}

BOOST_AUTO_TEST_CASE(what_neovim_cannot_do_is_a_fault_with_its_text) {
    auto failure = failure_of(peer.prepare_call<int>("nvim_eval", "nothing"));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::remote_fault));
    BOOST_TEST_REQUIRE(failure.fault().has_value());
    BOOST_TEST(failure.fault()->message().find("E121") != std::string::npos, failure.what());
    failure = failure_of(peer.prepare_call<int>("nvim_tea"));
    BOOST_TEST(failure.fault()->message().find("nvim_tea") != std::string::npos, failure.what());
    failure = failure_of(peer.prepare_call<int>("nvim_eval", 1, 2));
    BOOST_TEST(failure.fault().has_value());
    failure = failure_of(peer.prepare_call<int>("nvim_eval", "'text'"));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::invalid_reply), failure.what());
    BOOST_TEST(eval<int>("1") == 1);
}

BOOST_AUTO_TEST_CASE(a_fault_of_ours_reaches_the_script) {
    calls.on("sell", [](const std::string& what) -> int { throw rpc::fault(7, "we have no " + what); });
    auto failure = failure_of(peer.prepare_call<int>("nvim_eval", request("'sell', 'kiwi'")));
    BOOST_TEST(failure.fault()->message().find("we have no kiwi") != std::string::npos, failure.what());
    failure = failure_of(peer.prepare_call<int>("nvim_eval", request("'sell', 3")));
    BOOST_TEST(failure.fault()->message().find("params[0]: text was expected, not 3") != std::string::npos,
               failure.what());
    failure = failure_of(peer.prepare_call<int>("nvim_eval", request("'steal'")));
    BOOST_TEST(failure.fault()->message().find("Method not found: steal") != std::string::npos, failure.what());
    const auto caught =
        call<std::string>("nvim_exec_lua", "local ok, why = pcall(vim.rpcrequest, ...)  return tostring(why)",
                          rpc::array{channel, "sell", "figs"});
    BOOST_TEST(caught.find("we have no figs") != std::string::npos, caught);
}

BOOST_AUTO_TEST_CASE(scripts_notify_us) {
    std::vector<std::string> heard;
    calls.on("say", [&](std::string what) { heard.push_back(std::move(what)); });
    call<void>("nvim_command",
               "for i in range(100) | call rpcnotify(" + std::to_string(channel) + ", 'say', 'word ' . i) | endfor");
    wait_until([&] { return heard.size() == 100; });
    BOOST_TEST(heard.back() == "word 99");
    BOOST_TEST(peer.counters().notified == 100u);
}

BOOST_AUTO_TEST_CASE(many_calls_at_once_are_each_answered) {
    int answered = 0;
    for (int i = 0; i < 2000; ++i)
        peer.prepare_call<int>("nvim_eval", std::to_string(i) + " * 2")([&, i](const std::exception_ptr& e, int n) {
            BOOST_TEST(!e);
            BOOST_TEST(n == 2 * i);
            ++answered;
        });
    wait_until([&] { return answered == 2000; });
}

BOOST_AUTO_TEST_CASE(a_call_that_waits_when_neovim_ends_is_disconnected) {
    const auto failure = failure_of(peer.prepare_call<void>("nvim_command", "cquit 3"));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::disconnected), failure.what());
    BOOST_TEST(!peer.is_open());
    BOOST_TEST(end() == exit_status::exited(3));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
