// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/listen.hpp>

#include <parley/core/log.hpp>
#include <parley/core/timer.hpp>
#include <parley/net/activation.hpp>
#include <parley/net/socket_file.hpp>

#include "core/operation.hpp"
#include "core/syscall_net.hpp"
#include "net/bind_local.hpp"
#include "net/open_socket.hpp"

#include <spdlog/logger.h>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <climits>
#include <list>
#include <ostream>
#include <string>
#include <utility>

#include <sys/socket.h>

namespace parley {

std::string to_string(const listener_counters& counters) {
    return std::to_string(counters.accepted) + " accepted, " + std::to_string(counters.refused) + " refused, " +
           std::to_string(counters.pauses) + " pauses";
}

std::ostream& operator<<(std::ostream& out, const listener_counters& counters) { return out << to_string(counters); }

}  // namespace parley

namespace parley::detail {

class listener_state : public std::enable_shared_from_this<listener_state> {
public:
    using handler_type = completion_handler<void(error_code, open_connection)>;

    listener_state(const executor& io, const listen_options& options, bool all_welcome)
        : socket_(io), options_(options), all_welcome_(all_welcome) {}
    listener_state(const listener_state&) = delete;
    listener_state& operator=(const listener_state&) = delete;
    ~listener_state() { close(); }

    result<void> open(unique_fd fd, const address& where, socket_file file);

    /// Accepts what is there, or waits. Completes through a post unless it has waited before.
    void accept_next(handler_type handler, bool first);

    executor get_executor() noexcept { return socket_.get_executor(); }
    int descriptor() noexcept { return socket_.is_open() ? socket_.native_handle() : -1; }
    const address& local_address() const noexcept { return *where_; }
    const listener_counters& counters() const noexcept { return counters_; }

    void cancel() noexcept;
    unique_fd release() noexcept;
    void close() noexcept;

private:
    void wait_for_connection(handler_type handler);
    bool welcome(int fd);
    void pause(const error_code& why, handler_type handler);
    void complete(handler_type handler, bool first, const error_code& ec, open_connection c);

    asio::posix::stream_descriptor socket_;
    const listen_options options_;
    const bool all_welcome_;
    int family_ = AF_UNSPEC;
    std::optional<address> where_{};
    socket_file file_{};
    listener_counters counters_{};
    std::list<asio::steady_timer> pauses_{};  // one for each accept that pauses
    bool paused_ = false;                     // since the last connection, and it was said

    // A try in vain costs a socket that the kernel makes for nothing. Behind one the next accepts wait before they try:
    // one, behind the next such try two, and so on, until a try has found somebody.
    static constexpr unsigned most_waits = 16;
    unsigned waits_first_ = 0;
    unsigned next_waits_ = 1;
};

namespace {

bool is_shortage(const error_code& ec) {
    switch (ec.value()) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return true;
        default:
            return false;
    }
}

// The connection has ended before it was accepted: accept(2) tells of the network errors of the new socket.
bool is_of_connection(const error_code& ec) {
    switch (ec.value()) {
        case ECONNABORTED:
        case ENETDOWN:
        case EPROTO:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ECONNRESET:
        case EPERM:  // a firewall's
            return true;
        default:
            return false;
    }
}

}  // namespace

result<void> listener_state::open(unique_fd fd, const address& where, socket_file file) {
    where_ = where;
    const auto family = sys::socket_option(fd.get(), SOL_SOCKET, SO_DOMAIN);
    if (!family) return address_error(where, family.error(), "family of the socket");
    family_ = *family;
    error_code ec;
    socket_.assign(fd.get(), ec);
    if (ec) return address_error(where, ec, "watch the socket");
    static_cast<void>(fd.release());
    file_ = std::move(file);
    return {};
}

void listener_state::complete(handler_type handler, bool first, const error_code& ec, open_connection c) {
    if (first)
        post_completion(get_executor(), std::move(handler), ec, std::move(c));
    else
        std::move(handler)(ec, std::move(c));
}

