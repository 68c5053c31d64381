// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The protocols that calls are made in, and how their messages are divided.
#pragma once

#include <parley/core/error.hpp>
#include <parley/message/any_channel.hpp>
#include <parley/message/channel.hpp>
#include <parley/message/content_length.hpp>
#include <parley/message/framer.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/message_pack.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/rpc/export.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace parley::rpc {
namespace detail {
class wire;
}

/// How messages of JSON-RPC are divided.
enum class json_framing : unsigned char {
    lines,           ///< one in a line, as MCP has it over standard streams
    content_length,  ///< with a header `Content-Length: N`, as language servers have it
    length_prefix,   ///< parley's own
};

/// What is not in JSON-RPC itself and done by convention. The defaults are those of the Language Server Protocol.
struct json_rpc_options {
    json_framing framing = json_framing::lines;
    /// The notification that cancels a call, and the name of the call's id in its arguments; empty: there is none.
    std::string cancel_method = "$/cancelRequest";
    std::string cancel_id = "id";
    /// Whether a call that the caller has cancelled is answered: with its result, or with the fault "cancelled". The
    /// caller waits for neither.
    bool answer_cancelled = true;
    /// The notification that carries a partial result; the names of its token, and of the value in its arguments
    /// (empty: all arguments are the value).
    std::string progress_method = "$/progress";
    std::string progress_token = "token";
    std::string progress_value = "value";
    /// The name under which a call asks for partial results, "outer.inner" for a map in the arguments.
    std::string request_token = "partialResultToken";
    /// The member of a call that tells how long its caller waits for the answer, in milliseconds. JSON-RPC has none:
    /// where both sides agree on one, a handler ends with the deadline of its caller, and knows it
    /// (`context::deadline`). Empty: it is not told.
    std::string deadline_member{};

    /// Those of language servers: messages with a header.
    static json_rpc_options language_server() {
        json_rpc_options o;
        o.framing = json_framing::content_length;
        return o;
    }
    /// Those of the Model Context Protocol.
    static json_rpc_options mcp() {
        json_rpc_options o;
        o.cancel_method = "notifications/cancelled";
        o.cancel_id = "requestId";
        o.answer_cancelled = false;
        o.progress_method = "notifications/progress";
        o.progress_token = "progressToken";
        o.progress_value = "";
        o.request_token = "_meta.progressToken";
        return o;
    }
};

/// What MessagePack-RPC leaves open.
struct message_pack_rpc_options {
    /// Faults as Neovim has them, a kind (0: an exception, 1: wrong arguments) and a text. It shows no others. Without
    /// this a fault is a number, a text and, where there are some, data.
    bool neovim_faults = false;

    /// Those of Neovim.
    static message_pack_rpc_options neovim() {
        message_pack_rpc_options o;
        o.neovim_faults = true;
        return o;
    }
};

/// A protocol that calls are made in: a value.
///
/// | | `json_rpc` | `message_pack_rpc` | `varlink` |
/// |---|---|---|---|
/// | calls in both directions | yes | yes | from the one who connected |
/// | arguments | by place, by name | by place; by name as one map | by name |
/// | answers | in any order | in any order | in the order of the calls |
/// | partial results | by `$/progress` | no | `more` |
/// | cancelling | by `$/cancelRequest` | the answer is thrown away | the answer is thrown away |
/// | bytes | text in base64 | yes | text in base64 |
///
/// Sources: jsonrpc.org/specification; github.com/msgpack-rpc/msgpack-rpc, spec.md; varlink.org.
class PARLEY_RPC_EXPORT protocol {
public:
    /// JSON-RPC 2.0 in lines.
    protocol();
    // What is moved is copied: a protocol is never empty.
    protocol(const protocol&) = default;
    protocol& operator=(const protocol&) = default;
    ~protocol() = default;

    /// "json-rpc", "lsp" (JSON-RPC with headers), "mcp", "msgpack-rpc", "neovim", "varlink". Errors:
    /// `invalid_argument`.
    [[nodiscard]] static result<protocol> named(std::string_view name);

    std::string_view name() const noexcept;
    /// "&framing=…" where it is not the one that goes with the name; empty otherwise.
    std::string_view framing_option() const noexcept;
    /// The same with another framing; for JSON-RPC alone.
    protocol with_framing(json_framing framing) const;

    /// A channel over `stream` with the framing of this protocol.
    template <typename Stream>
    any_channel make_channel(Stream stream, const channel_options& options = {},
                             std::size_t message_limit = default_message_limit) const {
        return std::visit(
            [&](auto framing) -> any_channel { return channel(std::move(stream), std::move(framing), options); },
            framing(message_limit));
    }

    using any_framing =
        std::variant<lines, parley::content_length, parley::length_prefix, nul_terminated, message_pack>;
    any_framing framing(std::size_t message_limit = default_message_limit) const;

    /// What every connection has of its own. For parley itself.
    std::unique_ptr<detail::wire> make_wire() const;

private:
    friend PARLEY_RPC_EXPORT protocol json_rpc(const json_rpc_options& options);
    friend PARLEY_RPC_EXPORT protocol message_pack_rpc(message_pack_rpc_options options);
    friend PARLEY_RPC_EXPORT protocol varlink();
    enum class kind : unsigned char { json_rpc, message_pack_rpc, varlink };

    kind kind_ = kind::json_rpc;
    message_pack_rpc_options message_pack_{};
    std::shared_ptr<const json_rpc_options> json_;
};

/// JSON-RPC 2.0. (GCC 12 miscompiles aggregates that are written within a `co_await` expression: give options a name.)
PARLEY_RPC_EXPORT protocol json_rpc(const json_rpc_options& options);
inline protocol json_rpc() { return {}; }
/// MessagePack-RPC.
PARLEY_RPC_EXPORT protocol message_pack_rpc(message_pack_rpc_options options = {});
/// varlink, as system services speak it.
PARLEY_RPC_EXPORT protocol varlink();

}  // namespace parley::rpc
