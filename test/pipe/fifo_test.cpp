// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include <parley/pipe/fifo.hpp>

#include "fault.hpp"
#include "fifo_opening.hpp"
#include "file_tools.hpp"
#include "pipe_bytes.hpp"
#include "run_task.hpp"
#include "skip.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(fifo_test)

using namespace parley;
using namespace parley::test;
namespace generic = boost::system::errc;

namespace {

// Renames `source` to `target` right before the library opens a file for the given time.
struct swap_at_open {
    static inline std::atomic<int> left{0};
    static inline std::string from, to;

    static int hook(sys::call c) noexcept {
        if (c == sys::call::open && --left == 0) std::rename(from.c_str(), to.c_str());
        return 0;
    }
    swap_at_open(int number, std::string source, std::string target) {
        left = number, from = std::move(source), to = std::move(target);
        sys::set_fault_hook(&hook);
    }
    swap_at_open(const swap_at_open&) = delete;
    swap_at_open& operator=(const swap_at_open&) = delete;
    ~swap_at_open() { sys::set_fault_hook(nullptr); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(make_fifo_suite, fifo_fixture)

BOOST_AUTO_TEST_CASE(the_mode_is_exact_whatever_the_umask) {
    for (const mode_t mask : {0, 022, 077, 0777}) {
        for (const mode_t mode : {0600, 0622, 0666, 0000, 0644}) {
            const scoped_umask masked(mask);
            BOOST_TEST(make_fifo(path, mode).has_value());
            BOOST_TEST(mode_of(path) == mode);
            BOOST_TEST(std::filesystem::is_fifo(path));
            BOOST_TEST(::unlink(path.c_str()) == 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(only_the_owner_may_use_it_unless_asked) {
    make_fifo(path).value();
    BOOST_TEST(mode_of(path) == 0600u);
}

BOOST_AUTO_TEST_CASE(what_is_there_stays_and_is_named) {
    std::ofstream(path) << "mine";
    const auto made = make_fifo(path);
    BOOST_TEST(made.error().code() == generic::file_exists);
    BOOST_TEST(made.error().context() == "make FIFO '" + path + "'");
    BOOST_TEST(std::filesystem::file_size(path) == 4u);
    std::filesystem::create_symlink("nowhere", directory / "link");
    BOOST_TEST(make_fifo(directory / "link").error().code() == generic::file_exists);
    BOOST_TEST(!std::filesystem::exists(directory / "nowhere"));
}

BOOST_AUTO_TEST_CASE(a_path_or_a_mode_that_cannot_be_is_refused) {
    BOOST_TEST(make_fifo(path, 010000).error().code() == make_error_code(errc::invalid_argument));
    BOOST_TEST(make_fifo(path + std::string(1, '\0') + "x").error().code() == make_error_code(errc::invalid_argument));
    BOOST_TEST(make_fifo(directory / "no/fifo").error().code() == generic::no_such_file_or_directory);
    BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(a_fifo_without_its_mode_is_removed_again) {
    const scoped_umask masked(077);
    for (const auto call : {sys::call::open, sys::call::fstat, sys::call::chmod}) {
        const fault refused(call, EMFILE);
        BOOST_TEST(make_fifo(path, 0666).error().code() == generic::too_many_files_open);
        BOOST_TEST(!std::filesystem::exists(path));
    }
}

BOOST_AUTO_TEST_CASE(what_takes_the_place_of_a_new_fifo_stays_as_it_is) {
    const scoped_umask masked(077);
    const auto ends = [&](const std::string& what) {
        const swap_at_open swap(1, directory / what, path);
        const auto made = make_fifo(path, 0666);
        BOOST_TEST_REQUIRE(made.has_error());
        return made.error().code();
    };

    std::ofstream(directory / "file") << "mine";
    BOOST_TEST(ends("file") == make_error_code(errc::not_a_fifo));
    BOOST_TEST(std::filesystem::file_size(path) == 4u);
    BOOST_TEST(mode_of(path) == 0600u);
    std::filesystem::remove(path);

    make_fifo(directory / "target").value();
    std::filesystem::create_symlink(directory / "target", directory / "link");
    BOOST_TEST(ends("link") == generic::too_many_symbolic_link_levels);
    BOOST_TEST(std::filesystem::is_symlink(std::filesystem::symlink_status(path)));
    BOOST_TEST(mode_of(directory / "target") == 0600u);
}

BOOST_AUTO_TEST_CASE(the_fifo_of_another_user_that_takes_the_place_of_a_new_one_stays_as_it_is) {
    if (!is_root_or_skip()) return;
    const scoped_umask masked(077);
    make_fifo(directory / "other").value();
    BOOST_TEST_REQUIRE(::chown((directory / "other").c_str(), 65534, 65534) == 0);
    const swap_at_open swap(1, directory / "other", path);
    BOOST_TEST(make_fifo(path, 0666).error().code() == make_error_code(errc::not_a_fifo));
    BOOST_TEST(mode_of(path) == 0600u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(reader_suite, fifo_fixture)

BOOST_AUTO_TEST_CASE(opening_completes_with_the_first_bytes_and_ends_with_the_writer) {
    make_fifo(path).value();
    reader_opening result;
    async_open_fifo_reader(io.get_executor(), path, {}, result.handler());
    run_ready(io);
    BOOST_TEST(!result.done());
    auto writer = raw_open(path, O_WRONLY);
    run_ready(io);
    BOOST_TEST(!result.done());  // a silent writer does not show
    BOOST_TEST(::write(writer.get(), "abc", 3) == 3);
    run_until(io, [&] { return result.done(); });
    BOOST_TEST_REQUIRE(!result.ec);
    BOOST_TEST((::fcntl(result.object->native_handle(), F_GETFD) & FD_CLOEXEC) != 0);
    writer.reset();
    const auto text = run_task(io, [](asio::readable_pipe& reader) -> task<std::string> {
        std::string all;
        error_code ec;
        co_await asio::async_read(reader, asio::dynamic_buffer(all), asio::redirect_error(asio::use_awaitable, ec));
        BOOST_TEST(ec == asio::error::eof);
        co_return all;
    }(*result.object));
    BOOST_TEST(text == "abc");
}

BOOST_AUTO_TEST_CASE(a_writer_that_came_and_went_completes_the_opening) {
    make_fifo(path).value();
    reader_opening result;
    async_open_fifo_reader(io.get_executor(), path, {}, result.handler());
    run_ready(io);
    raw_open(path, O_WRONLY).reset();
    run_until(io, [&] { return result.done(); });
    BOOST_TEST_REQUIRE(!result.ec);
    char byte = 0;
    error_code ec;
    result.object->read_some(asio::buffer(&byte, 1), ec);
    BOOST_TEST(ec == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(kept_open_the_stream_outlives_a_thousand_writers) {
    make_fifo(path).value();
    run_task(io, [](std::string name) -> task<> {
        const auto here = co_await asio::this_coro::executor;
        auto reader = co_await async_open_fifo_reader(here, name, {.keep_open = true}, asio::use_awaitable);
        std::string text;
        for (int i = 0; i < 1000; ++i) {
            const std::string line = std::to_string(i) + '\n';
            {
                const auto writer = raw_open(name, O_WRONLY);
                BOOST_REQUIRE_EQUAL(::write(writer.get(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
            }
            const auto n =
                co_await asio::async_read_until(reader, asio::dynamic_buffer(text), '\n', asio::use_awaitable);
            BOOST_REQUIRE_EQUAL(text.substr(0, n), line);
            text.erase(0, n);
            char byte;
            BOOST_REQUIRE_EQUAL(::read(reader.native_handle(), &byte, 1), -1);  // not the end, which would be 0
        }
    }(path));
}

BOOST_AUTO_TEST_CASE(what_is_no_fifo_is_refused) {
    std::ofstream(directory / "file") << "x";
    make_fifo(path).value();
    std::filesystem::create_symlink(path, directory / "link");
    std::filesystem::create_symlink("nowhere", directory / "dangling");
    for (const bool keep_open : {false, true}) {
        const fifo_options options{.keep_open = keep_open};
        BOOST_TEST(reader_error(io, directory / "file", options) == make_error_code(errc::not_a_fifo));
        BOOST_TEST(reader_error(io, directory.path(), options) == make_error_code(errc::not_a_fifo));
        BOOST_TEST(reader_error(io, "/dev/null", options) == make_error_code(errc::not_a_fifo));
        BOOST_TEST(reader_error(io, directory / "link", options) == generic::too_many_symbolic_link_levels);
        BOOST_TEST(reader_error(io, directory / "dangling", options) == generic::too_many_symbolic_link_levels);
        BOOST_TEST(reader_error(io, directory / "none", options) == generic::no_such_file_or_directory);
        BOOST_TEST(reader_error(io, path + std::string(1, '\0'), options) == make_error_code(errc::invalid_argument));
    }
}

BOOST_AUTO_TEST_CASE(without_a_descriptor_left_it_is_an_error) {
    make_fifo(path).value();
    for (const int number : {1, 2}) {
        const fault none_left(sys::call::open, EMFILE, number, 1);
        BOOST_TEST(reader_error(io, path) == generic::too_many_files_open);
    }
}

BOOST_AUTO_TEST_CASE(every_type_of_cancellation_ends_the_opening_and_closes) {
    make_fifo(path).value();
    for (const auto type : every_type) {
        const auto before = open_descriptors().size();
        asio::cancellation_signal cancel;
        reader_opening result;
        async_open_fifo_reader(io.get_executor(), path, {},
                               asio::bind_cancellation_slot(cancel.slot(), result.handler()));
        run_ready(io);
        cancel.emit(type);
        run_until(io, [&] { return result.done(); });
        BOOST_TEST(result.ec == asio::error::operation_aborted);
        BOOST_TEST(!result.object->is_open());
        BOOST_TEST(raw_open(path, O_WRONLY).get() == -1);  // nobody reads any more
        if (type != every_type[0]) BOOST_TEST(open_descriptors().size() == before);
    }
}

BOOST_AUTO_TEST_CASE(the_context_may_be_destroyed_with_an_opening_pending) {
    make_fifo(path).value();
    asio::io_context own;
    async_open_fifo_reader(own.get_executor(), path, {}, [](error_code, asio::readable_pipe) { BOOST_ERROR("ran"); });
    run_ready(own);
    async_open_fifo_reader(own.get_executor(), path, {}, [](error_code, asio::readable_pipe) { BOOST_ERROR("ran"); });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(replaced_suite, fifo_fixture)

BOOST_AUTO_TEST_CASE(what_takes_the_place_of_a_fifo_is_refused) {
    for (const bool writing : {false, true}) {
        make_fifo(path).value();
        std::ofstream(directory / "file") << "x";
        {
            // Between the look at the path and the opening.
            const swap_at_open swap(2, directory / "file", path);
            BOOST_TEST((writing ? writer_error(io, path) : reader_error(io, path)) ==
                       make_error_code(errc::not_a_fifo));
        }
        std::filesystem::remove(path);
        make_fifo(path).value();
        make_fifo(directory / "target").value();
        std::filesystem::create_symlink(directory / "target", directory / "link");
        {
            const swap_at_open swap(2, directory / "link", path);
            BOOST_TEST((writing ? writer_error(io, path) : reader_error(io, path)) ==
                       generic::too_many_symbolic_link_levels);
        }
        std::filesystem::remove(path);
        std::filesystem::remove(directory / "target");
    }
}

// Between mkfifo(3) and the change of its rights, which then fails, or would be that of another FIFO.
BOOST_AUTO_TEST_CASE(what_takes_the_place_of_a_fifo_that_is_made_stays_as_it_is) {
    static std::string from, to;
    static sys::call when;
    static int failure;
    to = path, from = directory / "other";
    const auto make_while_replaced = [&](sys::call at, int error_number) {
        when = at, failure = error_number;
        sys::set_fault_hook([](sys::call c) noexcept {
            if (c != when || !std::filesystem::exists(from)) return 0;
            std::rename(from.c_str(), to.c_str());
            return failure;
        });
        const auto made = make_fifo(path, 0666);
        sys::set_fault_hook(nullptr);
        BOOST_TEST(!std::filesystem::exists(from));
        return made ? error_code() : made.error().code();
    };
    for (const auto at : {sys::call::open, sys::call::chmod}) {
        std::ofstream(from) << "text";
        BOOST_TEST(make_while_replaced(at, EMFILE) == generic::too_many_files_open);
        BOOST_TEST_REQUIRE(std::filesystem::exists(path));
        BOOST_TEST(std::filesystem::file_size(path) == 4u);
        std::filesystem::remove(path);

        make_fifo(from, 0600).value();
        BOOST_TEST(make_while_replaced(at, EMFILE) == generic::too_many_files_open);
        BOOST_TEST(std::filesystem::is_fifo(path));
        std::filesystem::remove(path);
    }
    make_fifo(from, 0600).value();
    BOOST_TEST(make_while_replaced(sys::call::open, 0) == make_error_code(errc::not_a_fifo));
    BOOST_TEST(mode_of(path) == 0600u);
    std::filesystem::remove(path);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
