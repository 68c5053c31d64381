// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The lecture on interprocess communication in one run: a parent and its children exchange exit statuses, lines, pipes,
// signals, sockets, open files, datagrams, messages and calls on one event loop, and nothing is left at the end.
// Pleasant in a terminal, plain elsewhere.

#include <parley/core/timeout.hpp>
#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/datagram.hpp>
#include <parley/net/fd_passing.hpp>
#include <parley/net/listen.hpp>
#include <parley/net/local.hpp>
#include <parley/net/packet.hpp>
#include <parley/net/peer.hpp>
#include <parley/process/popen.hpp>
#include <parley/process/pty.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>
#include <parley/rpc/connection.hpp>
#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_mask.hpp>
#include <parley/signal/signal_name.hpp>
#include <parley/signal/signal_watcher.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace asio = parley::asio;
using namespace std::chrono_literals;

// How it looks

const bool in_terminal = ::isatty(STDOUT_FILENO) == 1;

std::string styled(const char* code, std::string_view text) {
    return in_terminal ? std::string("\033[") + code + "m" + std::string(text) + "\033[0m" : std::string(text);
}

void step(std::string_view title, std::string_view from_the_lecture, std::string_view what_happens) {
    static int number = 0;
    std::cout << "\n"
              << styled("1;36", std::to_string(++number) + ". " + std::string(title))
              << styled("2", "  (" + std::string(from_the_lecture) + ")") << "\n   " << styled("3", what_happens)
              << "\n";
}

template <typename... Words>
void say(std::string_view who, const Words&... words) {
    std::cout << "   "
              << styled(who == "parent" ? "32" : "33",
                        std::string(who) + std::string(8 - std::min<std::size_t>(who.size(), 7), ' '));
    (std::cout << ... << words) << std::endl;
}

// The children's side: the same program with a word that says which

parley::task<int> be_the_child() {
    parley::signal_watcher signals(co_await asio::this_coro::executor, {SIGHUP, SIGINT, SIGQUIT, SIGRTMIN});
    std::cout << "ready" << std::endl;
    for (long sum = 0;;) {
        const auto signal = co_await signals.async_wait();
        if (signal.number == SIGRTMIN) sum += signal.value;
        std::cout << "got " << signal << (signal.number == SIGRTMIN ? ", sum " + std::to_string(sum) : "") << std::endl;
        if (signal.number == SIGQUIT) co_return 7;
    }
}

parley::task<> call_on(parley::address parent) {
    auto connection = co_await parley::async_connect(co_await asio::this_coro::executor, parent);
    std::string greeting;
    co_await asio::async_read_until(connection, asio::dynamic_buffer(greeting), '\n', asio::use_awaitable);
    const std::string answer = "thank you for \"" + greeting.substr(0, greeting.size() - 1) + "\"\n";
    co_await asio::async_write(connection, asio::buffer(answer), asio::use_awaitable);
}

parley::task<> give_a_file() {
    parley::local_seqpacket::socket parent(co_await asio::this_coro::executor, parley::local_seqpacket(), 3);
    const parley::unique_fd file(::memfd_create("without a name", MFD_CLOEXEC));
    const std::string_view text = "written by a child that has ended";
    if (::pwrite(file.get(), text.data(), text.size(), 0) < 0) co_return;
    const int files[] = {file.get()};
    co_await parley::async_send_with_fds(parent, asio::buffer("a file for you", 14), files);
}

using stream_socket = asio::local::stream_protocol::socket;

parley::task<> answer_messages() {
    stream_socket parent(co_await asio::this_coro::executor, asio::local::stream_protocol(), 3);
    parley::channel messages(std::move(parent), parley::length_prefix());
    while (const auto question = co_await messages.async_receive())
        co_await messages.async_send(std::to_string(question->size()));
    co_await messages.async_shutdown();
}

// [served]
parley::task<> be_called() {
    stream_socket parent(co_await asio::this_coro::executor, asio::local::stream_protocol(), 3);
    parley::rpc::router functions;
    functions.on("divide", [](int a, int b) {
        if (b == 0) throw parley::rpc::fault(1, "nothing can be divided by zero");
        return a / b;
    });
    functions.on("greet", [](parley::rpc::context& call) -> parley::task<std::string> {
        const auto caller = call.peer();
        co_return "good day, " + co_await caller.async_call<std::string>("your_name");  // asks back
    });
    parley::rpc::connection serving(std::move(parent), functions);
    co_await serving.async_wait();
}
// [/served]

// The parent's side, step by step

template <typename Stream>
struct lines {
    Stream& from;
    std::string buffer{};

