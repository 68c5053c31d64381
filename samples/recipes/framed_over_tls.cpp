// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Messages over TLS: a channel takes an asio::ssl::stream as it takes a socket. Server and client are both here, and
// talk over TCP; the server's certificate is made on the spot, and it is the only one that the client trusts.

#include <parley/loop/application.hpp>
#include <parley/loop/task_group.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/listen.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace asio = parley::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using tls_stream = ssl::stream<tcp::socket>;

constexpr auto host = "talk.example";

// A key, and a certificate that it has signed itself, both as PEM.
struct credentials {
    std::string key;
    std::string certificate;
};

credentials make_credentials() {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    const std::unique_ptr<X509_NAME, decltype(&X509_NAME_free)> name(X509_NAME_new(), X509_NAME_free);
    X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host), -1, -1, 0);
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_subject_name(certificate.get(), name.get());
    X509_set_issuer_name(certificate.get(), name.get());
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());

    const auto text = [](auto write) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
        write(memory.get());
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(memory.get(), &bytes);
        return std::string(bytes, static_cast<std::size_t>(size));
    };
    return {text([&](BIO* to) { PEM_write_bio_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); }),
            text([&](BIO* to) { PEM_write_bio_X509(to, certificate.get()); })};
}

// [server]
parley::task<> answer(tls_stream stream) {
    const auto [refused] =
        co_await stream.async_handshake(ssl::stream_base::server, asio::as_tuple(asio::use_awaitable));
    if (refused) co_return;
    parley::channel messages(std::move(stream), parley::length_prefix());
    while (const auto question = co_await messages.async_receive()) {
        const std::string reply = std::to_string(question->size()) + " bytes, and nobody has read along";
        co_await messages.async_send(reply);
    }
    co_await messages.async_shutdown();
}
// [/server]

// [client]
parley::task<> ask(parley::address where, ssl::context& trust) {
    const auto executor = co_await asio::this_coro::executor;
    tls_stream stream(co_await parley::async_connect<tcp>(executor, where), trust);
    stream.set_verify_callback(ssl::host_name_verification(host));
    const auto [failed] =
        co_await stream.async_handshake(ssl::stream_base::client, asio::as_tuple(asio::use_awaitable));
    if (failed) {
        std::cout << "not connected: " << failed.message() << std::endl;
        co_return;
    }
    parley::channel messages(std::move(stream), parley::length_prefix());
    std::cout << "connected with " << ::SSL_get_version(messages.stream().native_handle()) << std::endl;
    for (const std::size_t size : {5, 1'000'000}) {
        const std::string secret(size, 's');
        co_await messages.async_send(secret);
        std::cout << "server: " << (co_await messages.async_receive()).value() << std::endl;
    }
    co_await messages.async_shutdown();
}
// [/client]

parley::task<> meet() {
    const auto executor = co_await asio::this_coro::executor;
    const credentials own = make_credentials();
    ssl::context server(ssl::context::tls_server);
    server.use_private_key(asio::buffer(own.key), ssl::context::pem);
    server.use_certificate(asio::buffer(own.certificate), ssl::context::pem);
    ssl::context friendly(ssl::context::tls_client), wary(ssl::context::tls_client);
    friendly.add_certificate_authority(asio::buffer(own.certificate));
    friendly.set_verify_mode(ssl::verify_peer);
    wary.set_verify_mode(ssl::verify_peer);  // trusts nobody

    auto door = parley::listen<tcp>(executor, parley::address::parse("tcp:0").value()).value();
    for (ssl::context* trust : {&friendly, &wary}) {
        co_await parley::with_task_group([&](parley::task_group& group) -> parley::task<> {
            group.spawn(ask(door.local_address(), *trust));
            co_await answer(tls_stream(co_await door.async_accept(), server));
        });
    }
}

int main() { return parley::run(meet()); }
