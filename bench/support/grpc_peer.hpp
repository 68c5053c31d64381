// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What the workloads share of gRPC over a UNIX socket: the synchronous server and client. To be made after the fork:
// they have threads.
#pragma once

#include "bench.hpp"
#include "numbered.hpp"

#include "echo.grpc.pb.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace bench {

inline std::string grpc_address(const std::string& path) { return "unix:" + path; }

/// Gives back what it is called with.
class grpc_echo : public schema::Echo::Service {
public:
    grpc::Status Echo(grpc::ServerContext*, const schema::Blob* asked, schema::Blob* answer) override {
        answer->set_bytes(asked->bytes());
        return grpc::Status::OK;
    }

    grpc::Status Call(grpc::ServerContext*, const schema::Words* asked, schema::Words* answer) override {
        answer->set_text(asked->text());
        answer->set_number(asked->number());
        return grpc::Status::OK;
    }
};

inline std::unique_ptr<grpc::Server> serve_by_grpc(const std::string& path, schema::Echo::Service& what) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(grpc_address(path), grpc::InsecureServerCredentials());
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterService(&what);
    auto server = builder.BuildAndStart();
    require(server != nullptr, "the gRPC server has not started");
    return server;
}

inline std::unique_ptr<schema::Echo::Stub> connect_by_grpc(const std::string& path) {
    grpc::ChannelArguments options;
    options.SetMaxReceiveMessageSize(-1);
    options.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);  // where the server is not there yet
    return schema::Echo::NewStub(
        grpc::CreateCustomChannel(grpc_address(path), grpc::InsecureChannelCredentials(), options));
}

inline void grpc_check(const grpc::Status& status) {
    if (!status.ok()) throw std::runtime_error("gRPC: " + status.error_message());
}

/// Streams messages for ever.
inline void push_by_grpc(std::size_t bytes, const std::string& path) {
    const auto stub = connect_by_grpc(path);
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    schema::Nothing answer;
    const auto writer = stub->Push(&context, &answer);
    numbered messages(bytes);
    schema::Blob blob;
    do {
        const auto message = messages.next();
        blob.set_bytes(message.data(), message.size());
    } while (writer->Write(blob));
}

/// Takes what is pushed by each client, until the run is over. The clients have a thread each, the run has one lock.
class grpc_receiver : public schema::Echo::Service {
public:
    grpc_receiver(run& r, std::size_t bytes) : run_(r), bytes_(bytes) {}

    /// Throws what was wrong.
    void wait() { over_.get_future().get(); }

    grpc::Status Push(grpc::ServerContext*, grpc::ServerReader<schema::Blob>* reader, schema::Nothing*) override {
        try {
            checked messages(run_, bytes_);
            for (schema::Blob blob; reader->Read(&blob);) {
                const std::lock_guard<std::mutex> lock(mutex_);
                if (ended_ || messages.take(blob.bytes())) continue;
                ended_ = true;
                over_.set_value();
            }
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!std::exchange(ended_, true)) over_.set_exception(std::current_exception());
        }
        return grpc::Status::OK;
    }

private:
    run& run_;
    std::size_t bytes_;
    std::mutex mutex_;
    bool ended_ = false;
    std::promise<void> over_;
};

/// Receives until the run is over.
inline void receive_by_grpc(run& r, std::size_t bytes, const std::string& path) {
    grpc_receiver receiver(r, bytes);
    const auto server = serve_by_grpc(path, receiver);
    receiver.wait();
    server->Shutdown(std::chrono::system_clock::now());
}

}  // namespace bench
