// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/process/exit_report.hpp>

#include <parley/signal/signal_name.hpp>

#include "core/visible.hpp"
#include "process/text.hpp"

#include <cctype>
#include <cstdio>
#include <ostream>
#include <string_view>

namespace parley {
namespace {

using detail::short_seconds;
using detail::utf8_length;
using detail::visible;

std::string seconds(std::chrono::microseconds time) {
    char text[32];
    std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(time.count() / 1'000'000),
                  static_cast<long long>(time.count() % 1'000'000));
    return text;
}

std::string mebibytes(std::uint64_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
    return text;
}

// The last line that says something, without what a terminal would obey.
std::string last_words(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    if (const auto newline = text.rfind('\n'); newline != std::string_view::npos) text.remove_prefix(newline + 1);
    std::string plain(text);
    for (char& c : plain)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return visible(plain);
}

std::string json_string(std::string_view text) {
    std::string quoted = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const auto c = static_cast<unsigned char>(text[at]);
        const std::size_t length = utf8_length(text, at);
        if (length == 0) {
            quoted += "\\ufffd";
            ++at;
            continue;
        }
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += static_cast<char>(c);
        } else if (c < 0x20 || c == 0x7f || (c == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0)) {
            // JSON allows the later ones; a terminal obeys them.
            char code[8];
            std::snprintf(code, sizeof code, "\\u%04x", c == 0xc2 ? static_cast<unsigned char>(text[at + 1]) : c);
            quoted += code;
        } else {
            quoted += text.substr(at, length);
        }
        at += length;
    }
    return quoted + "\"";
}

}  // namespace

std::string_view to_string(stop_step step) noexcept {
    switch (step) {
        case stop_step::none:
            return "none";
        case stop_step::asked:
            return "asked";
        case stop_step::killed:
            return "killed";
    }
    return "?";
}

std::string_view to_string(signal_sender sender) noexcept {
    switch (sender) {
        case signal_sender::unknown:
            return "unknown";
        case signal_sender::send_signal:
            return "send_signal";
        case signal_sender::stop_policy:
            return "stop_policy";
    }
    return "?";
}

std::ostream& operator<<(std::ostream& out, stop_step step) { return out << to_string(step); }
std::ostream& operator<<(std::ostream& out, signal_sender sender) { return out << to_string(sender); }

std::string to_string(const resource_usage& usage) {
    return "CPU " + short_seconds(usage.user_time) + " + " + short_seconds(usage.system_time) + ", " +
           mebibytes(usage.peak_memory);
}

std::ostream& operator<<(std::ostream& out, const resource_usage& usage) { return out << to_string(usage); }

std::string to_string(const exit_report& report) {
    std::string line = visible(report.program) + " ";
    if (report.pid != 0) line += "(" + std::to_string(report.pid) + ") ";
    if (!report.status.known() && report.pid == 0) return line + "did not run to an end";
    line += !report.status.known() ? "ended, nobody knows how" : (report.status.exit_code() ? "" : "was ");
    if (report.status.known()) line += to_string(report.status);
    if (report.oom_killed.value_or(false)) line += " by the out-of-memory killer";
    if (report.status.signal_number()) {
        if (report.sender == signal_sender::send_signal) line += " from its parent";
        if (report.sender == signal_sender::stop_policy) line += " from its stop policy";
    }
    if (report.step == stop_step::asked && !report.status.signal_number()) line += " when asked to end";
    line += " after " + short_seconds(report.run_time);
    if (report.usage) line += ", " + to_string(*report.usage);
    if (const auto words = last_words(report.error_tail); !words.empty()) line += "; last words: " + words;
    return line;
}

std::ostream& operator<<(std::ostream& out, const exit_report& report) { return out << to_string(report); }

std::string to_json(const exit_report& report) {
    const auto& status = report.status;
    std::string text = "{\"program\":" + json_string(report.program) +
                       ",\"pid\":" + (report.pid != 0 ? std::to_string(report.pid) : "null");
    text += ",\"exit_code\":" + (status.exit_code() ? std::to_string(*status.exit_code()) : "null");
    text += ",\"signal\":";
    if (const auto number = status.signal_number()) {
        const auto known = signal_name(*number);
        text += json_string(known ? *known : std::to_string(*number));
    } else {
        text += "null";
    }
    text += ",\"core_dumped\":" + std::string(status.core_dumped() ? "true" : "false");
    text += ",\"signal_sender\":";
    text += status.signal_number() ? json_string(to_string(report.sender)) : "null";
    text += ",\"stop_step\":" + json_string(to_string(report.step));
    text += ",\"oom_killed\":" + std::string(!report.oom_killed ? "null" : *report.oom_killed ? "true" : "false");
    text += ",\"run_time\":" + seconds(report.run_time);
    text += ",\"user_time\":" + (report.usage ? seconds(report.usage->user_time) : "null");
    text += ",\"system_time\":" + (report.usage ? seconds(report.usage->system_time) : "null");
    text += ",\"peak_memory\":" + (report.usage ? std::to_string(report.usage->peak_memory) : "null");
    text += ",\"error_tail\":" + json_string(report.error_tail) + "}";
    return text;
}

}  // namespace parley
