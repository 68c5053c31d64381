// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// varlink: {"method", "parameters", "more", "oneway"} and, in the order of the calls, {"parameters", "continues",
// "error"}. Source: varlink.org, "Wire Protocol" and "Service".

#include "rpc/json_encoder.hpp"
#include "rpc/wire.hpp"

#include <memory>
#include <utility>

namespace parley::rpc::detail {
namespace {

using item_kind = incoming_item::kind;

constexpr std::string_view own_interface = "org.varlink.service.";

// Results are maps: another value is put into one, by the name "result".
class result_encoder final : public encoder {
public:
    explicit result_encoder(json_encoder& to) noexcept : to_(to) {}

    void start() noexcept {
        first_ = true;
        wrapped_ = false;
        reset();
    }
    bool wrapped() const noexcept { return wrapped_; }

    void null() override {
        if (std::exchange(first_, false)) return to_.raw("{}");
        to_.null();
    }
    void boolean(bool v) override { inner().boolean(v); }
    void integer(std::int64_t v) override { inner().integer(v); }
    void unsigned_integer(std::uint64_t v) override { inner().unsigned_integer(v); }
    void number(double v) override { inner().number(v); }
    void text(std::string_view v) override { inner().text(v); }
    void binary(std::string_view bytes) override { inner().binary(bytes); }
    void extension(std::int8_t type, std::string_view bytes) override { inner().extension(type, bytes); }
    void begin_array(std::size_t size) override { inner().begin_array(size); }
    void end_array() override { to_.end_array(); }
    void begin_map(std::size_t size) override {
        first_ = false;
        to_.begin_map(size);
    }
    void name(std::string_view v) override { to_.name(v); }
    void end_map() override { to_.end_map(); }

private:
    json_encoder& inner() {
        if (std::exchange(first_, false)) {
            wrapped_ = true;
            to_.raw("{\"result\":");
        }
        return to_;
    }

    json_encoder& to_;
    bool first_ = true;
    bool wrapped_ = false;
};

class varlink_wire final : public wire {
public:
    encoder& begin_call(std::string& to, std::uint32_t, const outgoing_call& call) override {
        return begin(to, call, call.wants_parts ? ",\"more\":true}" : "}");
    }
    encoder& begin_notification(std::string& to, const outgoing_call& call) override {
        return begin(to, call, ",\"oneway\":true}");
    }
    void end_call() override { *to_ += end_; }

    encoder& begin_result(std::string& to, const call_id&) override { return begin_reply(to); }
    void end_result() override { end_reply("}"); }
    encoder* begin_part(std::string& to, const call_id&, std::string_view token) override {
        return token.empty() ? nullptr : &begin_reply(to);
    }
    void end_part() override { end_reply(",\"continues\":true}"); }

    void write_fault(std::string& to, const call_id&, const fault& f) override;
    bool write_cancel(std::string&, std::uint32_t) override { return false; }
    void read(std::string_view message, incoming& into) override;
    fault read_fault(const incoming_item& item) override;
    bool ordered() const noexcept override { return true; }
    bool wraps_results() const noexcept override { return true; }

private:
    encoder& begin(std::string& to, const outgoing_call& call, const char* end) {
        to_ = &to;
        end_ = end;
        encoder_.append_to(to);
        encoder_.reset();
        to += "{\"method\":";
        encoder_.text(call.method);
        if (call.has_params) {
            encoder_.name("parameters");
            if (!call.by_name) encoder_.fail("varlink takes arguments by name");
        }
        return encoder_;
    }
    encoder& begin_reply(std::string& to) {
        to_ = &to;
        encoder_.append_to(to);
        encoder_.reset();
        result_.start();
        to += "{\"parameters\":";
        return result_;
    }
    void end_reply(const char* end) {
        if (encoder_.failed()) result_.fail(encoder_.problem());
        if (result_.wrapped()) *to_ += '}';
        *to_ += end;
    }

