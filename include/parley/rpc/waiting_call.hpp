// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// A call that waits for its answer. For peer.hpp; programs have no use for it.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/completion.hpp>
#include <parley/rpc/codec.hpp>
#include <parley/rpc/element.hpp>
#include <parley/rpc/export.hpp>
#include <parley/rpc/fault.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace parley::rpc::detail {

class session;

/// What a session knows of it beside its type.
struct PARLEY_RPC_EXPORT call_record {
    call_record();
    call_record(const call_record&) = delete;
    call_record& operator=(const call_record&) = delete;
    ~call_record();

    std::string method{};
    std::uint32_t id = 0;
    bool wants_parts = false;
    bool idempotent = false;
    bool at_home = false;  // its handler runs where the connection does
    bool sent = false;
    bool is_full = false;   // of parts that the program has not taken: nothing more is read
    std::string request{};  // of a call that is idempotent, or waits for a connection
    struct timer;
    std::unique_ptr<timer> deadline{};
};

class PARLEY_RPC_EXPORT waiting_call : public call_record {
public:
    waiting_call() = default;
    waiting_call(const waiting_call&) = delete;
    waiting_call& operator=(const waiting_call&) = delete;
    virtual ~waiting_call();

    /// The answer. `wrapped`: a result that is one value lies in a map.
    virtual void complete(element result, bool wrapped) = 0;
    virtual void fail(const call_error& why) = 0;
    /// A partial result. False: there is no room for more, reading stops.
    virtual bool add_part(element part, bool wrapped);
    virtual asio::cancellation_slot slot() const = 0;
    virtual executor get_executor() const = 0;
};

/// Whether `T` is sent as a map by itself.
template <typename T>
inline constexpr bool comes_as_map = is_map_like<T>;
template <typename T>
inline constexpr bool comes_as_map<std::optional<T>> = comes_as_map<T>;

template <typename T>
bool decode_result(element from, bool wrapped, T& into, decode_error& why) {
    if constexpr (!comes_as_map<T>) {
        // What has no name of its own has the only name that there is.
        if (wrapped && from.kind() == kind::map && from.size() == 1) {
            const auto [name, only] = *from.pairs().begin();
            return codec<T>::decode(only, into, why) || why.within(name);
        }
    }
    return codec<T>::decode(from, into, why);
}

/// How the handler of a call of result R is called.
template <typename R>
struct call_shape {
    using signature = void(std::exception_ptr, R);
    using result_type = R;
};
template <>
struct call_shape<void> {
    using signature = void(std::exception_ptr);
    using result_type = std::monostate;
};
template <typename T>
struct call_shape<outcome<T>> {
    using signature = void(std::exception_ptr, outcome<T>);
    using result_type = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
};

PARLEY_RPC_EXPORT call_error invalid_reply(const std::string& method, const decode_error& why);

template <typename R>
class typed_call final : public waiting_call {
public:
    using signature = typename call_shape<R>::signature;

    typed_call(completion_handler<signature> handler, executor own)
        : handler_(std::move(handler)), own_(std::move(own)) {}

    void complete(element result, bool wrapped) override {
        using result_type = typename call_shape<R>::result_type;
        constexpr bool nothing = std::is_void_v<R> || std::is_same_v<R, outcome<void>>;
        result_type got{};
        decode_error why;
        if constexpr (!nothing) {
            if (!decode_result(result, wrapped, got, why)) return fail(invalid_reply(method, why));
        }
        if constexpr (std::is_void_v<R>)
            invoke(std::exception_ptr());
        else if constexpr (nothing)
            invoke(std::exception_ptr(), R());
        else
            invoke(std::exception_ptr(), R(std::move(got)));
    }
    void fail(const call_error& why) override {
        if constexpr (std::is_void_v<R>)
            invoke(std::make_exception_ptr(why));
        else if constexpr (is_outcome<R>)
            invoke(std::exception_ptr(), R(why));
        else
            invoke(std::make_exception_ptr(why), R());
    }
    asio::cancellation_slot slot() const override { return asio::get_associated_cancellation_slot(handler_); }
    executor get_executor() const override { return own_; }

private:
    template <typename... T>
    void invoke(T... results) {
        auto handler = std::move(handler_);
        if (at_home) return std::move(handler)(std::move(results)...);
        asio::dispatch(own_, [handler = std::move(handler), ... results = std::move(results)]() mutable {
            std::move(handler)(std::move(results)...);
        });
    }

    completion_handler<signature> handler_;
    executor own_;
};

}  // namespace parley::rpc::detail
