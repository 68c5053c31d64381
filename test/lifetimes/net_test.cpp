// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "leftovers.hpp"
#include "lifetimes.hpp"
#include "temporary_directory.hpp"

#include <parley/net/listen.hpp>
#include <parley/net/socket_file.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>

BOOST_AUTO_TEST_SUITE(net_test)

using namespace parley;
using namespace parley::test;

namespace {

std::unique_ptr<listener> listening(const executor& io) {
    return std::make_unique<listener>(listen(io, address::parse("tcp:127.0.0.1:0").value()).value());
}

living<listener> living_listener(const executor& io) { return {listening(io)}; }

const dead_objects<listener>& dead_listeners() {
    static const dead_objects<listener> all =
        dead_ones<listener>({{"moved from", [](const executor& io) { return moved_from(listening(io)); }},
                             {"closed",
                              [](const executor& io) {
                                  auto l = listening(io);
                                  l->close();
                                  return l;
                              }},
                             {"released", [](const executor& io) {
                                  auto l = listening(io);
                                  BOOST_TEST(static_cast<bool>(l->release()));
                                  return l;
                              }}});
    return all;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(net_suite, no_leftovers)

BOOST_AUTO_TEST_CASE(a_listener_that_does_not_listen) {
    const auto& dead = dead_listeners();
    lifetime("basic_listener", "async_accept", dead,
             [](listener& l, auto& call) { call.fails([&](auto h) { l.async_accept(h); }); });
    lifetime("basic_listener", "async_accept", dead,
             [](listener& l, auto& call) { call.fails([&](auto h) { l.async_accept(call.get_executor(), h); }); });
    lifetime("basic_listener", "get_executor", dead, [](listener& l, auto&) { (void)l.get_executor(); });
    lifetime("basic_listener", "local_address", dead,
             [](listener& l, auto&) { (void)throws([&] { (void)to_string(l.local_address()); }); });
    lifetime("basic_listener", "is_open", dead, [](listener& l, auto&) { BOOST_TEST(!l.is_open()); });
    lifetime("basic_listener", "native_handle", dead, [](listener& l, auto&) { BOOST_TEST(l.native_handle() == -1); });
    lifetime("basic_listener", "counters", dead, [](listener& l, auto&) { BOOST_TEST(l.counters().accepted == 0u); });
    lifetime("basic_listener", "cancel", dead, [](listener& l, auto&) { l.cancel(); });
    lifetime("basic_listener", "close", dead, [](listener& l, auto&) { l.close(); });
    lifetime("basic_listener", "release", dead, [](listener& l, auto&) { BOOST_TEST(!l.release()); });
}

BOOST_AUTO_TEST_CASE(a_listener_that_goes) {
    pending("basic_listener", "async_accept", living_listener, [](listener& l, auto h) { l.async_accept(h); });
}

BOOST_AUTO_TEST_CASE(a_socket_file_that_is_nobodys) {
    const temporary_directory place;
    const auto made = [&place] {
        const std::string path = place / "socket";
        const unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        path.copy(at.sun_path, sizeof at.sun_path - 1);
        BOOST_TEST_REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
        return std::make_unique<socket_file>(path);
    };
    const dead_objects<socket_file> dead =
        dead_ones<socket_file>({{"moved from", [=](const executor&) { return moved_from(made()); }},
                                {"removed",
                                 [=](const executor&) {
                                     auto file = made();
                                     file->remove();
                                     return file;
                                 }},
                                {"released", [=, &place](const executor&) {
                                     auto file = made();
                                     file->release();
                                     socket_file(place / "socket").remove();
                                     return file;
                                 }}});
    lifetime("socket_file", "path", dead, [](socket_file& f, auto&) { BOOST_TEST(f.path() == ""); });
    lifetime("socket_file", "is_still_ours", dead, [](socket_file& f, auto&) { BOOST_TEST(!f.is_still_ours()); });
    lifetime("socket_file", "remove", dead, [](socket_file& f, auto&) { f.remove(); });
    lifetime("socket_file", "release", dead, [](socket_file& f, auto&) { f.release(); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
