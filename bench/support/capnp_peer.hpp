// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of Cap'n Proto's calls over a UNIX stream socket.
#pragma once

#include "echo.capnp.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>

#include <string_view>
#include <utility>

namespace bench {

inline kj::ArrayPtr<const kj::byte> to_bytes(std::string_view text) {
    return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}

inline std::string_view to_view(capnp::Data::Reader bytes) {
    return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

/// Gives back what it is called with.
class capnp_echo : public schema::Echo::Server {
protected:
    kj::Promise<void> echo(EchoContext call) override {
        call.getResults().setBytes(call.getParams().getBytes());
        return kj::READY_NOW;
    }

    kj::Promise<void> call(CallContext call) override {
        const auto asked = call.getParams();
        auto answer = call.getResults();
        answer.setText(asked.getText());
        answer.setNumber(asked.getNumber());
        return kj::READY_NOW;
    }
};

/// The event loop of a process and its end of one connection or more. They close the sockets.
class capnp_loop {
public:
    kj::Own<kj::AsyncIoStream> wrap(int socket) {
        return io_.lowLevelProvider->wrapSocketFd(socket, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP);
    }
    kj::WaitScope& scope() { return io_.waitScope; }

private:
    kj::AsyncIoContext io_ = kj::setupAsyncIo();
};

class capnp_client {
public:
    explicit capnp_client(int socket) : stream_(loop_.wrap(socket)), rpc_(*stream_) {}

    schema::Echo::Client echo() { return rpc_.bootstrap().castAs<schema::Echo>(); }
    kj::WaitScope& scope() { return loop_.scope(); }

private:
    capnp_loop loop_;
    kj::Own<kj::AsyncIoStream> stream_;
    capnp::TwoPartyClient rpc_;
};

class capnp_server {
public:
    capnp_server(capnp_loop& loop, int socket, kj::Own<schema::Echo::Server> what)
        : stream_(loop.wrap(socket)),
          rpc_(*stream_, schema::Echo::Client(kj::mv(what)), capnp::rpc::twoparty::Side::SERVER) {}

    kj::Promise<void> ended() { return rpc_.onDisconnect(); }

private:
    kj::Own<kj::AsyncIoStream> stream_;
    capnp::TwoPartyClient rpc_;
};

/// Calls push with one message after the other, for ever, as fast as the flow control of the calls lets it.
template <typename Messages>
void push_by_capnp(int socket, Messages messages) {
    capnp_client client(socket);
    auto echo = client.echo();
    for (;;) {
        const auto message = messages.next();
        auto call = echo.pushRequest(capnp::MessageSize{message.size() / sizeof(capnp::word) + 16, 0});
        call.setBytes(to_bytes(message));
        call.send().wait(client.scope());
    }
}

/// Takes what is pushed, and fulfils `over` when the run is over or something is wrong.
template <typename Messages>
class capnp_receiver : public schema::Echo::Server {
public:
    capnp_receiver(Messages& messages, kj::PromiseFulfiller<void>& over) : messages_(messages), over_(over) {}

protected:
    kj::Promise<void> push(PushContext call) override {
        auto failure = kj::runCatchingExceptions([&] {
            if (!messages_.take(to_view(call.getParams().getBytes()))) over_.fulfill();
        });
        KJ_IF_MAYBE (what, failure) over_.reject(kj::mv(*what));
        return kj::READY_NOW;
    }

private:
    Messages& messages_;
    kj::PromiseFulfiller<void>& over_;
};

}  // namespace bench
