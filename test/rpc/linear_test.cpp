// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Work that grows as its input does, and not faster: steps are counted for a message and for one of twice its size.

#include <parley/rpc/codec.hpp>

#include "rpc/message_pack.hpp"
#include "rpc/name_hash.hpp"
#include "rpc/steps.hpp"
#include "rpc/tape.hpp"

#include <boost/describe/class.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace parley::test {
BOOST_AUTO_TEST_SUITE(linear_test)
namespace {

namespace detail = rpc::detail;

struct few_members {
    std::optional<rpc::value> a{}, n1{}, zzz{};
};
BOOST_DESCRIBE_STRUCT(few_members, (), (a, n1, zzz))

// Which of the two it is turns out behind the children.
struct tree;
struct with_number {
    std::vector<tree> children{};
    int end = 0;
};
struct with_text {
    std::vector<tree> children{};
    std::string end{};
};
struct tree {
    std::variant<with_number, with_text> is{};
};
BOOST_DESCRIBE_STRUCT(with_number, (), (children, end))
BOOST_DESCRIBE_STRUCT(with_text, (), (children, end))
BOOST_DESCRIBE_STRUCT(tree, (), (is))

std::string repeated(std::size_t n, const std::function<std::string(std::size_t)>& one, const char* brackets) {
    std::string text(1, brackets[0]);
    for (std::size_t i = 0; i < n; ++i) text += (i == 0 ? "" : ",") + one(i);
    return text + brackets[1];
}

using text_of_size = std::function<std::string(std::size_t)>;

const std::pair<const char*, text_of_size> shapes[] = {
    {"a map",
     [](std::size_t n) {
         return repeated(
             n, [](std::size_t i) { return "\"n" + std::to_string(i) + "\":" + std::to_string(i); }, "{}");
     }},
    {"long names that differ at their end",
     [](std::size_t n) {
         const std::string same(100, 'x');
         return repeated(
             n, [&](std::size_t i) { return '"' + same + std::to_string(i) + "\":1"; }, "{}");
     }},
    {"names of escapes",
     [](std::size_t n) {
         return repeated(
             n, [](std::size_t i) { return "\"\\u0061\\n" + std::to_string(i) + "\":null"; }, "{}");
     }},
    {"many small maps",
     [](std::size_t n) {
         return repeated(
             n, [](std::size_t) { return std::string(R"({"a":1,"b":{"c":2}})"); }, "[]");
     }},
    {"many values that lie deep",
     [](std::size_t n) {
         return repeated(
             n / 32, [](std::size_t) { return std::string(62, '[') + std::string(62, ']'); }, "[]");
     }},
    {"many values that lie too deep",
     [](std::size_t n) {
         return repeated(
             n / 32, [](std::size_t) { return std::string(90, '[') + std::string(90, ']'); }, "[]");
     }},
    {"maps in maps",
     [](std::size_t n) {
         std::string text;
         for (int i = 0; i < 60; ++i) text += "{\"" + std::string(n / 60, 'k') + "\":";
         return text + "1" + std::string(60, '}');
     }},
    {"one text of escapes",
     [](std::size_t n) {
         std::string text = "\"";
         for (std::size_t i = 0; i < n; ++i) text += "\\ud83d\\ude00\\n";
         return text + '"';
     }},
    {"text that is none",
     [](std::size_t n) {
         return repeated(
             n, [](std::size_t) { return std::string(R"("\ud83d")"); }, "[]");
     }},
    {"numbers",
     [](std::size_t n) {
         return repeated(
             n, [](std::size_t i) { return std::to_string(i) + ".5e-3"; }, "[]");
     }},
    {"one long number", [](std::size_t n) { return "0." + std::string(n, '3') + "e5"; }},
    {"the same name",
     [](std::size_t n) {
         return repeated(
             n, [](std::size_t) { return std::string("\"a\":1"); }, "{}");
     }},
    {"brackets that nothing closes", [](std::size_t n) { return std::string(n, '['); }},
};

template <typename T>
void decode_as(rpc::element from) {
    T into{};
    rpc::decode_error why;
    (void)rpc::codec<T>::decode(from, into, why);
}

std::uint64_t steps_for(std::string_view text) {
    detail::steps = 0;
    detail::tape t;
    if (detail::parse_json(text, t).good()) {
        decode_as<rpc::value>(t.root());
        decode_as<rpc::object>(t.root());
        decode_as<few_members>(t.root());
        decode_as<std::map<std::string, rpc::value>>(t.root());
        decode_as<std::unordered_map<std::string, rpc::value>>(t.root());
        decode_as<std::vector<rpc::value>>(t.root());
        decode_as<std::variant<int, std::vector<few_members>, few_members, rpc::value>>(t.root());
        // As a program that copies a map by its names.
        const rpc::value v(t.root());
        if (const auto* own = v.get_if<rpc::object>()) {
            rpc::object copy;
            for (const auto& [name, of] : *own) copy[name] = of;
            for (const auto& [name, of] : copy) BOOST_TEST_REQUIRE(own->find(name) != nullptr);
        }
    }
    return detail::steps;
}

}  // namespace

