// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The values of one message, one behind the other, as the parsers of the protocols write them and `element` reads them.
#pragma once

#include <parley/rpc/element.hpp>

#include "rpc/name_hash.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::rpc::detail {

/// How deep values may lie in one another.
inline constexpr std::size_t deepest_nesting = 64;

/// A part of a message that could not be read as it should be; a value without meaning lies on the tape in its place.
struct bad_part {
    enum class kind : unsigned char {
        text,      // what the protocol's text cannot be, and a number that no double holds
        too_deep,  // more values in one another than may be
        name,      // of a value in a map: no text
        twice,     // a name that its map has already
        end,       // what follows could not be read
    };

    kind what;
    std::uint32_t node;  // the part, or the next one where there is none
    std::uint32_t at;    // the byte of the message
    const char* why;     // of static lifetime
};

/// What parsing found. `problem` is empty where all is well.
struct parse_outcome {
    std::string problem{};
    bool too_deep = false;

    bool good() const noexcept { return problem.empty(); }
};

/// Grows with what was received, never by a number that a peer sent. Used again for the next message, it allocates
/// nothing any more.
class tape {
public:
    void clear() noexcept {
        nodes_.clear();
        open_.clear();
        unescaped_.clear();
        bad_.clear();
        message_ = {};
        at_ = item_ = 0;
        whole_ = true;
    }
    /// `message` is what is read, and stays where it is; its bytes are counted in 32 bits.
    void start(std::string_view message) noexcept {
        clear();
        message_ = message;
    }
    /// Where in the message that lies which is added next.
    void at(std::size_t byte) noexcept { at_ = static_cast<std::uint32_t>(byte); }
    /// Gives back the memory that an uncommonly large message took.
    void shrink() {
        constexpr std::size_t nodes_kept = 4096, bytes_kept = std::size_t{64} << 10;
        if (nodes_.capacity() > nodes_kept) nodes_ = std::vector<node>();
        if (unescaped_.capacity() > bytes_kept) std::string().swap(unescaped_);
        if (names_.capacity() > nodes_kept) names_ = name_table();
        if (bad_.capacity() > nodes_kept) bad_ = std::vector<bad_part>();
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
    /// A double that is what was sent.
    void number(double v) {
        auto& n = add(kind::number);
        n.number = v;
        n.is_whole = v > -0x1p63 && v < 0x1p64 && v == std::trunc(v);
    }
    /// A number that was written in `digits`; `v` is the double nearest to it.
    void number(double v, std::string_view digits);
    /// An integer that was written in as many digits as it was added with.
    void written_in(std::size_t digits) noexcept { nodes_.back().size = static_cast<std::uint32_t>(digits); }
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
        if (n.what == kind::map && size > 1) check_names(open_.back());
        open_.pop_back();
    }
    void end() { end(nodes_[open_.back()].size); }

    /// Room for text that lies nowhere as it is to be seen: at most `most` bytes for the whole message, once.
    std::string& unescaped(std::size_t most) {
        if (unescaped_.empty()) unescaped_.reserve(most);
        return unescaped_;
    }

    /// What was added last is bad.
    void bad_last(bad_part::kind what, std::size_t byte, const char* why) { bad(what, nodes_.size() - 1, byte, why); }
    /// A value, or a text, in the place of one that is bad.
    void bad_null(bad_part::kind what, std::size_t byte, const char* why) {
        bad(what, nodes_.size(), byte, why);
        add(kind::null).is_bad = true;
    }
    void bad_text(bad_part::kind what, std::size_t byte, const char* why) {
        bad(what, nodes_.size(), byte, why);
        text({});
        nodes_.back().is_bad = true;
    }
    /// Nothing more can be read, because of what is at `byte`.
    void stop(std::size_t byte, const char* why) {
        whole_ = false;
        bad(bad_part::kind::end, nodes_.size() - (open_.size() > 1 ? 1 : 0), byte, why);
    }

    /// False where what follows the last value could not be read.
    bool whole() const noexcept { return whole_; }
    bool good() const noexcept { return bad_.empty(); }
    /// The first bad part in `of`, the root or one of the values that lie in it; null where all is good.
    const bad_part* bad_in(element of) const noexcept;
    const bad_part* bad_in_all() const noexcept { return bad_.empty() ? nullptr : bad_.data(); }
    parse_outcome outcome() const {
        if (good()) return {};
        return {describe(bad_.front()), bad_.front().what == bad_part::kind::too_deep};
    }
    /// "no JSON: syntax error"
    std::string reason(const bad_part& part) const;
    /// "byte 17: no JSON: syntax error"
    std::string describe(const bad_part& part) const;
    /// Where it lies in `from`: "params[1].name".
    std::string place_of(const bad_part& part, element from) const;
    /// A number or an integer as it was written; of JSON alone.
    std::string_view digits_of(element number) const noexcept {
        return message_.substr(number.node()->at, number.node()->size);
    }

private:
    node& add(kind what) {
        // Of values that lie in an array each has a bad part of its own: they may be messages.
        if (open_.size() == 1 && nodes_.front().what == kind::array) item_ = static_cast<std::uint32_t>(nodes_.size());
        node& n = nodes_.emplace_back();
        n.what = what;
        n.at = at_;
        return n;
    }
    void bad(bad_part::kind what, std::size_t node, std::size_t byte, const char* why) {
        const bool next = open_.size() == 1 && nodes_.front().what == kind::array && node == nodes_.size();
        if (!bad_.empty() && bad_.back().node >= item_ && !next) return;
        bad_.push_back({what, static_cast<std::uint32_t>(node), static_cast<std::uint32_t>(byte), why});
    }
    void check_names(std::uint32_t map);
    void twice(std::uint32_t name) { bad(bad_part::kind::twice, name, nodes_[name].at, ""); }
    std::string_view name_at(std::size_t place) const noexcept { return {nodes_[place].text, nodes_[place].size}; }

    std::string_view message_{};
    std::vector<node> nodes_;
    std::vector<std::uint32_t> open_;
    std::string unescaped_;
    std::vector<bad_part> bad_;  // at most one in each item, in their order
    name_table names_{};
    std::uint32_t at_ = 0;
    std::uint32_t item_ = 0;  // the value in the root, if that is an array, that was begun last
    bool whole_ = true;
};

/// Reads a JSON text onto `to`; the text must stay where it is. What is bad within it is passed over, so that `to` has
/// all else, as far as the text can be followed. Source: RFC 8259.
parse_outcome parse_json(std::string_view text, tape& to);
/// Reads one value in MessagePack, all of `bytes`, in the same way. Source: github.com/msgpack/msgpack, spec.md.
parse_outcome parse_message_pack(std::string_view bytes, tape& to);

}  // namespace parley::rpc::detail
