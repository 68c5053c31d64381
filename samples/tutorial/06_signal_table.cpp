// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// Every signal of this Linux: number, name, class, default action, and what it means.

#include <parley/signal/signal_catalogue.hpp>
#include <parley/signal/signal_name.hpp>

#include <iomanip>
#include <iostream>

int main() {
    // [table]
    for (const auto& signal : parley::signal_catalogue()) {
        std::cout << std::setw(2) << signal.number << "  " << std::left << std::setw(12) << signal.name << std::setw(20)
                  << to_string(signal.cls) << std::setw(11) << to_string(signal.action)
                  << (signal.catchable ? "   " : "!  ") << signal.text << std::right << "\n";
    }
    // [/table]

    // [names]
    for (const char* text : {"INT", "SIGINT", "int", "2", "RTMIN+3", "SIGFOO"}) {
        const auto number = parley::signal_number(text);
        std::cout << text << " is ";
        if (number)
            std::cout << *number << ", " << parley::signal_name(*number).value() << "\n";
        else
            std::cout << "an error: " << number.error() << "\n";
    }
    // [/names]
}
