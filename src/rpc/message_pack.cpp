// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "rpc/message_pack.hpp"

#include "rpc/steps.hpp"
#include "rpc/tape.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace parley::rpc::detail {

void message_pack_encoder::integer(std::int64_t v) {
    if (v >= 0) return unsigned_integer(static_cast<std::uint64_t>(v));
    if (v >= -32)
        byte(static_cast<unsigned>(v) & 255U);
    else if (std::in_range<std::int8_t>(v))
        tagged(0xd0, static_cast<std::uint8_t>(v));
    else if (std::in_range<std::int16_t>(v))
        tagged(0xd1, static_cast<std::uint16_t>(v));
    else if (std::in_range<std::int32_t>(v))
        tagged(0xd2, static_cast<std::uint32_t>(v));
    else
        tagged(0xd3, static_cast<std::uint64_t>(v));
}

void message_pack_encoder::unsigned_integer(std::uint64_t v) {
    if (v < 128)
        byte(static_cast<unsigned>(v));
    else if (std::in_range<std::uint8_t>(v))
        tagged(0xcc, static_cast<std::uint8_t>(v));
    else if (std::in_range<std::uint16_t>(v))
        tagged(0xcd, static_cast<std::uint16_t>(v));
    else if (std::in_range<std::uint32_t>(v))
        tagged(0xce, static_cast<std::uint32_t>(v));
    else
        tagged(0xcf, v);
}

void message_pack_encoder::text(std::string_view v) {
    if (!fits(v.size())) return null();
    if (v.size() < 32)
        byte(0xa0U | static_cast<unsigned>(v.size()));
    else if (std::in_range<std::uint8_t>(v.size()))
        tagged(0xd9, static_cast<std::uint8_t>(v.size()));
    else if (std::in_range<std::uint16_t>(v.size()))
        tagged(0xda, static_cast<std::uint16_t>(v.size()));
    else
        tagged(0xdb, static_cast<std::uint32_t>(v.size()));
    to_->append(v);
}

void message_pack_encoder::binary(std::string_view bytes) {
    if (!fits(bytes.size())) return null();
    if (std::in_range<std::uint8_t>(bytes.size()))
        tagged(0xc4, static_cast<std::uint8_t>(bytes.size()));
    else if (std::in_range<std::uint16_t>(bytes.size()))
        tagged(0xc5, static_cast<std::uint16_t>(bytes.size()));
    else
        tagged(0xc6, static_cast<std::uint32_t>(bytes.size()));
    to_->append(bytes);
}

void message_pack_encoder::extension(std::int8_t type, std::string_view bytes) {
    if (!fits(bytes.size())) return null();
    switch (bytes.size()) {
        case 1:
            byte(0xd4);
            break;
        case 2:
            byte(0xd5);
            break;
        case 4:
            byte(0xd6);
            break;
        case 8:
            byte(0xd7);
            break;
        case 16:
            byte(0xd8);
            break;
        default:
            if (std::in_range<std::uint8_t>(bytes.size()))
                tagged(0xc7, static_cast<std::uint8_t>(bytes.size()));
            else if (std::in_range<std::uint16_t>(bytes.size()))
                tagged(0xc8, static_cast<std::uint16_t>(bytes.size()));
            else
                tagged(0xc9, static_cast<std::uint32_t>(bytes.size()));
    }
    byte(static_cast<std::uint8_t>(type));
    to_->append(bytes);
}

void message_pack_encoder::begin_array(std::size_t size) {
    if (!fits(size)) return null();
    if (size < 16)
        byte(0x90U | static_cast<unsigned>(size));
    else if (std::in_range<std::uint16_t>(size))
        tagged(0xdc, static_cast<std::uint16_t>(size));
    else
        tagged(0xdd, static_cast<std::uint32_t>(size));
}

void message_pack_encoder::begin_map(std::size_t size) {
    if (!fits(size)) return null();
    if (size < 16)
        byte(0x80U | static_cast<unsigned>(size));
    else if (std::in_range<std::uint16_t>(size))
        tagged(0xde, static_cast<std::uint16_t>(size));
    else
        tagged(0xdf, static_cast<std::uint32_t>(size));
}

namespace {

constexpr const char* no_value_begins_so = "no value of MessagePack begins with this byte";

// Reads values one behind the other; what is open lies on a stack of its own, so depth costs no stack of the thread's.
class message_pack_reader {
public:
    message_pack_reader(std::string_view bytes, tape& to) noexcept : bytes_(bytes), to_(to) {}

    void read() {
        do {
            if (!value()) return close_all();
            close_full();
        } while (depth_ != 0);
        if (at_ != bytes_.size()) to_.stop(at_, "more bytes follow the value");
        steps += at_;
    }

private:
    using bad = bad_part::kind;

