// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/log.hpp>

#include <boost/test/unit_test.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(log_test)

std::shared_ptr<spdlog::logger> logger_into(std::ostream& out) {
    auto made = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
    made->set_pattern("%v");
    return made;
}

BOOST_AUTO_TEST_CASE(by_default_it_is_called_parley_and_is_silent_below_warn) {
    const auto log = parley::logger();
    BOOST_TEST_REQUIRE(log != nullptr);
    BOOST_TEST(log->name() == "parley");
    BOOST_TEST(log->should_log(spdlog::level::warn));
    BOOST_TEST(!log->should_log(spdlog::level::info));
    BOOST_TEST(parley::logger() == log);
}

BOOST_AUTO_TEST_CASE(a_program_may_replace_it_and_get_the_default_back) {
    std::ostringstream out;
    const auto mine = logger_into(out);
    parley::set_logger(mine);
    BOOST_TEST(parley::logger() == mine);
    parley::logger()->warn("seen {}", 1);
    mine->flush();
    BOOST_TEST(out.str() == "seen 1\n");
    parley::set_logger(nullptr);
    BOOST_TEST(parley::logger() != mine);
    BOOST_TEST(parley::logger()->name() == "parley");
}

// It may quote what a peer has sent.
BOOST_AUTO_TEST_CASE(a_line_of_the_default_has_no_control_characters_on_its_way_to_a_terminal) {
    std::FILE* const file = std::tmpfile();
    BOOST_TEST_REQUIRE(file != nullptr);
    std::fflush(stderr);
    const int before = ::dup(STDERR_FILENO);
    ::dup2(::fileno(file), STDERR_FILENO);
    parley::logger()->warn("{}",
                           "a\x1b[31mb\xc2\x9b"
                           "c\x9b"
                           "d\n\xc3\xa4");
    parley::logger()->flush();
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    std::rewind(file);
    char line[256] = {};
    BOOST_TEST(std::fgets(line, sizeof line, file) == line);
    BOOST_TEST(std::string(line).ends_with(R"(a\x1b[31mb\x9bc\x9bd\x0a)"
                                           "\xc3\xa4\n"));
    std::fclose(file);
}

BOOST_AUTO_TEST_CASE(threads_may_use_and_replace_it_at_once) {
    std::ostringstream out;
    const auto mine = logger_into(out);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            for (int n = 0; n < 1000; ++n) {
                if (i == 0) parley::set_logger(n % 2 == 0 ? mine : nullptr);
                if (!parley::logger()) BOOST_ERROR("no logger");
            }
        });
    for (auto& thread : threads) thread.join();
    parley::set_logger(nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
