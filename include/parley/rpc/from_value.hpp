// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A value whose type turned out later: the arguments of a call that name what they are for.
#pragma once

#include <parley/core/error.hpp>
#include <parley/rpc/codec.hpp>
#include <parley/rpc/element.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/value.hpp>

#include <memory>

namespace parley::rpc {
namespace detail {

class tape;

/// A value as what was received is; the value must stay.
class PARLEY_RPC_EXPORT laid_out {
public:
    explicit laid_out(const value& v);
    laid_out(const laid_out&) = delete;
    laid_out& operator=(const laid_out&) = delete;
    ~laid_out();

    element root() const noexcept;
    /// Null where no name comes twice in a map.
    const error* problem() const noexcept { return problem_.code() ? &problem_ : nullptr; }

private:
    error problem_{};
    std::unique_ptr<tape> tape_;
};

PARLEY_RPC_EXPORT error no_such_value(const decode_error& why);

}  // namespace detail

/// The value as a type that a `codec` knows, by the rules for arguments and results.
///
///     const auto where = rpc::from_value<point>(arguments);
///
/// Errors: `invalid_argument`, with what was expected and where, or which name comes twice in a map.
template <carried T>
[[nodiscard]] result<T> from_value(const value& from) {
    const detail::laid_out all(from);
    if (const auto* problem = all.problem()) return *problem;
    T into{};
    decode_error why;
    if (!codec<T>::decode(all.root(), into, why)) return detail::no_such_value(why);
    return into;
}

}  // namespace parley::rpc