    struct level {
        std::uint64_t left;  // values to come, names included
        std::uint64_t size;  // values of an array, or pairs of a map
        bool is_map;
        bool without_name;  // the name of the next value was no text; it lies on the tape as a value of no name
    };

    bool refuse(const char* why) {
        to_.stop(at_, why);
        return false;
    }
    std::size_t left() const noexcept { return bytes_.size() - at_; }

    template <typename T>
    bool number(T& into) {
        if (left() < sizeof(T)) return refuse("the value is cut off");
        std::uint64_t v = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) v = v << 8 | static_cast<unsigned char>(bytes_[at_ + i]);
        at_ += sizeof(T);
        into = static_cast<T>(v);
        return true;
    }
    template <typename T>
    bool integer() {
        T v{};
        if (!number(v)) return false;
        if constexpr (std::is_signed_v<T>)
            to_.integer(v);
        else
            to_.unsigned_integer(v);
        return true;
    }
    template <typename Size>
    bool sized(kind what) {
        Size size{};
        return number(size) && bytes(what, size);
    }
    bool bytes(kind what, std::size_t size) {
        if (left() < size) return refuse("the value is cut off");
        if (what == kind::text)
            to_.raw_text(bytes_.substr(at_, size));
        else
            to_.bytes(what, bytes_.substr(at_, size));
        at_ += size;
        return true;
    }
    bool extension(std::size_t size) {
        std::int8_t type{};
        if (!number(type)) return false;
        if (left() < size) return refuse("the value is cut off");
        to_.extension(type, bytes_.substr(at_, size));
        at_ += size;
        return true;
    }
    template <typename Size>
    bool sized_extension() {
        Size size{};
        return number(size) && extension(size);
    }
    template <typename Size>
    bool sized_container(kind what) {
        Size size{};
        return number(size) && container(what, size);
    }
    bool container(kind what, std::size_t size) {
        const std::uint64_t values = what == kind::map ? std::uint64_t{2} * size : size;
        if (values > left()) return refuse("more values are announced than there are bytes");
        if (depth_ == deepest_nesting) return pass_over(values);
        to_.begin(what, size);
        open_[depth_++] = {values + 1, size, what == kind::map, false};  // and this one, which close_full counts
        return true;
    }
    // What lies too deep: all its values, of whatever kind, are counted.
    bool pass_over(std::uint64_t values) {
        to_.bad_null(bad::too_deep, at_, "more than 64 values lie in one another");
        static_assert(deepest_nesting == 64);
        for (; values != 0; --values) {
            std::size_t size = 0, inner = 0;
            if (!measure(size, inner)) return false;
            if (left() < size) return refuse("the value is cut off");
            at_ += size;
            if (inner > left()) return refuse("more values are announced than there are bytes");
            values += inner;
        }
        return true;
    }
    // Of a value: the bytes behind its tag and size, and the values in it.
    bool measure(std::size_t& size, std::size_t& inner) {
        if (left() == 0) return refuse("the value is cut off");
        const auto tag = static_cast<unsigned char>(bytes_[at_++]);
        const auto announced = [&](unsigned log2_of_bytes, std::size_t& n) {
            std::uint8_t one{};
            std::uint16_t two{};
            std::uint32_t four{};
            const bool good = log2_of_bytes == 0 ? number(one) : log2_of_bytes == 1 ? number(two) : number(four);
            n = log2_of_bytes == 0 ? one : log2_of_bytes == 1 ? two : four;
            return good;
        };
        if (tag < 0x80 || tag >= 0xe0) return true;
        if (tag < 0x90) return inner = 2 * (tag & 15U), true;
        if (tag < 0xa0) return inner = tag & 15U, true;
        if (tag < 0xc0) return size = tag & 31U, true;
        if (tag == 0xc1) return --at_, refuse(no_value_begins_so);
        if (tag < 0xc4) return true;
        if (tag < 0xc7) return announced(tag - 0xc4U, size);
        if (tag < 0xca) return announced(tag - 0xc7U, size) && (++size, true);
        if (tag < 0xcc) return size = tag == 0xca ? 4 : 8, true;
        if (tag < 0xd4) return size = std::size_t{1} << ((tag - 0xccU) & 3U), true;
        if (tag < 0xd9) return size = 1 + (std::size_t{1} << (tag - 0xd4U)), true;
        if (tag < 0xdc) return announced(tag - 0xd9U, size);
        if (tag < 0xde) return announced(tag - 0xdbU, inner);
        return announced(tag - 0xddU, inner) && (inner *= 2, true);
    }

    // After a value: counts it, and ends what it has filled.
    void close_full() {
        while (depth_ != 0) {
            if (--open_[depth_ - 1].left != 0) return;
            --depth_;
            to_.end(open_[depth_].size);
        }
    }
    // Behind the last value that could be read: what is open has no more.
    void close_all() {
        if (depth_ != 0 && to_.size() == value_at_) to_.null();
        while (depth_ != 0) {
            const auto& last = open_[--depth_];
            to_.end(last.size - (last.is_map ? last.left / 2 : last.left - 1));
        }
    }

