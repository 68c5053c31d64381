// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "process/pipeline_stages.hpp"

#include <parley/process/spawn.hpp>

#include "core/syscall.hpp"
#include "process/streams.hpp"

#include <boost/system/system_error.hpp>

#include <string>
#include <utility>

namespace parley {
namespace {

bool leads_to_neighbour(const stdio& plan) { return plan.what() == stdio::kind::inherit || leads_to_parent(plan); }

class starter {
public:
    starter(const executor& io, const pipeline& plan, const pipeline_options& options, pipeline_stages& stages)
        : io_(io), plan_(plan.stages()), options_(options), stages_(stages) {}

    /// `upstream` is what the stage is to read; afterwards, what the next is. Once a stage has its ends, ours are
    /// closed: whatever becomes of it, its neighbours see it.
    result<void> start(std::size_t i, unique_fd& upstream) const {
        pipe_descriptors link;
        if (!is_last(i)) {
            auto made = make_link(i);
            if (!made) return made.error();
            link = std::move(*made);
        }
        auto from = std::exchange(upstream, std::move(link.reader));
        if (const auto* what = std::get_if<command>(&plan_[i]))
            return start_program(i, *what, from.get(), link.writer.get());
        return prepare_coroutine(i, std::move(from), std::move(link.writer));
    }

private:
    bool is_last(std::size_t i) const { return i + 1 == plan_.size(); }

    // Between the stages `left` and `left` + 1.
    result<pipe_descriptors> make_link(std::size_t left) const {
        stdio plan;
        const auto* writer = std::get_if<command>(&plan_[left]);
        const auto* reader = std::get_if<command>(&plan_[left + 1]);
        if (reader && leads_to_parent(reader->in)) plan = reader->in;
        if (writer && leads_to_parent(writer->out)) plan = writer->out;
        if (plan.what() != stdio::kind::socket_pair) {
            auto made = make_pipe_descriptors();
            if (made && plan.capacity() != 0) (void)sys::set_pipe_size(made->writer.get(), plan.capacity());
            return made;
        }
        auto made = sys::one_way_socket_pair();
        if (!made) return error(made.error(), "make socket pair");
        return pipe_descriptors{std::move(made->reader), std::move(made->writer)};
    }

    result<void> lead_streams(std::size_t i, command& what, int from, int to) const {
        const auto refuse = [&](const std::string& why) {
            return error(errc::invalid_argument, shell_quote(what.program) + ": " + why);
        };
        for (const auto* plan : {&what.in, &what.out, &what.err})
            if (plan->what() == stdio::kind::pty) return refuse("nobody would read its pseudo-terminal");
        if (leads_to_neighbour(what.in)) {
            if (i > 0)
                what.in = stdio::descriptor(from);
            else if (!leads_to_parent(what.in))
                what.in = options_.input.empty() ? stdio::null() : stdio::pipe();
        } else if (i == 0 && !options_.input.empty()) {
            return refuse("it would not read the input, its standard input leads elsewhere");
        }
        if (leads_to_neighbour(what.out)) {
            if (!is_last(i))
                what.out = stdio::descriptor(to);
            else if (!leads_to_parent(what.out))
                what.out = stdio::pipe();
        }
        if (what.err.what() == stdio::kind::inherit && options_.capture_errors) what.err = stdio::pipe();
        return {};
    }

    result<void> start_program(std::size_t i, command what, int from, int to) const {
        if (auto led = lead_streams(i, what, from, to); !led) return led.error();
        const bool grouped = options_.own_group && what.group == process_group::inherit && what.join_group == 0;
        const bool leader = grouped && stages_.group == 0;
        if (leader)
            what.group = process_group::own;
        else if (grouped)
            what.join_group = stages_.group;

        auto started = spawn(io_, what);
        if (!started) return started.error();
        auto& stage = stages_.each[i];
        stage.process = std::move(*started);
        if (leader) stages_.group = stage.process.pid();
        if (leads_to_parent(what.err)) {
            stage.err = &stage.process.err();
            stage.kept_err = plan_capture(what.err, options_.error_limit, options_.on_overflow);
        }
        if (leads_to_parent(what.in)) stages_.in = &stage.process.in();
        if (leads_to_parent(what.out)) {
            stages_.out = &stage.process.out();
            stages_.kept_out = plan_capture(what.out, options_.output_limit, options_.on_overflow);
        }
        return {};
    }

    result<void> prepare_coroutine(std::size_t i, unique_fd from, unique_fd to) const {
        if (!from) {
            auto made = make_pipe_descriptors();
            if (!made) return made.error();
            from = std::move(made->reader);
            stages_.in = &stages_.coroutine_in.emplace(io_, std::move(made->writer));
        }
        if (!to) {
            auto made = make_pipe_descriptors();
            if (!made) return made.error();
            to = std::move(made->writer);
            stages_.out = &attach(stages_.coroutine_out, io_, std::move(made->reader));
            stages_.kept_out = plan_capture(stdio::pipe(), options_.output_limit, options_.on_overflow);
        }
        attach(stages_.each[i].from, io_, std::move(from));
        stages_.each[i].to.emplace(io_, std::move(to));
        return {};
    }

    const executor& io_;
    const std::vector<pipeline_stage>& plan_;
    const pipeline_options& options_;
    pipeline_stages& stages_;
};

}  // namespace

std::optional<start_failure> start_stages(const executor& io, const pipeline& plan, const pipeline_options& options,
                                          pipeline_stages& stages) {
    const starter each(io, plan, options, stages);
    unique_fd upstream;
    for (std::size_t i = 0; i < plan.stages().size(); ++i) {
        result<void> started;
        try {
            started = each.start(i, upstream);
        } catch (const boost::system::system_error& e) {  // an end that the loop does not take
            started = error(e.code(), "attach pipe");
        }
        if (started) continue;
        const auto& why = started.error();
        return start_failure{i, error(why.code(), "stage " + std::to_string(i + 1) + ": " + why.context())};
    }
    return std::nullopt;
}

}  // namespace parley
