// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// MessagePack-RPC: [0, id, method, arguments], [1, id, error, result], [2, method, arguments].
// Source: github.com/msgpack-rpc/msgpack-rpc, spec.md.

#include "rpc/message_pack.hpp"
#include "rpc/wire.hpp"

#include <utility>

namespace parley::rpc::detail {
namespace {

using item_kind = incoming_item::kind;

constexpr std::int64_t request = 0;
constexpr std::int64_t response = 1;
constexpr std::int64_t notification = 2;

class message_pack_wire final : public wire {
public:
    explicit message_pack_wire(const message_pack_rpc_options& options) noexcept : options_(options) {}

    encoder& begin_call(std::string& to, std::uint32_t id, const outgoing_call& call) override {
        start(to);
        encoder_.begin_array(4);
        encoder_.integer(request);
        encoder_.unsigned_integer(id);
        return arguments(call);
    }
    encoder& begin_notification(std::string& to, const outgoing_call& call) override {
        start(to);
        encoder_.begin_array(3);
        encoder_.integer(notification);
        return arguments(call);
    }
    void end_call() override {}
    encoder& begin_result(std::string& to, const call_id& id) override {
        start(to);
        encoder_.begin_array(4);
        encoder_.integer(response);
        encoder_.integer(id.number);
        encoder_.null();
        return encoder_;
    }
    void end_result() override {}
    encoder* begin_part(std::string&, const call_id&, std::string_view) override { return nullptr; }
    void end_part() override {}

    // A number and a text, and data where there is some.
    void write_fault(std::string& to, const call_id& id, const fault& f) override {
        start(to);
        encoder_.begin_array(4);
        encoder_.integer(response);
        encoder_.integer(id.number);
        if (options_.neovim_faults) return write_neovim_fault(f);
        encoder_.begin_array(f.data().is_null() ? 2 : 3);
        encoder_.integer(f.number());
        encoder_.text(f.message().empty() ? standard_text(f.number()) : std::string_view(f.message()));
        if (!f.data().is_null()) f.data().encode(encoder_);
        encoder_.null();
    }
    bool write_cancel(std::string&, std::uint32_t) override { return false; }

    void read(std::string_view message, incoming& into) override;
    fault read_fault(const incoming_item& item) override;
    bool names_come_in_a_map() const noexcept override { return true; }

private:
    void start(std::string& to) {
        encoder_.append_to(to);
        encoder_.reset();
    }
    void write_neovim_fault(const fault& f) {
        const bool wrong_call = f.number() == fault_code::invalid_params || f.number() == fault_code::method_not_found;
        const std::string text(f.message().empty() ? standard_text(f.number()) : f.message());
        encoder_.begin_array(2);
        encoder_.integer(wrong_call ? 1 : 0);
        encoder_.text(fault(0, text, f.data()).describe());
        encoder_.null();
    }
    encoder& arguments(const outgoing_call& call) {
        encoder_.text(call.method);
        if (call.wants_parts) encoder_.fail("MessagePack-RPC has no partial results");
        if (!call.has_params) encoder_.begin_array(0);
        if (call.has_params && call.by_name) encoder_.begin_array(1);  // one argument, a map
        return encoder_;
    }

    message_pack_rpc_options options_;
    std::string unused_;
    message_pack_encoder encoder_{unused_};
};

void message_pack_wire::read(std::string_view message, incoming& into) {
    into.clear();
    const auto bad = [&](std::string why) { into.add_bad(fault_code::invalid_request, std::move(why)); };
    auto outcome = parse_message_pack(message, into.values);
    if (!into.values.whole()) return bad(std::move(outcome.problem));
    const element root = into.values.root();
    // Integers are names in MessagePack, but not here.
    const auto refuse_arguments = [&](element arguments, incoming_item::reply answer, std::int64_t id) {
        const auto* const part = into.values.bad_in(arguments);
        if (part == nullptr) return false;
        auto& item = into.add_bad(fault_code::invalid_params, into.problem_of(*part, arguments, "params"));
        item.answer = answer;
        item.id.number = id;
        return true;
    };
    if (root.kind() != kind::array || root.size() < 3) return bad("an array of 3 or 4 values was expected");
    auto part = root.begin();
    const auto type = (*part++).integer();
    const auto id_or_method = *part++;
    const auto third = *part++;
    const bool four = root.size() == 4;
    const bool three = root.size() == 3;
    if (type == notification && three) {
        if (!id_or_method.text()) return bad("the method is not text");
        if (third.kind() != kind::array) return bad("the arguments are no array");
        if (refuse_arguments(third, incoming_item::reply::none, 0)) return;
        auto& item = into.add(item_kind::notification);
        item.method = *id_or_method.text();
        item.has_params = true;
        item.params = third;
        return;
    }
    if ((type != request && type != response) || !four)
        return bad("neither a call of 4 values, nor an answer of 4, nor a notification of 3");
    const auto id = id_or_method.unsigned_integer();
    if (!id || *id > UINT32_MAX) return bad("the id is not an integer from 0 to 4294967295");
    const element fourth = *part;
    if (type == request) {
        if (!third.text()) return bad("the method is not text");
        if (fourth.kind() != kind::array) return bad("the arguments are no array");
        if (refuse_arguments(fourth, incoming_item::reply::to_call, static_cast<std::int64_t>(*id))) return;
        auto& item = into.add(item_kind::call);
        item.id.number = static_cast<std::int64_t>(*id);
        item.method = *third.text();
        item.has_params = true;
        item.params = fourth;
        return;
    }
    const bad_part* wrong = nullptr;
    std::string problem;
    for (const auto& [name, one] : {std::pair("error", third), std::pair("result", fourth)}) {
        if (wrong != nullptr) break;
        wrong = into.values.bad_in(one);
        if (wrong != nullptr) problem = into.problem_of(*wrong, one, name);
    }
    auto& item = into.add(wrong != nullptr  ? item_kind::broken
                          : third.is_null() ? item_kind::result
                                            : item_kind::fault);
    item.problem = std::move(problem);
    item.has_number = true;
    item.number = static_cast<std::uint32_t>(*id);
    item.value = third.is_null() ? fourth : third;
}

// Whatever it is: a text, what `write_fault` writes, or a map with a code and a message.
fault message_pack_wire::read_fault(const incoming_item& item) {
    const element e = item.value;
    if (const auto text = e.text()) return fault(0, std::string(*text));
    if (e.kind() == kind::array && (e.size() == 2 || e.size() == 3)) {
        auto part = e.begin();
        const auto number = (*part++).integer();
        const auto text = (*part++).text();
        if (number && text) return fault(*number, std::string(*text), e.size() == 3 ? rpc::value(*part) : rpc::value());
    }
    if (const auto message = e.find("message"); message && message->text()) {
        const auto code = e.find("code");
        const auto data = e.find("data");
        return fault(code ? code->integer().value_or(0) : 0, std::string(*message->text()),
                     data ? rpc::value(*data) : rpc::value());
    }
    return fault(0, {}, rpc::value(e));
}

}  // namespace

std::unique_ptr<wire> make_message_pack_wire(const message_pack_rpc_options& options) {
    return std::make_unique<message_pack_wire>(options);
}

}  // namespace parley::rpc::detail
