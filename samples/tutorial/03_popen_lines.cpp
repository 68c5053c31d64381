// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// popen("ls *", "r"), line by line, then the status; and popen in the other direction.

#include <parley/loop/application.hpp>
#include <parley/process/popen.hpp>

#include <boost/asio/this_coro.hpp>

#include <iostream>

// [read]
parley::task<> list_files() {
    auto listing = parley::popen(co_await parley::asio::this_coro::executor, "ls *").value();
    int count = 0;
    while (const auto line = co_await listing.async_read_line()) std::cout << ++count << ": " << *line << "\n";
    std::cout << "ls " << co_await listing.async_close() << std::endl;
}
// [/read]

// [write]
parley::task<> sort_words() {
    auto sort =
        parley::popen(co_await parley::asio::this_coro::executor, "sort", {.mode = parley::popen_mode::read_write})
            .value();
    for (const char* word : {"pear\n", "apple\n", "fig\n"}) co_await sort.async_write(word);
    sort.close_input();  // the end of its input; its output is still to come
    while (const auto line = co_await sort.async_read_line()) std::cout << *line << "\n";
    std::cout << "sort " << co_await sort.async_close() << std::endl;
}
// [/write]

parley::task<> both() {
    co_await list_files();
    co_await sort_words();
}

int main() { return parley::run(both()); }