    std::string unused_;
    json_encoder encoder_{unused_};
    result_encoder result_{encoder_};
    std::string* to_ = nullptr;
    const char* end_ = "";
};

void varlink_wire::write_fault(std::string& to, const call_id&, const fault& f) {
    std::string name;
    object parameters;
    switch (f.number()) {
        case fault_code::method_not_found:
            name = "org.varlink.service.MethodNotFound";
            parameters["method"] = f.data();
            break;
        case fault_code::invalid_params:
            name = "org.varlink.service.InvalidParameter";
            parameters["parameter"] = f.data();
            break;
        default:
            // An error of an application's own has the name of its interface.
            if (f.message().find('.') != std::string::npos &&
                f.message().find_first_of(" \t\n:") == std::string::npos) {
                name = f.message();
                if (const auto* own = f.data().get_if<object>()) parameters = *own;
            } else {
                name = "org.parley.Fault";
                parameters["message"] = f.message();
                parameters["number"] = f.number();
                if (!f.data().is_null()) parameters["data"] = f.data();
            }
    }
    json_encoder e(to);
    to += '{';
    e.name("error");
    e.text(name);
    e.name("parameters");
    const auto before = to.size();
    rpc::value(parameters).encode(e);
    if (e.failed()) {
        to.resize(before);
        to += "{}";
    }
    to += '}';
}

void varlink_wire::read(std::string_view message, incoming& into) {
    into.clear();
    const auto bad = [&](std::string why) { into.add_bad(fault_code::invalid_request, std::move(why)); };
    auto outcome = parse_json(message, into.values);
    // Of one that breaks off it is not known whether it is answered, or continues.
    if (!into.values.whole()) return bad(std::move(outcome.problem));
    const element root = into.values.root();
    if (root.kind() != kind::map) return bad("a map was expected, not " + std::string(to_string(root.kind())));
    const auto* const part = into.values.bad_in_all();
    const auto parameters = root.find("parameters");
    const bool given = parameters && !parameters->is_null();
    const auto is_true = [&](std::string_view name) {
        const auto v = root.find(name);
        return v && v->boolean().value_or(false);
    };
    auto method = root.find("method");
    if (method && method->is_null() && !method->node()->is_bad)
        method.reset();  // an answer with all members that there are
    const auto broken = [&](std::string why) {
        auto& item = into.add(item_kind::broken);
        item.problem = std::move(why);
        item.continues = is_true("continues");
    };
    if (!method && part != nullptr) return broken(into.problem_of(*part, root));
    if (given && parameters->kind() != kind::map && part == nullptr) return bad("the parameters are no map");
    if (method) {
        if (!method->text()) return bad("the method is not text");
        const bool upgrade = is_true("upgrade");
        if (part != nullptr || upgrade) {
            auto& item = into.add_bad(fault_code::invalid_params, part != nullptr
                                                                      ? into.problem_of(*part, root)
                                                                      : "upgrade: this connection cannot be upgraded");
            item.answer = is_true("oneway") ? incoming_item::reply::none : incoming_item::reply::to_call;
            return;
        }
        auto& item = into.add(is_true("oneway") ? item_kind::notification : item_kind::call);
        item.method = *method->text();
        item.has_params = given;
        if (given) item.params = *parameters;
        item.wants_parts = is_true("more");
        if (item.wants_parts) item.token = "more";
        return;
    }
    const auto error = root.find("error");
    if (error && !error->is_null()) {
        if (!error->text()) return bad("the error is not text");
        into.add(item_kind::fault).value = root;
        return;
    }
    into.add(is_true("continues") ? item_kind::part : item_kind::result).value = parameters.value_or(element());
}

fault varlink_wire::read_fault(const incoming_item& item) {
    const auto name = item.value.find("error");
    const auto parameters = item.value.find("parameters").value_or(element());
    const auto text = [&](std::string_view of) {
        const auto v = parameters.find(of);
        return v && v->text() ? std::string(*v->text()) : std::string();
    };
    const std::string_view what = name && name->text() ? *name->text() : std::string_view();
    if (what.starts_with(own_interface)) {
        const auto rest = what.substr(own_interface.size());
        if (rest == "MethodNotFound") return fault(fault_code::method_not_found, std::string(what), text("method"));
        if (rest == "InvalidParameter") return fault(fault_code::invalid_params, std::string(what), text("parameter"));
        if (rest == "InterfaceNotFound")
            return fault(fault_code::method_not_found, std::string(what), text("interface"));
    }
    if (what == "org.parley.Fault") {
        const auto number = parameters.find("number");
        const auto data = parameters.find("data");
        return fault(number ? number->integer().value_or(0) : 0, text("message"),
                     data ? rpc::value(*data) : rpc::value());
    }
    return fault(0, std::string(what), rpc::value(parameters));
}

}  // namespace

std::unique_ptr<wire> make_varlink_wire() { return std::make_unique<varlink_wire>(); }

}  // namespace parley::rpc::detail
