// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/value.hpp>

#include "rpc/json_encoder.hpp"
#include "rpc/name_hash.hpp"
#include "rpc/steps.hpp"
#include "rpc/tape.hpp"

#include <algorithm>
#include <ostream>

namespace parley::rpc {
namespace {

const value no_value;

struct encode_into {
    encoder& to;

    void operator()(std::nullptr_t) const { to.null(); }
    void operator()(bool v) const { to.boolean(v); }
    void operator()(std::int64_t v) const { to.integer(v); }
    void operator()(std::uint64_t v) const { to.unsigned_integer(v); }
    void operator()(double v) const { to.number(v); }
    void operator()(const std::string& v) const { to.text(v); }
    void operator()(const bytes& v) const { to.binary(v.data); }
    void operator()(const extension& v) const { to.extension(v.type, v.data); }
    void operator()(const array& v) const {
        to.begin_array(v.size());
        for (const auto& item : v) item.encode(to);
        to.end_array();
    }
    void operator()(const object& v) const {
        to.begin_map(v.size());
        for (const auto& [name, of] : v) {
            to.name(name);
            of.encode(to);
        }
        to.end_map();
    }
};

}  // namespace

namespace detail {

name_index::name_index() noexcept = default;
name_index::name_index(name_index&&) noexcept = default;
name_index& name_index::operator=(name_index&&) noexcept = default;
name_index::name_index(const name_index& other)
    : table(other.table ? std::make_unique<name_table>(*other.table) : nullptr) {}
name_index& name_index::operator=(const name_index& other) {
    if (this != &other) *this = name_index(other);
    return *this;
}
name_index::~name_index() = default;

}  // namespace detail

const value* object::find(std::string_view name) const noexcept {
    if (names_.table) {
        ++detail::steps;
        const auto place =
            names_.table->find(name, [this](std::size_t i) -> const std::string& { return members_[i].first; });
        return place == detail::name_table::none ? nullptr : &members_[place].second;
    }
    detail::steps += members_.size();
    const auto it = std::ranges::find(members_, name, &member::first);
    return it == members_.end() ? nullptr : &it->second;
}

value& object::operator[](std::string_view name) {
    if (const auto* found = find(name)) return const_cast<value&>(*found);
    members_.emplace_back(std::string(name), value());
    index(members_.size() - 1);
    return members_.back().second;
}

// Those from `from` on are new. A few names are looked through; more lie in a table.
void object::index(std::size_t from) {
    constexpr std::size_t few = 16;
    if (members_.size() <= few) return;
    if (!names_.table) {
        names_.table = std::make_unique<detail::name_table>();
        from = 0;
    }
    auto& table = *names_.table;
    if (table.capacity() < members_.size()) {
        table.clear(2 * members_.size());
        from = 0;
    }
    const auto name_at = [this](std::size_t i) -> const std::string& { return members_[i].first; };
    detail::steps += members_.size() - from;
    for (; from < members_.size(); ++from) table.add(members_[from].first, from, name_at);
}

bool operator==(const object& a, const object& b) { return a.members_ == b.members_; }

// No name comes twice in what was received.
value::value(element from) : v_(nullptr) {
    ++detail::steps;
    switch (from.kind()) {
        case rpc::kind::null:
            break;
        case rpc::kind::boolean:
            v_ = *from.boolean();
            break;
        case rpc::kind::integer:
            if (const auto v = from.integer())
                v_ = *v;
            else
                v_ = *from.unsigned_integer();
            break;
        case rpc::kind::number:
            v_ = *from.number();
            break;
        case rpc::kind::text:
            v_ = std::string(*from.text());
            break;
        case rpc::kind::binary:
            v_ = bytes{std::string(*from.binary())};
            break;
        case rpc::kind::extension:
            v_ = rpc::extension{from.extension_type(), std::string(*from.extension())};
            break;
        case rpc::kind::array: {
            array all;
            all.reserve(from.size());
            for (const element item : from) all.emplace_back(item);
            v_ = std::move(all);
            break;
        }
        case rpc::kind::map: {
            object all;
            all.members_.reserve(from.size());
            for (const auto& [name, of] : from.pairs()) all.members_.emplace_back(std::string(name), value(of));
            all.index(0);
            v_ = std::move(all);
            break;
        }
    }
}

rpc::kind value::kind() const noexcept {
    using rpc::kind;
    constexpr std::array kinds{kind::null, kind::boolean, kind::integer,   kind::integer, kind::number,
                               kind::text, kind::binary,  kind::extension, kind::array,   kind::map};
    return kinds[v_.index()];
}

const value& value::operator[](std::string_view name) const noexcept {
    const auto* own = get_if<object>();
    const auto* found = own == nullptr ? nullptr : own->find(name);
    return found == nullptr ? no_value : *found;
}

const value& value::operator[](std::size_t index) const noexcept {
    const auto* own = get_if<array>();
    return own == nullptr || index >= own->size() ? no_value : (*own)[index];
}

void value::encode(encoder& to) const { std::visit(encode_into{to}, v_); }

std::ostream& operator<<(std::ostream& out, const value& v) {
    std::string text;
    detail::json_encoder to(text, detail::json_encoder::for_people);
    v.encode(to);
    return out << text;
}

result<std::string> to_json(const value& v) {
    std::string text;
    detail::json_encoder to(text);
    v.encode(to);
    if (to.failed()) return error(parley::errc::invalid_argument, to.problem());
    return text;
}

result<value> from_json(std::string_view text) {
    detail::tape t;
    auto outcome = detail::parse_json(text, t);
    if (!outcome.good())
        return error(outcome.too_deep ? parley::errc::limit_exceeded : parley::errc::invalid_argument,
                     std::move(outcome.problem));
    return value(t.root());
}

}  // namespace parley::rpc