    parley::task<std::string> next() {
        const auto length =
            co_await asio::async_read_until(from, asio::dynamic_buffer(buffer), '\n', asio::use_awaitable);
        auto line = buffer.substr(0, length - 1);
        buffer.erase(0, length);
        co_return line;
    }
};
template <typename Stream>
lines(Stream&) -> lines<Stream>;

parley::task<> exit_statuses(parley::executor executor) {
    step("A child and its end", "fork, exec, wait",
         "Started without fork, waited for without SIGCHLD; code and signal are different things.");
    for (const char* line : {"exit 3", "kill -TERM $$"}) {
        const parley::command shell{.program = "/bin/sh", .arguments = {"-c", line}};
        auto child = parley::spawn(executor, shell).value();
        say("parent", "starts child ", child.pid(), ": ", shell);
        say("parent", "child ", child.pid(), " ", co_await child.async_wait());
    }
    const auto failed = parley::spawn(executor, {.program = "/no/such/program"});
    say("parent", "a failure is a value: ", failed.error());
}

parley::task<> shell_lines(parley::executor executor) {
    step("A command's lines", "popen, fgets, pclose",
         "The lines of a shell command, one by one, while the loop goes on; then its status.");
    auto listing = parley::popen(executor, "ls -d /u* /e* && exit 4").value();
    while (const auto line = co_await listing.async_read_line()) say("child", *line);
    say("parent", "the command ", co_await listing.async_close());
}

parley::task<> pipes(parley::executor executor) {
    step("Pipes both ways", "pipe, dup2, close",
         "Every descriptor is close-on-exec; the child gets what it is given and nothing else.");
    const parley::command upper{.program = "/usr/bin/tr",
                                .arguments = {"a-z", "A-Z"},
                                .in = parley::stdio::pipe(),
                                .out = parley::stdio::pipe()};
    auto child = parley::spawn(executor, upper).value();
    const std::string words = "written by the parent\n";
    say("parent", "writes: ", std::string_view(words).substr(0, words.size() - 1));
    co_await asio::async_write(child.in(), asio::buffer(words), asio::use_awaitable);
    child.in().close();
    lines answers{child.out()};
    say("child", "answers: ", co_await answers.next());
    say("parent", "the child ", co_await child.async_wait());
}

parley::task<> signals(parley::executor executor) {
    step("Signals between parent and child", "kill, signal",
         "No sleeps: the child says when it is ready and answers each signal with its sender.");
    const parley::command self{.program = "/proc/self/exe", .arguments = {"child"}, .out = parley::stdio::pipe()};
    auto child = parley::spawn(executor, self).value();
    lines answers{child.out()};
    say("child", co_await answers.next());
    for (const int number : {SIGHUP, SIGINT}) {
        say("parent", "sends ", parley::signal_name(number).value());
        child.send_signal(number).value();
        say("child", co_await answers.next());
    }
    for (const int value : {19, 23}) {
        say("parent", "sends SIGRTMIN with the value ", value);
        parley::queue_signal(child.pidfd(), SIGRTMIN, value).value();
        say("child", co_await answers.next());
    }
    say("parent", "sends SIGQUIT");
    child.send_signal(SIGQUIT).value();
    say("child", co_await answers.next());
    say("parent", "the child ", co_await child.async_wait());
}

parley::task<> masks(parley::executor executor) {
    step("Holding a signal back", "sighold, sigrelse",
         "For the length of a scope and for this thread; the mask of before comes back by itself.");
    parley::signal_watcher watcher(executor, {SIGUSR1});
    {
        const parley::scoped_signal_block held(SIGUSR1);
        parley::raise_signal(SIGUSR1).value();
        say("parent", "held back: pending are ", parley::pending_signals().value());
    }
    say("parent", "released: ", co_await watcher.async_wait());
    const auto* kill = parley::find_signal(SIGKILL);
    say("parent", "cannot be held: ", kill->name, ", ", to_string(kill->cls), ", ", kill->text);
}

parley::task<> everything_at_once(parley::executor executor) {
    step("Feed, capture, wait", "fork, three pipes, select, wait",
         "Both streams are drained together, within limits: no deadlock, whatever the child does.");
    const parley::command program{.program = "/bin/sh", .arguments = {"-c", "wc -c; echo a complaint >&2"}};
    const parley::run_options options{.input = std::string(1'000'000, 'x')};
    const auto result = co_await parley::async_run(executor, program, options);
    say("parent", "fed 1000000 bytes to: ", program);
    say("child", "out: ", std::string_view(result.out).substr(0, result.out.size() - 1));
    say("child", "err: ", std::string_view(result.err).substr(0, result.err.size() - 1));
    say("parent", "the child ", result.status);
}

