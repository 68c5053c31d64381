// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Calls of the other side that wait for their turn. They lie in their messages, as text, which is read again when it is
// their turn: what was read of a message takes many times its bytes.
#pragma once

#include "rpc/served.hpp"
#include "rpc/wire.hpp"

#include <boost/intrusive/set.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::rpc::detail {

struct held_message;
using held_hook = boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// What is to be processed in its turn: a call, a notification, or a bad message that is answered in order.
struct held_call : held_hook {
    held_message* in = nullptr;
    std::size_t place = 0;  // of the item in its message
    call_id id{};           // of a call
    std::optional<std::chrono::steady_clock::time_point> deadline{};
    bool done = false;  // taken, or cancelled
};

/// A message in which calls wait.
struct held_message {
    std::string text{};
    std::shared_ptr<batch> together{};
    std::vector<held_call> calls{};  // by the order of their turns; never grows beyond what it was made for
    std::size_t next = 0;            // of the calls
    std::size_t left = 0;            // that wait
    bool is_read = false;            // into `session::taken_`
    std::size_t bytes = 0;           // of memory that it takes; 0 while it is filled
    std::list<std::unique_ptr<held_message>>::iterator self{};

    /// The next one that waits; null behind the last.
    held_call* take_next() noexcept;
};

class held_calls {
public:
    bool empty() const noexcept { return messages_.empty(); }
    /// Messages.
    std::size_t size() const noexcept { return messages_.size(); }
    std::size_t calls() const noexcept { return calls_; }
    /// Of memory that they take.
    std::size_t bytes() const noexcept { return bytes_; }

    /// A message for at most `most` calls, behind all others. Until it is `filled` it stays, whatever is removed.
    held_message& add(std::string_view text, std::shared_ptr<batch> together, std::size_t most);
    void add_call(held_message& to, const incoming_item& item, std::size_t place);
    void filled(held_message& all) noexcept;

    /// The call with this id that came first; null where none waits.
    held_call* find(const call_id& id) noexcept;
    /// It does not wait any more, and nor does its message where it was the last one in it.
    void remove(held_call& call) noexcept;

    /// Takes the first message out, to be put back where something in it goes on waiting.
    std::unique_ptr<held_message> take();
    void put_back(std::unique_ptr<held_message> first);
    void clear() noexcept;

private:
    struct id_of_held {
        using type = call_id;
        const call_id& operator()(const held_call& call) const noexcept { return call.id; }
    };

    void remove_if_empty(held_message& all) noexcept;

    std::size_t calls_ = 0;
    std::size_t bytes_ = 0;
    // Calls by their ids, of which a caller may give the same to several; destroyed behind what it refers to.
    boost::intrusive::multiset<held_call, boost::intrusive::base_hook<held_hook>,
                               boost::intrusive::key_of_value<id_of_held>, boost::intrusive::constant_time_size<false>>
        by_id_{};
    std::list<std::unique_ptr<held_message>> messages_{};
};

}  // namespace parley::rpc::detail
