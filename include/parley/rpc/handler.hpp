// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Functions with their types taken away. For router.hpp; programs have no use for it.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/error.hpp>
#include <parley/rpc/codec.hpp>
#include <parley/rpc/context.hpp>
#include <parley/rpc/element.hpp>
#include <parley/rpc/export.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace parley::rpc::detail {

struct method_table;

/// What a served call is to a function: where its arguments are, and where its result goes.
class PARLEY_RPC_EXPORT served_call {
public:
    struct details;

    explicit served_call(std::unique_ptr<details> d) noexcept;
    ~served_call();
    served_call(const served_call&) = delete;
    served_call& operator=(const served_call&) = delete;

    element params() const noexcept { return params_; }
    bool has_params() const noexcept { return has_params_; }
    /// The protocol carries arguments by name as one map among arguments by place.
    bool names_come_in_a_map() const noexcept;
    std::string_view method() const noexcept { return method_; }

    void reply(const value_writer& result);
    void reply_nothing();
    void reply_error(const error& e);
    void refuse(const decode_error& why);

    /// The same call for a coroutine, which outlives the message.
    std::shared_ptr<served_call> keep();
    /// Runs `body`, which replies by itself; answers with what it throws.
    static void run(const std::shared_ptr<served_call>& self, task<void> body);

private:
    friend class session;
    friend class rpc::context;
    void fault(const rpc::fault& f);
    void failed(const std::exception_ptr& why);

    element params_{};
    bool has_params_ = false;
    std::string_view method_{};
    std::unique_ptr<details> details_;
};

class PARLEY_RPC_EXPORT method_base {
public:
    method_base() = default;
    method_base(const method_base&) = delete;
    method_base& operator=(const method_base&) = delete;
    virtual ~method_base();

    virtual void call(served_call& c, const std::shared_ptr<method_base>& self) = 0;
    virtual std::size_t parameter_count() const noexcept = 0;
    virtual std::vector<value> parameter_schemas() const = 0;
    virtual std::vector<bool> parameters_required() const = 0;
    virtual value result_schema() const = 0;

    std::vector<std::string> names{};  // of the parameters
};

/// How the arguments of a call were given, compared with what a function takes.
struct PARLEY_RPC_EXPORT argument_list {
    bool whole = false;  // all by name at once
    bool by_name = false;
    element from{};

    /// False: `why` says it.
    bool read(const served_call& c, const method_base& of, bool takes_map, decode_error& why);
    bool check_count(std::size_t least, std::size_t most, decode_error& why) const;
};

template <typename T>
struct result_of {
    using type = T;
    static constexpr bool is_task = false;
};
template <typename T>
struct result_of<task<T>> {
    using type = T;
    static constexpr bool is_task = true;
};

template <typename T>
inline constexpr bool is_result = false;
template <typename T>
inline constexpr bool is_result<result<T>> = true;

template <typename T>
concept replied = std::is_void_v<T> || is_result<T> || requires(encoder& to, const T& v) { codec<T>::encode(to, v); };

template <typename Done, typename... Rest>
struct parameters_of;
template <typename... Done>
struct parameters_of<std::tuple<Done...>> {
    using type = std::tuple<Done...>;
    static constexpr bool takes_context = false;
};
template <typename... Done>
struct parameters_of<std::tuple<Done...>, context&> {
    using type = std::tuple<Done...>;
    static constexpr bool takes_context = true;
};
template <typename... Done, typename First, typename... Rest>
struct parameters_of<std::tuple<Done...>, First, Rest...>
    : parameters_of<std::tuple<Done..., std::decay_t<First>>, Rest...> {
    static_assert(!std::is_same_v<std::decay_t<First>, context>,
                  "a function takes its context as rpc::context&, behind its other parameters");
};

template <typename F>
struct function_shape;
template <typename R, typename... P>
struct function_shape<R (*)(P...)> : parameters_of<std::tuple<>, P...> {
    using result = R;
};
template <typename R, typename C, typename... P>
struct function_shape<R (C::*)(P...)> : function_shape<R (*)(P...)> {};
template <typename R, typename C, typename... P>
struct function_shape<R (C::*)(P...) const> : function_shape<R (*)(P...)> {};
template <typename R, typename... P>
struct function_shape<R (*)(P...) noexcept> : function_shape<R (*)(P...)> {};
template <typename R, typename C, typename... P>
struct function_shape<R (C::*)(P...) noexcept> : function_shape<R (*)(P...)> {};
template <typename R, typename C, typename... P>
struct function_shape<R (C::*)(P...) const noexcept> : function_shape<R (*)(P...)> {};

template <typename F>
struct shape {
    using type = function_shape<decltype(&F::operator())>;
};
template <typename R, typename... P>
struct shape<R (*)(P...)> {
    using type = function_shape<R (*)(P...)>;
};
template <typename R, typename... P>
struct shape<R (*)(P...) noexcept> {
    using type = function_shape<R (*)(P...)>;
};

/// A function whose parameters are known: no template, and not overloaded.
template <typename F>
concept handler =
    requires { typename shape<F>::type::result; } && replied<typename result_of<typename shape<F>::type::result>::type>;

/// Invokes a function and replies with what it returns.
template <typename F>
class function_base : public method_base {
public:
    explicit function_base(F function) : function_(std::move(function)) {}

protected:
    using shape_type = typename shape<F>::type;
    using parameters = typename shape_type::type;
    using returned = result_of<typename shape_type::result>;
    static constexpr std::size_t count = std::tuple_size_v<parameters>;

