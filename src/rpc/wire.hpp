// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a protocol is to a session: a way to write messages and to read them. Has no idea of connections.
#pragma once

#include <parley/rpc/encoder.hpp>
#include <parley/rpc/fault.hpp>
#include <parley/rpc/protocol.hpp>

#include "rpc/tape.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::rpc::detail {

/// What the other side calls its calls. Numbers that are equal are the same id, however they are written.
struct call_id {
    std::int64_t number = 0;
    std::string name{};     // not empty: one that no int64_t is
    std::string literal{};  // not empty: how it is written

    friend bool operator==(const call_id& a, const call_id& b) noexcept {
        return a.number == b.number && a.name == b.name;
    }
    friend bool operator<(const call_id& a, const call_id& b) noexcept {
        return a.number != b.number ? a.number < b.number : a.name < b.name;
    }
};

/// The most bytes of an id, and of a token.
inline constexpr std::size_t longest_id = 256;

struct incoming_item {
    enum class kind : unsigned char {
        call,
        notification,
        result,
        part,  // a partial result, for a call of ours that wants them; else a notification
        fault,
        broken,  // an answer, or a part of one, that cannot be understood: it ends the call, and is never answered
        cancel,  // of a call of theirs
        bad,     // no message, or a call or a notification that cannot be understood
    };
    enum class reply : unsigned char {
        unknown,  // to a caller that cannot be told; there may be none
        to_call,  // to the call `id`
        none,     // it is a notification
    };

    kind what = kind::bad;
    reply answer = reply::unknown;  // of what is bad
    bool over_limit = false;        // bad because it is too much
    bool continues = false;         // broken, and others follow for the same call
    bool has_params = false;
    bool wants_parts = false;
    bool has_number = false;  // a reply: to the call `number`; without, to the oldest one. What is bad may be one
    std::uint32_t number = 0;
    call_id id{};  // of a call, of what is cancelled
    std::string_view method{};
    element params{};
    element value{};                                      // a result, a partial one, or a fault as the protocol has it
    std::string token{};                                  // for partial results
    std::optional<std::chrono::milliseconds> deadline{};  // how long the caller waits
    std::string problem{};                                // what is bad
    std::int64_t code = 0;                                // of the fault that says so

    /// Nothing of the protocol is recognized in it.
    bool is_noise() const noexcept { return what == kind::bad && answer == reply::unknown; }
    /// For a call that waits, or one that is served: nothing answers it, and it is taken whatever lies beside it.
    bool is_for_this_side() const noexcept {
        return what != kind::call && what != kind::notification && what != kind::bad;
    }
};

/// What a message holds. Used again for the next one.
struct incoming {
    tape values{};
    std::vector<incoming_item> items{};
    bool batch = false;                   // the answers go together, too
    std::size_t most_items = SIZE_MAX;    // in a batch: a larger one is bad, but for what is for this side's calls
    std::size_t most_awaited = SIZE_MAX;  // answers that are taken of a larger one

    incoming_item& add(incoming_item::kind what) {
        auto& item = items.emplace_back();
        item.what = what;
        return item;
    }
    incoming_item& add_bad(std::int64_t code, std::string why) {
        auto& item = add(incoming_item::kind::bad);
        item.code = code;
        item.problem = std::move(why);
        return item;
    }
    /// The one answer to a batch that is too much, and has these in it. Notifications are not answered.
    void add_too_much(std::string why, bool has_call, bool has_notification, bool has_noise) {
        if (!has_call && !has_notification && !has_noise) return;
        auto& item = add_bad(fault_code::invalid_request, std::move(why));
        item.over_limit = true;
        if (has_call) {
            item.answer = incoming_item::reply::to_call;
            item.id.name = item.id.literal = "null";
        } else if (has_notification) {
            item.answer = incoming_item::reply::none;
        }
    }
    /// A bad part, where it lies in `of`, which is called `name`: "params[1]: byte 60: no JSON: syntax error".
    std::string problem_of(const bad_part& part, element of, std::string_view name = {}) const {
        const auto place = values.place_of(part, of);
        const bool joined = name.empty() || place.empty() || place.starts_with('[');
        const auto all = std::string(name) + (joined ? "" : ".") + place;
        return all.empty() ? values.describe(part) : all + ": " + values.describe(part);
    }
    void clear() noexcept {
        values.clear();
        items.clear();
        batch = false;
    }
    /// Gives back the memory that an uncommonly large message took.
    void shrink() {
        values.shrink();
        if (items.capacity() > most_kept) items = std::vector<incoming_item>();
    }

    static constexpr std::size_t most_kept = 64;
};

struct outgoing_call {
    std::string_view method;
    bool has_params = true;  // then one value follows
    bool by_name = false;    // a map; else an array
    bool wants_parts = false;
    std::chrono::milliseconds deadline{0};  // of the caller; 0: none
};

/// One for each connection. What is begun is appended to a text, one value is encoded, then it is ended; a failure is
/// in the encoder.
class wire {
public:
    wire() = default;
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;
    virtual ~wire();

    virtual encoder& begin_call(std::string& to, std::uint32_t id, const outgoing_call& call) = 0;
    virtual encoder& begin_notification(std::string& to, const outgoing_call& call) = 0;
    virtual void end_call() = 0;
    virtual encoder& begin_result(std::string& to, const call_id& id) = 0;
    virtual void end_result() = 0;
    /// Null where the protocol has no partial results, or this call did not ask for them.
    virtual encoder* begin_part(std::string& to, const call_id& id, std::string_view token) = 0;
    virtual void end_part() = 0;
    virtual void write_fault(std::string& to, const call_id& id, const fault& f) = 0;
    /// False where the other side cannot be told.
    virtual bool write_cancel(std::string& to, std::uint32_t id) = 0;
    /// False where there is no answer to a message that is none: the connection ends.
    virtual bool write_bad(std::string& to, const incoming_item& item);

    /// What of a message that has come is to be read. Once for each, in their order.
    virtual std::string_view trim(std::string_view message) { return message; }
    /// The same text is read in the same way again.
    virtual void read(std::string_view message, incoming& into) = 0;
    virtual fault read_fault(const incoming_item& item) = 0;

    /// Whether a call that its caller has cancelled is answered all the same.
    virtual bool answers_cancelled() const noexcept { return true; }
    /// Calls are answered one after the other.
    virtual bool ordered() const noexcept { return false; }
    /// Whether a result that is one value lies in a map.
    virtual bool wraps_results() const noexcept { return false; }
    /// Arguments by name are one argument by place.
    virtual bool names_come_in_a_map() const noexcept { return false; }
};

/// Encodes a value whose type was taken away; what its codec throws is a failure of the encoder.
template <typename Value>
void encode_value(encoder& to, const Value& value) {
    try {
        value.encode(value.self, to);
    } catch (const std::exception& e) {
        to.fail(e.what());
    }
}

/// The text that JSON-RPC 2.0 has for a number; empty where it has none.
std::string_view standard_text(std::int64_t number) noexcept;

std::unique_ptr<wire> make_message_pack_wire(const message_pack_rpc_options& options);
std::unique_ptr<wire> make_varlink_wire();

}  // namespace parley::rpc::detail
