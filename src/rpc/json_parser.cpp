// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/tape.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <charconv>
#include <cmath>
#include <functional>

namespace parley::rpc::detail {
namespace {

namespace json = boost::json;

// Puts what the parser finds onto a tape. Text without escapes stays in the message.
struct tape_writer {
    static constexpr std::size_t max_array_size = UINT32_MAX;
    static constexpr std::size_t max_object_size = UINT32_MAX;
    static constexpr std::size_t max_string_size = UINT32_MAX;
    static constexpr std::size_t max_key_size = UINT32_MAX;

    using error = boost::system::error_code;
    using view = json::string_view;

    tape* to = nullptr;
    std::string_view message{};
    std::size_t part = 0;  // bytes of the text that have been copied already

    bool lies_within(view s) const {
        const std::less_equal<> at_most;
        return at_most(message.data(), s.data()) && at_most(s.data() + s.size(), message.data() + message.size());
    }
    bool add_part(view s) {
        to->unescaped(message.size()).append(s.data(), s.size());
        part += s.size();
        return true;
    }
    bool add_last(view s) {
        if (part == 0 && (s.empty() || lies_within(s))) {
            to->text({s.data(), s.size()});
            return true;
        }
        add_part(s);
        const std::string& all = to->unescaped(message.size());
        to->text(std::string_view(all).substr(all.size() - part));
        part = 0;
        return true;
    }

    bool on_document_begin(error&) { return true; }
    bool on_document_end(error&) { return true; }
    bool on_array_begin(error&) { return to->begin(kind::array), true; }
    bool on_array_end(std::size_t n, error&) { return to->end(n), true; }
    bool on_object_begin(error&) { return to->begin(kind::map), true; }
    bool on_object_end(std::size_t n, error&) { return to->end(n), true; }
    bool on_string_part(view s, std::size_t, error&) { return add_part(s); }
    bool on_string(view s, std::size_t, error&) { return add_last(s); }
    bool on_key_part(view s, std::size_t, error&) { return add_part(s); }
    bool on_key(view s, std::size_t, error&) { return add_last(s); }
    bool on_number_part(view, error&) { return true; }
    bool on_int64(std::int64_t v, view, error&) { return to->integer(v), true; }
    bool on_uint64(std::uint64_t v, view, error&) { return to->unsigned_integer(v), true; }
    bool on_double(double near, view s, error& ec) {
        // The parser's own figure is off by a unit or more in one of five numbers, and infinite where there is none.
        double v = 0;
        const auto outcome = std::from_chars(s.data(), s.data() + s.size(), v);
        if (outcome.ec == std::errc() || std::abs(near) < 1) return to->number(v), true;  // one too small is zero
        ec = json::make_error_code(json::error::exponent_overflow);
        return false;
    }
    bool on_bool(bool v, error&) { return to->boolean(v), true; }
    bool on_null(error&) { return to->null(), true; }
    bool on_comment_part(view, error&) { return true; }
    bool on_comment(view, error&) { return true; }
};

json::parse_options options() {
    json::parse_options o;
    o.max_depth = deepest_nesting;
    return o;
}

}  // namespace

parse_outcome parse_json(std::string_view text, tape& to) {
    to.clear();
    json::basic_parser<tape_writer> parser(options());
    parser.handler().to = &to;
    parser.handler().message = text;
    boost::system::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = json::make_error_code(json::error::extra_data);
    if (!ec) return {};
    to.clear();
    const bool too_deep = ec == json::error::too_deep;
    std::string problem = "byte " + std::to_string(used) + ": ";
    if (too_deep)
        problem += "more than " + std::to_string(deepest_nesting) + " values lie in one another";
    else if (ec == json::error::exponent_overflow)
        problem += "a number is out of range for a double";
    else
        problem += "no JSON: " + ec.message();
    return {std::move(problem), too_deep};
}

}  // namespace parley::rpc::detail
