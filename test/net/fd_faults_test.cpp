// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What goes wrong with descriptors on their way: too many, too little room, partial writes, forged messages.

#include <parley/net/address_endpoint.hpp>
#include <parley/net/fd_passing.hpp>

#include "descriptor_limits.hpp"
#include "fault.hpp"
#include "forked.hpp"
#include "sanitizers.hpp"
#include "skip.hpp"
#include "socket_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

BOOST_AUTO_TEST_SUITE(fd_faults_test)

using namespace parley;
using namespace parley::test;

using protocols = boost::mpl::list<local_stream, local_datagram, local_seqpacket>;

constexpr int rounds = sanitized ? 20'000 : 100'000;

template <typename Socket>
error_code try_receive_error(Socket& socket, receive_options options = {}) {
    char block[64];
    const auto got = try_receive_with_fds(socket, asio::buffer(block), options);
    return got ? error_code() : got.error().code();
}

BOOST_FIXTURE_TEST_SUITE(fd_faults, socket_fixture)

BOOST_AUTO_TEST_CASE_TEMPLATE(without_numbers_left_the_message_is_an_error_and_nothing_stays, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto file = file_with("");
    const auto before = descriptor_count();
    const auto fds = repeated(file.get(), 20);
    std::array<char, 64> block;
    {
        send(here, "data", fds);
        run_ready(io);
        const descriptor_limit nine(9);
        const auto got = receive(there, block);
        BOOST_TEST((got.ec == errc::descriptors_lost));
        BOOST_TEST(got.value.size == 4u);
        BOOST_TEST(got.value.fds.empty());
    }
    BOOST_TEST(descriptor_count() == before);
    send(here, "more", std::span(fds).first(9));
    const descriptor_limit nine(9);
    BOOST_TEST(receive(there, block).value.fds.size() == 9u);
}

BOOST_AUTO_TEST_CASE(lost_descriptors_leave_none_behind_however_often) {
    auto [here, there] = make_socket_pair<local_seqpacket>(ex).value();
    const auto file = file_with("");
    const auto before = descriptor_count();
    const auto fds = repeated(file.get(), 20);
    int lost = 0;
    {
        const descriptor_limit nine(9);
        for (int i = 0; i < rounds; ++i) {
            if (!try_send_with_fds(here, asio::buffer("x", 1), fds)) break;
            lost += try_receive_error(there) == errc::descriptors_lost;
        }
    }
    BOOST_TEST(lost == rounds);
    BOOST_TEST(descriptor_count() == before);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(more_than_are_welcome_are_an_error_odd_or_even, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    const auto file = file_with("");
    const auto before = descriptor_count();
    std::array<char, 64> block;
    for (std::size_t limit = 0; limit <= 9; ++limit)
        for (const std::size_t n : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 12u, 20u, 253u}) {
            send(here, "data", repeated(file.get(), n));
            const auto got = receive(there, block, {.most_fds = limit});
            BOOST_TEST_CONTEXT(n << " descriptors, " << limit << " welcome") {
                BOOST_TEST((got.ec == (n > limit ? error_code(errc::too_many_descriptors) : error_code())));
                BOOST_TEST(got.value.fds.size() == (n > limit ? 0 : n));
                BOOST_TEST(got.value.size == 4u);
            }
        }
    BOOST_TEST(descriptor_count() == before);
}

BOOST_AUTO_TEST_CASE(descriptors_beside_any_byte_of_a_message_are_noticed_where_none_are_expected) {
    const auto file = file_with("");
    const int fds[] = {file.get()};
    const std::string header = "Content-Length: 5\r\n\r\nhello";
    for (std::size_t at = 0; at < header.size(); ++at) {
        auto [here, there] = make_socket_pair<local_stream>(ex).value();
        const auto before = descriptor_count();
        send(here, std::string_view(header).substr(0, at));
        send(here, std::string_view(header).substr(at, 1), fds);
        send(here, std::string_view(header).substr(at + 1));
        std::array<char, 64> block;
        const auto got = receive(there, block, {.most_fds = 0});
        BOOST_TEST((got.ec == errc::too_many_descriptors));
        BOOST_TEST(got.value.size == at + 1);
        BOOST_TEST(descriptor_count() == before);
    }
}

