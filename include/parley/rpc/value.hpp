// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Any value that a call can carry, for programs that do not know its type beforehand.
#pragma once

#include <parley/core/error.hpp>
#include <parley/rpc/element.hpp>
#include <parley/rpc/encoder.hpp>
#include <parley/rpc/export.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::rpc {

/// Bytes that are no text. MessagePack carries them as they are, JSON as text in base64.
struct bytes {
    std::string data;

    friend bool operator==(const bytes&, const bytes&) = default;
};

/// A value of a type of an application's own, as MessagePack has them (Neovim's buffers are some).
struct extension {
    std::int8_t type = 0;
    std::string data;

    friend bool operator==(const extension&, const extension&) = default;
};

class value;

namespace detail {

class name_table;

/// Where the names of a large object lie.
class PARLEY_RPC_EXPORT name_index {
public:
    name_index() noexcept;
    name_index(name_index&&) noexcept;
    name_index& operator=(name_index&&) noexcept;
    name_index(const name_index& other);
    name_index& operator=(const name_index& other);
    ~name_index();

    std::unique_ptr<name_table> table;  // null for a small one
};

}  // namespace detail

/// Names and values in their order. A name is looked for from the front; it is found in a time that does not grow with
/// the object.
class object {
public:
    using member = std::pair<std::string, value>;

    using iterator = std::vector<member>::const_iterator;

    object() noexcept;
    object(std::initializer_list<member> members);

    std::size_t size() const noexcept;
    bool empty() const noexcept;
    iterator begin() const noexcept;
    iterator end() const noexcept;

    /// Null where there is none of this name.
    PARLEY_RPC_EXPORT const value* find(std::string_view name) const noexcept;
    /// The value of this name; a null is appended where there is none.
    PARLEY_RPC_EXPORT value& operator[](std::string_view name);

    PARLEY_RPC_EXPORT friend bool operator==(const object& a, const object& b);

private:
    friend class value;
    PARLEY_RPC_EXPORT void index(std::size_t from);

    std::vector<member> members_;
    detail::name_index names_;
};

using array = std::vector<value>;

/// A value of any kind that the protocols carry. Copies, compares, prints as JSON.
class value {
public:
    using variant_type = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, bytes,
                                      rpc::extension, array, object>;

    value() noexcept : v_(nullptr) {}
    value(std::nullptr_t) noexcept : v_(nullptr) {}
    template <std::same_as<bool> T>
    value(T v) noexcept : v_(v) {}
    template <std::signed_integral T>
    value(T v) noexcept : v_(static_cast<std::int64_t>(v)) {}
    template <std::unsigned_integral T>
        requires(!std::same_as<T, bool>)
    value(T v) noexcept {
        if (v > static_cast<std::uint64_t>(INT64_MAX))
            v_ = static_cast<std::uint64_t>(v);
        else
            v_ = static_cast<std::int64_t>(v);
    }
    template <std::floating_point T>
    value(T v) noexcept : v_(static_cast<double>(v)) {}
    value(std::string v) noexcept : v_(std::move(v)) {}
    value(std::string_view v) : v_(std::string(v)) {}
    value(const char* v) : v_(std::string(v)) {}
    value(bytes v) noexcept : v_(std::move(v)) {}
    value(rpc::extension v) noexcept : v_(std::move(v)) {}
    value(array v) noexcept : v_(std::move(v)) {}
    value(object v) noexcept : v_(std::move(v)) {}
    /// Keeps what was received.
    PARLEY_RPC_EXPORT explicit value(element from);

    PARLEY_RPC_EXPORT rpc::kind kind() const noexcept;
    bool is_null() const noexcept { return std::holds_alternative<std::nullptr_t>(v_); }

    /// Null where it is of another kind.
    template <typename T>
    const T* get_if() const noexcept {
        return std::get_if<T>(&v_);
    }
    /// Throws std::bad_variant_access where it is of another kind.
    template <typename T>
    const T& get() const {
        return std::get<T>(v_);
    }
    const std::string* text() const noexcept { return get_if<std::string>(); }
    /// The value of `name` in an object; a null where it is no object or has none.
    PARLEY_RPC_EXPORT const value& operator[](std::string_view name) const noexcept;
    /// The value at a place in an array; a null where there is none.
    PARLEY_RPC_EXPORT const value& operator[](std::size_t index) const noexcept;

    const variant_type& variant() const noexcept { return v_; }
    variant_type& variant() noexcept { return v_; }

    PARLEY_RPC_EXPORT void encode(encoder& to) const;

    friend bool operator==(const value&, const value&) = default;
    /// JSON in one line; what JSON does not have as a text in angle brackets.
    PARLEY_RPC_EXPORT friend std::ostream& operator<<(std::ostream& out, const value& v);

private:
    variant_type v_;
};

inline object::object() noexcept = default;
inline object::object(std::initializer_list<member> members) : members_(members) { index(0); }
inline std::size_t object::size() const noexcept { return members_.size(); }
inline bool object::empty() const noexcept { return members_.empty(); }
inline object::iterator object::begin() const noexcept { return members_.begin(); }
inline object::iterator object::end() const noexcept { return members_.end(); }

/// The value as JSON. Errors: `invalid_argument` for what JSON cannot hold.
[[nodiscard]] PARLEY_RPC_EXPORT result<std::string> to_json(const value& v);
/// The value of a JSON text; a number that is no integer is the double nearest to it. Errors: `invalid_argument`, with
/// the byte at which it is none, at which a number is out of range for a double, or at which a name comes in a map that
/// has it already; `limit_exceeded` where more than 64 values lie in one another. Source: RFC 8259.
[[nodiscard]] PARLEY_RPC_EXPORT result<value> from_json(std::string_view text);

}  // namespace parley::rpc
