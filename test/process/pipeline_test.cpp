// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/pipeline.hpp>

#include "pipeline_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(pipeline_test)

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

const command cat{.program = "/bin/cat"};

std::string numbers(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(i) + "\n";
    return text;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The mode of the open file behind stream `number` of a child.
int flags_of(int pid, int number) {
    std::ifstream info("/proc/" + std::to_string(pid) + "/fdinfo/" + std::to_string(number));
    std::string word;
    int flags = -1;
    while (info >> word && word != "flags:") {}
    info >> std::oct >> flags;
    return flags;
}

pipeline_result with(std::vector<exit_status> statuses) {
    pipeline_result r;
    for (const auto status : statuses) r.stages.push_back({.status = status});
    return r;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pipeline_suite, pipeline_fixture)

// The value

BOOST_AUTO_TEST_CASE(a_pipeline_prints_as_a_line_of_the_shell) {
    const auto p = command{.program = "/bin/ls", .arguments = {"a b"}, .err = stdio::to_stdout()} |
                   command{.program = "/usr/bin/sort", .directory = "/tmp", .out = stdio::truncate_file("x")};
    std::ostringstream out;
    out << p;
    BOOST_TEST(out.str() == "/bin/ls 'a b' 2>&1 | env -C /tmp /usr/bin/sort > x");
    BOOST_TEST(to_shell(cat | stage("upper", upper) | upper) == "/bin/cat | [upper] | [coroutine]");
    BOOST_TEST(to_shell(pipeline(stage("it's $(x)", upper))) == "['it'\\''s $(x)']");
    BOOST_TEST(to_shell(pipeline(command{.program = "/bin/ls", .umask = 027}) | cat) ==
               "(umask 0027 && exec /bin/ls) | /bin/cat");
    BOOST_TEST(to_shell(pipeline(command{.program = "/bin/ls", .directory = "/"})) == "env -C / /bin/ls");
    BOOST_TEST(to_shell(pipeline()) == "");
}

BOOST_AUTO_TEST_CASE(the_line_does_in_a_shell_what_the_pipeline_does) {
    const auto p = shell("pwd; echo 'it''s'") |
                   command{.program = "/bin/sh", .arguments = {"-c", "cat; pwd"}, .directory = "/"} |
                   command{.program = "/usr/bin/sort", .arguments = {"-r"}, .environment = {.changes = {{"A", "b"}}}};
    const auto [ec, r] = run_all(p);
    BOOST_TEST(!ec);
    BOOST_TEST(run(shell(to_shell(p))).out == r.out);
}

BOOST_AUTO_TEST_CASE(pipelines_are_values) {
    const pipeline one = cat;
    auto two = one | cat;
    BOOST_TEST((one != two));
    BOOST_TEST((two == pipeline(cat | cat)));
    BOOST_TEST((one | two).stages().size() == 3u);
    const auto& same = two;
    two |= same;
    BOOST_TEST(two.stages().size() == 4u);
    const auto with_coroutine = cat | stage("upper", upper);
    const auto copy = with_coroutine;
    BOOST_TEST((copy == with_coroutine));
    BOOST_TEST((copy != pipeline(cat | stage("upper", upper))));  // another callable
    BOOST_TEST((std::get<command>(one.stages().front()) == cat));
}

BOOST_AUTO_TEST_CASE(with_pipefail_the_last_stage_that_failed_counts) {
    const auto ok = exit_status::exited(0);
    BOOST_TEST(with({ok, ok}).success());
    const auto r = with({exit_status::exited(3), exit_status::exited(4), ok});
    BOOST_TEST(!r.success());
    BOOST_TEST(r.status() == exit_status::exited(4));
    BOOST_TEST(with({exit_status{}, ok}).status() == exit_status{});
    BOOST_TEST(!with({}).success());
}

BOOST_AUTO_TEST_CASE(with_the_other_rule_only_the_last_stage_counts) {
    auto r = with({exit_status::exited(3), exit_status::exited(0)});
    r.rule = pipeline_rule::last_stage;
    BOOST_TEST(r.success());
    r.stages.back().status = exit_status::exited(5);
    BOOST_TEST(r.status() == exit_status::exited(5));
}

BOOST_AUTO_TEST_CASE(a_sigpipe_is_forgiven_only_when_asked_and_never_to_the_last_stage) {
    const auto ok = exit_status::exited(0), broken = exit_status::signalled(SIGPIPE);
    auto r = with({broken, ok});
    BOOST_TEST(r.status() == broken);
    r.forgive_sigpipe = true;
    BOOST_TEST(r.success());
    r = with({ok, broken});
    r.forgive_sigpipe = true;
    BOOST_TEST(r.status() == broken);
    r = with({exit_status::signalled(SIGTERM), ok});
    r.forgive_sigpipe = true;
    BOOST_TEST(!r.success());
}

// Programs

BOOST_AUTO_TEST_CASE(each_stage_reads_what_the_one_before_it_writes) {
    const auto [ec, r] = run_all(shell("printf '3\\n1\\n2\\n'") | command{.program = "/usr/bin/sort"} |
                                 command{.program = "/usr/bin/head", .arguments = {"-n", "2"}});
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "1\n2\n");
    BOOST_TEST(r.success());
    BOOST_TEST(r.stages.size() == 3u);
    BOOST_TEST(r.drained);
}

