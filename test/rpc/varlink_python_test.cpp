// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The reference package of varlink for Python at the other end, in both roles: its certification, which checks every
// message to the letter, and what that leaves out.

#include "interop_tools.hpp"
#include "process_tools.hpp"
#include "varlink_example.hpp"

#include <parley/rpc/connect.hpp>
#include <parley/rpc/reply_stream.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <map>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(varlink_python_test)
namespace {

struct needs_packages {
    needs_packages() { skip_without_python(); }
};

// --- the types of org.varlink.certification

using string_map = std::map<std::string, std::string>;
using string_set = std::map<std::string, std::map<std::string, int>>;  // each with an empty map

struct flat {
    bool bool_ = false;
    int int_ = 0;
    double float_ = 0;
    std::string string{};
    bool operator==(const flat&) const = default;
};
BOOST_DESCRIBE_STRUCT(flat, (), (bool_, int_, float_, string))

struct numbered {
    int first = 0;
    std::string second{};
    bool operator==(const numbered&) const = default;
};
BOOST_DESCRIBE_STRUCT(numbered, (), (first, second))

BOOST_DEFINE_ENUM_CLASS(number, one, two, three)
BOOST_DEFINE_ENUM_CLASS(part, foo, bar, baz)

struct flags {
    bool foo = false;
    bool bar = false;
    bool operator==(const flags&) const = default;
};
BOOST_DESCRIBE_STRUCT(flags, (), (foo, bar))

struct inner {
    std::optional<std::vector<std::optional<std::map<std::string, part>>>> foo{};
    flags anon{};
    bool operator==(const inner&) const = default;
};
BOOST_DESCRIBE_STRUCT(inner, (), (foo, anon))

struct my_type {
    rpc::value object{};
    number enum_ = number::one;
    numbered struct_{};
    std::vector<std::string> array{};
    string_map dictionary{};
    string_set stringset{};
    std::optional<std::string> nullable{};
    std::optional<std::vector<numbered>> nullable_array_struct{};
    inner interface {};
    bool operator==(const my_type&) const = default;
};
BOOST_DESCRIBE_STRUCT(my_type, (),
                      (object, enum_, struct_, array, dictionary, stringset, nullable, nullable_array_struct,
                       interface))

struct text_result {
    std::string string{};
};
BOOST_DESCRIBE_STRUCT(text_result, (), (string))
struct my_type_result {
    my_type mytype{};
};
BOOST_DESCRIBE_STRUCT(my_type_result, (), (mytype))

const flat flat_sample{false, 2, std::numbers::pi, "a lot of string"};
const string_map map_sample{{"foo", "Foo"}, {"bar", "Bar"}};
const string_set set_sample{{"one", {}}, {"two", {}}, {"three", {}}};
my_type my_type_sample() {
    return {.object = rpc::object{{"method", "org.varlink.certification.Test09"},
                                  {"parameters", rpc::object{{"map", rpc::object{{"foo", "Foo"}, {"bar", "Bar"}}}}}},
            .enum_ = number::two,
            .struct_ = {1, "2"},
            .array = {"one", "two", "three"},
            .dictionary = map_sample,
            .stringset = set_sample,
            .interface = {.foo = {{std::nullopt,
                                   {{{"foo", part::foo}, {"bar", part::bar}}},
                                   std::nullopt,
                                   {{{"one", part::foo}, {"two", part::bar}}}}},
                          .anon = {true, false}}};
}
std::vector<std::string> ten_replies() {
    std::vector<std::string> all;
    for (int i = 1; i <= 10; ++i) all.push_back("Reply number " + std::to_string(i));
    return all;
}

struct varlink_python_fixture : varlink_fixture {
    /// Runs a program of Python's with these arguments and gives what it says.
    std::string python_says(argument_list words) {
        const auto ended = run_to_its_end({.program = python(), .arguments = std::move(words)});
        BOOST_TEST(ended.status == exit_status::exited(0), ended.err);
        return ended.out;
    }
    void start_certification_server() {
        program = spawn(ex, {.program = python(),
                             .arguments = {"-u", "-m", "varlink.tests.test_certification", "--varlink=" + where},
                             .out = stdio::pipe(),
                             .err = stdio::null()})
                      .value();
        BOOST_TEST(run_task(io, next_line(program)).starts_with("Listening on"));
        peer = run_task(io, rpc::connect(ex, where + "?protocol=varlink"));
    }
    void end_certification_server() {
        peer.close();
        BOOST_TEST(program.send_signal(SIGINT).has_value());
        BOOST_TEST(end() == exit_status::exited(0));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(varlink_python_suite, varlink_python_fixture, *boost::unit_test::fixture<needs_packages>())

BOOST_AUTO_TEST_CASE(the_client_of_the_certification_passes) {
    interfaces["org.varlink.certification"] =
        python_says({"-c",
                     "import varlink.tests, os; print(open(os.path.dirname(varlink.tests.__file__) + "
                     "'/org.varlink.certification.varlink').read(), end='')"});
    const std::string name = "org.varlink.certification.";
    std::string at = "Start";
    const auto expect = [&](const std::string& method, const std::string& next, bool good) {
        if (good && at == method) {
            at = next;
            return;
        }
        throw rpc::fault(0, "org.varlink.certification.CertificationError",
                         rpc::object{{"wants", rpc::object{{"method", at}}}, {"got", rpc::object{{"method", method}}}});
    };
    calls.on(name + "Start", [&] {
        expect("Start", "Test01", true);
        return rpc::object{{"client_id", "me"}};
    });
    calls.on(name + "Test01", {"client_id"}, [&](const std::string& id) {
        expect("Test01", "Test02", id == "me");
        return rpc::object{{"bool", true}};
    });
    calls.on(name + "Test02", {"client_id", "bool"}, [&](const std::string& id, bool v) {
        expect("Test02", "Test03", id == "me" && v);
        return rpc::object{{"int", 1}};
    });
    calls.on(name + "Test03", {"client_id", "int"}, [&](const std::string& id, int v) {
        expect("Test03", "Test04", id == "me" && v == 1);
        return rpc::object{{"float", 1.0}};
    });
    calls.on(name + "Test04", {"client_id", "float"}, [&](const std::string& id, double v) {
        expect("Test04", "Test05", id == "me" && v == 1.0);
        return rpc::object{{"string", "ping"}};
    });
    calls.on(name + "Test05", {"client_id", "string"}, [&](const std::string& id, const std::string& v) {
        expect("Test05", "Test06", id == "me" && v == "ping");
        return flat_sample;
    });
    calls.on(name + "Test06", {"client_id", "bool", "int", "float", "string"},
             [&](const std::string& id, bool b, int i, double f, std::string s) {
                 expect("Test06", "Test07", id == "me" && flat{b, i, f, std::move(s)} == flat_sample);
                 return std::map<std::string, flat>{{"struct", flat_sample}};
             });
    calls.on(name + "Test07", {"client_id", "struct"}, [&](const std::string& id, const flat& v) {
        expect("Test07", "Test08", id == "me" && v == flat_sample);
        return std::map<std::string, string_map>{{"map", map_sample}};
    });
    calls.on(name + "Test08", {"client_id", "map"}, [&](const std::string& id, const string_map& v) {
        expect("Test08", "Test09", id == "me" && v == map_sample);
        return std::map<std::string, string_set>{{"set", set_sample}};
    });
    calls.on(name + "Test09", {"client_id", "set"}, [&](const std::string& id, const string_set& v) {
        expect("Test09", "Test10", id == "me" && v == set_sample);
        return my_type_result{my_type_sample()};
    });
    calls.on(name + "Test10", {"client_id", "mytype"},
             [&](std::string id, my_type v, rpc::context& c) -> task<text_result> {
                 expect("Test10", "Test11", id == "me" && c.wants_parts() && v == my_type_sample());
                 auto all = ten_replies();
                 const text_result last{all.back()};
                 all.pop_back();
                 for (auto& one : all) {
                     const text_result next{std::move(one)};
                     co_await c.async_send_part(next);
                 }
                 co_return last;
             });
    calls.on(name + "Test11", {"client_id", "last_more_replies"},
             [&](const std::string& id, const std::vector<std::string>& v, rpc::context& c) {
                 expect("Test11", "End", id == "me" && c.is_notification() && v == ten_replies());
             });
    calls.on(name + "End", {"client_id"}, [&](const std::string& id) {
        expect("End", "nothing", id == "me");
        return rpc::object{{"all_ok", true}};
    });
    serve();
    const auto said = python_says({"-m", "varlink.tests.test_certification", "--client", "--varlink=" + where});
    BOOST_TEST(said.find("End: {'all_ok': True}") != std::string::npos, said);
    BOOST_TEST(said.find("Certification passed") != std::string::npos, said);
    BOOST_TEST(at == "nothing");
    end_serving();
}

BOOST_AUTO_TEST_CASE(what_the_certification_leaves_out_is_as_the_client_expects_it) {
    add_example();
    serve();
    BOOST_TEST(python_says({std::getenv("PARLEY_SCRIPTS") + std::string("/varlink_client.py"), where}) ==
               "all as expected\n");
    end_serving();
}

BOOST_AUTO_TEST_CASE(what_a_router_tells_of_itself_is_understood) {
    rpc::router own;
    own.describe("a described one");
    own.on("org.example.described.Check", {"all", "times"}, [](const my_type& v, std::optional<int> times) {
        BOOST_TEST((v == my_type_sample()));
        return times.value_or(0);
    });
    own.on("org.example.described.Sample", [] { return my_type_sample(); });
    own.on("org.example.described.Flat", [](const flat& f) { return f; });
    calls = own;
    serve();
    constexpr auto script = R"(
import sys, varlink
with varlink.Client(sys.argv[1]) as client:
    assert client.get_interfaces() == ["org.example.described", "org.varlink.service"], client.info
    with client.open("org.example.described") as described:
        sample = described.Sample()
        assert sample["enum"] == "two" and sample["struct"] == {"first": 1, "second": "2"}, sample
        assert described.Check(sample, 3) == {"result": 3}
        assert described.Check(sample) == {"result": 0}
        flat = {"bool": True, "int": -1, "float": 0.5, "string": "text"}
        assert described.Flat(**flat) == flat
    assert "GetInfo" in client.get_interface("org.varlink.service").description
print("understood")
)";
    BOOST_TEST(python_says({"-c", script, where}) == "understood\n");
    end_serving();
}

BOOST_AUTO_TEST_CASE(the_server_of_the_certification_is_content) {
    start_certification_server();
    const std::string name = "org.varlink.certification.";
    const std::string id = call<string_map>(name + "Start").at("client_id");
    const auto test01 = call(name + "Test01", rpc::named("client_id", id));
    const auto test02 = call(name + "Test02", rpc::named("client_id", id, "bool", test01["bool"]));
    const auto test03 = call(name + "Test03", rpc::named("client_id", id, "int", test02["int"]));
    const auto test04 = call(name + "Test04", rpc::named("client_id", id, "float", test03["float"]));
    const auto test05 = call<flat>(name + "Test05", rpc::named("client_id", id, "string", test04["string"]));
    BOOST_TEST((test05 == flat_sample));
    const auto test06 = call<std::map<std::string, flat>>(
        name + "Test06", rpc::named("client_id", id, "bool", test05.bool_, "int", test05.int_, "float", test05.float_,
                                    "string", test05.string));
    const auto test07 = call<std::map<std::string, string_map>>(
        name + "Test07", rpc::named("client_id", id, "struct", test06.at("struct")));
    const auto test08 =
        call<std::map<std::string, string_set>>(name + "Test08", rpc::named("client_id", id, "map", test07.at("map")));
    const auto test09 = call<my_type_result>(name + "Test09", rpc::named("client_id", id, "set", test08.at("set")));
    BOOST_TEST((test09.mytype == my_type_sample()));
    auto test10 = rpc::open_stream<text_result, text_result>(peer, name + "Test10",
                                                             rpc::named("client_id", id, "mytype", test09.mytype));
    const auto replies = run_task(io, [](auto& parts) -> task<std::vector<std::string>> {
        std::vector<std::string> all;
        while (auto next = co_await parts.async_next()) all.push_back(std::move(next->string));
        all.push_back(parts.result().string);
        co_return all;
    }(test10));
    BOOST_TEST(replies == ten_replies(), boost::test_tools::per_element());
    notify(name + "Test11", rpc::named("client_id", id, "last_more_replies", replies));
    BOOST_TEST(call<bool>(name + "End", rpc::named("client_id", id)));
    BOOST_TEST(peer.counters().unknown_answers == 0u);
    end_certification_server();
}

BOOST_AUTO_TEST_CASE(errors_of_the_server_have_their_meaning) {
    start_certification_server();
    const std::string name = "org.varlink.certification.";
    auto failure = failure_of(peer.prepare_call(name + "Test01", rpc::named("client_id", "nobody")));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::remote_fault));
    BOOST_TEST(failure.fault()->message() == name + "CertificationError");
    BOOST_TEST((failure.fault()->data()["got"]["method"] == rpc::value(name + "Test01")));
    failure = failure_of(peer.prepare_call(name + "Tea"));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::unknown_method), failure.what());
    failure = failure_of(peer.prepare_call("org.example.tea.Brew"));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::unknown_method), failure.what());
    failure = failure_of(peer.prepare_call(name + "Test01", rpc::named("sugar", true)));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::invalid_params), failure.what());
    failure = failure_of(peer.prepare_call(name + "Test01", 1));
    BOOST_TEST(failure.code() == make_error_code(rpc::errc::not_carried), failure.what());
    const auto about = call("org.varlink.service.GetInfo");
    BOOST_TEST((about["interfaces"] == rpc::value(rpc::array{"org.varlink.service", "org.varlink.certification"})));
    end_certification_server();
}

BOOST_AUTO_TEST_CASE(calls_that_do_not_wait_for_each_other_are_answered_in_their_order) {
    start_certification_server();
    std::vector<int> order;
    for (int i = 0; i < 200; ++i)
        peer.prepare_call(i % 2 == 0 ? "org.varlink.service.GetInfo" : "org.example.tea.Brew")(
            [&, i](const std::exception_ptr& failure, const rpc::value& about) {
                BOOST_TEST(static_cast<bool>(failure) == (i % 2 == 1));
                if (i % 2 == 0) BOOST_TEST(*about["vendor"].text() == "Varlink");
                order.push_back(i);
            });
    wait_until([&] { return order.size() == 200; });
    for (int i = 0; i < 200; ++i) BOOST_TEST(order[static_cast<std::size_t>(i)] == i);
    end_certification_server();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
