// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The names that every other header uses for Asio's and Boost's vocabulary.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/system/error_code.hpp>

/// Interprocess communication for C++20 on Boost.Asio.
namespace parley {

namespace asio = boost::asio;

/// The error type of every asynchronous operation. Compare it with `asio::error`, `boost::system::errc`
/// conditions or `parley::errc`.
using error_code = boost::system::error_code;

/// What every object of parley runs on; any executor with an execution context will do.
using executor = asio::any_io_executor;

/// The coroutine in which parley, its samples and its documents are written.
template <typename T = void>
using task = asio::awaitable<T>;

}  // namespace parley