    void invoke(served_call& c, const std::shared_ptr<method_base>& self, parameters arguments) {
        if constexpr (returned::is_task) {
            const auto kept = c.keep();
            served_call::run(kept, run(std::static_pointer_cast<function_base>(self), std::move(arguments), kept));
        } else {
            context own(c);
            if constexpr (std::is_void_v<typename returned::type>) {
                apply(own, std::move(arguments));
                c.reply_nothing();
            } else {
                reply(c, apply(own, std::move(arguments)));
            }
        }
    }

private:
    decltype(auto) apply(context& own, parameters&& arguments) {
        return std::apply(
            [&](auto&&... one) -> decltype(auto) {
                if constexpr (shape_type::takes_context)
                    return std::invoke(function_, std::forward<decltype(one)>(one)..., own);
                else
                    return std::invoke(function_, std::forward<decltype(one)>(one)...);
            },
            std::move(arguments));
    }

    // The parameters of the function may be references: they live here.
    static task<void> run(std::shared_ptr<function_base> self, parameters arguments, std::shared_ptr<served_call> c) {
        context own(*c);
        if constexpr (std::is_void_v<typename returned::type>) {
            co_await self->apply_kept(own, arguments);
            c->reply_nothing();
        } else {
            const typename returned::type result = co_await self->apply_kept(own, arguments);
            reply(*c, result);
        }
    }
    auto apply_kept(context& own, parameters& arguments) {
        return std::apply(
            [&]<typename... T>(T&... one) {
                // By value what the function takes by value: it is moved there.
                if constexpr (shape_type::takes_context)
                    return std::invoke(function_, std::move(one)..., own);
                else
                    return std::invoke(function_, std::move(one)...);
            },
            arguments);
    }

    template <typename T>
    static void reply(served_call& c, const T& result) {
        if constexpr (is_result<T>) {
            if (!result) return c.reply_error(result.error());
            if constexpr (std::is_void_v<typename T::value_type>)
                c.reply_nothing();
            else
                c.reply(value_writer::of(*result));
        } else {
            c.reply(value_writer::of(result));
        }
    }

    F function_;
};

template <typename T>
value schema_of_result() {
    if constexpr (std::is_void_v<T>)
        return schema_of_type("null");
    else if constexpr (is_result<T>)
        return schema_of_result<typename T::value_type>();
    else if constexpr (requires { codec<T>::schema(); })
        return codec<T>::schema();
    else
        return schema_of_type("string");
}

template <typename F>
class method_of final : public function_base<F> {
    using base = function_base<F>;
    using typename base::parameters;
    using indices = std::make_index_sequence<base::count>;

public:
    using base::base;

    void call(served_call& c, const std::shared_ptr<method_base>& self) override {
        parameters arguments{};
        decode_error why;
        if (!decode(c, arguments, why, indices())) return c.refuse(why);
        base::invoke(c, self, std::move(arguments));
    }
    std::size_t parameter_count() const noexcept override { return base::count; }
    std::vector<value> parameter_schemas() const override {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::vector<value>{codec<std::tuple_element_t<I, parameters>>::schema()...};
        }(indices());
    }
    std::vector<bool> parameters_required() const override {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::vector<bool>{!is_optional<std::tuple_element_t<I, parameters>>...};
        }(indices());
    }
    value result_schema() const override { return schema_of_result<typename base::returned::type>(); }

private:
    static constexpr bool takes_map() {
        if constexpr (base::count == 1)
            return is_map_like<std::tuple_element_t<0, parameters>>;
        else
            return false;
    }
    // Optional ones at the end may be left out.
    template <std::size_t... I>
    static constexpr std::size_t least(std::index_sequence<I...>) {
        std::size_t n = 0;
        ((n = is_optional<std::tuple_element_t<I, parameters>> ? n : I + 1), ...);
        return n;
    }

    template <std::size_t... I>
    bool decode(const served_call& c, parameters& into, decode_error& why, std::index_sequence<I...> all) {
        argument_list given;
        if (!given.read(c, *this, takes_map(), why)) return false;
        if (given.by_name) return (decode_named<I>(given.from, std::get<I>(into), why) && ...);
        if constexpr (base::count == 1) {
            if (given.whole)
                return codec<std::tuple_element_t<0, parameters>>::decode(given.from, std::get<0>(into), why);
        }
        if (!given.check_count(least(all), base::count, why)) return false;
        [[maybe_unused]] auto at = given.from.begin();
        [[maybe_unused]] const auto end = given.from.end();
        return ((at == end || codec<std::tuple_element_t<I, parameters>>::decode(*at++, std::get<I>(into), why) ||
                 why.within(I)) &&
                ...);
    }
    template <std::size_t I, typename T>
    bool decode_named(element from, T& into, decode_error& why) {
        const auto& name = this->names[I];
        if (const auto found = from.find(name))
            return codec<T>::decode(*found, into, why) || why.within(std::string_view(name));
        if constexpr (is_optional<T>)
            return true;
        else
            return why.failed("\"" + name + "\" is missing");
    }
};

template <typename F>
class fallback_of final : public function_base<F> {
    using base = function_base<F>;
    using typename base::parameters;
    static_assert(std::is_same_v<parameters, std::tuple<std::string, value>>,
                  "otherwise takes a function of (const std::string& method, value arguments), and a context&");

public:
    using base::base;

    void call(served_call& c, const std::shared_ptr<method_base>& self) override {
        base::invoke(c, self, parameters(std::string(c.method()), c.has_params() ? value(c.params()) : value(array())));
    }
    std::size_t parameter_count() const noexcept override { return 0; }
    std::vector<value> parameter_schemas() const override { return {}; }
    std::vector<bool> parameters_required() const override { return {}; }
    value result_schema() const override { return object(); }
};

}  // namespace parley::rpc::detail