BOOST_AUTO_TEST_CASE(one_command_is_a_pipeline_too) {
    const auto [ec, r] = run_all(cat, {.input = "alone"});
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "alone");
}

BOOST_AUTO_TEST_CASE(every_stage_has_its_status_and_its_report) {
    const auto all = shell("exit 3") | shell("cat; kill -KILL $$") | shell("cat; exit 4") | helper({"exit", "0"});
    auto [ec, r] = run_all(all);
    BOOST_TEST(!ec);
    BOOST_TEST(r.stages[0].status == exit_status::exited(3));
    BOOST_TEST(r.stages[1].status == exit_status::signalled(SIGKILL));
    BOOST_TEST(r.stages[2].status == exit_status::exited(4));
    BOOST_TEST(r.stages[3].status == exit_status::exited(0));
    BOOST_TEST(r.status() == exit_status::exited(4));
    for (const auto& stage : r.stages) {
        BOOST_TEST(stage.report.status == stage.status);
        BOOST_TEST(stage.report.pid > 0);
        BOOST_TEST(stage.report.usage.has_value());
        BOOST_TEST(stage.failure.code() == error_code{});
    }
    BOOST_TEST(r.stages[0].report.program == "/bin/sh");
    std::tie(ec, r) = run_all(all, {.rule = pipeline_rule::last_stage});
    BOOST_TEST(r.success());
}

BOOST_AUTO_TEST_CASE(a_writer_whose_reader_ends_early_dies_of_sigpipe_and_may_be_forgiven) {
    const auto all = command{.program = "/usr/bin/yes"} | command{.program = "/usr/bin/head", .arguments = {"-n", "1"}};
    auto [ec, r] = run_all(all);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "y\n");
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGPIPE));
    BOOST_TEST(r.stages[1].status.success());
    BOOST_TEST(r.status().shell_code() == 141);
    std::tie(ec, r) = run_all(all, {.forgive_sigpipe = true});
    BOOST_TEST(r.success());
}

BOOST_AUTO_TEST_CASE(the_kernel_alone_moves_the_bytes_between_programs) {
    std::vector<int> pids;
    std::string first, second, in, out;
    bool done = false;
    const pipeline_options options{.started = [&](pid_t) {
        pids = children();
        BOOST_REQUIRE(pids.size() == 3u);
        first = stream_of(pids[0], 1), second = stream_of(pids[1], 1);
        BOOST_TEST(first.find("pipe:") == 0u);
        BOOST_TEST(stream_of(pids[1], 0) == first);
        BOOST_TEST(stream_of(pids[2], 0) == second);
        BOOST_TEST(second != first);
        for (const auto& target : {first, second}) BOOST_TEST(how_many_here(target) == 0);
        BOOST_TEST(how_many_here(stream_of(pids[2], 1)) == 1);  // what we capture
        for (const int pid : pids) {                            // programs expect that their streams block
            BOOST_TEST((flags_of(pid, 0) & O_NONBLOCK) == 0);
            BOOST_TEST((flags_of(pid, 1) & O_NONBLOCK) == 0);
        }
        ::kill(pids[0], SIGTERM);
    }};
    const auto all = helper({"ready"}) | helper({"echo"}) | helper({"echo"});
    async_run(ex, all, options, [&](error_code ec, pipeline_result r) {
        BOOST_TEST(!ec);
        BOOST_TEST(r.stages[2].status.success());
        done = true;
    });
    run_until(io, [&] { return done; });
}

