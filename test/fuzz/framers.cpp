// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Looks for streams that crash a framer, lead it out of its bytes, or are divided differently when they come in pieces,
// and for messages that do not come back.

#include <parley/message/content_length.hpp>
#include <parley/message/datagram.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/message_pack.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using kind = parley::parsed_frame::kind;

void check(bool holds) {
    if (!holds) std::abort();
}

// The whole stream, which comes by pieces of `step` bytes.
template <parley::framer F>
void read(const F& f, std::string_view stream, std::size_t step) {
    while (!stream.empty()) {
        const auto whole = f.parse(stream, 0);
        std::size_t examined = 0;
        for (std::size_t come = step; come < stream.size(); come += step) {
            const auto part = f.parse(stream.substr(0, come), examined);
            if (part.outcome == kind::incomplete) {
                check(part.wanted > come);
                examined = come;
                continue;
            }
            check(part.outcome == whole.outcome);
            if (part.outcome == kind::complete) check(part.found == whole.found);
            break;
        }
        if (whole.outcome != kind::complete) {
            if (whole.outcome == kind::failed) check(whole.code.failed() && whole.at <= stream.size() + 1);
            f.parse_end(stream);
            return;
        }
        const auto& found = whole.found;
        check(found.size > 0 && found.size <= stream.size());
        check(found.payload_at <= found.size && found.payload_size <= found.size - found.payload_at);
        check(found.payload_size <= f.limit());
        stream.remove_prefix(found.size);
    }
}

template <parley::framer F>
void write(const F& f, std::string_view message) {
    parley::frame_ends ends;
    if (f.enclose(message, 0, ends)) return;
    const std::string wire = std::string(ends.head()) + std::string(message) + std::string(ends.tail());
    const auto parsed = f.parse(wire, 0);
    check(parsed.outcome == kind::complete && parsed.found.size == wire.size());
    check(parsed.found.payload(wire) == message);
}

template <parley::framer F>
void both(const F& f, std::string_view bytes, std::size_t step) {
    read(f, bytes, step);
    write(f, bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t step = 1 + data[1] % 16;
    constexpr std::size_t limit = 200;
    switch (data[0] % 7) {
        case 0:
            both(parley::length_prefix(limit), bytes, step);
            break;
        case 1:
            both(parley::varint(limit), bytes, step);
            break;
        case 2:
            both(parley::lines(limit, parley::line_end::crlf), bytes, step);
            break;
        case 3:
            both(parley::nul_terminated(limit), bytes, step);
            break;
        case 4:
            both(parley::content_length(limit), bytes, step);
            break;
        case 5:
            both(parley::message_pack(limit), bytes, step);
            break;
        default:
            write(parley::datagram(limit), bytes);
    }
    return 0;
}
