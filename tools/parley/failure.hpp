// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What ends the tool with one line on standard error and exit code 2.
#pragma once

#include <boost/system/system_error.hpp>

#include <stdexcept>
#include <string>

namespace parley::tool {

/// It did not work: the address, the connection, the child, what came.
class failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The command line is none; the text names the option and what is allowed.
class usage_error : public failure {
public:
    using failure::failure;
};

/// What happened, without the place in parley's source.
inline std::string text_of(const boost::system::system_error& e) {
    const std::string text = e.what();
    return text.substr(0, text.rfind(" [" + std::string(e.code().category().name()) + ":"));
}

}  // namespace parley::tool
