// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/decimal.hpp"
#include "rpc/steps.hpp"
#include "rpc/tape.hpp"
#include "rpc/utf8.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace parley::rpc::detail {
namespace {

constexpr const char* syntax_error = "no JSON: syntax error";
constexpr const char* incomplete = "no JSON: incomplete JSON";
constexpr const char* not_utf8 = "no JSON: text is not UTF-8";
constexpr const char* half_a_pair = "no JSON: half of a surrogate pair";
constexpr const char* control_character = "no JSON: a control character in text";
constexpr const char* unknown_escape = "no JSON: text with an escape that there is not";
constexpr const char* out_of_range = "a number is out of range for a double";
constexpr const char* too_deep = "more than 64 values lie in one another";
static_assert(deepest_nesting == 64);

// Puts what it finds onto a tape. Text without escapes stays in the message.
class json_reader {
public:
    json_reader(std::string_view text, tape& to) noexcept
        : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), to_(to) {}

    void read() {
        skip_spaces();
        if (value()) {
            skip_spaces();
            if (at_ != end_) to_.stop(place(), "no JSON: extra data");
        }
        steps += static_cast<std::size_t>(at_ - begin_);
    }

private:
    using bad = bad_part::kind;

    std::size_t place() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
    std::size_t place_of(const char* p) const noexcept { return static_cast<std::size_t>(p - begin_); }
    static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

    void skip_spaces() noexcept {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }
    bool stop() {
        to_.stop(place(), at_ == end_ ? incomplete : syntax_error);
        return false;
    }

    // False: nothing behind it can be read.
    bool value() {
        if (at_ == end_) return stop();
        to_.at(place());
        switch (*at_) {
            case '"':
                return text();
            case '{':
                return to_.depth() == deepest_nesting ? pass_over() : map();
            case '[':
                return to_.depth() == deepest_nesting ? pass_over() : array();
            case 't':
                return word("true") ? (to_.boolean(true), true) : no_word();
            case 'f':
                return word("false") ? (to_.boolean(false), true) : no_word();
            case 'n':
                return word("null") ? (to_.null(), true) : no_word();
            case ']':
            case '}':
            case ',':
            case ':':
                return stop();
            default:
                return number();
        }
    }

    bool array() {
        to_.begin(kind::array);
        ++at_;
        std::size_t n = 0;
        const bool good = values(']', [&] {
            const auto before = to_.size();
            const bool good_one = value();
            if (to_.size() != before) ++n;
            return good_one;
        });
        to_.end(n);
        return good;
    }

    bool map() {
        to_.begin(kind::map);
        ++at_;
        std::size_t n = 0;
        const bool good = values('}', [&] {
            if (at_ == end_ || *at_ != '"') return stop();
            to_.at(place());
            const bool named = text() && colon();
            // Each name has a value.
            const auto before = to_.size();
            const bool followed = named && value();
            if (to_.size() == before) to_.null();
            ++n;
            return followed;
        });
        to_.end(n);
        return good;
    }
    bool colon() {
        skip_spaces();
        if (at_ == end_ || *at_ != ':') return stop();
        ++at_;
        skip_spaces();
        return true;
    }

    // What lies between brackets, each read by `one`, with commas between.
    template <typename One>
    bool values(char last, One one) {
        skip_spaces();
        if (at_ != end_ && *at_ == last) return ++at_, true;
        for (;;) {
            if (!one()) return false;
            skip_spaces();
            if (at_ == end_) return stop();
            if (*at_ == last) return ++at_, true;
            if (*at_ != ',') return stop();
            ++at_;
            skip_spaces();
            if (at_ == end_ || *at_ != last) continue;
            // A comma too much. Of messages it is not known whether one is missing.
            if (last == ']' && to_.depth() == 1) return stop();
            to_.bad_last(bad::text, place(), syntax_error);
            return ++at_, true;
        }
    }

    // What lies too deep: brackets are counted, and text is known by its quotes.
    bool pass_over() {
        to_.bad_null(bad::too_deep, place(), too_deep);
        std::size_t open = 0;
        for (; at_ != end_; ++at_) {
            if (*at_ == '"') {
                for (++at_; at_ != end_ && *at_ != '"'; ++at_)
                    if (*at_ == '\\' && at_ + 1 != end_) ++at_;
                if (at_ == end_) break;
            } else if (*at_ == '[' || *at_ == '{') {
                ++open;
            } else if ((*at_ == ']' || *at_ == '}') && --open == 0) {
                return ++at_, true;
            }
        }
        return stop();
    }

