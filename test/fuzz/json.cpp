// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Any bytes as JSON and as MessagePack: what is read of them can be walked over, has the place of what is bad, becomes
// each type or is refused, and costs no more steps than a multiple of its size.

#include <parley/rpc/codec.hpp>

#include "rpc/steps.hpp"
#include "rpc/tape.hpp"

#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

namespace rpc = parley::rpc;
namespace detail = parley::rpc::detail;

struct tree;
struct with_number {
    std::vector<tree> in{};
    int end = 0;
};
struct with_text {
    std::vector<tree> in{};
    std::string end{};
};
struct tree {
    std::variant<with_number, with_text, float> is{};
    std::optional<rpc::object> a{};
};
BOOST_DESCRIBE_STRUCT(with_number, (), (in, end))
BOOST_DESCRIBE_STRUCT(with_text, (), (in, end))
BOOST_DESCRIBE_STRUCT(tree, (), (is, a))

void check(bool holds) {
    if (!holds) std::abort();
}

std::size_t walk(rpc::element e, int depth) {
    check(depth <= 64);
    std::size_t n = 1;
    for (const auto one : e) n += walk(one, depth + 1);
    for (const auto& [name, one] : e.pairs()) n += 1 + walk(one, depth + 1);
    check(n == e.node()->nodes_with);
    return n;
}

template <typename T>
void decode_as(rpc::element from) {
    T into{};
    rpc::decode_error why;
    (void)rpc::codec<T>::decode(from, into, why);
}

template <typename Parse>
void try_as(std::string_view bytes, Parse parse) {
    detail::steps = 0;
    detail::tape t;
    const auto outcome = parse(bytes, t);
    check(outcome.good() == t.good());
    if (t.size() != 0) check(walk(t.root(), 0) == t.size());
    if (const auto* bad = t.bad_in_all()) {
        check(bad->at <= bytes.size());
        (void)t.place_of(*bad, t.root());
        for (const auto one : t.root()) (void)t.bad_in(one);
        return;
    }
    decode_as<rpc::value>(t.root());
    decode_as<std::map<std::string, rpc::value>>(t.root());
    decode_as<std::vector<tree>>(t.root());
    decode_as<tree>(t.root());
    check(detail::steps < 4096 * (bytes.size() + 64));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    try_as(bytes, detail::parse_json);
    try_as(bytes, detail::parse_message_pack);
    return 0;
}
