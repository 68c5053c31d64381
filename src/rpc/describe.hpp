// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a server tells of itself.
#pragma once

#include <parley/rpc/router.hpp>
#include <parley/rpc/value.hpp>

#include "rpc/method_table.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace parley::rpc::detail {

/// The methods with their types, as spec.open-rpc.org has them.
value open_rpc_document(const method_table& table);
/// The answer to org.varlink.service.GetInfo.
value varlink_info(const method_table& table);
/// The description of an interface in varlink's language; empty where there is none of this name.
std::string varlink_interface(const method_table& table, std::string_view name);

/// Adds the methods by which others ask for these.
void add_descriptions(router& to, const std::weak_ptr<method_table>& table);

}  // namespace parley::rpc::detail
