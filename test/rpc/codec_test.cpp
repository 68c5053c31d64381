// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Values and their two forms: JSON and MessagePack.

#include <parley/rpc/codec.hpp>
#include <parley/rpc/from_value.hpp>
#include <parley/rpc/value.hpp>

#include "rpc/base64.hpp"
#include "rpc/json_encoder.hpp"
#include "rpc/message_pack.hpp"
#include "rpc/tape.hpp"
#include "rpc/utf8.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/test/unit_test.hpp>

#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

BOOST_AUTO_TEST_SUITE(codec_test)

using namespace parley;
using namespace std::string_literals;

namespace {

template <typename T>
std::string packed(const T& v) {
    std::string to;
    rpc::detail::message_pack_encoder e(to);
    rpc::encode(e, v);
    BOOST_TEST(!e.failed());
    return to;
}

rpc::value unpacked(std::string_view bytes) {
    rpc::detail::tape t;
    const auto outcome = rpc::detail::parse_message_pack(bytes, t);
    BOOST_TEST_REQUIRE(outcome.good(), outcome.problem);
    return rpc::value(t.root());
}

std::string refused(std::string_view bytes) {
    rpc::detail::tape t;
    return rpc::detail::parse_message_pack(bytes, t).problem;
}

std::string json(const rpc::value& v) { return rpc::to_json(v).value(); }
std::string again(std::string_view text) { return json(rpc::from_json(text).value()); }

template <typename T>
std::string decode(std::string_view text, T& into) {
    rpc::detail::tape t;
    BOOST_TEST_REQUIRE(rpc::detail::parse_json(text, t).good());
    rpc::decode_error why;
    return rpc::codec<T>::decode(t.root(), into, why) ? "" : why.message("");
}

enum class token { operator_, name };
BOOST_DESCRIBE_ENUM(token, operator_, name)

struct declaration {
    std::string class_{};
    std::optional<int> default_{};
    codec_test::token token = codec_test::token::name;
    int _ = 0;
    bool operator==(const declaration&) const = default;
};
BOOST_DESCRIBE_STRUCT(declaration, (), (class_, default_, token, _))

}  // namespace