BOOST_AUTO_TEST_CASE(descriptors_belong_to_the_message_whose_bytes_carried_them) {
    const auto a = file_with("a"), b = file_with("b");
    const int fds_a[] = {a.get()}, fds_b[] = {b.get(), b.get()};
    std::array<char, 64> block;
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    const auto expect = [&, &to = there](std::string_view bytes, std::string_view files) {
        const auto got = receive(to, block);
        BOOST_TEST(std::string_view(block.data(), got.value.size) == bytes);
        std::string seen;
        for (const auto& fd : got.value.fds) seen += text_of(fd.get());
        BOOST_TEST(seen == files);
    };
    // one after the other
    send(here, "first", fds_a);
    expect("first", "a");
    send(here, "second", fds_b);
    expect("second", "bb");
    // both are there before the first is read
    send(here, "first", fds_a);
    send(here, "second", fds_b);
    send(here, "third");
    expect("first", "a");
    expect("second", "bb");
    expect("third", "");
    // split: the descriptors are with the first part
    send(here, "fi", fds_a);
    send(here, "rst");
    send(here, "sec", fds_b);
    send(here, "ond");
    expect("fi", "a");
    expect("rstsec", "bb");  // what came before them may be in the same receive, what comes after them is not
    expect("ond", "");
    // with less room than there are bytes they come with the first byte
    send(here, "first", fds_a);
    const auto got = end_of<received_message>(
        io, [&, &to = there](auto h) { async_receive_with_fds(to, asio::buffer(block.data(), 1), std::move(h)); });
    BOOST_TEST(got.value.fds.size() == 1u);
    expect("irst", "");
}

BOOST_AUTO_TEST_CASE(a_long_send_in_many_steps_passes_its_descriptors_once_with_the_first_byte) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    here.set_option(asio::socket_base::send_buffer_size(4096));
    const auto file = file_with("");
    const auto fds = repeated(file.get(), 10);
    std::string frame(std::size_t{1} << 20, '\0');
    for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<char>(i * 7 + i / 251);
    ended<std::size_t> sent;
    async_send_with_fds(here, asio::buffer(frame), fds, sent.handler());
    std::string got;
    std::array<char, 3000> block;
    std::size_t came = 0;
    int receives = 0;
    while (got.size() < frame.size()) {
        const auto part = receive(there, block);
        BOOST_TEST_REQUIRE(!part.ec);
        if (receives++ == 0) BOOST_TEST(part.value.fds.size() == 10u);
        came += part.value.fds.size();
        got.append(block.data(), part.value.size);
    }
    run_until(io, [&] { return sent.done(); });
    BOOST_TEST(sent.value == frame.size());
    BOOST_TEST(came == 10u);
    BOOST_TEST((got == frame));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_send_that_had_to_wait_passes_its_descriptors_once, Protocol, protocols) {
    auto [here, there] = make_socket_pair<Protocol>(ex).value();
    std::array<char, 4096> block{};
    std::size_t full = 0;
    while (const auto n = try_send_with_fds(here, asio::buffer(block), {}).value()) full += *n;
    const auto file = file_with("");
    ended<std::size_t> sent;
    {
        const auto fds = repeated(file.get(), 3);  // the numbers are needed until it has begun
        async_send_with_fds(here, asio::buffer("late", 4), fds, sent.handler());
    }
    run_ready(io);
    BOOST_TEST(!sent.done());
    std::size_t bytes = 0, came = 0;
    while (bytes < full + 4) {
        const auto got = receive(there, block);
        BOOST_TEST_REQUIRE(!got.ec);
        bytes += got.value.size, came += got.value.fds.size();
    }
    run_until(io, [&] { return sent.done(); });
    BOOST_TEST(sent.value == 4u);
    BOOST_TEST(came == 3u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_send_says_how_much_went) {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        auto [here, there] = make_socket_pair<local_stream>(ex).value();
        const auto file = file_with("");
        const auto fds = repeated(file.get(), 3);
        const std::string frame(std::size_t{4} << 20, 'x');
        asio::cancellation_signal cancel;
        ended<std::size_t> sent;
        async_send_with_fds(here, asio::buffer(frame), fds,
                            asio::bind_cancellation_slot(cancel.slot(), sent.handler()));
        run_ready(io);
        BOOST_TEST(!sent.done());
        cancel.emit(type);
        run_until(io, [&] { return sent.done(); });
        BOOST_TEST(sent.ec == asio::error::operation_aborted);
        BOOST_TEST(sent.value > 0u);
        here.close();
        std::array<char, 65536> block;
        std::size_t bytes = 0, came = 0;
        for (;;) {
            const auto got = receive(there, block);
            if (got.value.end) break;
            bytes += got.value.size, came += got.value.fds.size();
        }
        BOOST_TEST(bytes == sent.value);
        BOOST_TEST(came == 3u);
    }
}

BOOST_AUTO_TEST_CASE(interruptions_and_false_readiness_change_nothing) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    const auto file = file_with("");
    std::array<char, 16> block;
    const auto fds = repeated(file.get(), 2);
    for (const int code : {EINTR, EAGAIN}) {
        {
            const fault refused{sys::call::sendmsg, code, 1, 3};
            BOOST_TEST(send(here, "x", fds).value == 1u);
            BOOST_TEST(refused.seen() == 4);
        }
        const fault refused{sys::call::recvmsg, code, 1, 3};
        BOOST_TEST(receive(there, block).value.fds.size() == 2u);
        BOOST_TEST(refused.seen() == 4);
    }
    const fault broken{sys::call::sendmsg, ETOOMANYREFS};
    BOOST_TEST(send(here, "x", fds).ec.value() == ETOOMANYREFS);
}

