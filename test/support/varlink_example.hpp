// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A varlink service at an address, and an interface for it, org.example.parley.
#pragma once

#include "interop_tools.hpp"
#include "temporary_directory.hpp"

#include <parley/rpc/connect.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley::test {

inline constexpr auto example_interface = R"(interface org.example.parley
type Thing (name: string, tags: [string](), size: ?int)
method Add(a: int, b: int) -> (sum: int)
method Describe(thing: Thing) -> (text: string)
method Count(to: int) -> (n: int)
method Note(text: string) -> ()
method Notes() -> (all: []string)
method Find(what: string) -> ()
method Missing() -> ()
method Mistaken(number: string) -> ()
method Break(after: int) -> (n: int)
error NotFound (what: string)
)";

struct thing {
    std::string name{};
    std::map<std::string, rpc::object> tags{};
    std::optional<int> size{};
};
BOOST_DESCRIBE_STRUCT(thing, (), (name, tags, size))
struct sum {
    std::int64_t sum = 0;
};
BOOST_DESCRIBE_STRUCT(sum, (), (sum))
struct count {
    int n = 0;
};
BOOST_DESCRIBE_STRUCT(count, (), (n))

struct varlink_fixture : interop_fixture {
    temporary_directory directory;
    std::string where = "unix:" + (directory / "s");
    std::map<std::string, std::string> interfaces;
    asio::cancellation_signal stop;
    bool serving = false;
    std::vector<std::string> notes;

    varlink_fixture() {
        calls.on("org.varlink.service.GetInfo", [&] {
            rpc::array names{"org.varlink.service"};
            for (const auto& [name, text] : interfaces) names.emplace_back(name);
            return rpc::object{
                {"vendor", "parley"}, {"product", "a test"}, {"version", "1"}, {"url", ""}, {"interfaces", names}};
        });
        calls.on("org.varlink.service.GetInterfaceDescription", {"interface"}, [&](const std::string& name) {
            const auto found = interfaces.find(name);
            if (found == interfaces.end())
                throw rpc::fault(0, "org.varlink.service.InterfaceNotFound", rpc::object{{"interface", name}});
            return rpc::object{{"description", found->second}};
        });
    }
    void serve() {
        serving = true;
        asio::co_spawn(io, rpc::serve(ex, where + "?protocol=varlink", calls, {.drain = {}}),
                       asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr&) { serving = false; }));
    }
    void end_serving() {
        stop.emit(asio::cancellation_type::terminal);
        wait_until([&] { return !serving; });
    }
    run_result run_to_its_end(const command& what) {
        return run_task(
            io, [](executor on, command c) -> task<run_result> { co_return co_await async_run(on, c); }(ex, what));
    }
    void add_example() {
        interfaces["org.example.parley"] = example_interface;
        const std::string name = "org.example.parley.";
        const auto not_found = [](const std::string& what) {
            return rpc::fault(0, "org.example.parley.NotFound", rpc::object{{"what", what}});
        };
        calls.on(name + "Add", {"a", "b"}, [](std::int64_t a, std::int64_t b) { return sum{a + b}; });
        calls.on(name + "Describe", {"thing"}, [](const thing& t) {
            std::string text = t.name;
            for (const auto& [tag, empty] : t.tags) text += " " + tag;
            return rpc::object{{"text", text}};
        });
        calls.on(name + "Count", {"to"}, [](int to, rpc::context& c) -> task<count> {
            for (count now{1}; now.n < to; ++now.n) co_await c.async_send_part(now);
            co_return count{to};
        });
        calls.on(name + "Note", {"text"}, [&](std::string text) { notes.push_back(std::move(text)); });
        calls.on(name + "Notes", [&] { return std::map<std::string, std::vector<std::string>>{{"all", notes}}; });
        calls.on(name + "Find", {"what"}, [not_found](const std::string& what) { throw not_found(what); });
        calls.on(name + "Mistaken", {"number"}, [](int) {});
        calls.on(name + "Break", {"after"}, [not_found](int after, rpc::context& c) -> task<count> {
            for (count now{1}; now.n <= after; ++now.n) co_await c.async_send_part(now);
            throw not_found("more");
        });
    }
};

}  // namespace parley::test