    bool value() {
        value_at_ = SIZE_MAX;
        to_.at(at_);
        if (depth_ != 0 && open_[depth_ - 1].is_map && !name(open_[depth_ - 1])) return false;
        value_at_ = to_.size();
        if (left() == 0) return refuse("the value is cut off");
        to_.at(at_);
        const auto tag = static_cast<unsigned char>(bytes_[at_++]);
        if (tag < 0x80) return to_.integer(tag), true;
        if (tag >= 0xe0) return to_.integer(static_cast<std::int8_t>(tag)), true;
        if (tag < 0x90) return container(kind::map, tag & 15U);
        if (tag < 0xa0) return container(kind::array, tag & 15U);
        if (tag < 0xc0) return bytes(kind::text, tag & 31U);
        switch (tag) {
            case 0xc0:
                return to_.null(), true;
            case 0xc2:
            case 0xc3:
                return to_.boolean(tag == 0xc3), true;
            case 0xc4:
                return sized<std::uint8_t>(kind::binary);
            case 0xc5:
                return sized<std::uint16_t>(kind::binary);
            case 0xc6:
                return sized<std::uint32_t>(kind::binary);
            case 0xc7:
                return sized_extension<std::uint8_t>();
            case 0xc8:
                return sized_extension<std::uint16_t>();
            case 0xc9:
                return sized_extension<std::uint32_t>();
            case 0xca: {
                std::uint32_t v{};
                return number(v) && (to_.number(static_cast<double>(std::bit_cast<float>(v))), true);
            }
            case 0xcb: {
                std::uint64_t v{};
                return number(v) && (to_.number(std::bit_cast<double>(v)), true);
            }
            case 0xcc:
                return integer<std::uint8_t>();
            case 0xcd:
                return integer<std::uint16_t>();
            case 0xce:
                return integer<std::uint32_t>();
            case 0xcf:
                return integer<std::uint64_t>();
            case 0xd0:
                return integer<std::int8_t>();
            case 0xd1:
                return integer<std::int16_t>();
            case 0xd2:
                return integer<std::int32_t>();
            case 0xd3:
                return integer<std::int64_t>();
            case 0xd4:
            case 0xd5:
            case 0xd6:
            case 0xd7:
            case 0xd8:
                return extension(std::size_t{1} << (tag - 0xd4U));
            case 0xd9:
                return sized<std::uint8_t>(kind::text);
            case 0xda:
                return sized<std::uint16_t>(kind::text);
            case 0xdb:
                return sized<std::uint32_t>(kind::text);
            case 0xdc:
                return sized_container<std::uint16_t>(kind::array);
            case 0xdd:
                return sized_container<std::uint32_t>(kind::array);
            case 0xde:
                return sized_container<std::uint16_t>(kind::map);
            case 0xdf:
                return sized_container<std::uint32_t>(kind::map);
            default:
                --at_;
                return refuse(no_value_begins_so);
        }
    }

    // The name of the value that comes next in a map, if one is due. A name that is no text is a value without a name.
    bool name(level& own) {
        if (own.left % 2 != 0) {
            if (std::exchange(own.without_name, false)) to_.text({});
            return true;
        }
        if (left() == 0) return refuse("the value is cut off");
        const auto tag = static_cast<unsigned char>(bytes_[at_]);
        const bool is_text = (tag >= 0xa0 && tag < 0xc0) || (tag >= 0xd9 && tag <= 0xdb);
        const bool is_binary = tag >= 0xc4 && tag <= 0xc6;
        if (!is_text && !is_binary) {
            to_.bad_text(bad::name, at_, "the name of a value in a map is not text");
            own.without_name = true;
            ++own.size;
            return true;
        }
        ++at_;
        const bool good = tag < 0xc0                   ? bytes(kind::text, tag & 31U)
                          : tag == 0xd9 || tag == 0xc4 ? sized<std::uint8_t>(kind::text)
                          : tag == 0xda || tag == 0xc5 ? sized<std::uint16_t>(kind::text)
                                                       : sized<std::uint32_t>(kind::text);
        if (good) --own.left;
        return good;
    }

    std::string_view bytes_;
    tape& to_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::size_t value_at_ = SIZE_MAX;  // the place on the tape of the value that is read now, once its name is there
    std::array<level, deepest_nesting> open_;  // as far as depth_ says
};

}  // namespace

parse_outcome parse_message_pack(std::string_view bytes, tape& to) {
    to.start(bytes);
    message_pack_reader(bytes, to).read();
    return to.outcome();
}

}  // namespace parley::rpc::detail
