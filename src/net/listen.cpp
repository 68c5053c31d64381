// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/net/listen.hpp>

#include <parley/net/activation.hpp>
#include <parley/net/socket_file.hpp>

#include "core/syscall_net.hpp"
#include "net/bind_local.hpp"
#include "net/listener_state.hpp"
#include "net/open_socket.hpp"

#include <boost/system/system_error.hpp>

#include <climits>
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
    listener->accept_next(std::move(handler));
}

executor executor_of_listener(listener_state& listener) noexcept { return listener.get_executor(); }
int descriptor_of(listener_state& listener) noexcept { return listener.descriptor(); }
const address& address_of(const listener_state& listener) noexcept { return listener.local_address(); }
void throw_no_listener() {
    throw boost::system::system_error(asio::error::bad_descriptor, "listener without a socket");
}
listener_counters counters_of(const listener_state& listener) noexcept { return listener.counters(); }
void cancel(listener_state& listener) noexcept { listener.cancel(); }
void close(listener_state& listener) noexcept { listener.close(); }
unique_fd release(listener_state& listener) noexcept { return listener.release(); }

}  // namespace parley::detail