parley::task<> deadlines(parley::executor executor) {
    step("Children that do not listen", "alarm, kill -9",
         "A deadline on any operation; asked first, killed after the grace, always reaped.");
    const parley::command deaf{.program = "/bin/sh",
                               .arguments = {"-c", "trap '' TERM; echo deaf; while :; do sleep 0.01; done"},
                               .out = parley::stdio::pipe()};
    auto child = parley::spawn(executor, deaf).value();
    lines answers{child.out()};
    say("child", co_await answers.next());
    const auto [error, status] = co_await with_timeout(child.async_wait(), 20ms, asio::as_tuple(asio::use_awaitable));
    say("parent", "waits 20 ms: ", error.message());
    say("parent", "asks with SIGTERM, 50 ms grace: the child is ",
        co_await child.async_stop(parley::stop_policy{SIGTERM, 50ms}));
}

parley::task<> a_terminal(parley::executor executor) {
    step("A child on a terminal", "forkpty, WUNTRACED, wait4",
         "It has a keyboard, a screen and a window; it is paused, goes on, is hung up on, and leaves a report.");
    const parley::command program{.program = "/bin/sh",
                                  .arguments = {"-c", "tty; stty size; read key; stty size; read key"},
                                  .in = parley::stdio::pty(),
                                  .out = parley::stdio::pty(),
                                  .err = parley::stdio::pty()};
    auto child = parley::spawn(executor, program).value();
    lines screen{child.terminal()};
    say("child", "terminal: ", co_await screen.next());
    say("child", "window:   ", co_await screen.next());
    say("parent", "makes the window larger and presses Enter");
    child.terminal().resize({.rows = 50, .columns = 132}).value();
    co_await asio::async_write(child.terminal(), asio::buffer("\n", 1), asio::use_awaitable);
    say("child", "window:   ", co_await screen.next());
    child.suspend().value();
    const auto pause = co_await child.async_wait_change();
    say("parent", "suspends the child: it is stopped by ", parley::signal_name(pause.signal).value());
    child.resume().value();
    const auto end_of_pause = co_await child.async_wait_change();
    say("parent", "resumes it: it is continued by ", parley::signal_name(end_of_pause.signal).value());
    child.terminal().close();
    say("parent", "hangs up: ", co_await child.async_report());
}

parley::task<> a_name(parley::executor executor) {
    step("A socket with a name", "socket, bind, listen, accept, connect",
         "Whoever knows the name may knock; the kernel says who it is.");
    const auto place = parley::address::parse("unix:@parley-tour-" + std::to_string(::getpid())).value();
    auto server = parley::listen(executor, place).value();
    auto child =
        parley::spawn(executor, {.program = "/proc/self/exe", .arguments = {"call", to_string(place)}}).value();
    auto caller = co_await server.async_accept();
    say("parent", "listens at ", server.local_address(), "; somebody connects");
    const auto who = parley::peer_of(caller).value();
    say("parent", "the kernel says it is ", who, who.pid == child.pid() ? ": the child" : ": a stranger!");
    co_await asio::async_write(caller, asio::buffer("good day\n", 9), asio::use_awaitable);
    lines answers{caller};
    say("child", co_await answers.next());
    say("parent", "the child ", co_await child.async_wait());
}

parley::task<> an_open_file(parley::executor executor) {
    step("An open file travels", "socketpair, sendmsg, recvmsg",
         "Packets keep their borders, and a descriptor beside one arrives with an owner.");
    auto [here, there] = parley::make_socket_pair<parley::local_seqpacket>(executor).value();
    auto child =
        parley::spawn(executor,
                      {.program = "/proc/self/exe", .arguments = {"give"}, .descriptors = {{there.native_handle(), 3}}})
            .value();
    there.close();
    std::array<char, 64> text;
    const auto packet = co_await parley::async_receive_with_fds(here, asio::buffer(text));
    say("child", std::string_view(text.data(), packet.size), ", and ", packet.fds.size(), " descriptor");
    say("parent", "the child ", co_await child.async_wait());
    const auto size = ::pread(packet.fds.at(0).get(), text.data(), text.size(), 0);
    say("parent", "reads: ", std::string_view(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0));
}

parley::task<> datagrams(parley::executor executor) {
    step("Datagrams", "sendto, recvfrom",
         "Each carries its destination; what does not fit is an error and not a shorter message.");
    auto [inbox, address, file] =
        parley::open_datagram_receiver(executor, parley::address::parse("udp:0").value()).value();
    auto [outbox, destination] = parley::open_datagram_sender(executor, address).value();
    std::array<char, 16> small;
    for (const std::string_view text : {"short", "longer than sixteen bytes"}) {
        co_await outbox.async_send_to(asio::buffer(text), destination, asio::use_awaitable);
        const auto [error, packet] =
            co_await parley::async_receive_packet(inbox, asio::buffer(small), asio::as_tuple(asio::use_awaitable));
        say("parent", "sent ", text.size(), " bytes; of ", packet.packet_size, " came ", packet.size,
            error ? ": " + error.message() : "");
    }
}

