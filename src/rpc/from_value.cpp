// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/from_value.hpp>

#include "rpc/tape.hpp"

#include <string>
#include <variant>

namespace parley::rpc::detail {
namespace {

struct lay_out {
    tape& to;

    void operator()(std::nullptr_t) const { to.null(); }
    void operator()(bool v) const { to.boolean(v); }
    void operator()(std::int64_t v) const { to.integer(v); }
    void operator()(std::uint64_t v) const { to.unsigned_integer(v); }
    void operator()(double v) const { to.number(v); }
    void operator()(const std::string& v) const { to.text(v); }
    void operator()(const bytes& v) const { to.bytes(kind::binary, v.data); }
    void operator()(const extension& v) const { to.extension(v.type, v.data); }
    void operator()(const array& v) const {
        to.begin(kind::array);
        for (const auto& item : v) std::visit(*this, item.variant());
        to.end(v.size());
    }
    void operator()(const object& v) const {
        to.begin(kind::map);
        for (const auto& [name, of] : v) {
            to.text(name);
            std::visit(*this, of.variant());
        }
        to.end(v.size());
    }
};

}  // namespace

laid_out::laid_out(const value& v) : tape_(std::make_unique<tape>()) {
    std::visit(lay_out{*tape_}, v.variant());
    const auto* const bad = tape_->bad_in_all();
    if (bad == nullptr) return;
    const auto place = tape_->place_of(*bad, root());
    problem_ = error(parley::errc::invalid_argument,
                     "value" + (place.starts_with('[') ? place : "." + place) + ": " + tape_->reason(*bad));
}
laid_out::~laid_out() = default;

element laid_out::root() const noexcept { return tape_->root(); }

error no_such_value(const decode_error& why) { return error(parley::errc::invalid_argument, why.message("value")); }

}  // namespace parley::rpc::detail
