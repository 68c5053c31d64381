// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/core/log.hpp>

#include <boost/test/unit_test.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <thread>
#include <vector>

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
