// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/content_length.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace parley {
namespace {

// Of framings that carry no descriptors.
error_code refuse_descriptors(unsigned descriptors) noexcept {
    return descriptors == 0 ? error_code() : make_error_code(errc::too_many_descriptors);
}

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

std::string parsed_frame::context() const { return "byte " + std::to_string(at) + ": " + what; }

parsed_frame detail::truncated(std::string_view bytes) noexcept {
    if (bytes.empty()) return parsed_frame::incomplete(1);  // no message has begun
    return parsed_frame::failed(errc::truncated_frame, bytes.size(), "the stream ends within a message");
}

// length_prefix

parsed_frame length_prefix::check_start(std::string_view bytes) const noexcept {
    if (byte(bytes, 4) != version) return refuse(bytes, 0);
    return parsed_frame::incomplete(header_size);
}

parsed_frame length_prefix::refuse(std::string_view bytes, std::size_t length) const noexcept {
    const auto failed = [](std::size_t at, const char* what) {
        return parsed_frame::failed(errc::invalid_frame, at, what);
    };
    if (byte(bytes, 4) != version) return failed(4, "version 1 was expected");
    if (byte(bytes, 5) != 0) return failed(5, "a flag that version 1 does not have");
    if (byte(bytes, 6) > most_descriptors) return failed(6, "more than 253 descriptors");
    if (byte(bytes, 7) != 0) return failed(7, "0 was expected");
    static_cast<void>(length);
    return parsed_frame::failed(errc::limit_exceeded, 0, "the message is longer than the limit");
}

// varint

parsed_frame varint::parse(std::string_view bytes, std::size_t) const noexcept {
    constexpr std::size_t longest = 5;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < longest; ++i) {
        if (i == bytes.size()) return parsed_frame::incomplete(i + 1);
        const auto byte = static_cast<unsigned char>(bytes[i]);
        length |= std::uint64_t{byte & 0x7fu} << (7 * i);
        if (byte & 0x80u) continue;
        if (length > limit_)
            return parsed_frame::failed(errc::limit_exceeded, 0, "the message is longer than the limit");
        const std::size_t head = i + 1;
        if (bytes.size() - head < length) return parsed_frame::incomplete(head + length);
        return parsed_frame::complete(
            {head + static_cast<std::size_t>(length), head, static_cast<std::size_t>(length)});
    }
    return parsed_frame::failed(errc::invalid_frame, longest, "a length of more than five bytes");
}

error_code varint::enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
    ends.clear();
    if (payload.size() > limit_) return make_error_code(errc::limit_exceeded);
    std::size_t rest = payload.size();
    for (; rest >= 0x80; rest >>= 7) ends.append_head(static_cast<char>((rest & 0x7f) | 0x80));
    ends.append_head(static_cast<char>(rest));
    return refuse_descriptors(descriptors);
}

// lines, nul_terminated

parsed_frame detail::delimited::parse(std::string_view bytes, std::size_t examined) const noexcept {
    const auto end = bytes.find(delimiter, examined);
    const bool found = end != std::string_view::npos;
    const std::size_t size = found ? end : bytes.size();
    const bool cr = drop_cr && size > 0 && bytes[size - 1] == '\r';
    const std::size_t length = size - (cr ? 1 : 0);  // a CR at the end may be part of the delimiter yet
    if (length > limit)
        return parsed_frame::failed(errc::limit_exceeded, limit, "the message is longer than the limit");
    if (!found) return parsed_frame::incomplete(bytes.size() + 1);
    return parsed_frame::complete({end + 1, 0, length});
}

error_code detail::delimited::check(std::string_view payload, unsigned descriptors) const noexcept {
    if (payload.size() > limit) return make_error_code(errc::limit_exceeded);
    if (payload.find(delimiter) != std::string_view::npos || (drop_cr && payload.ends_with('\r')))
        return make_error_code(errc::invalid_argument);
    return refuse_descriptors(descriptors);
}

parsed_frame lines::parse_end(std::string_view bytes) const noexcept {
    if (bytes.empty()) return parsed_frame::incomplete(1);  // no line has begun
    const std::size_t length = bytes.size() - (bytes.ends_with('\r') ? 1 : 0);
    if (length > limit_)
        return parsed_frame::failed(errc::limit_exceeded, limit_, "the message is longer than the limit");
    return parsed_frame::complete({bytes.size(), 0, length});
}

error_code lines::enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
    ends.clear();
    if (end_ == line_end::crlf) ends.append_tail('\r');
    ends.append_tail('\n');
    return detail::delimited{'\n', true, limit_}.check(payload, descriptors);
}

error_code nul_terminated::enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
    ends.clear();
    ends.append_tail('\0');
    return detail::delimited{'\0', false, limit_}.check(payload, descriptors);
}

// content_length

parsed_frame content_length::parse(std::string_view bytes, std::size_t) const noexcept {
    const auto failed = [](std::size_t at, const char* what) {
        return parsed_frame::failed(errc::invalid_frame, at, what);
    };
    const auto start = bytes.substr(0, header_limit);
    const auto end = start.find(empty_line);
    // Something that cannot become a header is refused before it is whole.
    for (auto at = start.find('\n'); at < std::min(end, start.size()); at = start.find('\n', at + 1))
        if (at == 0 || start[at - 1] != '\r') return failed(at, "a line of the header ends with CR LF");
    if (end == std::string_view::npos)
        return bytes.size() >= header_limit ? failed(header_limit, "a header of more than 4 KiB")
                                            : parsed_frame::incomplete(bytes.size() + 1);

    std::optional<std::size_t> length;
    for (std::size_t at = 0; at < end + 2;) {
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
                return parsed_frame::failed(errc::limit_exceeded, value_at, "the message is longer than the limit");
            length = number;
        }
        at += line.size() + 2;
    }
    const std::size_t head = end + empty_line.size();
    if (!length) return failed(head, "a header without Content-Length");
    if (bytes.size() - head < *length) return parsed_frame::incomplete(head + *length);
    return parsed_frame::complete({head + *length, head, *length});
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
    return refuse_descriptors(descriptors);
}

}  // namespace parley
