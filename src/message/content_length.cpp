// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/content_length.hpp>

#include "message/framing.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace parley {
namespace {

bool is_same_word(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trim(std::string_view text) noexcept {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

constexpr std::string_view length_field = "Content-Length";
constexpr std::string_view empty_line = "\r\n\r\n";

}  // namespace

parsed_frame content_length::parse(std::string_view bytes, progress& so_far) const noexcept {
    const auto whole = [&] {
        const auto& [seen, head, length] = so_far;
        if (bytes.size() - head < length) return parsed_frame::incomplete(head + length, 0);
        return parsed_frame::complete({head + length, head, length});
    };
    if (so_far.head != 0) return whole();
    const auto failed = [](std::size_t at, const char* what) {
        return parsed_frame::failed(errc::invalid_frame, at, what);
    };
    const auto start = bytes.substr(0, header_limit);
    const std::size_t seen = so_far.seen;
    const auto end = start.find(empty_line, seen - std::min(seen, empty_line.size() - 1));
    so_far.seen = start.size();
    // Something that cannot become a header is refused before it is whole.
    for (auto at = start.find('\n', seen); at < std::min(end, start.size()); at = start.find('\n', at + 1))
        if (at == 0 || start[at - 1] != '\r') return failed(at, "a line of the header ends with CR LF");
    if (end == std::string_view::npos)
        return bytes.size() >= header_limit ? failed(header_limit, "a header of more than 4 KiB")
                                            : parsed_frame::incomplete(bytes.size() + 1, 0);

    std::optional<std::size_t> length;
    // Some write a byte order mark first of all. Source: RFC 8259, 8.1.
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    for (std::size_t at = bytes.starts_with(byte_order_mark) ? byte_order_mark.size() : 0; at < end + 2;) {
        const auto line = bytes.substr(at, bytes.find("\r\n", at) - at);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return failed(at, "a field 'name: value' was expected");
        if (is_same_word(line.substr(0, colon), length_field)) {
            const auto value = trim(line.substr(colon + 1));
            const auto value_at = at + static_cast<std::size_t>(value.data() - line.data());
            if (length) return failed(at, "a second Content-Length");
            std::size_t number = 0;
            const auto [rest, wrong] = std::from_chars(value.data(), value.data() + value.size(), number);
            if (value.empty() || rest != value.data() + value.size() || wrong == std::errc::invalid_argument)
                return failed(value_at, "a number was expected");
            if (wrong == std::errc::result_out_of_range || number > limit_)
                return parsed_frame::failed(errc::limit_exceeded, value_at, detail::too_long);
            length = number;
        }
        at += line.size() + 2;
    }
    const std::size_t head = end + empty_line.size();
    if (!length) return failed(head, "a header without Content-Length");
    so_far.head = head;
    so_far.length = *length;
    return whole();
}

error_code content_length::enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
    ends.clear();
    if (payload.size() > limit_) return make_error_code(errc::limit_exceeded);
    char digits[20];
    const auto [end, wrong] = std::to_chars(digits, digits + sizeof digits, payload.size());
    static_cast<void>(wrong);  // 20 digits are enough
    ends.append_head(length_field);
    ends.append_head(": ");
    ends.append_head(std::string_view(digits, static_cast<std::size_t>(end - digits)));
    ends.append_head(empty_line);
    return detail::refuse_descriptors(descriptors);
}

}  // namespace parley
