// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/protocol.hpp>

#include "rpc/json_rpc.hpp"
#include "rpc/wire.hpp"

#include <utility>

namespace parley::rpc {
namespace detail {

wire::~wire() = default;

bool wire::write_bad(std::string& to, const incoming_item& item) {
    if (item.answer != incoming_item::reply::to_call) return false;
    write_fault(to, item.id, fault(item.code, {}, item.problem));
    return true;
}

}  // namespace detail

protocol::protocol() : json_(std::make_shared<const json_rpc_options>()) {}

result<protocol> protocol::named(std::string_view name) {
    if (name == "json-rpc") return json_rpc();
    if (name == "lsp") return json_rpc(json_rpc_options::language_server());
    if (name == "mcp") return json_rpc(json_rpc_options::mcp());
    if (name == "msgpack-rpc") return message_pack_rpc();
    if (name == "neovim") return message_pack_rpc(message_pack_rpc_options::neovim());
    if (name == "varlink") return varlink();
    return error(parley::errc::invalid_argument, "\"" + std::string(name) +
                                                     "\" is no protocol; there are json-rpc, lsp, mcp, msgpack-rpc, "
                                                     "neovim and varlink");
}

std::string_view protocol::name() const noexcept {
    switch (kind_) {
        case kind::json_rpc:
            return "json-rpc";
        case kind::message_pack_rpc:
            return "msgpack-rpc";
        case kind::varlink:
            return "varlink";
    }
    return "";
}

std::string_view protocol::framing_option() const noexcept {
    if (kind_ != kind::json_rpc) return "";
    switch (json_->framing) {
        case json_framing::content_length:
            return "&framing=content-length";
        case json_framing::length_prefix:
            return "&framing=length-prefix";
        case json_framing::lines:
            break;
    }
    return "";
}

protocol protocol::with_framing(json_framing framing) const {
    protocol other = *this;
    auto changed = json_ ? *json_ : json_rpc_options();
    changed.framing = framing;
    other.json_ = std::make_shared<const json_rpc_options>(std::move(changed));
    return other;
}

protocol::any_framing protocol::framing(std::size_t message_limit) const {
    switch (kind_) {
        case kind::message_pack_rpc:
            return message_pack(message_limit);
        case kind::varlink:
            return nul_terminated(message_limit);
        case kind::json_rpc:
            break;
    }
    switch (json_->framing) {
        case json_framing::content_length:
            return parley::content_length(message_limit);
        case json_framing::length_prefix:
            return parley::length_prefix(message_limit);
        case json_framing::lines:
            break;
    }
    return lines(message_limit);
}

std::unique_ptr<detail::wire> protocol::make_wire() const {
    switch (kind_) {
        case kind::message_pack_rpc:
            return detail::make_message_pack_wire(message_pack_);
        case kind::varlink:
            return detail::make_varlink_wire();
        case kind::json_rpc:
            break;
    }
    return std::make_unique<detail::json_rpc_wire>(json_);
}

protocol json_rpc(const json_rpc_options& options) {
    protocol p;
    p.json_ = std::make_shared<const json_rpc_options>(options);
    return p;
}

protocol message_pack_rpc(message_pack_rpc_options options) {
    protocol p;
    p.message_pack_ = options;
    p.kind_ = protocol::kind::message_pack_rpc;
    return p;
}

protocol varlink() {
    protocol p;
    p.kind_ = protocol::kind::varlink;
    return p;
}

}  // namespace parley::rpc
