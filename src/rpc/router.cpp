// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/rpc/router.hpp>

#include "rpc/describe.hpp"
#include "rpc/method_table.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace parley::rpc {
namespace detail {
namespace {

const node empty_map = [] {
    node n;
    n.what = kind::map;
    return n;
}();

}  // namespace

method_base::~method_base() = default;

bool argument_list::read(const served_call& c, const method_base& of, bool takes_map, decode_error& why) {
    from = c.params();
    takes_map = takes_map && of.names.empty();
    if (!c.has_params()) {
        if (takes_map) from = element(&empty_map);
        whole = takes_map;
        return true;
    }
    if (of.parameter_count() == 0 && from.kind() == kind::map)
        return true;  // names that nobody asks for are passed over
    if (from.kind() == kind::array) {
        if (c.names_come_in_a_map() && from.size() == 1 && !takes_map && !of.names.empty()) {
            const element only = *from.begin();
            const bool named =
                std::ranges::any_of(of.names, [&](const auto& name) { return only.find(name).has_value(); });
            if (named || (of.parameter_count() > 1 && only.kind() == kind::map)) {
                from = only;
                by_name = true;
            }
        }
        return true;
    }
    if (takes_map) return whole = true;
    if (!of.names.empty()) return by_name = true;
    return why.failed("arguments by place were expected, not by name");
}

bool argument_list::check_count(std::size_t least, std::size_t most, decode_error& why) const {
    const std::size_t given = from.kind() == kind::array ? from.size() : 0;
    if (given >= least && given <= most) return true;
    const auto expected = least == most ? std::to_string(most) : std::to_string(least) + " to " + std::to_string(most);
    return why.failed(expected + (most == 1 ? " argument was" : " arguments were") + " expected, not " +
                      std::to_string(given));
}

}  // namespace detail

router::router() : table_(std::make_shared<detail::method_table>()) {}

void router::add(std::string method, std::shared_ptr<detail::method_base> function,
                 std::vector<std::string> parameters) {
    if (!parameters.empty() && parameters.size() != function->parameter_count())
        throw std::invalid_argument("parley: " + method + " has " + std::to_string(function->parameter_count()) +
                                    " parameters, but there are " + std::to_string(parameters.size()) + " names");
    function->names = std::move(parameters);
    table_->methods.insert_or_assign(std::move(method), std::move(function));
}

void router::add_fallback(std::shared_ptr<detail::method_base> function) { table_->fallback = std::move(function); }

router& router::describe(std::string title) { return describe(std::move(title), "1"); }

router& router::describe(std::string title, std::string version) {
    table_->title = std::move(title);
    table_->version = std::move(version);
    router descriptions;
    detail::add_descriptions(descriptions, table_);
    table_->descriptions = descriptions.table_;
    return *this;
}

bool router::has(std::string_view method) const noexcept { return table_->methods.contains(method); }

std::vector<std::string> router::methods() const {
    std::vector<std::string> names;
    for (const auto& [name, function] : table_->methods) names.push_back(name);
    std::ranges::sort(names);
    return names;
}

}  // namespace parley::rpc