void listener_state::accept_next(handler_type handler, bool first) {
    if (first && waits_first_ != 0) {
        --waits_first_;
        return wait_for_connection(std::move(handler));
    }
    constexpr int budget = 64;  // who connects and is refused does not hold up the loop
    for (int turn = 0; turn < budget; ++turn) {
        if (!socket_.is_open()) return complete(std::move(handler), first, sys::make_code(EBADF), {});
        auto fd = sys::accept(socket_.native_handle());
        if (fd) {
            paused_ = false;
            if (!welcome(fd->get())) continue;
            ++counters_.accepted;
            if (first) next_waits_ = 1;
            return complete(std::move(handler), first, {}, {std::move(*fd), family_});
        }
        const auto ec = fd.error();
        if (is_shortage(ec)) return pause(ec, std::move(handler));
        if (is_of_connection(ec)) continue;
        if (ec != sys::make_code(EAGAIN)) return complete(std::move(handler), first, ec, {});
        if (first) waits_first_ = std::exchange(next_waits_, std::min(next_waits_ * 2, most_waits));
        break;
    }
    wait_for_connection(std::move(handler));
}

void listener_state::wait_for_connection(handler_type handler) {
    socket_.async_wait(
        asio::posix::stream_descriptor::wait_read,
        map_handler(std::move(handler), [self = shared_from_this()](auto h, const error_code& ec) mutable {
            if (ec) return std::move(h)(ec, open_connection{});
            self->accept_next(std::move(h), false);
        }));
}

bool listener_state::welcome(int fd) {
    if (all_welcome_) return true;
    const auto who = peer_of(fd);
    if (who && options_.policy->allows(*who)) return true;
    ++counters_.refused;
    return false;
}

void listener_state::pause(const error_code& why, handler_type handler) {
    ++counters_.pauses;
    if (!std::exchange(paused_, true))
        logger()->warn("{}: accept: {}; trying again every {} ms", to_string(*where_), why.message(),
                       options_.pause.count());
    const auto timer = pauses_.emplace(pauses_.end(), get_executor(), detail::time_after(options_.pause));
    timer->async_wait(
        map_handler(std::move(handler), [self = shared_from_this(), timer](auto h, error_code ec) mutable {
            self->pauses_.erase(timer);
            if (ec) return std::move(h)(ec, open_connection{});
            self->accept_next(std::move(h), false);
        }));
}

void listener_state::cancel() noexcept {
    for (auto& timer : pauses_) timer.cancel();
    error_code ignored;
    socket_.cancel(ignored);
}

unique_fd listener_state::release() noexcept {
    cancel();
    file_.release();
    return unique_fd(socket_.is_open() ? socket_.release() : -1);
}

void listener_state::close() noexcept {
    file_.remove();  // while it still serves: nobody may take it for a stale one
    unique_fd closed = release();
}

// Opening

