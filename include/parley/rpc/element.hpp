// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What was received, before it becomes a type of the program's: a view of one value, whatever the protocol.
#pragma once

#include <parley/rpc/export.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace parley::rpc {

/// The kinds of value that the protocols have between them.
enum class kind : unsigned char {
    null,
    boolean,
    integer,
    number,     ///< floating point
    text,       ///< UTF-8
    binary,     ///< bytes; MessagePack only. JSON carries them as text in base64
    extension,  ///< a type of an application's own; MessagePack only
    array,
    map,  ///< names and values, in the order of the sender
};

/// "a map", "text" and so on, as error texts say it.
PARLEY_RPC_EXPORT std::string_view to_string(kind what) noexcept;
PARLEY_RPC_EXPORT std::ostream& operator<<(std::ostream& out, kind what);

namespace detail {

/// A value in a list of all values of a message, each before those that it holds; a name comes before its value.
struct node {
    kind what = kind::null;
    bool is_unsigned : 1 = false;     // an integer above the largest signed one
    bool is_raw : 1 = false;          // text that may be any bytes
    bool is_bad : 1 = false;          // stands for what could not be read
    bool is_whole : 1 = false;        // a number: what was written is an integer, and the double is exactly that
    bool is_other_float : 1 = false;  // a number: a float nearer to what was written than the one nearest to the double
    std::int8_t extension = 0;        // its type
    std::uint32_t size = 0;           // bytes of text; values of an array; pairs of a map; digits of a number in JSON
    std::uint32_t nodes_with = 1;     // itself and all in it
    std::uint32_t at = 0;             // where it begins, in bytes of the message
    union {
        const char* text = nullptr;
        std::int64_t integer;
        double number;
        bool boolean;
    };
};

PARLEY_RPC_EXPORT extern const node no_value;

/// Over what lies in an array or a map, as `Reader` reads one and finds the next.
template <typename Reader>
class node_iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = typename Reader::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = value_type;

    node_iterator() = default;
    node_iterator(const node* at, std::size_t left) noexcept : at_(at), left_(left) {}
    value_type operator*() const noexcept { return Reader::read(at_); }
    node_iterator& operator++() noexcept {
        at_ = Reader::next(at_);
        --left_;
        return *this;
    }
    node_iterator operator++(int) noexcept {
        const auto before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const node_iterator& a, const node_iterator& b) noexcept { return a.left_ == b.left_; }

private:
    const node* at_ = nullptr;
    std::size_t left_ = 0;
};

struct value_reader;
struct pair_reader;

}  // namespace detail

/// A view of a value within a message that was received; copies freely. It holds as long as the message does: while a
/// `codec` decodes. A `value` keeps one.
class element {
public:
    using iterator = detail::node_iterator<detail::value_reader>;
    class members;

    /// null
    element() noexcept : at_(&detail::no_value) {}
    explicit element(const detail::node* at) noexcept : at_(at) {}

    rpc::kind kind() const noexcept { return at_->what; }
    bool is_null() const noexcept { return at_->what == rpc::kind::null; }

    std::optional<bool> boolean() const noexcept {
        if (at_->what != rpc::kind::boolean) return std::nullopt;
        return at_->boolean;
    }
    /// An integer that an int64_t holds.
    std::optional<std::int64_t> integer() const noexcept {
        if (at_->what != rpc::kind::integer || at_->is_unsigned) return std::nullopt;
        return at_->integer;
    }
    /// An integer of 0 or more.
    std::optional<std::uint64_t> unsigned_integer() const noexcept {
        if (at_->what != rpc::kind::integer || (!at_->is_unsigned && at_->integer < 0)) return std::nullopt;
        return static_cast<std::uint64_t>(at_->integer);
    }
    /// A number, or an integer as one.
    std::optional<double> number() const noexcept {
        if (at_->what == rpc::kind::number) return at_->number;
        if (at_->what != rpc::kind::integer) return std::nullopt;
        return at_->is_unsigned ? static_cast<double>(static_cast<std::uint64_t>(at_->integer))
                                : static_cast<double>(at_->integer);
    }
    /// The integer that a number is exactly, as it was written: of 3.0 and 1e2, not of 1.00000000000000000001.
    std::optional<double> whole_number() const noexcept {
        if (at_->what != rpc::kind::number || !at_->is_whole) return std::nullopt;
        return at_->number;
    }
    /// The float nearest to what was written; infinity where that is out of a float's range.
    PARLEY_RPC_EXPORT std::optional<float> nearest_float() const noexcept;
    std::optional<std::string_view> text() const noexcept { return bytes_of(rpc::kind::text); }
    /// The text came in MessagePack: it may be any bytes, and bytes in it are not in base64.
    bool is_raw_text() const noexcept { return at_->is_raw; }
    std::optional<std::string_view> binary() const noexcept { return bytes_of(rpc::kind::binary); }
    /// The bytes of an extension, and its type.
    std::optional<std::string_view> extension() const noexcept { return bytes_of(rpc::kind::extension); }
    std::int8_t extension_type() const noexcept { return at_->extension; }

    /// How many values an array has, or pairs a map; bytes otherwise.
    std::size_t size() const noexcept { return at_->size; }

    /// The values of an array; of anything else, none.
    iterator begin() const noexcept;
    iterator end() const noexcept;
    /// The pairs of a map; of anything else, none.
    members pairs() const noexcept;
    /// The value of a name in a map; nothing where it is none or has none.
    PARLEY_RPC_EXPORT std::optional<element> find(std::string_view name) const noexcept;

    /// For parley itself.
    const detail::node* node() const noexcept { return at_; }

private:
    std::optional<std::string_view> bytes_of(rpc::kind what) const noexcept {
        if (at_->what != what) return std::nullopt;
        return std::string_view(at_->text, at_->size);
    }

    const detail::node* at_;
};

namespace detail {

struct value_reader {
    using value_type = element;
    static element read(const node* at) noexcept { return element(at); }
    static const node* next(const node* at) noexcept { return at + at->nodes_with; }
};
struct pair_reader {
    using value_type = std::pair<std::string_view, element>;
    static value_type read(const node* at) noexcept { return {{at->text, at->size}, element(at + 1)}; }
    static const node* next(const node* at) noexcept { return value_reader::next(at + 1); }
};

}  // namespace detail

/// A range of names and values.
class element::members {
public:
    using iterator = detail::node_iterator<detail::pair_reader>;

    members(const detail::node* first, std::size_t count) noexcept : first_(first), count_(count) {}
    iterator begin() const noexcept { return {first_, count_}; }
    iterator end() const noexcept { return {}; }

private:
    const detail::node* first_;
    std::size_t count_;
};

inline element::iterator element::begin() const noexcept {
    return {at_ + 1, at_->what == rpc::kind::array ? at_->size : 0};
}
inline element::iterator element::end() const noexcept { return {}; }
inline element::members element::pairs() const noexcept {
    return {at_ + 1, at_->what == rpc::kind::map ? at_->size : 0};
}

}  // namespace parley::rpc
