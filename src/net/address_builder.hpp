// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Makes addresses of parts that have been checked.
#pragma once

#include <parley/net/address.hpp>

#include "net/address_options.hpp"
#include "net/address_syntax.hpp"

#include <string>
#include <utility>

namespace parley::detail {

class address_builder {
public:
    static address make(address_kind kind) { return address(kind); }

    static address local(address_kind kind, std::string name, bool abstract) {
        address a(kind);
        a.name_ = std::move(name);
        a.abstract_ = abstract;
        return a;
    }

    static address internet(address_kind kind, host_parts host, std::uint16_t port) {
        address a(kind);
        a.name_ = std::move(host.host);
        a.zone_ = std::move(host.zone);
        a.numeric_ = host.numeric;
        a.port_ = port;
        return a;
    }

    static address descriptor(int fd) {
        address a(address_kind::descriptor);
        a.fd_ = fd;
        return a;
    }

    static address systemd(std::string name) {
        address a(address_kind::systemd);
        a.name_ = std::move(name);
        return a;
    }

    static address_options& options(address& a) { return a.options_; }
    static option_holder holder(const address& a) { return {a.kind_, a.abstract_}; }
};

/// No host means this one.
inline host_parts loopback() { return {.host = "127.0.0.1", .zone = {}, .numeric = true, .multicast = false}; }

}  // namespace parley::detail
