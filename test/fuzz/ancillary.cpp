// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Looks for control messages that crash the decoder, and for descriptors that it invents or forgets.

#include "net/ancillary.hpp"

#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace parley::detail;
    control_content content;
    decode_control(std::as_bytes(std::span(data, size)), content);
    if (content.count > content.descriptors.size() || content.count * sizeof(int) > size) std::abort();
    if (content.credentials && size < CMSG_LEN(sizeof(ucred))) std::abort();
    if (content.count == 0 || content.count > most_descriptors) return 0;

    control_buffer buffer;
    control_content again;
    const std::size_t used = encode_descriptors(content.view(), buffer);
    if (used > buffer.bytes.size()) std::abort();
    decode_control({buffer.bytes.data(), used}, again);
    if (again.malformed || again.count != content.count) std::abort();
    for (std::size_t i = 0; i < again.count; ++i)
        if (again.descriptors[i] != content.descriptors[i]) std::abort();
    return 0;
}