BOOST_AUTO_TEST_CASE(twice_the_message_is_twice_the_work) {
    for (const auto& [name, text] : shapes) {
        constexpr std::size_t n = 2000;
        const auto once = steps_for(text(n)), twice = steps_for(text(2 * n));
        BOOST_TEST(once > n / 64, name);
        BOOST_TEST(twice < 3 * once, name << ": " << once << ", " << twice);
        BOOST_TEST(twice < 64 * text(2 * n).size(), name << ": " << twice);
    }
}

BOOST_AUTO_TEST_CASE(types_that_are_tried_one_after_the_other_are_tried_a_limited_number_of_times) {
    const auto nested = [](int depth) {
        std::string text = R"({"is":{"children":[],"end":"x"}})";
        for (int i = 1; i < depth; ++i) text = R"({"is":{"children":[)" + text + R"(],"end":"x"}})";
        return text;
    };
    const auto read = [](const std::string& text) {
        detail::tape t;
        BOOST_TEST_REQUIRE(detail::parse_json(text, t).good());
        tree into{};
        rpc::decode_error why;
        detail::steps = 0;
        const bool good = rpc::codec<tree>::decode(t.root(), into, why);
        BOOST_TEST(detail::steps < 1000 * text.size());
        BOOST_TEST(why.message("").size() < 10000);
        return good;
    };
    BOOST_TEST(read(nested(3)));
    std::string many = "[" + nested(1);
    for (int i = 0; i < 1000; ++i) many += "," + nested(2);
    many += "]";  // the tape refers to it
    detail::tape t;
    BOOST_TEST_REQUIRE(detail::parse_json(many, t).good());
    std::vector<tree> all;
    rpc::decode_error why;
    BOOST_TEST(rpc::codec<std::vector<tree>>::decode(t.root(), all, why));
    BOOST_TEST(!read(nested(20)));  // a million attempts
}

BOOST_AUTO_TEST_CASE(names_are_hashed_by_a_key) {
    // Of the texts that the standard library's hash puts into one place none is known here; that the hash is SipHash
    // with some key is seen by its spread.
    std::map<std::uint64_t, int> places;
    for (int i = 0; i < 4096; ++i) ++places[detail::hash_of_name("name" + std::to_string(i)) % 64];
    BOOST_TEST(places.size() == 64u);
    for (const auto& [place, n] : places) BOOST_TEST((n > 16 && n < 160));
    BOOST_TEST(detail::hash_of_name("a") == detail::hash_of_name("a"));
    BOOST_TEST(detail::hash_of_name("") != detail::hash_of_name(std::string_view("\0", 1)));
    BOOST_TEST(detail::hash_of_name("12345678") != detail::hash_of_name(std::string_view("12345678\0", 9)));
}

BOOST_AUTO_TEST_CASE(a_large_object_is_an_object) {
    rpc::object o;
    for (int i = 0; i < 100; ++i) o["n" + std::to_string(i)] = i;
    o["n50"] = "changed";
    BOOST_TEST(o.size() == 100u);
    const rpc::object copy = o;
    o["n99"] = 0;
    rpc::object moved = std::move(o);
    BOOST_TEST((*moved.find("n99") == rpc::value(0)));
    BOOST_TEST((*copy.find("n99") == rpc::value(99)));
    BOOST_TEST((*copy.find("n50") == rpc::value("changed")));
    BOOST_TEST(copy.find("n100") == nullptr);
    o = copy;
    o["n100"] = 100;
    BOOST_TEST((*o.find("n100") == rpc::value(100)));
    BOOST_TEST((*o.find("n0") == rpc::value(0)));
    BOOST_TEST(copy.size() == 100u);
    BOOST_TEST((rpc::value(copy) == rpc::from_json(rpc::to_json(copy).value()).value()));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace parley::test
