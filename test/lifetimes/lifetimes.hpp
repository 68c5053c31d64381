// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What every function of a class that moves does with an object that is empty, moved from or closed, and what becomes
// of an operation whose object goes away. `check` beside this file looks whether each such function has its cases.
#pragma once

#include "run_task.hpp"

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace parley::test {

inline constexpr std::chrono::seconds patience{20};

/// What became of one operation.
struct outcome {
    int completions = 0;
    bool failed = false;
    std::string message{};

    void complete(const error_code& ec) {
        ++completions;
        failed = static_cast<bool>(ec);
        message = ec.message();
    }
    void complete(const std::exception_ptr& e) {
        ++completions;
        failed = static_cast<bool>(e);
        try {
            if (e) std::rethrow_exception(e);
        } catch (const std::exception& what) {
            message = what.what();
        }
    }
};

/// A handler of any signature; `keeps` lives as long as it does.
inline auto handler_for(asio::io_context& io, std::shared_ptr<outcome> result, std::shared_ptr<void> keeps = {}) {
    return asio::bind_executor(io.get_executor(), [result = std::move(result), keeps = std::move(keeps)](
                                                      const auto& first, auto&&...) { result->complete(first); });
}

inline void run_dry_for(asio::io_context& io, std::chrono::steady_clock::duration limit = patience) {
    const auto end = std::chrono::steady_clock::now() + limit;
    io.restart();
    while (io.run_one_until(end) != 0) {}
    BOOST_TEST(io.stopped(), "the context still has work");
}

/// One way to have an object that is good for nothing.
template <typename T>
struct dead_object {
    std::string state;
    std::function<std::unique_ptr<T>(const executor&)> make;
};

template <typename T>
using dead_objects = std::vector<dead_object<T>>;

/// `others`, and one made by default where that can be.
template <typename T>
dead_objects<T> dead_ones(dead_objects<T> others) {
    if constexpr (std::is_default_constructible_v<T>)
        others.push_back({"made by default", [](const executor&) { return std::make_unique<T>(); }});
    return others;
}

/// Whether `use` throws a system_error; another exception goes on.
template <typename Use>
bool throws(Use use) {
    try {
        use();
        return false;
    } catch (const boost::system::system_error&) {
        return true;
    }
}

/// One call of one function of such an object.
class attempted_call {
public:
    attempted_call(asio::io_context& io, std::string state, std::function<void()> before_running)
        : io_(io), state_(std::move(state)), before_running_(std::move(before_running)) {}

    executor get_executor() const { return io_.get_executor(); }
    bool is(std::string_view state) const noexcept { return state_ == state; }

    /// The operation completes once, not within the function that starts it, with an error.
    template <typename Start>
    void fails(Start start) {
        const auto result = ends(std::move(start));
        BOOST_TEST(result->failed, "it succeeds");
    }

    /// The operation completes once, not within the function that starts it.
    template <typename Start>
    std::shared_ptr<outcome> ends(Start start) {
        const auto result = std::make_shared<outcome>();
        start(handler_for(io_, result));
        BOOST_TEST(result->completions == 0, "it completes within the function that starts it");
        before_running_();
        run_dry_for(io_);
        BOOST_TEST(result->completions == 1);
        return result;
    }

    /// As `fails`, but for one that was closed, which may have nothing left to do.
    template <typename Start>
    void fails_unless_closed(Start start) {
        const auto result = ends(std::move(start));
        BOOST_TEST((result->failed || state_ == "closed"), "it succeeds");
    }

    /// The same of a coroutine.
    template <typename Start>
    void coroutine_fails(Start start) {
        fails([&](auto handler) { asio::co_spawn(io_, start(), std::move(handler)); });
    }

private:
    asio::io_context& io_;
    std::string state_;
    std::function<void()> before_running_;
};

/// Uses each of `objects` by `use(object, call)`; then again, and the object goes before the context runs.
template <typename T, typename Use>
void lifetime(const char* type, const char* function, const dead_objects<T>& objects, Use use) {
    for (const auto& [state, make] : objects)
        for (const bool goes : {false, true}) {
            BOOST_TEST_CONTEXT(type << "::" << function << " of one that is " << state << (goes ? " and goes" : "")) {
                asio::io_context io;
                auto object = make(io.get_executor());
                attempted_call call(io, state, [&] {
                    if (goes) object.reset();
                });
                use(*object, call);
                object.reset();
                run_dry_for(io);
            }
        }
}

/// An object that works, and what it needs beside it.
template <typename T>
struct living {
    std::unique_ptr<T> object;
    std::shared_ptr<void> keeps{};   // outlives the context
    std::shared_ptr<void> beside{};  // goes before it
};

template <typename Living>
using type_of = typename decltype(Living::object)::element_type;

/// What an operation comes to whose object is destroyed.
enum class afterwards {
    fails,
    goes_on,
    at_once,  ///< as soon as the context runs it succeeds
};

/// `start(object, handler)` begins an operation of what `make` makes, and the object is destroyed in each way there is.
template <typename Make, typename Start>
void pending(const char* type, const char* function, Make make, Start start, afterwards then = afterwards::fails) {
    for (const bool turned : {false, true})
        BOOST_TEST_CONTEXT(type << "::" << function << " under way, the object goes" << (turned ? " later" : "")) {
            if (turned && then == afterwards::at_once) continue;
            std::shared_ptr<void> keeps;
            asio::io_context io;
            const auto result = std::make_shared<outcome>();
            auto live = make(io.get_executor());
            keeps = live.keeps;
            start(*live.object, handler_for(io, result));
            if (turned) run_ready(io);
            BOOST_TEST(result->completions == 0, "nothing is under way: " << result->message);
            live.object.reset();
            const auto end = std::chrono::steady_clock::now() + patience;
            while (result->completions == 0 && io.run_one_until(end) != 0) {}
            BOOST_TEST(result->completions == 1);
            live.beside.reset();  // a connection, for example, which has work of its own
            run_dry_for(io);
            BOOST_TEST(result->completions == 1);
            if (then == afterwards::fails) BOOST_TEST(result->failed, "it succeeds");
            BOOST_TEST(result.use_count() == 1, "its handler is kept");
        }
    for (const bool held : {false, true})
        BOOST_TEST_CONTEXT(type << "::" << function << " under way, the context goes with "
                                << (held ? "what its handler holds" : "the object")) {
            const auto result = std::make_shared<outcome>();
            {
                std::shared_ptr<void> keeps;
                asio::io_context io;
                auto live = make(io.get_executor());
                keeps = live.keeps;
                auto& object = *live.object;
                std::shared_ptr<void> holder;
                if (held) holder = std::shared_ptr<type_of<decltype(live)>>(std::move(live.object));
                start(object, handler_for(io, result, std::exchange(holder, {})));
                if (then != afterwards::at_once) run_ready(io);
                live.object.reset();
            }
            BOOST_TEST(result->completions == 0);
            BOOST_TEST(result.use_count() == 1, "its handler is kept");
        }
}

/// What a unique object of the given arguments is after it was moved from; `to` has what it was.
template <typename T>
std::unique_ptr<T> moved_from(std::unique_ptr<T> object) {
    const T to(std::move(*object));
    return object;
}

/// What `make` makes on an executor: moved from, closed, and made by default where that can be.
template <typename T, typename Make>
dead_objects<T> moved_from_or_closed(Make make) {
    return dead_ones<T>({{"moved from", [make](const executor& io) { return moved_from(make(io)); }},
                         {"closed", [make](const executor& io) {
                              auto object = make(io);
                              object->close();
                              return object;
                          }}});
}

}  // namespace parley::test
