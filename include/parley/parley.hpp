// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Everything, except process/boost_initializer.hpp, which needs Boost.Process's headers.
#pragma once

#include <parley/core/asio.hpp>
#include <parley/core/buffer.hpp>
#include <parley/core/completion.hpp>
#include <parley/core/error.hpp>
#include <parley/core/log.hpp>
#include <parley/core/timeout.hpp>
#include <parley/core/unique_fd.hpp>

#include <parley/signal/crash_handler.hpp>
#include <parley/signal/disposition.hpp>
#include <parley/signal/send_signal.hpp>
#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_event.hpp>
#include <parley/signal/signal_mask.hpp>
#include <parley/signal/signal_name.hpp>
#include <parley/signal/signal_watcher.hpp>
#include <parley/signal/wait_signal.hpp>

#include <parley/pipe/fifo.hpp>
#include <parley/pipe/pipe.hpp>

#include <parley/net/activation.hpp>
#include <parley/net/address.hpp>
#include <parley/net/address_endpoint.hpp>
#include <parley/net/connect.hpp>
#include <parley/net/datagram.hpp>
#include <parley/net/descriptor_check.hpp>
#include <parley/net/fd_passing.hpp>
#include <parley/net/flags.hpp>
#include <parley/net/listen.hpp>
#include <parley/net/local.hpp>
#include <parley/net/packet.hpp>
#include <parley/net/peer.hpp>
#include <parley/net/protocol.hpp>
#include <parley/net/raw.hpp>
#include <parley/net/short_text.hpp>
#include <parley/net/socket_file.hpp>
#include <parley/net/socket_handle.hpp>
#include <parley/net/socket_options.hpp>

#include <parley/message/content_length.hpp>
#include <parley/message/datagram.hpp>
#include <parley/message/framer.hpp>
#include <parley/message/length_prefix.hpp>
#include <parley/message/lines.hpp>
#include <parley/message/nul_terminated.hpp>
#include <parley/message/varint.hpp>

#include <parley/process/child.hpp>
#include <parley/process/command.hpp>
#include <parley/process/exit_report.hpp>
#include <parley/process/exit_status.hpp>
#include <parley/process/identity.hpp>
#include <parley/process/init_duty.hpp>
#include <parley/process/pipeline.hpp>
#include <parley/process/popen.hpp>
#include <parley/process/prefork.hpp>
#include <parley/process/process_tree.hpp>
#include <parley/process/pty.hpp>
#include <parley/process/pty_options.hpp>
#include <parley/process/resource_limit.hpp>
#include <parley/process/run.hpp>
#include <parley/process/spawn.hpp>
#include <parley/process/stdio.hpp>
#include <parley/process/stop_policy.hpp>

#include <parley/loop/application.hpp>
#include <parley/loop/event_loop.hpp>
#include <parley/loop/shutdown.hpp>
#include <parley/loop/task_group.hpp>
