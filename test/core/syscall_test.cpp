// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "core/syscall.hpp"

#include "fault.hpp"
#include "leftovers.hpp"
#include "temporary_directory.hpp"

#include <boost/system/errc.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(syscall_test)

using namespace parley;
using namespace parley::test;
namespace generic = boost::system::errc;

struct fixture : no_leftovers {
    temporary_directory directory;
    unique_fd file = sys::open("/dev/null", O_RDWR).value();
};

struct step {
    std::string name;
    sys::call call;
    std::function<error_code()> run;
};

template <typename T>
error_code code_of_outcome(const sys::outcome<T>& made) {
    return made ? error_code{} : made.error();
}

// Every call that the parent makes, each a success when nothing is in its way.
std::vector<step> every_call(fixture& f) {
    using sys::call;
    static char byte = 'x';
    static const iovec part{&byte, 1};
    const int fd = f.file.get();
    const std::string path = f.directory / "name";
    const auto pipe_end = [] { return std::make_shared<sys::pipe_ends>(sys::pipe(O_NONBLOCK).value()); };
    const auto ends = pipe_end();
    const auto epoll = std::make_shared<unique_fd>(sys::epoll_create().value());
    const auto watch = std::make_shared<unique_fd>(sys::inotify_init().value());
    const auto self = std::make_shared<unique_fd>(sys::pidfd_open(::getpid()).value());
    const auto memory = std::make_shared<unique_fd>(sys::memory_file("test").value());
    static sigset_t set, earlier;
    sigemptyset(&set);
    return {
        {"duplicate", call::dup, [=] { return code_of_outcome(sys::duplicate(fd)); }},
        {"open", call::open, [=] { return code_of_outcome(sys::open("/dev/null", O_RDONLY)); }},
        {"read", call::read, [=] { return code_of_outcome(sys::read(fd, &byte, 1)); }},
        {"write", call::write, [=] { return code_of_outcome(sys::write(fd, &byte, 1)); }},
        {"writev", call::writev, [=] { return code_of_outcome(sys::writev_no_sigpipe(ends->writer.get(), &part, 1)); }},
        {"status_flags", call::fcntl, [=] { return code_of_outcome(sys::status_flags(fd)); }},
        {"set_nonblocking", call::fcntl, [=] { return sys::set_nonblocking(fd, false); }},
        {"fstat", call::fstat, [=] { return code_of_outcome(sys::fstat(fd)); }},
        {"read_file", call::open, [=] { return code_of_outcome(sys::read_file("/proc/self/stat", 4096)); }},
        {"pipe", call::pipe2, [=] { return code_of_outcome(sys::pipe()); }},
        {"set_pipe_size", call::set_pipe_size,
         [=] { return code_of_outcome(sys::set_pipe_size(ends->writer.get(), 4096)); }},
        {"pipe_size", call::fcntl, [=] { return code_of_outcome(sys::pipe_size(ends->writer.get())); }},
        {"write_file", call::open, [=] { return sys::write_file("/dev/null", "text"); }},
        {"write_file", call::write, [=] { return sys::write_file("/dev/null", "text"); }},
        {"memory_file", call::memfd, [=] { return code_of_outcome(sys::memory_file("test")); }},
        {"write_at", call::write, [=] { return sys::write_at(memory->get(), "x", 0); }},
        {"mkdir", call::mkdir, [=] { return sys::mkdir(path.c_str(), 0700); }},
        {"directory", call::getdents,
         [=] { return code_of_outcome(sys::directory::open(path.c_str()).value().next()); }},
        {"rmdir", call::rmdir, [=] { return sys::rmdir(path.c_str()); }},
        {"mkfifo", call::mkfifo, [=] { return sys::mkfifo(path.c_str(), 0600); }},
        {"chmod", call::chmod, [=] { return sys::chmod(path.c_str(), 0600); }},
        {"unlink", call::unlink, [=] { return sys::unlink(path.c_str()); }},
        {"eventfd", call::eventfd, [=] { return code_of_outcome(sys::eventfd()); }},
        {"epoll_create", call::epoll_create, [=] { return code_of_outcome(sys::epoll_create()); }},
        {"epoll_add", call::epoll_ctl, [=] { return sys::epoll_add(epoll->get(), ends->reader.get(), EPOLLIN); }},
        {"inotify_init", call::inotify_init, [=] { return code_of_outcome(sys::inotify_init()); }},
        {"inotify_add_watch", call::inotify_add_watch,
         [=] { return sys::inotify_add_watch(watch->get(), "/", IN_OPEN); }},
        {"signalfd", call::signalfd, [=] { return code_of_outcome(sys::signalfd(set)); }},
        {"sigaction", call::sigaction, [=] { return sys::sigaction(SIGUSR1, nullptr, nullptr); }},
        {"thread_sigmask", call::thread_sigmask, [=] { return sys::thread_sigmask(SIG_BLOCK, &set, &earlier); }},
        {"sigpending", call::sigpending, [=] { return sys::sigpending(set); }},
        {"sigaltstack", call::sigaltstack, [=] { return sys::sigaltstack(nullptr, nullptr); }},
        {"kill_group", call::kill, [=] { return sys::kill_group(0, 0); }},
        {"raise", call::tgkill, [=] { return sys::raise(0); }},
        {"pidfd_open", call::pidfd_open, [=] { return code_of_outcome(sys::pidfd_open(::getpid())); }},
        {"pidfd_send_signal", call::pidfd_send_signal, [=] { return sys::pidfd_send_signal(self->get(), 0); }},
        {"is_subreaper", call::prctl, [=] { return code_of_outcome(sys::is_subreaper()); }},
        {"set_subreaper", call::prctl, [=] { return sys::set_subreaper(false); }},
        {"resource_limit", call::getrlimit, [=] { return code_of_outcome(sys::resource_limit(RLIMIT_NOFILE)); }},
    };
}

