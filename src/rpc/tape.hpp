// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The values of one message, one behind the other, as the parsers of the protocols write them and `element` reads them.
#pragma once

#include <parley/rpc/element.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::rpc::detail {

/// How deep values may lie in one another.
inline constexpr std::size_t deepest_nesting = 64;

/// Grows with what was received, never by a number that a peer sent. Used again for the next message, it allocates
/// nothing any more.
class tape {
public:
    void clear() noexcept {
        nodes_.clear();
        open_.clear();
        unescaped_.clear();
    }
    /// Gives back the memory that an uncommonly large message took.
    void shrink() {
        constexpr std::size_t nodes_kept = 4096, bytes_kept = std::size_t{64} << 10;
        if (nodes_.capacity() > nodes_kept) nodes_ = std::vector<node>();
        if (unescaped_.capacity() > bytes_kept) std::string().swap(unescaped_);
    }
    std::size_t depth() const noexcept { return open_.size(); }
    const std::vector<node>& nodes() const noexcept { return nodes_; }
    element root() const noexcept { return nodes_.empty() ? element() : element(nodes_.data()); }
    element at(std::size_t index) const noexcept { return element(nodes_.data() + index); }
    std::size_t size() const noexcept { return nodes_.size(); }

    void null() { nodes_.push_back({}); }
    void boolean(bool v) {
        auto& n = add(kind::boolean);
        n.boolean = v;
    }
    void integer(std::int64_t v) {
        auto& n = add(kind::integer);
        n.integer = v;
    }
    void unsigned_integer(std::uint64_t v) {
        auto& n = add(kind::integer);
        n.is_unsigned = v > static_cast<std::uint64_t>(INT64_MAX);
        n.integer = static_cast<std::int64_t>(v);
    }
    void number(double v) {
        auto& n = add(kind::number);
        n.number = v;
    }
    /// Text that stays where it is.
    void text(std::string_view v) { bytes(kind::text, v); }
    void bytes(kind what, std::string_view v) {
        auto& n = add(what);
        n.size = static_cast<std::uint32_t>(v.size());
        n.text = v.data();
    }
    void raw_text(std::string_view v) {
        bytes(kind::text, v);
        nodes_.back().is_raw = true;
    }
    void extension(std::int8_t type, std::string_view v) {
        bytes(kind::extension, v);
        nodes_.back().extension = type;
    }
    void begin(kind what, std::size_t size = 0) {
        add(what).size = static_cast<std::uint32_t>(size);
        open_.push_back(static_cast<std::uint32_t>(nodes_.size() - 1));
    }
    void end(std::size_t size) {
        auto& n = nodes_[open_.back()];
        n.size = static_cast<std::uint32_t>(size);
        n.nodes_with = static_cast<std::uint32_t>(nodes_.size() - open_.back());
        open_.pop_back();
    }
    void end() { end(nodes_[open_.back()].size); }

    /// Room for text that lies nowhere as it is to be seen: at most `most` bytes for the whole message, once.
    std::string& unescaped(std::size_t most) {
        if (unescaped_.empty()) unescaped_.reserve(most);
        return unescaped_;
    }

private:
    node& add(kind what) {
        node& n = nodes_.emplace_back();
        n.what = what;
        return n;
    }

    std::vector<node> nodes_;
    std::vector<std::uint32_t> open_;
    std::string unescaped_;
};

/// What parsing found. `problem` is empty where all is well.
struct parse_outcome {
    std::string problem{};
    bool too_deep = false;

    bool good() const noexcept { return problem.empty(); }
};

/// Reads a JSON text onto `to`; the text must stay where it is. Source: RFC 8259.
parse_outcome parse_json(std::string_view text, tape& to);
/// Reads one value in MessagePack, all of `bytes`. Source: github.com/msgpack/msgpack, spec.md.
parse_outcome parse_message_pack(std::string_view bytes, tape& to);

}  // namespace parley::rpc::detail