BOOST_AUTO_TEST_CASE(what_is_between_two_programs_can_be_chosen) {
    const auto between = [&](stdio out, stdio in) {
        auto left = helper({"descriptors"}), right = shell("stat -L -c '%F' /proc/self/fd/0; cat");
        left.out = out, right.in = in;
        return std::get<1>(run_all(left | right)).out;
    };
    BOOST_TEST(between(stdio::socket_pair(), {}).find("socket\n") == 0u);
    BOOST_TEST(between({}, stdio::socket_pair()).find("socket\n") == 0u);
    BOOST_TEST(between(stdio::pipe(), stdio::socket_pair()).find("fifo\n") == 0u);  // the writer has the say
    std::size_t capacity = 0;
    auto left = helper({"ready"});
    left.out = stdio::pipe(1 << 18);
    run_all(left | cat, {.started = [&](pid_t) {
                const int fd =
                    ::open(("/proc/" + std::to_string(children().at(1)) + "/fd/0").c_str(), O_RDONLY | O_CLOEXEC);
                capacity = pipe_capacity(fd).value();
                ::close(fd);
                ::kill(children().at(0), SIGTERM);
            }});
    BOOST_TEST(capacity == 1u << 18);
}

BOOST_AUTO_TEST_CASE(a_stage_may_lead_its_streams_elsewhere_as_in_a_shell) {
    auto reads_nothing = helper({"echo"});
    reads_nothing.in = stdio::null();
    auto [ec, r] = run_all(command{.program = "/usr/bin/yes"} | reads_nothing | cat);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out.empty());
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGPIPE));
    auto writes_away = shell("echo lost");
    writes_away.out = stdio::null();
    std::tie(ec, r) = run_all(writes_away | cat);
    BOOST_TEST(r.out.empty());
    BOOST_TEST(r.success());
}

// Both ends

BOOST_AUTO_TEST_CASE(input_from_memory_may_be_larger_than_any_pipe) {
    const auto input = numbers(300000);
    const auto [ec, r] = run_all(helper({"echo"}) | helper({"echo"}), {.input = input});
    BOOST_TEST(!ec);
    BOOST_TEST((r.out == input));
}

BOOST_AUTO_TEST_CASE(input_that_nobody_reads_is_no_error) {
    const auto [ec, r] = run_all(helper({"exit", "0"}) | cat, {.input = numbers(300000)});
    BOOST_TEST(!ec);
    BOOST_TEST(r.success());
    BOOST_TEST(r.drained);
}

BOOST_AUTO_TEST_CASE(files_can_be_at_both_ends) {
    temporary_directory place;
    std::ofstream(place / "in") << "b\na\n";
    auto first = cat, last = command{.program = "/usr/bin/sort"};
    first.in = stdio::read_file(place / "in");
    last.out = stdio::append_file(place / "out");
    std::ofstream(place / "out") << "sorted:\n";
    const auto [ec, r] = run_all(first | last);
    BOOST_TEST(!ec);
    BOOST_TEST(r.success());
    BOOST_TEST(r.out.empty());
    BOOST_TEST(content_of(place / "out") == "sorted:\na\nb\n");
}

BOOST_AUTO_TEST_CASE(the_standard_error_of_each_stage_is_captured) {
    const auto [ec, r] = run_all(shell("echo one >&2") | shell("echo two >&2") | shell("echo three >&2; cat"));
    BOOST_TEST(!ec);
    BOOST_TEST(r.stages[0].err == "one\n");
    BOOST_TEST(r.stages[1].err == "two\n");
    BOOST_TEST(r.stages[2].err == "three\n");
    BOOST_TEST(r.stages[2].report.error_tail == "three\n");
}

BOOST_AUTO_TEST_CASE(standard_error_goes_where_the_command_or_the_option_leads_it) {
    struct stat ours {};
    ::fstat(2, &ours);
    const auto inherited = "2 " + std::to_string(ours.st_dev) + ":" + std::to_string(ours.st_ino) + "\n";
    auto merged = shell("echo err >&2"), piped = shell("echo kept >&2; cat");
    merged.err = stdio::to_stdout();
    piped.err = stdio::pipe();
    auto [ec, r] = run_all(helper({"descriptors"}) | piped, {.capture_errors = false});
    BOOST_TEST(r.out.find(inherited) != std::string::npos);
    BOOST_TEST(r.stages[1].err == "kept\n");
    std::tie(ec, r) = run_all(merged | helper({"echo"}));
    BOOST_TEST(r.out == "err\n");
    BOOST_TEST(r.stages[0].err.empty());
}

// Limits