BOOST_FIXTURE_TEST_SUITE(syscall_suite, fixture)

BOOST_AUTO_TEST_CASE(a_call_that_fails_reports_its_errno_and_leaves_nothing) {
    for (const auto& s : every_call(*this)) {
        for (const int value : {EMFILE, ENOMEM, EPERM, ENOSYS, EIO}) {
            if (s.call == sys::call::writev && value != EMFILE && value != EIO)
                continue;  // those bring in the other way
            const auto before = open_descriptors().size();
            {
                const fault f(s.call, value);
                BOOST_TEST(s.run() == sys::make_code(value), s.name << " with errno " << value);
            }
            BOOST_TEST(open_descriptors().size() == before, s.name << " leaked");
        }
        BOOST_TEST(!s.run(), s.name << " after the fault");
    }
}

BOOST_AUTO_TEST_CASE(an_interrupted_call_is_made_again) {
    for (const auto& s : every_call(*this)) {
        if (s.call == sys::call::thread_sigmask) continue;  // pthread_sigmask(3) is never interrupted
        const fault f(s.call, EINTR, 1, 2);
        BOOST_TEST(!s.run(), s.name);
        BOOST_TEST(f.seen() >= 3, s.name);
    }
}

BOOST_AUTO_TEST_CASE(every_descriptor_is_close_on_exec_and_leaves_the_standard_streams_places) {
    std::array<unique_fd, 3> kept;
    for (int fd = 0; fd < 3; ++fd) kept[static_cast<std::size_t>(fd)] = sys::duplicate(fd).value();
    sigset_t set;
    sigemptyset(&set);
    std::vector<unique_fd> made;
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    made.push_back(sys::duplicate(file.get()).value());
    made.push_back(sys::open("/dev/null", O_RDONLY).value());
    made.push_back(sys::eventfd().value());
    made.push_back(sys::epoll_create().value());
    made.push_back(sys::inotify_init().value());
    made.push_back(sys::signalfd(set).value());
    made.push_back(sys::pidfd_open(::getpid()).value());
    auto ends = sys::pipe().value();
    made.push_back(std::move(ends.reader));
    made.push_back(std::move(ends.writer));
    for (int fd = 0; fd < 3; ++fd) ::dup2(kept[static_cast<std::size_t>(fd)].get(), fd);
    for (const auto& fd : made) {
        BOOST_TEST(fd.get() >= 3);
        BOOST_TEST((::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
        BOOST_TEST(!sys::survives_exec(fd.get()));
    }
    BOOST_TEST(sys::survives_exec(0));
    BOOST_TEST(!sys::survives_exec(999'999));
}

BOOST_AUTO_TEST_CASE(a_pipe_whose_end_cannot_be_moved_is_closed_whole) {
    const int kept = ::fcntl(0, F_DUPFD_CLOEXEC, 3);
    ::close(0);
    const auto before = open_descriptors().size();
    error_code ec;
    {
        const fault none_left(sys::call::dup, EMFILE);
        ec = code_of_outcome(sys::pipe());
    }
    const auto after = open_descriptors().size();
    ::dup2(kept, 0);
    ::close(kept);
    BOOST_TEST(ec == generic::too_many_files_open);
    BOOST_TEST(before == after);
}

BOOST_AUTO_TEST_CASE(close_keeps_errno) {
    errno = EXDEV;
    sys::close(-1);
    BOOST_TEST(errno == EXDEV);
}

BOOST_AUTO_TEST_CASE(non_blocking_is_switched_on_and_off) {
    BOOST_TEST(!sys::set_nonblocking(file.get(), true));
    BOOST_TEST((sys::status_flags(file.get()).value() & O_NONBLOCK) != 0);
    BOOST_TEST(!sys::set_nonblocking(file.get(), false));
    BOOST_TEST((sys::status_flags(file.get()).value() & O_NONBLOCK) == 0);
}

BOOST_AUTO_TEST_CASE(a_file_is_read_whole_up_to_the_limit) {
    const std::string path = directory / "file";
    std::ofstream(path) << std::string(10'000, 'a') << "end";
    BOOST_TEST(sys::read_file(path.c_str(), 1 << 20).value().ends_with("aend"));
    BOOST_TEST(sys::read_file(path.c_str(), 1 << 20).value().size() == 10'003u);
    BOOST_TEST(sys::read_file(path.c_str(), 5'000).value().size() == 5'000u);
    BOOST_TEST(sys::read_file(path.c_str(), 0).value().empty());
    BOOST_TEST(sys::read_file((path + "x").c_str(), 10).error() == generic::no_such_file_or_directory);
}

BOOST_AUTO_TEST_CASE(a_directory_is_listed_to_its_end) {
    std::set<std::string> made, found;
    for (int i = 0; i < 40; ++i) made.insert(std::string(1 + static_cast<std::size_t>(i) * 6, 'a') + std::to_string(i));
    for (const auto& name : made) BOOST_TEST(!sys::mkdir((directory / name).c_str(), 0700));
    std::ofstream(directory / "file") << "text";
    auto listing = sys::directory::open(directory.path().c_str()).value();
    int files = 0;
    for (auto e = listing.next().value(); e; e = listing.next().value()) {
        if (e->is_directory)
            BOOST_TEST(found.insert(std::string(e->name)).second);
        else
            ++files;
    }
    BOOST_TEST((found == made));
    BOOST_TEST(files == 1);
    BOOST_TEST(sys::directory::open((directory / "file").c_str()).error() == generic::not_a_directory);
}

BOOST_AUTO_TEST_CASE(an_attribute_that_is_not_there_is_an_error) {
    BOOST_TEST(sys::extended_attribute("/", "user.parley").has_error());
}

BOOST_AUTO_TEST_CASE(a_subreaper_is_made_and_unmade) {
    const bool before = sys::is_subreaper().value();
    BOOST_TEST(!sys::set_subreaper(!before));
    BOOST_TEST(sys::is_subreaper().value() == !before);
    BOOST_TEST(!sys::set_subreaper(before));
}

BOOST_AUTO_TEST_CASE(guarded_pages_can_be_used_but_not_overrun) {
    const auto pages = sys::map_guarded(5'000).value();
    BOOST_TEST(pages.usable_size >= 5'000u);
    std::fill_n(static_cast<char*>(pages.usable), pages.usable_size, 'x');
    const auto zeros = sys::open("/dev/zero", O_RDONLY).value();
    BOOST_TEST(sys::read(zeros.get(), pages.usable, pages.usable_size).value() == pages.usable_size);
    BOOST_TEST(sys::read(zeros.get(), static_cast<char*>(pages.usable) - 1, 1).error() == generic::bad_address);
    sys::unmap_pages(pages);
    const fault refused(sys::call::mmap, ENOMEM);
    BOOST_TEST(sys::map_guarded(1).error() == generic::not_enough_memory);
}

BOOST_AUTO_TEST_CASE(a_child_is_reaped_once_and_never_waited_for) {
    auto gate = sys::pipe().value();
    const int reader = gate.reader.get(), writer = gate.writer.get();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::close(writer);
        char byte;
        while (::read(reader, &byte, 1) < 0) {}
        ::_exit(7);
    }
    const auto child = sys::pidfd_open(pid).value();
    BOOST_TEST(!sys::reap(child.get()).value().has_value());  // it runs
    BOOST_TEST(!sys::look_at_end(child.get()).value().has_value());
    {
        const fault interrupted(sys::call::waitid, EINTR, 1, 2);
        BOOST_TEST(!sys::reap(child.get()).value().has_value());
    }
    gate.writer.reset();
    pollfd ended{child.get(), POLLIN, 0};
    BOOST_TEST(::poll(&ended, 1, 60'000) == 1);
    BOOST_TEST(sys::look_at_end(child.get()).value().has_value());  // and leaves it
    const auto info = sys::reap(child.get()).value();
    BOOST_TEST_REQUIRE(info.has_value());
    BOOST_TEST(info->info.si_pid == pid);
    BOOST_TEST(info->info.si_status == 7);
    BOOST_TEST(info->info.si_code == CLD_EXITED);
    BOOST_TEST(sys::reap(child.get()).error() == generic::no_child_process);
    BOOST_TEST(sys::look_at_end(child.get()).error() == generic::no_child_process);
    BOOST_TEST(sys::pidfd_send_signal(child.get(), 0) == generic::no_such_process);
}

BOOST_AUTO_TEST_CASE(the_status_of_a_child_that_somebody_else_reaped_is_told_or_unknown) {
    auto gate = sys::pipe().value();
    const int reader = gate.reader.get(), writer = gate.writer.get();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::close(writer);
        char byte;
        while (::read(reader, &byte, 1) < 0) {}
        ::_exit(9);
    }
    const auto child = sys::pidfd_open(pid).value();
    BOOST_TEST(!sys::status_after_reaping(child.get()).has_value());  // it runs
    gate.writer.reset();
    int status = 0;
    BOOST_TEST(::waitpid(pid, &status, 0) == pid);
    if (const auto told = sys::status_after_reaping(child.get())) BOOST_TEST(*told == status);
    const fault old_kernel(sys::call::pidfd_get_info, ENOTTY);
    BOOST_TEST(!sys::status_after_reaping(child.get()).has_value());
}

BOOST_AUTO_TEST_CASE(the_hook_gives_back_the_one_before) {
    const sys::fault_hook first = [](sys::call) noexcept { return 1; };
    const auto before = sys::set_fault_hook(first);
    BOOST_TEST((sys::set_fault_hook(before) == first));
    BOOST_TEST(sys::injected_fault(sys::call::open) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
