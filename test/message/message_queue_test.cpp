// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What waits to be sent, as bytes and descriptors, without a socket.

#include "socket_tools.hpp"

#include <parley/message/datagram.hpp>
#include <parley/message/length_prefix.hpp>

#include "message/message_queue.hpp"

#include <boost/test/data/test_case.hpp>

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(message_queue_test)

using namespace parley;
using namespace parley::test;

namespace {

// A wire that only encloses.
template <typename Framer>
class paper_wire final : public detail::channel_wire {
public:
    executor get_executor() override { return {}; }
    bool is_open() const noexcept override { return true; }
    bool reads_bytes() const noexcept override { return true; }
    void read(asio::mutable_buffer, detail::read_done) override {}
    void wait_read(detail::read_done) override {}
    void write(asio::const_buffer, detail::write_done) override {}
    void wait_write(detail::write_done) override {}
    bool tells_end() const noexcept override { return false; }
    void end(detail::write_done) override {}
    void close_sending() override {}
    void close() noexcept override {}
    detail::parsed_frames parse(std::string_view, std::size_t, detail::message_place*,
                                std::size_t) const noexcept override {
        return {};
    }
    parsed_frame parse_end(std::string_view) const noexcept override { return {}; }
    error_code enclose(std::string_view payload, unsigned n, frame_ends& ends) const noexcept override {
        return framer_.enclose(payload, n, ends);
    }
    error_code append(std::string_view payload, unsigned n, buffer& to) const override {
        frame_ends ends;
        if (const auto ec = framer_.enclose(payload, n, ends)) return ec;
        for (const auto part : {ends.head(), payload, ends.tail()}) {
            if (part.empty()) continue;
            std::memcpy(to.prepare(part.size()).data(), part.data(), part.size());
            to.commit(part.size());
        }
        return {};
    }
    std::size_t largest_frame() const noexcept override { return framer_.limit(); }
    std::size_t overhead() const noexcept override { return framer_.overhead(); }
    bool keeps_packets() const noexcept override { return false; }

private:
    Framer framer_;
};

struct sent_message {
    std::string text;
    std::vector<std::string> files;
    friend bool operator==(const sent_message&, const sent_message&) = default;
};

std::vector<unique_fd> files_with(const std::vector<std::string>& texts) {
    std::vector<unique_fd> files;
    for (const auto& text : texts) files.push_back(file_with(text));
    return files;
}

std::vector<std::string> texts_of(std::span<const unique_fd> files) {
    std::vector<std::string> texts;
    for (const auto& file : files) texts.push_back(text_of(file.get()));
    return texts;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(message_queue_suite, no_leftovers)

// P: nobody noticed when the positions of descriptors were wrong after a drop.
BOOST_AUTO_TEST_CASE(descriptors_stay_with_their_messages_whatever_is_dropped_and_sent) {
    const paper_wire<length_prefix> wire;
    std::mt19937 random(20261201);
    const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
    for (int round = 0; round < 50; ++round) {
        detail::message_queue queue;
        queue.keep_borders();
        queue.divide_into_blocks(std::size_t{1} << 20);
        std::deque<sent_message> expected;  // in the queue
        std::string stream;                 // what left
        std::vector<std::pair<std::size_t, std::vector<std::string>>> left;
        std::size_t begun = 0;  // bytes of the first that have left
        for (std::size_t number = 0; number < 300; ++number) {
            sent_message m{std::to_string(number) + std::string(below(round % 5 == 0 ? 9000 : 60), 'x'), {}};
            for (std::size_t i = below(4) == 0 ? 1 + below(2) : 0; i != 0; --i)
                m.files.push_back(std::to_string(number) + "/" + std::to_string(i));
            BOOST_TEST_REQUIRE(!queue.put(wire, m.text, files_with(m.files)));
            expected.push_back(m);
            if (below(3) == 0 && queue.drop_oldest()) expected.erase(expected.begin() + (begun != 0 ? 1 : 0));
            while (below(3) == 0 && !queue.empty()) {
                const auto piece = queue.front();
                BOOST_TEST_REQUIRE(piece.anything);
                if (begun == 0) {
                    BOOST_TEST_REQUIRE((texts_of(piece.descriptors) == expected.front().files));
                } else {
                    BOOST_TEST_REQUIRE(piece.descriptors.empty());
                }
                std::size_t n = 1 + below(piece.bytes.size());
                queue.sent(n);
                for (n += begun, begun = 0; n != 0;) {
                    const std::size_t size = length_prefix::header_size + expected.front().text.size();
                    if (n < size) {
                        begun = n;
                        break;
                    }
                    n -= size;
                    expected.pop_front();
                    if (n != 0) BOOST_TEST_REQUIRE(expected.front().files.empty());  // those go with their first byte
                }
            }
            BOOST_TEST_REQUIRE(queue.messages() == expected.size());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_message_that_is_dropped_behind_others_that_are_leaving_has_not_gone_before_them) {
    const paper_wire<length_prefix> wire;
    constexpr std::size_t size = length_prefix::header_size + 100;
    const auto full = [&] {
        auto queue = std::make_unique<detail::message_queue>();
        queue->keep_borders();
        for (int i = 0; i < 3; ++i) BOOST_TEST(!queue->put(wire, std::string(100, 'x'), {}));
        return queue;
    };
    const auto partly = full();
    partly->sent(10);
    BOOST_TEST(partly->drop_oldest());
    BOOST_TEST(partly->bytes_gone() == 10u);
    BOOST_TEST(partly->end_of_bytes() == 3 * size);
    partly->sent(10);
    BOOST_TEST(partly->bytes_gone() == 20u);
    partly->sent(size - 20);  // what was dropped behind it is not waited for
    BOOST_TEST(partly->bytes_gone() == 2 * size);
    partly->sent(size);
    BOOST_TEST(partly->bytes_gone() == partly->end_of_bytes());

    const auto elsewhere = full();
    const auto taken = elsewhere->take();
    for (int i = 0; i < 2; ++i) BOOST_TEST(!elsewhere->put(wire, std::string(100, 'x'), {}));
    BOOST_TEST(elsewhere->drop_oldest());
    BOOST_TEST(elsewhere->bytes_gone() == 0u);
    elsewhere->taken_sent();
    BOOST_TEST(elsewhere->bytes_gone() == 4 * size);
    BOOST_TEST(elsewhere->end_of_bytes() == 5 * size);
}

BOOST_AUTO_TEST_CASE(an_empty_packet_does_not_take_the_descriptors_of_the_next) {
    const paper_wire<datagram> wire;
    detail::message_queue queue;
    queue.divide_into_packets();
    BOOST_TEST(!queue.put(wire, "", {}));
    BOOST_TEST(!queue.put(wire, "", files_with({"of the empty one"})));
    BOOST_TEST(!queue.put(wire, "x", files_with({"of x"})));
    BOOST_TEST(!queue.put(wire, "dropped", files_with({"of the dropped"})));
    BOOST_TEST(!queue.put(wire, "y", files_with({"of y"})));
    BOOST_TEST(queue.front().descriptors.empty());
    queue.sent(0);
    BOOST_TEST((texts_of(queue.front().descriptors) == std::vector<std::string>{"of the empty one"}));
    queue.sent(0);
    BOOST_TEST((texts_of(queue.front().descriptors) == std::vector<std::string>{"of x"}));
    queue.sent(1);
    BOOST_TEST(queue.drop_oldest());
    BOOST_TEST((texts_of(queue.front().descriptors) == std::vector<std::string>{"of y"}));
    queue.sent(1);
    BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