    bool word(std::string_view expected) noexcept {
        if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
            std::memcmp(at_, expected.data(), expected.size()) != 0)
            return false;
        const char* const after = at_ + expected.size();
        if (!ends_value(after)) return false;
        at_ = after;
        return true;
    }
    bool ends_value(const char* p) const noexcept {
        return p == end_ || *p == ',' || *p == ']' || *p == '}' || *p == ' ' || *p == '\n' || *p == '\r' ||
               *p == '\t' || *p == ':';
    }
    // Something that is no value, such as NaN: it ends where a value would.
    bool no_word() {
        const char* p = at_;
        while (!ends_value(p) && *p != '"' && *p != '[' && *p != '{') ++p;
        if (p == at_) return stop();
        to_.bad_null(bad::text, place(), syntax_error);
        at_ = p;
        return true;
    }

    bool number() {
        const char* p = at_;
        const bool negative = *p == '-';
        if (negative) ++p;
        const char* const first = p;
        std::uint64_t v = 0;
        bool fits = true;
        for (; p != end_ && is_digit(*p); ++p)
            fits = fits && !__builtin_mul_overflow(v, std::uint64_t{10}, &v) &&
                   !__builtin_add_overflow(v, static_cast<unsigned>(*p - '0'), &v);
        if (p == first || (p - first > 1 && *first == '0')) return no_word();
        const char* const integer_end = p;
        if (p != end_ && *p == '.') {
            const char* const fraction = ++p;
            while (p != end_ && is_digit(*p)) ++p;
            if (p == fraction) return no_word();
        }
        if (p != end_ && (*p == 'e' || *p == 'E')) {
            ++p;
            if (p != end_ && (*p == '+' || *p == '-')) ++p;
            const char* const power = p;
            while (p != end_ && is_digit(*p)) ++p;
            if (p == power) return no_word();
        }
        if (!ends_value(p)) return no_word();
        const std::string_view digits(at_, static_cast<std::size_t>(p - at_));
        constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (p == integer_end && fits && (!negative || v <= most + 1)) {
            if (negative)
                to_.integer(static_cast<std::int64_t>(~v + 1));
            else
                to_.unsigned_integer(v);
            to_.written_in(digits.size());
        } else if (const auto near = nearest(digits)) {
            to_.number(*near, digits);
        } else {
            to_.bad_null(bad::text, place(), out_of_range);
            to_.written_in(digits.size());
        }
        at_ = p;
        return true;
    }
    // The nearest double, 0 for what is closer to it than to any other; nothing where it would be infinite.
    static std::optional<double> nearest(std::string_view digits) noexcept {
        double v = 0;
        const auto outcome = std::from_chars(digits.data(), digits.data() + digits.size(), v);
        if (outcome.ec == std::errc() && std::isfinite(v) && v != 0) return v;
        const decimal written(digits);
        if (written.is_zero()) return v;
        if (written.has_huge_exponent() || written.magnitude() > 0) return std::nullopt;
        return digits.starts_with('-') ? -0.0 : 0.0;
    }

    // Bytes from `p` on that are text as they are: no quote, no backslash, no control character. `ascii` becomes false
    // where there are others than those of ASCII.
    const char* plain(const char* p, bool& ascii) const noexcept {
        constexpr std::uint64_t ones = 0x0101010101010101U, tops = 0x8080808080808080U;
        while (end_ - p >= 8) {
            std::uint64_t v;
            std::memcpy(&v, p, 8);
            const auto zero = [](std::uint64_t x) { return (x - ones) & ~x; };  // in the top bit of a byte that is 0
            const std::uint64_t control = (v - ones * 0x20U) & ~v;
            if (((zero(v ^ ones * '"') | zero(v ^ ones * '\\') | control) & tops) != 0) break;
            if ((v & tops) != 0) ascii = false;
            p += 8;
        }
        for (; p != end_ && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20; ++p)
            if (static_cast<unsigned char>(*p) >= 0x80) ascii = false;
        return p;
    }

    // Text, or a name.
    bool text() {
        const char* from = ++at_;
        std::string* unescaped = nullptr;
        std::size_t before = 0;
        const char* why = nullptr;
        std::size_t why_at = 0;
        const auto blame = [&](const char* p, const char* what) {
            if (why != nullptr) return;
            why = what;
            why_at = place_of(p);
        };
        for (;;) {
            bool ascii = true;
            at_ = plain(from, ascii);
            const std::string_view part(from, static_cast<std::size_t>(at_ - from));
            if (!ascii && !is_utf8(part)) blame(from + valid_utf8(part), not_utf8);
            if (at_ == end_) {
                blame(at_, incomplete);
                to_.bad_text(bad::text, why_at, why);
                return stop();
            }
            if (*at_ == '"' && unescaped == nullptr) {
                ++at_;
                if (why == nullptr)
                    to_.text(part);
                else
                    to_.bad_text(bad::text, why_at, why);
                return true;
            }
            if (unescaped == nullptr) {
                unescaped = &to_.unescaped(static_cast<std::size_t>(end_ - begin_));
                before = unescaped->size();
            }
            unescaped->append(part);
            if (*at_ == '"') {
                ++at_;
                if (why == nullptr)
                    to_.text(std::string_view(*unescaped).substr(before));
                else
                    to_.bad_text(bad::text, why_at, why);
                return true;
            }
            if (*at_ == '\\') {
                const char* const escape = at_;
                if (const char* const wrong = unescape(*unescaped)) blame(escape, wrong);
            } else {
                blame(at_++, control_character);
            }
            from = at_;
        }
    }

    // Appends what the escape at `at_` stands for; what is wrong with it, if something is.
    const char* unescape(std::string& to) {
        if (++at_ == end_) return nullptr;  // it is incomplete
        switch (const char c = *at_++) {
            case '"':
            case '\\':
            case '/':
                to += c;
                return nullptr;
            case 'b':
                to += '\b';
                return nullptr;
            case 'f':
                to += '\f';
                return nullptr;
            case 'n':
                to += '\n';
                return nullptr;
            case 'r':
                to += '\r';
                return nullptr;
            case 't':
                to += '\t';
                return nullptr;
            case 'u':
                return unescape_unit(to);
            default:
                --at_;  // it may be a control character, or a part of one that is not in ASCII
                if (static_cast<unsigned char>(*at_) >= 0x20 && static_cast<unsigned char>(*at_) < 0x80) ++at_;
                return unknown_escape;
        }
    }
    const char* unescape_unit(std::string& to) {
        const auto first = unit(at_);
        if (!first) return unknown_escape;
        at_ += 4;
        if (*first < 0xD800 || *first > 0xDFFF) return append_utf8(to, *first), nullptr;
        const bool pair = *first < 0xDC00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u';
        const auto second = pair ? unit(at_ + 2) : std::nullopt;
        if (!second || *second < 0xDC00 || *second > 0xDFFF) return half_a_pair;
        at_ += 6;
        append_utf8(to, 0x10000U + ((*first - 0xD800U) << 10U) + (*second - 0xDC00U));
        return nullptr;
    }
    std::optional<std::uint32_t> unit(const char* p) const noexcept {
        if (end_ - p < 4) return std::nullopt;
        std::uint32_t v = 0;
        const auto outcome = std::from_chars(p, p + 4, v, 16);
        if (outcome.ptr != p + 4) return std::nullopt;
        return v;
    }
    static void append_utf8(std::string& to, std::uint32_t c) {
        const auto last = [&](unsigned shift) { to += static_cast<char>(0x80U | (c >> shift & 0x3FU)); };
        if (c < 0x80) {
            to += static_cast<char>(c);
        } else if (c < 0x800) {
            to += static_cast<char>(0xC0U | c >> 6U);
            last(0);
        } else if (c < 0x10000) {
            to += static_cast<char>(0xE0U | c >> 12U);
            last(6);
            last(0);
        } else {
            to += static_cast<char>(0xF0U | c >> 18U);
            last(12);
            last(6);
            last(0);
        }
    }

    const char* begin_;
    const char* at_;
    const char* end_;
    tape& to_;
};

}  // namespace

parse_outcome parse_json(std::string_view text, tape& to) {
    to.start(text);
    if (text.size() > UINT32_MAX)
        to.stop(0, "JSON of 4 GiB or more");
    else
        json_reader(text, to).read();
    return to.outcome();
}

}  // namespace parley::rpc::detail
