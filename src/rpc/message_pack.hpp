// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Writes values in MessagePack. Source: github.com/msgpack/msgpack, spec.md.
#pragma once

#include <parley/rpc/encoder.hpp>

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace parley::rpc::detail {

/// Appends to a text. The shortest form of each value.
class message_pack_encoder final : public encoder {
public:
    explicit message_pack_encoder(std::string& to) noexcept : to_(&to) {}

    void null() override { byte(0xc0); }
    void boolean(bool v) override { byte(v ? 0xc3 : 0xc2); }
    void integer(std::int64_t v) override;
    void unsigned_integer(std::uint64_t v) override;
    void number(double v) override { tagged(0xcb, std::bit_cast<std::uint64_t>(v)); }
    void text(std::string_view v) override;
    void binary(std::string_view bytes) override;
    void extension(std::int8_t type, std::string_view bytes) override;
    void begin_array(std::size_t size) override;
    void end_array() override {}
    void begin_map(std::size_t size) override;
    void name(std::string_view v) override { text(v); }
    void end_map() override {}

    void append_to(std::string& to) noexcept { to_ = &to; }

private:
    void byte(unsigned v) { *to_ += static_cast<char>(v); }
    template <std::unsigned_integral T>
    void tagged(unsigned tag, T v) {
        char all[1 + sizeof(T)];
        all[0] = static_cast<char>(tag);
        for (std::size_t i = 0; i < sizeof(T); ++i)
            all[1 + i] = static_cast<char>(v >> (8 * (sizeof(T) - 1 - i)) & 255U);
        to_->append(all, sizeof all);
    }
    bool fits(std::size_t size) {
        if (size <= std::numeric_limits<std::uint32_t>::max()) return true;
        fail("MessagePack has nothing of 4 GiB or more");
        return false;
    }

    std::string* to_;
};

}  // namespace parley::rpc::detail