namespace {

struct bound_socket {
    unique_fd fd{};
    std::optional<address> where{};
    socket_file file{};
};

result<bound_socket> open_local(const address& a, const socket_type& type, int backlog) {
    auto fd = open_socket(a, type);
    if (!fd) return fd.error();
    auto file = bind_local(fd->get(), a, backlog);
    if (!file) return file.error();
    return bound_socket{std::move(*fd), a.with_options({}).value(), std::move(*file)};
}

result<bound_socket> open_tcp(const address& a, int backlog) {
    auto at = with_numbers(a);
    if (!at) return at.error();
    const auto type = socket_type_for(*at);
    const auto native = to_socket_address(*at);
    if (!native) return native.error();
    auto fd = open_socket(*at, type);
    if (!fd) return fd.error();
    if (a.options().reuse.value_or(true))
        if (const auto ec = sys::set_socket_option(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1))
            return address_error(a, ec, "option reuse");
    if (const auto ec = sys::bind(fd->get(), native->data(), native->size)) return address_error(a, ec, "bind");
    if (const auto ec = sys::listen(fd->get(), backlog)) return address_error(a, ec, "listen");
    auto where = name_of(fd->get(), type);
    if (!where) return where.error();
    return bound_socket{std::move(*fd), std::move(*where), {}};
}

// What a socket from elsewhere is: its address, or that of its descriptor where it has none.
result<bound_socket> take_over(unique_fd fd, const address& called, const protocol_shape& shape) {
    const auto listens = sys::socket_option(fd.get(), SOL_SOCKET, SO_ACCEPTCONN);
    if (!listens) return address_error(called, listens.error(), "");
    if (*listens == 0) return address_error(called, make_error_code(errc::invalid_argument), "does not listen");
    const auto type = type_of_socket(fd.get());
    if (!type) return address_error(called, type.error().code(), "type of the socket");
    if (!fits(*type, shape)) return wrong_protocol(called);
    if (const auto ec = sys::set_nonblocking(fd.get(), true)) return address_error(called, ec, "make it non-blocking");
    auto where = name_of(fd.get(), *type);
    return bound_socket{std::move(fd), where ? *where : called, {}};
}

result<bound_socket> open_any(const address& a, const protocol_shape& shape) {
    const int backlog = a.options().backlog.value_or(INT_MAX);  // the kernel takes net.core.somaxconn
    switch (a.kind()) {
        case address_kind::descriptor: {
            auto copy = sys::duplicate(a.fd());
            if (!copy) return address_error(a, copy.error(), "");
            return take_over(std::move(*copy), a, shape);
        }
        case address_kind::systemd: {
            auto handed = take_activated_socket(a.systemd_name());
            if (!handed) return handed.error();
            return take_over(std::move(*handed), a, shape);
        }
        case address_kind::unix_stream:
        case address_kind::unix_seqpacket:
        case address_kind::tcp: {
            const auto type = socket_type_for(a);
            if (!fits(type, shape)) return wrong_protocol(a);
            return a.is_unix() ? open_local(a, type, backlog) : open_tcp(a, backlog);
        }
        default:
            return address_error(a, make_error_code(errc::invalid_argument), "nobody can connect to such a socket");
    }
}

// Whether `options` need a peer that the kernel knows.
bool is_choosy(const listen_options& options) noexcept { return options.policy && !options.policy->admits_anyone(); }

error nobody_knows_the_peers(const address& a) {
    return address_error(a, make_error_code(errc::invalid_argument),
                         "a policy needs UNIX sockets: nobody knows who is at the end of others");
}

result<std::shared_ptr<listener_state>> start(const executor& io, bound_socket bound, listen_options options) {
    const auto& where = *bound.where;
    const auto family = sys::socket_option(bound.fd.get(), SOL_SOCKET, SO_DOMAIN);
    const bool local = family && *family == AF_UNIX;
    if (is_choosy(options) && !local) return nobody_knows_the_peers(where);
    if (!options.policy && local && where.is_abstract()) options.policy = peer_policy::same_user();
    const bool all_welcome = !is_choosy(options);
    auto state = std::make_shared<listener_state>(io, options, all_welcome);
    if (auto opened = state->open(std::move(bound.fd), where, std::move(bound.file)); !opened) return opened.error();
    return state;
}

}  // namespace

result<std::shared_ptr<listener_state>> open_listener(const executor& io, const address& a, const protocol_shape& shape,
                                                      const listen_options& options) {
    // Before a port is open, if only for a moment.
    if (is_choosy(options) && a.kind() == address_kind::tcp) return nobody_knows_the_peers(a);
    auto bound = open_any(a, shape);
    if (!bound) return bound.error();
    return start(io, std::move(*bound), options);
}

result<std::shared_ptr<listener_state>> adopt_listener(const executor& io, unique_fd fd, const protocol_shape& shape,
                                                       const listen_options& options) {
    const auto called = address::descriptor(fd.get());
    if (!called) return called.error();
    auto bound = take_over(std::move(fd), *called, shape);
    if (!bound) return bound.error();
    return start(io, std::move(*bound), options);
}

void start_accept(std::shared_ptr<listener_state> listener,
                  completion_handler<void(error_code, open_connection)> handler) {
    listener->accept_next(std::move(handler), true);
}

executor executor_of_listener(listener_state& listener) noexcept { return listener.get_executor(); }
int descriptor_of(listener_state& listener) noexcept { return listener.descriptor(); }
const address& address_of(const listener_state& listener) noexcept { return listener.local_address(); }
listener_counters counters_of(const listener_state& listener) noexcept { return listener.counters(); }
void cancel(listener_state& listener) noexcept { listener.cancel(); }
void close(listener_state& listener) noexcept { listener.close(); }
unique_fd release(listener_state& listener) noexcept { return listener.release(); }

}  // namespace parley::detail
