// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// JSON-RPC 2.0. Source: jsonrpc.org/specification.
#pragma once

#include <parley/rpc/protocol.hpp>

#include "rpc/json_encoder.hpp"
#include "rpc/wire.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace parley::rpc::detail {

/// Puts members into the first map that is written.
class injecting_encoder final : public json_encoder {
public:
    explicit injecting_encoder(std::string& to) noexcept : json_encoder(to) {}

    void inject(std::string members) { members_ = std::move(members); }
    bool waits() const noexcept { return !members_.empty(); }

    void begin_map(std::size_t size) override {
        json_encoder::begin_map(size);
        if (members_.empty()) return;
        raw(members_);
        members_.clear();
    }

private:
    std::string members_;
};

class json_rpc_wire final : public wire {
public:
    explicit json_rpc_wire(std::shared_ptr<const json_rpc_options> options) : options_(std::move(options)) {}

    encoder& begin_call(std::string& to, std::uint32_t id, const outgoing_call& call) override;
    encoder& begin_notification(std::string& to, const outgoing_call& call) override;
    void end_call() override;
    encoder& begin_result(std::string& to, const call_id& id) override;
    void end_result() override;
    encoder* begin_part(std::string& to, const call_id& id, std::string_view token) override;
    void end_part() override;
    void write_fault(std::string& to, const call_id& id, const fault& f) override;
    bool write_cancel(std::string& to, std::uint32_t id) override;
    bool write_bad(std::string& to, const incoming_item& item) override;
    std::string_view trim(std::string_view message) override;
    void read(std::string_view message, incoming& into) override;
    fault read_fault(const incoming_item& item) override;
    bool answers_cancelled() const noexcept override { return options_->answer_cancelled; }

private:
    encoder& begin(std::string& to, const outgoing_call& call);
    struct envelope;

    void read_one(element message, incoming& into);
    void read_broken_batch(incoming& into);
    void read_over_limit(incoming& into);
    void read_call(const envelope& from, incoming& into);
    void read_notification(const envelope& from, incoming& into);
    void read_answer(const envelope& from, incoming& into);
    bool read_convention(incoming_item& item, const tape& values) const;
    std::string token_of(element params, const tape& values) const;

    std::shared_ptr<const json_rpc_options> options_;
    bool began_ = false;  // something has come
    std::string unused_;
    injecting_encoder encoder_{unused_};
    std::string* to_ = nullptr;
    std::string end_;  // of the message that was begun
};

/// The text of an id.
void append_id(std::string& to, const call_id& id);

}  // namespace parley::rpc::detail
