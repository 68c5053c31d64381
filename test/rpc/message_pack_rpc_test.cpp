// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The forms of the specification, in and out. Source: github.com/msgpack-rpc/msgpack-rpc, spec.md.

#include "rpc_tools.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(message_pack_rpc_test)
namespace {

using namespace std::string_literals;

rpc::router functions() {
    rpc::router calls;
    calls.on("add", [](int a, int b) { return a + b; });
    calls.on("fail", [] { throw rpc::fault(7, "no"); });
    return calls;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(message_pack_rpc_suite, rpc_fixture)

BOOST_AUTO_TEST_CASE(requests_notifications_and_arguments_are_as_specified) {
    auto [client, server] = connect_to_bare(rpc::message_pack_rpc());
    const auto ignore = [](auto&&...) {};
    client.prepare_call<int>("add", 2, 3)(ignore);
    BOOST_TEST(*receive_from(server).message ==
               "\x94\x00\x01\xa3"
               "add\x92\x02\x03"s);  // [0, 1, "add", [2, 3]]
    client.prepare_call<int>("now")(ignore);
    BOOST_TEST(*receive_from(server).message == "\x94\x00\x02\xa3now\x90"s);  // no arguments are an empty array
    BOOST_TEST(client.try_notify("add", 2, 3));
    BOOST_TEST(*receive_from(server).message ==
               "\x93\x02\xa3"
               "add\x92\x02\x03"s);  // [2, "add", [2, 3]]
    client.prepare_call<int>("add", rpc::named("a", 2))(ignore);
    BOOST_TEST(*receive_from(server).message ==
               "\x94\x00\x03\xa3"
               "add\x91\x81\xa1"
               "a\x02"s);  // [0, 3, "add", [{"a": 2}]]
    client.close();
    run_ready(io);
}

BOOST_AUTO_TEST_CASE(responses_are_as_specified) {
    auto [server, client] = connect_to_bare(rpc::message_pack_rpc(), functions());
    BOOST_TEST(!send_to(client,
                        "\x94\x00\x01\xa3"
                        "add\x92\x02\x03"s));
    BOOST_TEST(*receive_from(client).message == "\x94\x01\x01\xc0\x05"s);  // [1, 1, nil, 5]
    BOOST_TEST(!send_to(client,
                        "\x94\x00\xce\xff\xff\xff\xff\xa3"
                        "add\x92\x02\x03"s));
    BOOST_TEST(*receive_from(client).message == "\x94\x01\xce\xff\xff\xff\xff\xc0\x05"s);  // ids have 32 bits
    BOOST_TEST(!send_to(client,
                        "\x94\x00\x02\xa4"
                        "fail\x90"s));
    BOOST_TEST(*receive_from(client).message == "\x94\x01\x02\x92\x07\xa2no\xc0"s);  // [1, 2, [7, "no"], nil]
    BOOST_TEST(!send_to(client,
                        "\x93\x02\xa3"
                        "add\x92\x02\x03"s));  // a notification is not answered
    BOOST_TEST(!send_to(client,
                        "\x94\x00\x03\xa3"
                        "add\x92\x04\x05"s));
    BOOST_TEST(*receive_from(client).message == "\x94\x01\x03\xc0\x09"s);
}

BOOST_AUTO_TEST_CASE(errors_of_others_are_understood_whatever_they_are) {
    struct said {
        std::string error;
        std::int64_t number;
        std::string message;
    };
    const said all[] = {
        {"\xa4oops", 0, "oops"},           // text
        {"\x92\x00\xa4oops"s, 0, "oops"},  // Neovim
        {"\x82\xa4"
         "code\x05\xa7message\xa4oops",
         5, "oops"},      // a map
        {"\x05", 0, ""},  // data
    };
    for (const auto& one : all) {
        auto [client, server] = connect_to_bare(rpc::message_pack_rpc());
        std::optional<rpc::fault> got;
        client.prepare_call<int>("f")([&](const std::exception_ptr& failure, int) {
            try {
                std::rethrow_exception(failure);
            } catch (const rpc::call_error& e) {
                got = e.fault();
            }
        });
        BOOST_TEST(!send_to(server, "\x94\x01\x01" + one.error + "\xc0"));
        run_until(io, [&] { return got.has_value(); });
        BOOST_TEST(got->number() == one.number);
        BOOST_TEST(got->message() == one.message);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_message_pack_rpc_ends_the_connection_with_its_place) {
    const std::pair<std::string, std::string_view> all[] = {
        {"\x01", "an array of 3 or 4 values was expected"},
        {"\x92\x00\x01"s, "an array of 3 or 4 values was expected"},
        {"\x94\x05\x01\xc0\xc0", "neither a call of 4 values, nor an answer of 4, nor a notification of 3"},
        {"\x93\x00\x01\xa1"
         "f"s,
         "neither a call of 4 values, nor an answer of 4, nor a notification of 3"},
        {"\x94\x00\xff\xa1"
         "f\x90"s,
         "the id is not an integer from 0 to 4294967295"},
        {"\x94\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa1"
         "f\x90"s,
         "the id is not an integer from 0 to 4294967295"},
        {"\x94\x00\x01\x02\x90"s, "the method is not text"},
        {"\x94\x00\x01\xa1"
         "f\x01"s,
         "the arguments are no array"},
        {"\x93\x02\x01\x90", "the method is not text"},
        {"\x93\x02\xa1"
         "f\x80",
         "the arguments are no array"},
    };
    for (const auto& [message, why] : all) {
        auto [server, client] = connect_to_bare(rpc::message_pack_rpc(), functions());
        BOOST_TEST(!send_to(client, message));
        run_until(io, [&] { return !server.is_open(); });
        BOOST_TEST(server.failure().context() == "message 1: " + std::string(why));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