// The bytes are those of the specification.
BOOST_AUTO_TEST_CASE(message_pack_takes_the_shortest_form) {
    BOOST_TEST(packed(nullptr) == "\xc0");
    BOOST_TEST(packed(false) == "\xc2");
    BOOST_TEST(packed(true) == "\xc3");
    BOOST_TEST(packed(0) == "\x00"s);
    BOOST_TEST(packed(127) == "\x7f");
    BOOST_TEST(packed(128) == "\xcc\x80");
    BOOST_TEST(packed(255) == "\xcc\xff");
    BOOST_TEST(packed(256) == "\xcd\x01\x00"s);
    BOOST_TEST(packed(65536) == "\xce\x00\x01\x00\x00"s);
    BOOST_TEST(packed(4294967296) == "\xcf\x00\x00\x00\x01\x00\x00\x00\x00"s);
    BOOST_TEST(packed(18446744073709551615u) == "\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    BOOST_TEST(packed(-1) == "\xff");
    BOOST_TEST(packed(-32) == "\xe0");
    BOOST_TEST(packed(-33) == "\xd0\xdf");
    BOOST_TEST(packed(-128) == "\xd0\x80");
    BOOST_TEST(packed(-129) == "\xd1\xff\x7f");
    BOOST_TEST(packed(-32769) == "\xd2\xff\xff\x7f\xff");
    BOOST_TEST(packed(-2147483649) == "\xd3\xff\xff\xff\xff\x7f\xff\xff\xff");
    BOOST_TEST(packed(std::numeric_limits<std::int64_t>::min()) == "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"s);
    BOOST_TEST(packed(1.5) == "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"s);
    BOOST_TEST(packed("abc"s) ==
               "\xa3"
               "abc");
    BOOST_TEST(packed(std::string(32, 'x')).substr(0, 2) == "\xd9\x20");
    BOOST_TEST(packed(std::string(256, 'x')).substr(0, 3) == "\xda\x01\x00"s);
    BOOST_TEST(packed(std::string(65536, 'x')).substr(0, 5) == "\xdb\x00\x01\x00\x00"s);
    BOOST_TEST(packed(rpc::bytes{"\xff"}) == "\xc4\x01\xff");
    BOOST_TEST(packed(rpc::bytes{std::string(256, 'x')}).substr(0, 3) == "\xc5\x01\x00"s);
    BOOST_TEST(packed(rpc::extension{5, "a"}) ==
               "\xd4\x05"
               "a");
    BOOST_TEST(packed(rpc::extension{-1, "abc"}) ==
               "\xc7\x03\xff"
               "abc");
    BOOST_TEST(packed(std::vector<int>{1, 2}) == "\x92\x01\x02");
    BOOST_TEST(packed(std::vector<int>(16, 1)).substr(0, 3) == "\xdc\x00\x10"s);
    BOOST_TEST(packed(std::map<std::string, int>{{"k", 1}}) == "\x81\xa1k\x01");
}

BOOST_AUTO_TEST_CASE(message_pack_comes_back) {
    const rpc::value all = rpc::object{{"list", rpc::array{nullptr,
                                                           true,
                                                           false,
                                                           0,
                                                           127,
                                                           128,
                                                           65536,
                                                           4294967296,
                                                           18446744073709551615u,
                                                           -1,
                                                           -32,
                                                           -33,
                                                           -129,
                                                           -32769,
                                                           -2147483649,
                                                           0.1,
                                                           "",
                                                           std::string(300, 's'),
                                                           rpc::bytes{"\0\xff"s},
                                                           rpc::extension{1, "e"},
                                                           rpc::extension{-7, std::string(16, 'f')},
                                                           rpc::extension{3, std::string(70000, 'g')}}},
                                       {"empty", rpc::object()},
                                       {"none", rpc::array()},
                                       {"deep", rpc::array{rpc::array{rpc::object{{"a", rpc::array{1}}}, 2}, 3}},
                                       {"many", rpc::array(70000, 1)}};
    BOOST_TEST((unpacked(packed(all)) == all));
}

BOOST_AUTO_TEST_CASE(what_is_no_message_pack_is_refused_with_its_place) {
    BOOST_TEST(refused("") == "byte 0: the value is cut off");
    BOOST_TEST(refused("\xc1") == "byte 0: no value of MessagePack begins with this byte");
    BOOST_TEST(refused("\x92\x01") == "byte 1: more values are announced than there are bytes");
    BOOST_TEST(refused("\x92\x01\xd9") == "byte 3: the value is cut off");
    BOOST_TEST(refused("\xa5"
                       "abc") == "byte 1: the value is cut off");
    BOOST_TEST(refused("\x01\x02") == "byte 1: more bytes follow the value");
    BOOST_TEST(refused("\x81\x01\x02") == "byte 1: the name of a value in a map is not text");
    BOOST_TEST(refused("\xdd\xff\xff\xff\xff") == "byte 5: more values are announced than there are bytes");
    BOOST_TEST(refused("\xdf\xff\xff\xff\xff") == "byte 5: more values are announced than there are bytes");
    BOOST_TEST(refused(std::string(65, '\x91') + "\x01").ends_with("more than 64 values lie in one another"));
    BOOST_TEST(refused(std::string(64, '\x91') + "\x01").empty());
}

BOOST_AUTO_TEST_CASE(json_comes_back) {
    for (const auto* text :
         {"null", "true", "[]", "{}", "[[],{}]", "0", "-1", "9223372036854775807", "18446744073709551615", "0.5",
          "1e+300", "\"\"", "\"a\\\"b\\\\c\\n\\u0001\"", "{\"a\":[1,2,{\"b\":null}],\"c\":\"d\"}"})
        BOOST_TEST(again(text) == text);
    BOOST_TEST(again("1.0") == "1.0");  // stays a number
    BOOST_TEST(again("\"\\u00e4\\ud83d\\ude00\\/\"") == "\"\u00e4\U0001F600/\"");
    BOOST_TEST(again(" { \"a\" : [ 1 , 2 ] } ") == "{\"a\":[1,2]}");
    const std::string escapes = "[\"" + std::string(1000, 'x') + "\\n\",\"y\\t\",\"plain\"]";
    BOOST_TEST(again(escapes) == escapes);
}

BOOST_AUTO_TEST_CASE(every_number_comes_back_in_json) {
    using limits = std::numeric_limits<double>;
    std::vector<double> all{limits::max(), limits::lowest(), limits::min(), limits::denorm_min(), 180596746.94695282};
    std::mt19937_64 any(1);
    while (all.size() < 10'000)
        if (const auto v = std::bit_cast<double>(any()); std::isfinite(v)) all.push_back(v);
    const rpc::value before(rpc::array(all.begin(), all.end()));
    const auto after = rpc::from_json(json(before));
    BOOST_REQUIRE(after.has_value());
    BOOST_TEST((*after == before));
    BOOST_TEST(again("1e-400") == "0.0");  // as close as it gets
    BOOST_TEST(again("0.0e400") == "0.0");
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused_with_their_place) {
    for (const auto* digits : {"1e309", "-1e400", "1.7976931348623159e308", "1e99999999999", "1e-99999999999"}) {
        const auto read = rpc::from_json("[1, " + std::string(digits) + "]");
        BOOST_REQUIRE(read.has_error());
        BOOST_TEST(read.error().code() == make_error_code(parley::errc::invalid_argument));
        BOOST_TEST(read.error().context().starts_with("byte "));
        BOOST_TEST(read.error().context().ends_with(": a number is out of range for a double"));
    }
}

BOOST_AUTO_TEST_CASE(what_json_cannot_hold_is_refused) {
    BOOST_TEST(rpc::to_json(std::numeric_limits<double>::infinity()).has_error());
    BOOST_TEST(rpc::to_json(std::nan("")).has_error());
    BOOST_TEST(rpc::to_json("\xff").has_error());
    BOOST_TEST(rpc::to_json(rpc::extension{1, "x"}).has_error());
    BOOST_TEST(json(rpc::bytes{"\0\1\2\3"s}) == "\"AAECAw==\"");
    std::ostringstream out;
    out << rpc::value(rpc::array{std::nan(""), "\xff", rpc::extension{1, "xy"}});
    BOOST_TEST(out.str() == "[\"<not a number>\",\"<bytes that are no text>\",\"<extension 1, 2 bytes>\"]");
    BOOST_TEST(rpc::from_json("[1,2").error().context().starts_with("byte 5: no JSON") == false);
    BOOST_TEST(rpc::from_json("[1,2").has_error());
    BOOST_TEST(rpc::from_json("\"\xff\"").has_error());
    BOOST_TEST(rpc::from_json("").has_error());
    BOOST_TEST(rpc::from_json(std::string(65, '[') + std::string(65, ']')).error().code() ==
               make_error_code(parley::errc::limit_exceeded));
    BOOST_TEST(rpc::from_json(std::string(64, '[') + std::string(64, ']')).has_value());
}

BOOST_AUTO_TEST_CASE(integers_fit_or_are_refused) {
    std::int8_t small = 0;
    BOOST_TEST(decode("127", small).empty());
    BOOST_TEST(small == 127);
    BOOST_TEST(decode("-128", small).empty());
    BOOST_TEST(decode("128", small) == "an integer from -128 to 127 was expected, not 128");
    BOOST_TEST(decode("3.0", small).empty());
    BOOST_TEST(small == 3);
    BOOST_TEST(decode("1e300", small) == "an integer was expected, not 1e+300");
    std::uint64_t large = 0;
    BOOST_TEST(decode("18446744073709551615", large).empty());
    BOOST_TEST(large == 18446744073709551615u);
    BOOST_TEST(decode("-1", large) == "an integer from 0 to 18446744073709551615 was expected, not -1");
    BOOST_TEST(decode("\"1\"", large) == "an integer was expected, not \"1\"");
    double number = 0;
    BOOST_TEST(decode("7", number).empty());
    BOOST_TEST(number == 7.0);
}

BOOST_AUTO_TEST_CASE(names_that_cpp_keeps_to_itself_have_an_underscore_more) {
    declaration d;
    BOOST_TEST(decode(R"({"class":"a","default":3,"token":"operator","_":4})", d).empty());
    BOOST_TEST((d == declaration{"a", 3, token::operator_, 4}));
    std::string text;
    rpc::detail::json_encoder to(text);
    rpc::encode(to, d);
    BOOST_TEST(text == R"({"class":"a","default":3,"token":"operator","_":4})");
    BOOST_TEST(decode(R"({"class_":"a","token":"name","_":4})", d) == "\"class\" is missing");
    BOOST_TEST(decode(R"({"class":"a","token":"operator_","_":4})", d) ==
               ".token: one of operator, name was expected, not \"operator_\"");
    BOOST_TEST(json(rpc::codec<declaration>::schema()) ==
               R"({"type":"object","properties":{"class":{"type":"string"},"default":{"type":"integer"},)"
               R"("token":{"type":"string","enum":["operator","name"]},"_":{"type":"integer"}},)"
               R"("required":["class","token","_"]})");
}

BOOST_AUTO_TEST_CASE(bytes_are_base64_in_json) {
    rpc::bytes b;
    BOOST_TEST(decode("\"AAECAw==\"", b).empty());
    BOOST_TEST(b.data == "\0\1\2\3"s);
    for (const auto* bad : {"\"A\"", "\"AAA\"", "\"AA=A\"", "\"A===\"", "\"AA*=\"", "\"====\""})
        BOOST_TEST(decode(bad, b).starts_with("text in base64 was expected"), bad);
    for (std::size_t n = 0; n < 300; ++n) {
        std::string bytes, text, back;
        for (std::size_t i = 0; i < n; ++i) bytes += static_cast<char>(i * 7 + n);
        rpc::detail::append_base64(text, bytes);
        BOOST_TEST(rpc::detail::from_base64(text, back));
        BOOST_TEST(back == bytes);
    }
}

BOOST_AUTO_TEST_CASE(text_in_message_pack_can_be_bytes_as_it_is) {
    // As those send it who knew MessagePack before it had bytes, and Neovim.
    for (const auto& text : {"AAECAw=="s, "\xff\xfe"s, ""s, std::string(300, '\xe4')}) {
        std::string packed_text;
        rpc::detail::message_pack_encoder(packed_text).text(text);
        rpc::detail::tape t;
        BOOST_TEST_REQUIRE(rpc::detail::parse_message_pack(packed_text, t).good());
        rpc::bytes b;
        rpc::decode_error why;
        BOOST_TEST(rpc::codec<rpc::bytes>::decode(t.root(), b, why));
        BOOST_TEST(b.data == text);
    }
}

BOOST_AUTO_TEST_CASE(text_is_utf_8_or_not) {
    using rpc::detail::is_utf8;
    for (const auto* good : {"", "a", "\u00e4", "\u20ac", "\U0001F600", "0123456789\u00e4", "\xf4\x8f\xbf\xbf"})
        BOOST_TEST(is_utf8(good));
    for (const auto* bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "01234567\xff", "a\xc3z"})
        BOOST_TEST(!is_utf8(bad));
}

BOOST_AUTO_TEST_CASE(a_large_message_leaves_no_memory_behind) {
    rpc::detail::tape t;
    std::string many = "[1";
    for (int i = 0; i < 100000; ++i) many += ",1";
    many += "]";
    BOOST_TEST(rpc::detail::parse_json(many, t).good());
    BOOST_TEST(t.nodes().capacity() > 100000u);
    t.shrink();
    BOOST_TEST(t.nodes().capacity() == 0u);
    BOOST_TEST(rpc::detail::parse_json("[1,2]", t).good());
    const auto before = t.nodes().capacity();
    t.shrink();
    BOOST_TEST(t.nodes().capacity() == before);  // a small one does
}

BOOST_AUTO_TEST_CASE(a_value_is_looked_into) {
    const rpc::value v = rpc::object{{"a", rpc::array{1, "two"}}, {"b", true}};
    BOOST_TEST((v["a"][0] == rpc::value(1)));
    BOOST_TEST(*v["a"][1].text() == "two");
    BOOST_TEST(v["a"][2].is_null());
    BOOST_TEST(v["none"]["deeper"].is_null());
    BOOST_TEST(v["b"].get<bool>());
    BOOST_TEST((v["b"].kind() == rpc::kind::boolean));
    rpc::object o;
    o["x"] = 1;
    o["y"] = "z";
    o["x"] = 2;
    BOOST_TEST(json(o) == "{\"x\":2,\"y\":\"z\"}");
    std::ostringstream out;
    out << rpc::kind::map << ' ' << rpc::kind::text;
    BOOST_TEST(out.str() == "a map text");
}

BOOST_AUTO_TEST_CASE(names_that_meet_in_one_place_of_a_table_are_refused) {
    struct one_place {
        std::size_t operator()(const std::string& name) const noexcept { return name.starts_with("x") ? 7 : 8; }
    };
    using bad_table = std::unordered_map<std::string, int, one_place>;
    const auto map_of = [](std::size_t n) {
        rpc::object all;
        for (std::size_t i = 0; i < n; ++i) all["x" + std::to_string(i)] = i;
        return rpc::value(all);
    };
    BOOST_TEST(rpc::from_value<bad_table>(map_of(64)).value().size() == 64u);
    const auto refused = rpc::from_value<bad_table>(map_of(20000));
    BOOST_TEST_REQUIRE(!refused);
    BOOST_TEST(refused.error().message().find("meet in one place") != std::string::npos);
    using table = std::unordered_map<std::string, int>;
    BOOST_TEST(rpc::from_value<table>(map_of(20000)).value().size() == 20000u);
}

BOOST_AUTO_TEST_SUITE_END()
