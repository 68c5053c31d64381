// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The constructs of a lecture on UNIX interprocess communication, each the way parley does it, one line of output each.
// docs/from-posix.md shows the regions of this file beside the C calls. The children are ordinary programs or this one.

#include <parley/loop/application.hpp>
#include <parley/pipe/pipe.hpp>
#include <parley/process/popen.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>
#include <parley/signal/crash_handler.hpp>
#include <parley/signal/disposition.hpp>
#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_mask.hpp>
#include <parley/signal/signal_name.hpp>
#include <parley/signal/signal_watcher.hpp>
#include <parley/signal/wait_signal.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

namespace asio = parley::asio;
using parley::executor;
using parley::task;

namespace {

// Ends the program when something is not as the page says.
void check(bool as_told, std::string_view what) {
    if (as_told) return;
    std::cout << "NOT SO: " << what << std::endl;
    std::exit(1);
}

// What is left to read, up to the end.
task<std::string> read_all(asio::readable_pipe& from) {
    std::string all;
    parley::error_code end;
    co_await asio::async_read(from, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, end));
    check(end == asio::error::eof, "a stream ends with eof");
    co_return all;
}

task<> fork_and_wait(executor io) {
    // [fork]
    const parley::command greeter{.program = "/bin/sh", .arguments = {"-c", "echo \"fork: the child is $$\"; exit 3"}};
    parley::child child = parley::spawn(io, greeter).value();
    // From here on the parent: the child is another program already.
    const parley::exit_status status = co_await child.async_wait();
    std::cout << "fork: the parent saw " << child.pid() << ", which " << status << std::endl;
    // [/fork]
    check(status.exit_code() == 3, "the exit code is the child's");
}

void start_what_is_not_there(executor io) {
    // [fork-error]
    const auto started = parley::spawn(io, {.program = "/no/such/program"});
    if (!started) std::cout << "fork: " << started.error() << std::endl;
    // [/fork-error]
    check(started.error().code() == boost::system::errc::no_such_file_or_directory,
          "a failed exec is an error of spawn");
}

task<> popen_to_read(executor io) {
    int files = 0;
    // [popen-read]
    parley::process_stream listing = parley::popen(io, "ls *").value();
    while (const auto line = co_await listing.async_read_line()) ++files;
    const parley::exit_status status = co_await listing.async_close();
    std::cout << "popen r: " << files << " names, ls " << status << std::endl;
    // [/popen-read]
    check(files > 0 && status.success(), "ls lists this directory");
}

task<> popen_to_write(executor io) {
    // [popen-write]
    parley::process_stream upper = parley::popen(io, "tr a-z A-Z", {.mode = parley::popen_mode::write}).value();
    co_await upper.async_write("popen w: the child prints this\n");
    const parley::exit_status status = co_await upper.async_close();  // the end of its input, then its end
    // [/popen-write]
    check(status.success(), "tr ends when its input does");
}

task<> pipe_within(executor io) {
    // [pipe]
    parley::pipe_pair ends = parley::make_pipe(io).value();
    const std::string sent = "through the kernel\n";
    co_await asio::async_write(ends.writer, asio::buffer(sent), asio::use_awaitable);
    ends.writer.close();
    const std::string received = co_await read_all(ends.reader);
    // [/pipe]
    check(received == sent, "what was written is read");
    std::cout << "pipe: " << received.size() << " bytes came through" << std::endl;
}

task<> pipe_to_a_child(executor io) {
    // [pipe-to-child]
    const parley::command counter{
        .program = "/usr/bin/wc", .arguments = {"-c"}, .in = parley::stdio::pipe(), .out = parley::stdio::pipe()};
    parley::child child = parley::spawn(io, counter).value();
    const std::string sent(1000, 'x');
    co_await asio::async_write(child.in(), asio::buffer(sent), asio::use_awaitable);
    child.in().close();  // the child sees the end of its input
    const std::string answer = co_await read_all(child.out());
    // [/pipe-to-child]
    check(answer == "1000\n", "wc counts");
    std::cout << "pipe: the child counted " << answer << std::flush;
    check((co_await child.async_wait()).success(), "wc ends well");
}

void pipe_without_a_reader(executor io) {
    // [broken-pipe]
    parley::pipe_pair ends = parley::make_pipe(io).value();
    ends.reader.close();
    parley::error_code failure;
    ends.writer.write_some(asio::buffer("anybody?", 8), failure);
    std::cout << "pipe: without a reader: " << failure.message() << std::endl;
    // [/broken-pipe]
    check(failure == asio::error::broken_pipe, "a write without a reader is an error");
}

