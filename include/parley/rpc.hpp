// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Everything of the component parley::rpc.
#pragma once

#include <parley/rpc/codec.hpp>
#include <parley/rpc/connect.hpp>
#include <parley/rpc/connection.hpp>
#include <parley/rpc/context.hpp>
#include <parley/rpc/fault.hpp>
#include <parley/rpc/from_value.hpp>
#include <parley/rpc/peer.hpp>
#include <parley/rpc/protocol.hpp>
#include <parley/rpc/reply_stream.hpp>
#include <parley/rpc/router.hpp>
#include <parley/rpc/value.hpp>