BOOST_AUTO_TEST_CASE(a_flood_goes_through_and_is_bounded_where_it_is_kept) {
    constexpr long much = 32 << 20;
    const auto flood = helper({"flood", std::to_string(much)});
    const auto [ec, r] = run_all(
        flood | shell("tee /dev/stderr"),
        {.output_limit = 1000, .error_limit = 0, .on_overflow = capture_overflow::keep_head, .drain_grace = 10s});
    BOOST_TEST(!ec);
    BOOST_TEST(r.success());
    BOOST_TEST(r.out.size() == 1000u);
    BOOST_TEST(r.out_truncated);
    for (const auto& stage : r.stages) {
        BOOST_TEST(stage.err.empty());
        BOOST_TEST(stage.err_truncated);
    }
}

BOOST_AUTO_TEST_CASE(a_limit_can_keep_the_tail) {
    const auto [ec, r] = run_all(shell("echo 12345") | shell("cat; echo 67890 >&2"),
                                 {.output_limit = 3, .error_limit = 2, .on_overflow = capture_overflow::keep_tail});
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "45\n");
    BOOST_TEST(r.stages[1].err == "0\n");
    BOOST_TEST(r.stages[1].err_truncated);
}

BOOST_AUTO_TEST_CASE(a_stage_that_never_reads_keeps_nobody_for_ever) {
    const auto [ec, r] = run_all(helper({"flood", std::to_string(8 << 20)}) | shell("echo done") | cat);
    BOOST_TEST(!ec);
    BOOST_TEST(r.out == "done\n");
    BOOST_TEST(r.stages[0].status == exit_status::signalled(SIGPIPE));
}

BOOST_AUTO_TEST_CASE(fifty_stages_work) {
    pipeline all = helper({"echo"});
    for (int i = 1; i < 50; ++i) all |= i % 10 == 0 ? pipeline(upper) : pipeline(cat);
    const auto input = std::string(200000, 'a');
    const auto [ec, r] = run_all(all, {.input = input});
    BOOST_TEST(!ec);
    BOOST_TEST((r.out == std::string(input.size(), 'A')));
    BOOST_TEST(r.success());
}

BOOST_AUTO_TEST_CASE(many_run_at_once) {
    int done = 0;
    const auto all = cat | stage(upper) | cat;
    for (int i = 0; i < 20; ++i) {
        const pipeline_options options{.input = "n" + std::to_string(i)};
        async_run(ex, all, options, [&, i](error_code ec, pipeline_result r) {
            BOOST_TEST(!ec);
            BOOST_TEST(r.out == "N" + std::to_string(i));
            ++done;
        });
    }
    run_until(io, [&] { return done == 20; });
}

BOOST_AUTO_TEST_CASE(the_result_comes_where_the_handler_wants_it) {
    asio::io_context other;
    bool done = false;
    const auto all = cat | cat;
    async_run(ex, all, asio::bind_executor(other.get_executor(), [&](error_code ec, pipeline_result r) {
                  BOOST_TEST(!ec);
                  BOOST_TEST(r.success());
                  done = true;
              }));
    BOOST_TEST(run_dry(io));
    BOOST_TEST(!done);
    run_until(other, [&] { return done; });
}

BOOST_AUTO_TEST_CASE(a_stage_whose_stream_goes_past_its_limit_is_the_cause_and_named) {
    const auto loud = shell("head -c 100000 /dev/zero >&2; exec sleep 1000"), quiet = shell("exec sleep 1000"),
               says_much = shell("head -c 100000 /dev/zero; exec sleep 1000");
    const pipeline in_the_middle = quiet | loud | quiet, at_the_end = quiet | says_much;
    const pipeline_options options{.output_limit = 1000, .error_limit = 1000};
    const auto [ec, r] = run_all(in_the_middle, options);
    BOOST_TEST((ec == errc::limit_exceeded), ec.message());
    BOOST_TEST((r.stages.at(1).failure == error(errc::limit_exceeded, "stage 2: /bin/sh: standard error")),
               r.stages.at(1).failure);
    BOOST_TEST(!r.stages.at(0).failure.code());
    BOOST_TEST(!r.stages.at(2).failure.code());
    const auto [out_ec, out] = run_all(at_the_end, options);
    BOOST_TEST((out_ec == errc::limit_exceeded), out_ec.message());
    BOOST_TEST((out.stages.at(1).failure == error(errc::limit_exceeded, "stage 2: /bin/sh: standard output")));
}

BOOST_AUTO_TEST_CASE(a_stage_that_was_moved_from_fails) {
    auto gone = stage("gone", [](asio::readable_pipe&, pipe_writer&) -> task<> { co_return; });
    const auto kept = std::move(gone);
    const auto [ec, r] = run_all(pipeline(gone));  // NOLINT(bugprone-use-after-move)
    BOOST_TEST((ec == errc::invalid_argument), ec.message());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