task<> output_into_input(executor io) {
    // [pipeline]
    parley::pipe_descriptors between = parley::make_pipe_descriptors().value();
    const parley::command list{.program = "/bin/ls", .out = parley::stdio::descriptor(between.writer.get())};
    const parley::command count{.program = "/usr/bin/wc",
                                .arguments = {"-l"},
                                .in = parley::stdio::descriptor(between.reader.get()),
                                .out = parley::stdio::pipe()};
    parley::child first = parley::spawn(io, list).value();
    parley::child second = parley::spawn(io, count).value();
    between = {};  // the children have their ends; ours are closed

    const std::string lines = co_await read_all(second.out());
    const parley::exit_status listed = co_await first.async_wait();
    const parley::exit_status counted = co_await second.async_wait();
    // [/pipeline]
    check(listed.success() && counted.success(), "both ended well: " + to_string(listed) + ", " + to_string(counted));
    std::cout << "pipeline: ls | wc says " << lines << std::flush;
}

void look_up_signals() {
    // [table]
    const parley::signal_info& quit = *parley::find_signal(parley::signal_number("QUIT").value());
    std::cout << "table: " << quit.name << ", number " << quit.number << ", " << to_string(quit.cls)
              << ", default action " << to_string(quit.action) << ": " << quit.text << std::endl;
    // [/table]
    check(quit.number == SIGQUIT && quit.catchable, "names lead to numbers");
}

task<> kill_a_child(executor io) {
    // [kill]
    parley::child child = parley::spawn(io, {.program = "/bin/sleep", .arguments = {"60"}}).value();
    child.send_signal(SIGTERM).value();
    std::cout << "kill: the child was " << co_await child.async_wait() << std::endl;
    // [/kill]
    check(child.try_wait() == parley::exit_status::signalled(SIGTERM), "a death by signal is no exit code");
}

task<> kill_a_group(executor io) {
    // [kill-group]
    const parley::command leader{
        .program = "/bin/sh", .arguments = {"-c", "sleep 60 & wait"}, .group = parley::process_group::own};
    parley::child child = parley::spawn(io, leader).value();
    parley::send_signal_to_group(child.pid(), SIGTERM).value();  // kill(-pid, SIGTERM)
    parley::send_signal_to_own_group(SIGWINCH).value();          // kill(0, SIGWINCH); ignored by default
    // [/kill-group]
    std::cout << "kill: the leader of the group was " << co_await child.async_wait() << std::endl;
}

void kill_a_wrong_pid() {
    // [kill-wrong]
    const auto sent = parley::send_signal(-1, SIGTERM);  // kill(-1, SIGTERM) would reach every process there is
    if (!sent) std::cout << "kill: " << sent.error() << std::endl;
    // [/kill-wrong]
    check(sent.has_error() && sent.error().code() == parley::errc::invalid_process, "a group is no process");
}

task<> raise_and_queue(executor io) {
    // [raise]
    parley::signal_watcher signals(io, {SIGUSR1, SIGRTMIN});
    parley::raise_signal(SIGUSR1).value();
    parley::queue_signal(::getpid(), SIGRTMIN, 42).value();  // sigqueue
    const parley::signal_event raised = co_await signals.async_wait();
    const parley::signal_event queued = co_await signals.async_wait();
    // [/raise]
    check(raised.number == SIGUSR1 && queued.value == 42, "both arrived, the value too");
    std::cout << "raise: " << raised << ", then value " << queued.value << std::endl;
}

task<> handle_signals(executor io) {
    // [signal]
    parley::signal_watcher signals(io, {SIGUSR1, SIGUSR2});
    for (const int number : {SIGUSR1, SIGUSR2, SIGUSR1}) {
        parley::raise_signal(number).value();
        const parley::signal_event event = co_await signals.async_wait();
        std::cout << "signal: " << event << std::endl;  // a coroutine, no signal handler: any code may run here
    }
    // [/signal]
}

task<> handle_signals_with_asio(executor io) {
    // [signal-set]
    asio::signal_set hangups(io, SIGHUP);
    parley::raise_signal(SIGHUP).value();
    const int number = co_await hangups.async_wait(asio::use_awaitable);
    std::cout << "signal: number " << number << " by asio::signal_set" << std::endl;
    // [/signal-set]
}

void ignore_a_signal() {
    // [ignore]
    {
        const parley::scoped_disposition ignored(SIGUSR1, parley::disposition::ignore);  // signal(SIGUSR1, SIG_IGN)
        parley::raise_signal(SIGUSR1).value();
    }  // whatever was there before is back, with its flags and mask
    std::cout << "ignore: we live, and SIGUSR1 is " << to_string(parley::current_disposition(SIGUSR1).value())
              << " again" << std::endl;
    // [/ignore]
}

// The child of report_a_crash.
volatile bool always = true;

[[gnu::noinline]] int dive(volatile char* outer) {
    volatile char frame[512];
    frame[0] = outer[0];
    return always ? dive(frame) + frame[0] : frame[0];
}

