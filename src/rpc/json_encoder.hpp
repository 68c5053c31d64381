// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Writes values as JSON.
#pragma once

#include <parley/rpc/encoder.hpp>

#include <string>
#include <string_view>

namespace parley::rpc::detail {

/// Appends to a text. A comma goes before a value unless it begins something. Source: RFC 8259.
class json_encoder : public encoder {
public:
    enum audience {
        for_programs,
        for_people,  ///< what JSON does not have is written as text
    };

    explicit json_encoder(std::string& to, audience who = for_programs) noexcept : to_(&to), who_(who) {}

    void null() override;
    void boolean(bool v) override;
    void integer(std::int64_t v) override;
    void unsigned_integer(std::uint64_t v) override;
    void number(double v) override;
    void text(std::string_view v) override;
    void binary(std::string_view bytes) override;
    void extension(std::int8_t type, std::string_view bytes) override;
    void begin_array(std::size_t size) override;
    void end_array() override;
    void begin_map(std::size_t size) override;
    void name(std::string_view v) override;
    void end_map() override;

    void append_to(std::string& to) noexcept { to_ = &to; }
    /// Appends as it is.
    void raw(std::string_view json) { to_->append(json); }

private:
    void separate() {
        if (to_->empty()) return;
        const char last = to_->back();
        if (last != '[' && last != '{' && last != ':') *to_ += ',';
    }
    void quote(std::string_view v);

    std::string* to_;
    audience who_;
};

}  // namespace parley::rpc::detail
