// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// parley serve

#include "child_line.hpp"
#include "commands.hpp"
#include "common_options.hpp"
#include "failure.hpp"
#include "framing.hpp"
#include "job_slots.hpp"
#include "streams.hpp"
#include "text.hpp"
#include "words.hpp"

#include "rpc/utf8.hpp"

#include <parley/core/timeout.hpp>
#include <parley/message/standard_streams.hpp>
#include <parley/process/run.hpp>
#include <parley/rpc/connect.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace parley::tool {
namespace {

using namespace std::chrono_literals;

constexpr option_row rows[] = {
    {.name = "exec",
     .letter = 'e',
     .value = "COMMAND",
     .help = "run for every method, with its name as one more argument"},
    {.name = "method",
     .letter = 'm',
     .value = "NAME=COMMAND",
     .help = "run for this method; may be given several times",
     .repeats = true},
    protocol_option,
    json_framing_option,
    {.name = "text", .letter = 't', .help = "the result is what the command prints, as text"},
    {.name = "jobs",
     .letter = 'j',
     .value = "N",
     .help = "how many commands run at once, others wait; by default as many\nas there are processors"},
    {.name = "deadline", .letter = 'd', .value = "TIME", .help = "how long a command may take: 250ms, 2s, 5m"},
    quiet_option,
    help_option,
};

constexpr std::string_view details =
    "ADDRESS - is standard input and output. A COMMAND is divided into words as a shell does it, and run without one. "
    "It\n"
    "reads the arguments of the call as JSON from its standard input, an array or an object by name, and finds the\n"
    "name of the method in PARLEY_METHOD. What it prints, as JSON, is the result; nothing is null. An exit code other\n"
    "than 0 is a fault of this number, with what it has printed on standard error; the deadline is one of 124.\n\n"
    "Ends at SIGINT or SIGTERM with exit code 0, when the commands that run have ended or two seconds have passed; - "
    "ends\n"
    "with its input, too.\n\n"
    "  parley serve unix:/run/me/calc.sock --method add='jq add' --method now='date +%s'\n"
    "  parley serve tcp:127.0.0.1:7000 --exec ./methods --jobs 4 --deadline 10s\n"
    "  parley serve - --protocol mcp --exec ./methods\n";

constexpr auto patience = 2s;        // for commands that run at the end
constexpr int timed_out_code = 124;  // that of timeout(1)
// Notifications of all callers together: they do not end with their connection.
constexpr std::size_t most_notifications = 4096;
constexpr std::size_t most_ahead = 64;  // calls of a connection that wait for their turn; then it is read no further

struct serve_plan {
    std::optional<rpc::endpoint> where{};  // none: standard streams
    rpc::protocol protocol{};
    std::vector<std::string> exec{};
    std::map<std::string, std::vector<std::string>, std::less<>> methods{};
    bool text = false;
    std::size_t jobs = 1;
    std::optional<std::chrono::milliseconds> deadline{};
    bool quiet = false;
};
using shared_plan = std::shared_ptr<const serve_plan>;

std::string without_newline(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

rpc::value text_or_bytes(std::string printed) {
    if (rpc::detail::is_utf8(printed)) return printed;
    return rpc::bytes{std::move(printed)};
}

// Runs commands for methods.
class runner {
public:
    runner(executor io, shared_plan p) : io_(io), plan_(std::move(p)), slots_(std::move(io), plan_->jobs) {}

    // Nobody waits for the end of a notification: it goes on when the caller has gone.
    static task<rpc::value> run(std::shared_ptr<runner> self, std::string method, rpc::value arguments,
                                bool is_notification) {
        const counted_notification counts(is_notification ? &self->notifications_ : nullptr);
        if (self->notifications_ > most_notifications && is_notification) {
            complain("serve", "too many notifications wait: " + in_quotes(method) + " is dropped");
            co_return nullptr;
        }
        if (is_notification) co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        auto what = self->command_for(method);
        run_options how;
        how.input = to_json_text(arguments, false) + "\n";
        how.timeout = self->plan_->deadline;
        const auto slot = co_await self->slots_.async_take();
        run_result got;
        try {
            got = co_await async_run(self->io_, what, how, asio::use_awaitable);
        } catch (const boost::system::system_error& e) {
            if (e.code() == asio::error::operation_aborted) throw;
            if (e.code() == asio::error::timed_out)
                throw rpc::fault(timed_out_code, "the command did not end within " + to_text(*self->plan_->deadline));
            throw rpc::fault(rpc::fault_code::internal_error,
                             "the command cannot be run: " + what.program + ": " + e.code().message());
        }
        if (!got.status.success()) throw fault_of(got);
        co_return self->result_of(std::move(got.out));
    }

    // No more are begun; those that run have `time` to end.
    task<> drain(std::chrono::milliseconds time) {
        slots_.close();
        try {
            co_await with_timeout(slots_.async_wait_free(), time);
        } catch (const boost::system::system_error& e) {
            if (e.code() != asio::error::timed_out) throw;
        }
    }

private:
    struct counted_notification {
        explicit counted_notification(std::size_t* n) noexcept : number(n) {
            if (number) ++*number;
        }
        counted_notification(const counted_notification&) = delete;
        counted_notification& operator=(const counted_notification&) = delete;
        ~counted_notification() {
            if (number) --*number;
        }
        std::size_t* number;
    };

    parley::command command_for(const std::string& method) const {
        const auto own = plan_->methods.find(method);
        if (own == plan_->methods.end() && plan_->exec.empty())
            throw rpc::fault(rpc::fault_code::method_not_found, "Method not found", method);
        // The command could take it for an option.
        if (own == plan_->methods.end() && method.starts_with('-'))
            throw rpc::fault(rpc::fault_code::method_not_found, "a method does not begin with -", method);
        auto what = command_of(own == plan_->methods.end() ? plan_->exec : own->second);
        if (own == plan_->methods.end()) what.arguments.push_back(method);
        what.environment.changes["PARLEY_METHOD"] = method;
        return what;
    }
    static rpc::fault fault_of(const run_result& got) {
        const auto how = to_string(got.status);
        rpc::object data{{"status", how}, {"code", got.status.shell_code()}};
        data["stderr"] = text_or_bytes(got.err);
        return rpc::fault(got.status.shell_code(), "the command " + how, std::move(data));
    }
    rpc::value result_of(std::string out) const {
        if (plan_->text) return text_or_bytes(without_newline(std::move(out)));
        if (out.find_first_not_of(" \t\r\n") == std::string::npos) return nullptr;
        auto parsed = rpc::from_json(out);
        if (parsed) return std::move(*parsed);
        throw rpc::fault(rpc::fault_code::internal_error, "what the command printed is no JSON",
                         parsed.error().context());
    }

    executor io_;
    shared_plan plan_;
    job_slots slots_;
    std::size_t notifications_ = 0;  // that run or wait
};

// What ended a connection over standard input and output.
failure stream_failure(const rpc::connection& other, const error_code& ec) {
    const auto& why = other.failure();
    const bool sending = why.context().starts_with("send");
    return failure((sending ? "standard output: " : "standard input: ") + (why.code() ? why.message() : ec.message()));
}

// Serves standard input and output until the other side ends, or this program is asked to.
task<> serve_streams(executor io, const serve_plan& p, rpc::router calls, const rpc::serve_options& how) {
    auto options = how.connection;
    options.protocol = p.protocol;
    options.last_answers = 24h;  // the calls may come from a file
    rpc::connection other(standard_streams(io), std::move(calls), options);
    error_code ec;
    co_await other.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    const auto cancelled = co_await asio::this_coro::cancellation_state;
    if (cancelled.cancelled() == asio::cancellation_type::none) {
        if (ec) throw stream_failure(other, ec);
        co_return;
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await with_timeout(other.async_shutdown(), how.drain, asio::redirect_error(asio::use_awaitable, ec));
    if (ec && ec != asio::error::timed_out) throw stream_failure(other, ec);
}

task<int> run_serve(shared_plan p) {
    const executor io = co_await asio::this_coro::executor;
    const auto commands = std::make_shared<runner>(io, p);
    rpc::router calls;
    calls.otherwise([commands](std::string method, rpc::value arguments, rpc::context& c) {
        return runner::run(commands, std::move(method), std::move(arguments), c.is_notification());
    });
    rpc::serve_options options;
    options.drain = patience;
    // Nothing is refused: a caller who is too quick is slowed down, and calls from a file wait there.
    options.connection.when_full = full_queue::wait;
    options.connection.calls_running = p->jobs + most_ahead;
    options.on_listen = [&](const rpc::endpoint& at) {
        if (!p->quiet) complain("serve", "listening at " + text_of(at));
    };
    std::exception_ptr why;
    try {
        if (p->where)
            co_await rpc::serve(io, *p->where, calls, options);
        else
            co_await serve_streams(io, *p, calls, options);
    } catch (const boost::system::system_error& e) {
        if (e.code() != asio::error::operation_aborted)
            why = std::make_exception_ptr(failure((p->where ? "cannot listen: " : "") + text_of(e)));
    } catch (const failure&) {
        why = std::current_exception();
    }
    // Commands of notifications may run although their callers have gone.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await commands->drain(patience);
    if (why) std::rethrow_exception(why);
    co_return 0;
}

plan prepare(const command_line& line) {
    auto p = std::make_shared<serve_plan>();
    const auto where = line.operand(0, "ADDRESS");
    if (where == "-") {
        check_standard_input();
        const printer is_there;
        p->protocol = read_protocol(line);
    } else {
        p->where = read_endpoint(line, where);
        p->protocol = p->where->protocol;
    }
    if (const auto exec = line.value("exec")) p->exec = split_words("--exec", *exec);
    for (const auto one : line.values("method")) {
        const auto name = one.substr(0, one.find('='));
        if (name.empty() || name.size() == one.size())
            throw usage_error("--method " + in_quotes(one) + ": expected NAME=COMMAND");
        auto words = split_words("--method " + std::string(name), one.substr(name.size() + 1));
        if (!p->methods.emplace(name, std::move(words)).second)
            throw usage_error("--method " + std::string(name) + " is given twice");
    }
    if (p->exec.empty() && p->methods.empty())
        throw usage_error("nothing is served: expected --exec COMMAND or --method NAME=COMMAND");
    p->text = line.has("text");
    p->jobs = line.number("jobs", 1).value_or(std::max(1U, std::thread::hardware_concurrency()));
    p->deadline = line.duration("deadline");
    p->quiet = line.has("quiet");
    return [p] { return run_serve(p); };
}

}  // namespace

constinit const command serve_command{.row = {.name = "serve",
                                              .operands = "ADDRESS",
                                              .summary = "Serves methods by running commands.",
                                              .options = rows,
                                              .most_operands = 1,
                                              .details = details},
                                      .prepare = prepare,
                                      .is_server = true};

}  // namespace parley::tool