int crash() {
    // [crash]
    const parley::crash_handler reports;  // on standard error, from a stack of its own
    volatile char start = 1;
    return dive(&start);  // until the stack overflows
    // [/crash]
}

task<> report_a_crash(executor io) {
    const parley::command self{.program = "/proc/self/exe", .arguments = {"crash"}};
    const parley::run_result end = co_await parley::async_run(io, self);
    const bool told =
        end.err.find("stack overflow: ") != std::string::npos || end.err.find("Sanitizer") != std::string::npos;
    check(told && !end.status.success(), "the report says what happened");
    std::cout << "crash: the report names the overflow; the child was " << end.status << std::endl;
}

// The child of signal_the_child.
// [child]
task<int> answer_signals() {
    parley::signal_watcher signals(co_await asio::this_coro::executor, {SIGHUP, SIGINT, SIGQUIT});
    std::cout << "ready" << std::endl;  // whatever is sent from now on is kept
    for (;;) {
        const parley::signal_event event = co_await signals.async_wait();
        std::cout << parley::signal_name(event.number).value() << std::endl;
        if (event.number == SIGQUIT) co_return 0;
    }
}
// [/child]

task<> signal_the_child(executor io) {
    // [parent]
    const parley::command self{.program = "/proc/self/exe", .arguments = {"child"}, .out = parley::stdio::pipe()};
    parley::child child = parley::spawn(io, self).value();
    std::string said;
    auto length =
        co_await asio::async_read_until(child.out(), asio::dynamic_buffer(said), '\n', asio::use_awaitable);  // "ready"
    for (const int number : {SIGHUP, SIGINT, SIGQUIT}) {
        said.erase(0, length);
        child.send_signal(number).value();
        length = co_await asio::async_read_until(child.out(), asio::dynamic_buffer(said), '\n', asio::use_awaitable);
        std::cout << "parent: the child answers " << said.substr(0, length) << std::flush;
    }
    std::cout << "parent: the child " << co_await child.async_wait() << std::endl;
    // [/parent]
}

task<> mask_signals(executor io) {
    parley::signal_watcher signals(io, {SIGUSR1});
    // [mask]
    {
        const parley::scoped_signal_block held(SIGUSR1);  // sighold(SIGUSR1)
        parley::raise_signal(SIGUSR1).value();
        std::cout << "mask: pending " << parley::pending_signals().value() << std::endl;
    }  // sigrelse(SIGUSR1), if it was not held before; it arrives now
    // [/mask]
    check((co_await signals.async_wait()).number == SIGUSR1, "what was held back arrives");
}

task<> pause_for_a_signal(executor io) {
    // [pause]
    const parley::scoped_signal_block held(SIGUSR2);
    parley::raise_signal(SIGUSR2).value();
    const parley::signal_event event = co_await parley::async_wait_signal(io, SIGUSR2);  // sigpause(SIGUSR2)
    std::cout << "pause: until " << event << std::endl;
    // [/pause]
}

task<> watch_a_child(executor io) {
    // [changes]
    parley::child child = parley::spawn(io, {.program = "/bin/sleep", .arguments = {"60"}}).value();
    child.suspend().value();  // SIGSTOP
    const parley::child_event stopped = co_await child.async_wait_change();
    child.resume().value();  // SIGCONT
    const parley::child_event continued = co_await child.async_wait_change();
    std::cout << "changes: " << stopped << ", " << continued << std::endl;
    // [/changes]
    check(stopped.what == parley::child_change::stopped, "a stop is told");
    check(continued.what == parley::child_change::continued, "a continuation is told");
    // [report]
    child.send_signal(SIGTERM).value();
    const parley::exit_report report = co_await child.async_report();
    std::cout << "report: " << report << std::endl;  // with run time, CPU time and memory
    // [/report]
}

task<> all() {
    const executor io = co_await asio::this_coro::executor;
    co_await fork_and_wait(io);
    start_what_is_not_there(io);
    co_await popen_to_read(io);
    co_await popen_to_write(io);
    co_await pipe_within(io);
    co_await pipe_to_a_child(io);
    pipe_without_a_reader(io);
    co_await output_into_input(io);
    look_up_signals();
    co_await kill_a_child(io);
    co_await kill_a_group(io);
    kill_a_wrong_pid();
    co_await raise_and_queue(io);
    co_await handle_signals(io);
    co_await handle_signals_with_asio(io);
    ignore_a_signal();
    co_await report_a_crash(io);
    co_await signal_the_child(io);
    co_await mask_signals(io);
    co_await pause_for_a_signal(io);
    co_await watch_a_child(io);
}

}  // namespace

int main(int argc, char* argv[]) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "crash") {
        const rlimit no_core_file{};
        ::setrlimit(RLIMIT_CORE, &no_core_file);
        return crash();
    }
    if (mode == "child") return parley::run(answer_signals(), {.signals = {SIGTERM}});
    return parley::run(all());
}
