// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "arguments.hpp"

#include "core/nearest.hpp"
#include "failure.hpp"
#include "text.hpp"

#include <optional>
#include <string>
#include <utility>

namespace parley::tool {
namespace {

bool is_letter(char c) noexcept { return (detail::lower(c) >= 'a' && detail::lower(c) <= 'z') || c == '_'; }

// The name in front of '=' or ':='; nothing where there is none.
std::optional<std::string_view> name_of(std::string_view word) noexcept {
    if (word.empty() || !is_letter(word[0])) return std::nullopt;
    std::size_t end = 1;
    while (end < word.size() && (is_letter(word[end]) || detail::is_digit(word[end]) || word[end] == '-' ||
                                 word[end] == '.' || word[end] == '$'))
        ++end;
    const auto rest = word.substr(end);
    if (!rest.starts_with('=') && !rest.starts_with(":=")) return std::nullopt;
    return word.substr(0, end);
}

// A word as it would have to be written in a shell to be text.
std::string written_as_text(std::string_view name, std::string_view word) {
    return "'" + std::string(name) + (name.empty() ? "" : "=") + to_json_text(rpc::value(word), false) + "'";
}

rpc::value read_value(std::string_view word, std::string_view name, std::string_view json, bool text_too) {
    auto parsed = rpc::from_json(json);
    if (parsed) return std::move(*parsed);
    const bool begins_like_json = !json.empty() && std::string_view("{[\"").find(json[0]) != std::string_view::npos;
    if (begins_like_json) throw usage_error(in_quotes(word) + " is no JSON: " + parsed.error().context());
    if (text_too) return rpc::value(json);
    throw usage_error(in_quotes(word) + " is no JSON; write " + written_as_text(name, json) + ", or use --text");
}

}  // namespace

call_arguments read_arguments(std::span<const std::string_view> words, bool text_too) {
    call_arguments all;
    for (const auto& word : words) {
        const auto name = name_of(word);
        if (&word != words.data() && name.has_value() != all.by_name)
            throw usage_error(in_quotes(words.front()) + " and " + in_quotes(word) +
                              ": arguments come all by place, or all by name (name=JSON)");
        if (!name) {
            all.placed.push_back(read_value(word, "", word, text_too));
            continue;
        }
        all.by_name = true;
        if (all.named.find(*name)) throw usage_error("the argument " + in_quotes(*name) + " is given twice");
        const auto json = word.substr(word.find('=') + 1);
        all.named[*name] = read_value(word, *name, json, text_too);
    }
    return all;
}

call_arguments read_all_arguments(std::string_view json) {
    auto parsed = rpc::from_json(json);
    if (!parsed) throw usage_error("--params is no JSON: " + parsed.error().context());
    call_arguments all;
    if (const auto* members = parsed->get_if<rpc::object>()) {
        all.by_name = true;
        all.named = *members;
    } else if (const auto* list = parsed->get_if<rpc::array>()) {
        all.placed = *list;
    } else {
        throw usage_error("--params: expected an array, or an object with the arguments by name, not " +
                          in_quotes(json));
    }
    return all;
}

}  // namespace parley::tool