parley::task<> messages(parley::executor executor) {
    step("Messages", "read, write, and who counts the bytes",
         "Whole messages over a stream, both ways at once; many small ones share one system call.");
    auto [here, there] = parley::make_socket_pair<asio::local::stream_protocol>(executor).value();
    auto child = parley::spawn(executor, {.program = "/proc/self/exe",
                                          .arguments = {"answer"},
                                          .descriptors = {{there.native_handle(), 3}}})
                     .value();
    there.close();
    parley::channel channel(std::move(here), parley::length_prefix());
    for (const std::string_view text : {"two\nlines", ""}) {
        co_await channel.async_send(text);
        say("child", "that had ", (co_await channel.async_receive()).value(), " bytes");
    }
    for (int i = 0; i < 10'000; ++i) co_await channel.async_send("ten bytes!");
    co_await channel.async_end();
    int tens = 0;
    while (const auto answer = co_await channel.async_receive()) tens += *answer == "10";
    say("parent", "sent 10000 messages more and then read ", tens, " answers: ", channel.counters().writes, " writes");
    say("parent", "the child ", co_await child.async_wait());
}

parley::task<> calls(parley::executor executor) {
    step("Calls", "msgsnd, msgrcv, and a switch over numbers",
         "Functions of the child, called by name in JSON-RPC; each side may call the other.");
    auto [here, there] = parley::make_socket_pair<asio::local::stream_protocol>(executor).value();
    auto child = parley::spawn(
                     executor,
                     {.program = "/proc/self/exe", .arguments = {"serve"}, .descriptors = {{there.native_handle(), 3}}})
                     .value();
    there.close();
    // [caller]
    parley::rpc::router functions;
    functions.on("your_name", [] { return "process " + std::to_string(::getpid()); });
    parley::rpc::connection remote(std::move(here), functions);

    say("child", "42 / 6 is ", co_await remote.async_call<int>("divide", 42, 6));
    say("child", co_await remote.async_call<std::string>("greet"));
    for (const parley::rpc::value& divisor : {parley::rpc::value(0), parley::rpc::value("six")}) {
        const auto quotient = co_await remote.async_call<parley::rpc::outcome<int>>("divide", 42, divisor);
        say("parent", quotient.error().what());
    }
    // [/caller]
    remote.close();
    say("parent", "the child ", co_await child.async_wait());
}

parley::task<> many(parley::executor executor) {
    step("Many at once", "a loop of forks and waits",
         "A hundred children on one thread; the group ends when all of them have.");
    int successes = 0;
    co_await parley::with_task_group([&](parley::task_group& group) -> parley::task<> {
        for (int i = 0; i < 100; ++i)
            group.spawn([](parley::executor on, int number, int& count) -> parley::task<> {
                const parley::command program{.program = "/bin/sh",
                                              .arguments = {"-c", "exit " + std::to_string(number % 2)}};
                auto child = parley::spawn(on, program).value();
                count += (co_await child.async_wait()).success();
            }(executor, i, successes));
        co_return;
    });
    say("parent", "100 children have ended, ", successes, " with success");
}

void nothing_is_left() {
    step("What is left", "zombies, open descriptors", "Nothing.");
    const bool childless = ::waitpid(-1, nullptr, WNOHANG) == -1;
    say("parent", childless ? "no child, dead or alive" : "a child is left!");
}

parley::task<int> tell_the_story() {
    const auto executor = co_await asio::this_coro::executor;
    std::cout << styled("1", "parley: processes that talk") << "\n   One parent, process " << ::getpid()
              << ", one thread, one event loop.\n";
    co_await exit_statuses(executor);
    co_await shell_lines(executor);
    co_await pipes(executor);
    co_await signals(executor);
    co_await masks(executor);
    co_await everything_at_once(executor);
    co_await deadlines(executor);
    co_await a_terminal(executor);
    co_await a_name(executor);
    co_await an_open_file(executor);
    co_await datagrams(executor);
    co_await messages(executor);
    co_await calls(executor);
    co_await many(executor);
    nothing_is_left();
    std::cout << "\n";
    co_return 0;
}

int main(int argc, char* argv[]) {
    const std::string_view role = argc > 1 ? argv[1] : "";
    if (role == "child") return parley::run(be_the_child(), {.signals = {SIGTERM}});
    if (role == "call" && argc > 2) return parley::run(call_on(parley::address::parse(argv[2]).value()));
    if (role == "give") return parley::run(give_a_file());
    if (role == "answer") return parley::run(answer_messages());
    if (role == "serve") return parley::run(be_called());
    return parley::run(tell_the_story());
}