BOOST_AUTO_TEST_CASE(a_flood_of_descriptors_is_kept_out_and_others_are_served) {
    auto [bad, server] = make_socket_pair<local_seqpacket>(ex).value();
    auto [good, good_server] = make_socket_pair<local_seqpacket>(ex).value();
    const auto file = file_with("");
    constexpr int floods = 1000;
    const int socket = bad.native_handle();
    forked sender([&] {
        if (::getuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return 1;
        const auto fds = repeated(file.get(), 253);
        asio::io_context own;
        local_seqpacket::socket out(own, local_seqpacket(), ::dup(socket));
        for (int i = 0; i < floods;) {
            const auto sent = try_send_with_fds(out, asio::buffer("x", 1), fds);
            if (!sent && sent.error().code().value() != ETOOMANYREFS) return 2;
            if (sent && *sent) ++i;
            pollfd room{socket, POLLOUT, 0};
            ::poll(&room, 1, sent ? 1000 : 1);
        }
        return 0;
    });
    const auto base = descriptor_count();
    std::size_t peak = 0;
    const int fds[] = {file.get()};
    for (int i = 0; i < floods; ++i) {
        std::array<char, 16> block;
        const auto got = receive(server, block, {.most_fds = 4});
        BOOST_TEST_REQUIRE((got.ec == errc::too_many_descriptors));
        if (i % 50 != 0) continue;
        peak = std::max(peak, descriptor_count());
        send(good, "x", fds);
        BOOST_TEST(receive(good_server, block, {.most_fds = 4}).value.fds.size() == 1u);
    }
    BOOST_TEST(peak <= base + 4);
    BOOST_TEST(sender.wait() == 0);
}

BOOST_AUTO_TEST_CASE(a_socket_that_refuses_descriptors_lets_bytes_through) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    const auto file = file_with("");
    const int fds[] = {file.get()};
    const bool refused = refuse_descriptors(there).value();
    BOOST_TEST_MESSAGE("the kernel refuses: " << refused);
    std::array<char, 16> block;
    if (refused) {
        BOOST_TEST(send(here, "x", fds).ec == boost::system::errc::operation_not_permitted);
    } else {
        BOOST_TEST(!send(here, "x", fds).ec);
        BOOST_TEST((receive(there, block, {.most_fds = 0}).ec == errc::too_many_descriptors));
    }
    BOOST_TEST(send(here, "y").value == 1u);
    BOOST_TEST(receive(there, block, {.most_fds = 0}).value.size == 1u);
    const fault old_kernel{sys::call::setsockopt, ENOPROTOOPT};
    BOOST_TEST(!refuse_descriptors(there).value());
}

BOOST_AUTO_TEST_CASE(what_a_listener_refuses_its_connections_refuse) {
    const temporary_directory directory;
    const auto place = to_endpoint<local_stream::endpoint>(address::unix_stream(directory / "s").value()).value();
    local_stream::acceptor acceptor(ex, place);
    if (!refuse_descriptors(acceptor).value()) return skip_case("no SO_PASSRIGHTS in this kernel");
    local_stream::socket client(ex);
    client.connect(place);
    auto served = acceptor.accept();
    const auto file = file_with("");
    const int fds[] = {file.get()};
    BOOST_TEST(send(client, "x", fds).ec == boost::system::errc::operation_not_permitted);
    BOOST_TEST(!send(served, "x", fds).ec);
}

BOOST_AUTO_TEST_CASE(a_received_descriptor_does_not_become_a_standard_stream) {
    auto [here, there] = make_socket_pair<local_stream>(ex).value();
    const auto file = file_with("no standard input");
    const int fds[] = {file.get(), file.get()};
    send(here, "x", fds);
    const unique_fd saved(::fcntl(0, F_DUPFD_CLOEXEC, 3));
    ::close(0);
    std::array<char, 16> block;
    const auto got = receive(there, block);
    const bool still_closed = ::fcntl(0, F_GETFD) < 0;
    ::dup2(saved.get(), 0);
    BOOST_TEST(still_closed);
    BOOST_REQUIRE(got.value.fds.size() == 2u);
    for (const auto& fd : got.value.fds) {
        BOOST_TEST(fd.get() >= 3);
        BOOST_TEST(is_close_on_exec(fd.get()));
        BOOST_TEST(text_of(fd.get()) == "no standard input");
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
