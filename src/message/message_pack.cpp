// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/message/message_pack.hpp>

#include "message/framing.hpp"

#include <array>
#include <cstdint>

namespace parley {
namespace {

// What follows the first byte of a value.
struct layout {
    std::uint8_t length_bytes = 0;  // of a length, or of a number of values
    std::uint8_t fixed = 0;         // bytes behind those
    std::uint8_t values = 0;        // that lie in it
    bool counts_values = false;
    bool counts_pairs = false;
    bool known = true;
};

constexpr layout layout_of(unsigned char tag) noexcept {
    if (tag < 0x80 || tag >= 0xe0) return {};
    if (tag < 0x90) return {.values = static_cast<std::uint8_t>(2 * (tag & 15U))};
    if (tag < 0xa0) return {.values = static_cast<std::uint8_t>(tag & 15U)};
    if (tag < 0xc0) return {.fixed = static_cast<std::uint8_t>(tag & 31U)};
    switch (tag) {
        case 0xc0:
        case 0xc2:
        case 0xc3:
            return {};
        case 0xc4:
        case 0xd9:
            return {.length_bytes = 1};
        case 0xc5:
        case 0xda:
            return {.length_bytes = 2};
        case 0xc6:
        case 0xdb:
            return {.length_bytes = 4};
        case 0xc7:
            return {.length_bytes = 1, .fixed = 1};
        case 0xc8:
            return {.length_bytes = 2, .fixed = 1};
        case 0xc9:
            return {.length_bytes = 4, .fixed = 1};
        case 0xcc:
        case 0xd0:
            return {.fixed = 1};
        case 0xcd:
        case 0xd1:
            return {.fixed = 2};
        case 0xca:
        case 0xce:
        case 0xd2:
            return {.fixed = 4};
        case 0xcb:
        case 0xcf:
        case 0xd3:
            return {.fixed = 8};
        case 0xd4:
        case 0xd5:
        case 0xd6:
        case 0xd7:
        case 0xd8:
            return {.fixed = static_cast<std::uint8_t>(1 + (1U << (tag - 0xd4U)))};
        case 0xdc:
            return {.length_bytes = 2, .counts_values = true};
        case 0xdd:
            return {.length_bytes = 4, .counts_values = true};
        case 0xde:
            return {.length_bytes = 2, .counts_values = true, .counts_pairs = true};
        case 0xdf:
            return {.length_bytes = 4, .counts_values = true, .counts_pairs = true};
        default:
            return {.known = false};
    }
}

constexpr auto layouts = [] {
    std::array<layout, 256> all{};
    for (unsigned tag = 0; tag < all.size(); ++tag) all[tag] = layout_of(static_cast<unsigned char>(tag));
    return all;
}();

}  // namespace

parsed_frame message_pack::parse(std::string_view bytes, progress& so_far) const noexcept {
    std::uint64_t at = so_far.at;
    std::uint64_t to_come = so_far.values_to_come;  // each of a byte or more
    while (to_come != 0) {
        so_far = {at, to_come};
        if (at + to_come > limit_) return parsed_frame::failed(errc::limit_exceeded, 0, detail::too_long);
        if (at >= bytes.size()) return parsed_frame::incomplete(static_cast<std::size_t>(at + to_come), 0);
        const layout& l = layouts[static_cast<unsigned char>(bytes[static_cast<std::size_t>(at)])];
        if (!l.known)
            return parsed_frame::failed(errc::invalid_frame, static_cast<std::size_t>(at),
                                        "no value of MessagePack begins with this byte");
        ++at;
        if (bytes.size() - at < l.length_bytes)
            return parsed_frame::incomplete(static_cast<std::size_t>(at + l.length_bytes + to_come - 1), 0);
        std::uint64_t announced = 0;
        for (unsigned i = 0; i < l.length_bytes; ++i)
            announced = announced << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(at++)]);
        --to_come;  // this one is here
        to_come += l.values;
        if (l.counts_values)
            to_come += l.counts_pairs ? 2 * announced : announced;
        else
            at += announced;
        at += l.fixed;
        if (at + to_come > limit_) return parsed_frame::failed(errc::limit_exceeded, 0, detail::too_long);
        if (at > bytes.size()) return parsed_frame::incomplete(static_cast<std::size_t>(at + to_come), 0);
    }
    return parsed_frame::complete({static_cast<std::size_t>(at), 0, static_cast<std::size_t>(at)});
}

error_code message_pack::enclose(std::string_view payload, unsigned descriptors, frame_ends& ends) const noexcept {
    ends.clear();
    if (payload.size() > limit_) return make_error_code(errc::limit_exceeded);
    const auto parsed = parse(payload, 0);
    if (parsed.outcome != parsed_frame::kind::complete || parsed.found.size != payload.size())
        return make_error_code(errc::invalid_argument);
    return detail::refuse_descriptors(descriptors);
}

}  // namespace parley
