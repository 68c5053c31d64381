// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// The file of a UNIX listener: whose it is, who may connect, and what is in its way.

#include <parley/net/connect.hpp>
#include <parley/net/datagram.hpp>
#include <parley/net/listen.hpp>
#include <parley/net/local.hpp>

#include "core/syscall.hpp"
#include "forked.hpp"
#include "net_tools.hpp"
#include "skip.hpp"

#include <boost/test/data/test_case.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

BOOST_AUTO_TEST_SUITE(listen_file_test)

using namespace parley;
using namespace parley::test;
namespace data = boost::unit_test::data;
namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

bool become_nobody() { return ::setgroups(0, nullptr) == 0 && ::setgid(nobody) == 0 && ::setuid(nobody) == 0; }

struct file_fixture : net_fixture {
    auto open(const std::string& options = {}) { return parley::listen(io.get_executor(), local(options)); }
    error_code refusal(const std::string& options = {}) {
        auto tried = open(options);
        return tried ? error_code() : tried.error().code();
    }
    bool is_served(int type = SOCK_STREAM) const { return raw_socket(type).connect(path()) == 0; }
    /// A thousand servers, one after the other, of streams or of datagrams, which nobody has to accept.
    void start_many(int type, const std::string& options) {
        for (int i = 0; i < 1000; ++i) {
            if (type == SOCK_STREAM)
                BOOST_TEST_REQUIRE(open(options).has_value());
            else
                BOOST_TEST_REQUIRE(
                    open_datagram_receiver(io.get_executor(), at("unix-dgram:" + path() + options)).has_value());
        }
    }
    /// The file of a server that has ended.
    void leave_stale_file() const { raw_socket().bind(path()); }
};

BOOST_FIXTURE_TEST_SUITE(listen_file_suite, file_fixture)

BOOST_DATA_TEST_CASE(the_mode_is_exact_whatever_the_umask, data::make({0, 022, 077, 0777}), mask) {
    const scoped_umask set(static_cast<mode_t>(mask));
    {
        auto server = open().value();
        BOOST_TEST(mode_of(path()) == 0600u);
    }
    auto server = open("?mode=0666").value();
    BOOST_TEST(mode_of(path()) == 0666u);
}

BOOST_DATA_TEST_CASE(nobody_gets_in_while_a_server_starts, data::make({SOCK_STREAM, SOCK_DGRAM}), type) {
    if (!is_root_or_skip()) return;
    const scoped_umask none(0);
    fs::permissions(directory.path(), fs::perms::all);
    // A hostile neighbour, who tries without a pause and ends with 1 as soon as it has been let in.
    const forked neighbour([&] {
        if (!become_nobody()) return 2;
        for (;;)
            if (is_served(type)) return 1;
    });
    start_many(type, "");
    start_many(type, "?mode=0660&group=daemon");
    int status = 0;
    BOOST_TEST(::waitpid(neighbour.pid(), &status, WNOHANG) == 0);  // still trying
}

BOOST_DATA_TEST_CASE(a_group_gets_in_only_where_the_file_is_its_own, data::make({SOCK_STREAM, SOCK_DGRAM}), type) {
    if (!is_root_or_skip()) return;
    const scoped_umask none(0);
    fs::permissions(directory.path(), fs::perms::all);
    // This process's group, which the file has for a moment before it becomes that of "daemon".
    const auto own = ::getegid();
    const forked neighbour([&] {
        if (::setgroups(0, nullptr) != 0 || ::setgid(own) != 0 || ::setuid(nobody) != 0) return 2;
        for (;;)
            if (is_served(type)) return 1;
    });
    start_many(type, "?mode=0660&group=daemon");
    int status = 0;
    BOOST_TEST(::waitpid(neighbour.pid(), &status, WNOHANG) == 0);  // still trying
}

BOOST_AUTO_TEST_CASE(the_owner_is_as_asked) {
    if (!is_root_or_skip()) return;
    auto server = open("?mode=0660&user=nobody&group=daemon").value();
    struct ::stat st {};
    BOOST_TEST_REQUIRE(::lstat(path().c_str(), &st) == 0);
    BOOST_TEST(st.st_uid == nobody);
    BOOST_TEST(st.st_gid == 1u);
    BOOST_TEST(mode_of(path()) == 0660u);
    server.close();
    BOOST_TEST(!exists(path()));
    // One that such a server has left is taken over, too.
    leave_stale_file();
    BOOST_TEST_REQUIRE(::chown(path().c_str(), nobody, 1) == 0);
    BOOST_TEST(!refusal("?user=nobody"));
    BOOST_TEST(open("?user=no-such-user").error().code() == make_error_code(errc::unknown_user));
}

BOOST_AUTO_TEST_CASE(the_file_of_a_server_that_has_ended_is_replaced) {
    leave_stale_file();
    BOOST_TEST(!is_served());
    auto server = open().value();
    BOOST_TEST(is_served());
    BOOST_TEST(!exists(path() + ".lock"));
}

BOOST_AUTO_TEST_CASE(a_server_that_was_killed_can_be_started_again) {
    forked killed([&] {
        auto server = open();
        if (!server) return 1;
        ::kill(::getpid(), SIGKILL);
        return 2;
    });
    BOOST_TEST(WIFSIGNALED(killed.wait()));
    BOOST_TEST(exists(path()));
    auto server = open().value();
    BOOST_TEST(is_served());
}

BOOST_AUTO_TEST_CASE(a_server_that_lives_keeps_its_name) {
    {
        auto first = open("?backlog=1").value();
        BOOST_TEST(refusal() == code(EADDRINUSE));
        // Nor does it help when it has no room for the one who asks.
        raw_socket waiting[3];
        for (auto& each : waiting) {
            ::fcntl(each.fd(), F_SETFL, O_NONBLOCK);
            each.connect(path());
        }
        BOOST_TEST(refusal() == code(EADDRINUSE));
    }
    // Or when it is of another type.
    raw_socket datagrams(SOCK_DGRAM);
    BOOST_TEST_REQUIRE(datagrams.bind(path()) == 0);
    BOOST_TEST(refusal() == code(EADDRINUSE));
    BOOST_TEST(exists(path()));
}

BOOST_AUTO_TEST_CASE(of_two_that_start_at_once_one_serves) {
    for (int round = 0; round < 100; ++round) {
        leave_stale_file();
        int gate[2], tried[2];
        BOOST_TEST_REQUIRE(::pipe2(gate, O_CLOEXEC) == 0);
        BOOST_TEST_REQUIRE(::pipe2(tried, O_CLOEXEC) == 0);
        const auto body = [&] {
            char byte = 0;
            ::close(gate[1]);
            if (::read(gate[0], &byte, 1) != 0) return 3;  // the start signal
            auto server = open();
            if (::write(tried[1], "x", 1) != 1) return 6;
            if (!server) return server.error().code() == code(EADDRINUSE) ? 1 : 4;
            // Both have tried; what they say stays for the other, who may have come through as well.
            for (int said = 0; said < 2;)
                if (::ioctl(tried[0], FIONREAD, &said) != 0) return 7;
            return raw_socket().connect(path()) == 0 ? 0 : 5;
        };
        forked one(body), two(body);
        for (const int fd : {gate[0], gate[1]}) ::close(fd);
        const int a = WEXITSTATUS(one.wait()), b = WEXITSTATUS(two.wait());
        BOOST_TEST((a == 0 && b == 1) | (a == 1 && b == 0), "round " << round << ": " << a << " and " << b);
        for (const int fd : tried) ::close(fd);
        ::unlink(path().c_str());
    }
}

BOOST_AUTO_TEST_CASE(a_start_that_is_under_way_is_not_disturbed) {
    const int lock = ::open((path() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    BOOST_TEST_REQUIRE(::flock(lock, LOCK_EX) == 0);
    BOOST_TEST(refusal() == code(EADDRINUSE));
    ::close(lock);  // who died left it behind
    BOOST_TEST(!refusal());
    BOOST_TEST(!exists(path() + ".lock"));
}

BOOST_AUTO_TEST_CASE(a_lock_on_a_file_that_was_replaced_is_none) {
    static std::string lock;
    static int locked;
    lock = path() + ".lock", locked = 0;
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c != sys::call::flock || ++locked != 1) return 0;
        ::unlink(lock.c_str());  // by the one before, and made anew by the next
        ::close(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        return 0;
    });
    BOOST_TEST(!refusal());
    sys::set_fault_hook(earlier);
    BOOST_TEST(locked == 2);
    BOOST_TEST(!exists(lock));
}

// Between bind(2) and the change of its rights. Nothing of what is there then is changed or removed.
BOOST_DATA_TEST_CASE(a_socket_file_that_is_replaced_at_once_is_not_changed, data::make({"file", "link"}), what) {
    static std::string place, moved, target;
    static bool link;
    static int opened;
    place = path(), moved = path("moved"), target = path("target"), link = std::string(what) == "link", opened = 0;
    if (link)  // to what could be ours
        raw_socket().bind(target);
    else
        std::ofstream(target) << "text";
    fs::permissions(target, fs::perms(0640));
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c != sys::call::open || ++opened != 2) return 0;  // the first opens the lock
        ::rename(place.c_str(), moved.c_str());
        if (link) return ::symlink(target.c_str(), place.c_str()) == 0 ? 0 : EIO;
        return ::rename(target.c_str(), place.c_str()) == 0 ? 0 : EIO;
    });
    const auto refused = refusal("?mode=0666");
    sys::set_fault_hook(earlier);
    BOOST_TEST(opened == 2);
    BOOST_TEST(refused == code(EACCES));
    BOOST_TEST(mode_of(link ? target : path()) == 0640u);
    BOOST_TEST(exists(path()));
}

BOOST_AUTO_TEST_CASE(what_is_no_socket_stays_untouched) {
    std::ofstream(path("target")) << "text";
    fs::permissions(path("target"), fs::perms(0640));
    const auto untouched = [&] {
        std::string text;
        std::getline(std::ifstream(path("target")), text);
        return text == "text" && mode_of(path("target")) == 0640;
    };
    fs::create_symlink(path("target"), path());
    BOOST_TEST(refusal() == code(ENOTSOCK));
    BOOST_TEST(fs::is_symlink(path()));
    BOOST_TEST(untouched());
    fs::remove(path());

    BOOST_TEST_REQUIRE(::mkfifo(path().c_str(), 0644) == 0);
    BOOST_TEST(refusal() == code(ENOTSOCK));
    BOOST_TEST(mode_of(path()) == 0644u);
    fs::remove(path());

    fs::create_directory(path());
    BOOST_TEST(refusal() == code(ENOTSOCK));
    BOOST_TEST(fs::is_directory(path()));
    fs::remove(path());

    fs::copy_file(path("target"), path());
    BOOST_TEST(refusal() == code(ENOTSOCK));
    BOOST_TEST(fs::file_size(path()) == 4u);
    fs::remove(path());

    // A link to a stale socket is not followed either.
    raw_socket().bind(path("elsewhere"));
    fs::create_symlink(path("elsewhere"), path());
    BOOST_TEST(refusal() == code(ENOTSOCK));
    BOOST_TEST(exists(path("elsewhere")));
}

// Each in its own words, to a server and to a client.
BOOST_AUTO_TEST_CASE(what_is_in_the_way_is_said) {
    const auto listening = [&] { return open().error().message(); };
    const auto connecting = [&] {
        std::optional<error_code> ended;
        async_connect(io.get_executor(), local(), [&](error_code ec, const auto&) { ended = ec; });
        run_until(io, [&] { return ended.has_value(); });
        return *ended;
    };
    const auto sending = [&] {
        return open_datagram_sender(io.get_executor(), at("unix-dgram:" + path())).error().message();
    };
    const auto says = [&](const std::string& text, const std::string& what) {
        BOOST_TEST(text.find("address 'unix") == 0u, text);
        BOOST_TEST(text.find(what + " is there") != std::string::npos, text);
    };
    const auto no_socket = [&](const std::string& what) {
        says(listening(), what);
        BOOST_TEST(connecting() == code(ENOTSOCK));
        says(sending(), what);
        fs::remove(path());
    };
    fs::create_directory(path());
    no_socket("a directory");
    BOOST_TEST_REQUIRE(::mkfifo(path().c_str(), 0644) == 0);
    no_socket("a FIFO");
    std::ofstream(path()) << "text";
    no_socket("a regular file");
    if (::mknod(path().c_str(), S_IFCHR | 0600, ::makedev(1, 3)) == 0) no_socket("a character device");
    if (::mknod(path().c_str(), S_IFBLK | 0600, ::makedev(7, 0)) == 0) no_socket("a block device");

    std::ofstream(path("target")) << "text";
    for (const auto& [target, to_client] : {std::pair{path("target"), ENOTSOCK},
                                            {path("nothing"), ENOENT},
                                            {directory.path(), ENOTSOCK},
                                            {path(), ELOOP}}) {
        fs::create_symlink(target, path());
        says(listening(), "a symbolic link to '" + target + "'");
        BOOST_TEST(connecting() == code(to_client));
        fs::remove(path());
    }
    BOOST_TEST(connecting() == code(ENOENT));
}

BOOST_AUTO_TEST_CASE(a_server_of_another_kind_of_socket_is_said) {
    const std::tuple<int, const char*> kinds[] = {
        {SOCK_STREAM, "streams"}, {SOCK_DGRAM, "datagrams"}, {SOCK_SEQPACKET, "packets"}};
    for (const auto& [type, use] : kinds) {
        raw_socket server(type);
        BOOST_TEST_REQUIRE(server.bind(path()) == 0);
        if (type != SOCK_DGRAM) BOOST_TEST_REQUIRE(::listen(server.fd(), 5) == 0);
        const error refused[] = {
            open().error(), parley::listen<local_seqpacket>(io.get_executor(), at("unix-seqpacket:" + path())).error(),
            open_datagram_receiver(io.get_executor(), at("unix-dgram:" + path())).error()};
        const int own[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
        for (std::size_t i = 0; i < 3; ++i) {
            BOOST_TEST(refused[i].code() == code(EADDRINUSE));
            const auto what = own[i] == type ? "another server is there"
                                             : std::string("another server is there, with a socket for ") + use;
            BOOST_TEST(refused[i].context().ends_with(what), refused[i].context());
        }
        if (type != SOCK_DGRAM) {
            const auto sender = open_datagram_sender(io.get_executor(), at("unix-dgram:" + path()));
            BOOST_TEST(sender.error().code() == code(EPROTOTYPE));
            BOOST_TEST(sender.error().context().ends_with("the socket there is not for datagrams"));
        }
        fs::remove(path());
    }
    // Served or not: a socket without a server is replaced, whatever it was for.
    raw_socket(SOCK_DGRAM).bind(path());
    BOOST_TEST(!refusal());
}

BOOST_AUTO_TEST_CASE(what_is_in_the_place_of_the_lock_is_said) {
    const auto lock = path() + ".lock";
    const auto says = [&](const std::string& what) {
        const auto text = open().error().context();
        BOOST_TEST(text.ends_with("lock '" + lock + "': " + what), text);
    };
    fs::create_directory(lock);
    says("a directory is there");
    fs::remove(lock);
    BOOST_TEST_REQUIRE(::mkfifo(lock.c_str(), 0600) == 0);
    says("a FIFO is there");
    fs::remove(lock);
    fs::create_symlink(path("target"), lock);
    says("a symbolic link to '" + path("target") + "' is there");
    fs::remove(lock);
    raw_socket().bind(lock);
    says("a socket is there");
    fs::remove(lock);
}

BOOST_AUTO_TEST_CASE(the_lock_is_not_followed_and_not_taken_from_others) {
    std::ofstream(path("target")) << "text";
    fs::create_symlink(path("target"), path() + ".lock");
    BOOST_TEST(refusal() == code(ELOOP));
    BOOST_TEST(fs::file_size(path("target")) == 4u);
    fs::remove(path() + ".lock");
    BOOST_TEST_REQUIRE(::mkfifo((path() + ".lock").c_str(), 0600) == 0);
    BOOST_TEST(refusal() == code(EACCES));
    fs::remove(path() + ".lock");
}

BOOST_AUTO_TEST_CASE(the_lock_of_somebody_else_stays) {
    if (!is_root_or_skip()) return;
    std::ofstream(path() + ".lock").flush();
    BOOST_TEST_REQUIRE(::chown((path() + ".lock").c_str(), nobody, nobody) == 0);
    BOOST_TEST(refusal() == code(EACCES));
    BOOST_TEST(open().error().context().ends_with("the file there is user 65534's"));
    BOOST_TEST(exists(path() + ".lock"));
}

BOOST_DATA_TEST_CASE(a_file_with_content_in_the_place_of_the_lock_stays,
                     data::make({"unix", "unix-seqpacket", "unix-dgram"}), scheme) {
    const auto lock = path() + ".lock";
    const auto where = at(std::string(scheme) + ":" + path());
    std::ofstream(lock) << "notes of the user";
    fs::permissions(lock, fs::perms(0600));
    const auto tried = [&]() -> error {
        if (std::string(scheme) == "unix") return parley::listen(io.get_executor(), where).error();
        if (std::string(scheme) == "unix-dgram") return open_datagram_receiver(io.get_executor(), where).error();
        return parley::listen<local_seqpacket>(io.get_executor(), where).error();
    }();
    BOOST_TEST(tried.code() == code(EACCES));
    BOOST_TEST(tried.context().ends_with("lock '" + lock + "': the file there has content"), tried.context());
    BOOST_TEST(fs::file_size(lock) == 17u);
    BOOST_TEST(!exists(path()));
}

// Empty, as a lock is, but with rights or with a second name that no lock of a start has.
BOOST_DATA_TEST_CASE(an_empty_file_of_the_user_in_the_place_of_the_lock_stays, data::make({"rights", "name"}), by) {
    const auto lock = path() + ".lock";
    std::ofstream(lock).flush();
    const bool by_rights = std::string(by) == "rights";
    fs::permissions(lock, fs::perms(by_rights ? 0644 : 0600));
    if (!by_rights) fs::create_hard_link(lock, path("second"));
    {
        auto server = open().value();
        BOOST_TEST(is_served());
        BOOST_TEST(exists(lock));
    }
    BOOST_TEST(exists(lock));
    // It is a lock all the same.
    const int held = ::open(lock.c_str(), O_RDWR | O_CLOEXEC);
    BOOST_TEST_REQUIRE(::flock(held, LOCK_EX) == 0);
    BOOST_TEST(refusal() == code(EADDRINUSE));
    ::close(held);
}

// During the start, which holds the lock.
BOOST_DATA_TEST_CASE(what_becomes_of_the_lock_during_a_start_stays, data::make({"replaced", "written"}), how) {
    static std::string lock;
    static bool replaced;
    lock = path() + ".lock", replaced = std::string(how) == "replaced";
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c != sys::call::bind) return 0;
        if (replaced) ::unlink(lock.c_str());
        std::ofstream(lock) << "text";
        return 0;
    });
    BOOST_TEST(!refusal());
    sys::set_fault_hook(earlier);
    BOOST_TEST_REQUIRE(exists(lock));
    BOOST_TEST(fs::file_size(lock) == 4u);
}

// Right behind the answer that the server does not live.
BOOST_DATA_TEST_CASE(what_takes_the_place_of_a_stale_file_stays, data::make({"file", "socket"}), what) {
    static std::string place, other;
    static bool moved;
    place = path(), other = path("other"), moved = false;
    leave_stale_file();
    const bool is_file = std::string(what) == "file";
    raw_socket successor;
    if (is_file)
        std::ofstream(other) << "text";
    else
        BOOST_TEST_REQUIRE((successor.bind(other) == 0 && ::listen(successor.fd(), 5) == 0));
    const auto earlier = sys::set_fault_hook([](sys::call c) noexcept {
        if (c != sys::call::connect || std::exchange(moved, true)) return 0;
        ::rename(other.c_str(), place.c_str());
        return ECONNREFUSED;
    });
    const auto refused = refusal();
    sys::set_fault_hook(earlier);
    BOOST_TEST(!exists(other));
    BOOST_TEST_REQUIRE(exists(path()));
    BOOST_TEST(refused == code(is_file ? ENOTSOCK : EADDRINUSE));
    BOOST_TEST(is_served() == !is_file);
}

BOOST_AUTO_TEST_CASE(a_stale_file_of_somebody_else_stays) {
    if (!is_root_or_skip()) return;
    leave_stale_file();
    BOOST_TEST_REQUIRE(::chown(path().c_str(), nobody, nobody) == 0);
    BOOST_TEST(refusal() == code(EACCES));
    BOOST_TEST(exists(path()));
}

BOOST_AUTO_TEST_CASE(at_the_end_only_its_own_file_is_removed) {
    auto server = open().value();
    ::unlink(path().c_str());
    raw_socket successor;
    BOOST_TEST_REQUIRE(successor.bind(path()) == 0);
    server.close();
    BOOST_TEST(exists(path()));
}

BOOST_AUTO_TEST_CASE(a_forked_process_leaves_the_file_where_it_is) {
    auto server = open().value();
    forked copy([&] {
        server.close();
        return 0;
    });
    BOOST_TEST(copy.wait() == 0);
    BOOST_TEST(is_served());
}

BOOST_AUTO_TEST_CASE(another_working_directory_does_not_matter) {
    const auto here = fs::current_path();
    fs::current_path(directory.path());
    auto server = parley::listen(io.get_executor(), at("unix:relative")).value();
    fs::current_path(here);
    BOOST_TEST(exists(path("relative")));
    server.close();
    BOOST_TEST(!exists(path("relative")));
}

BOOST_AUTO_TEST_CASE(a_listener_that_was_given_away_leaves_its_file) {
    auto server = open().value();
    const auto fd = server.release();
    BOOST_TEST(is_served());
    BOOST_TEST(!server.is_open());
}

BOOST_DATA_TEST_CASE(paths_of_every_length_lead_to_that_name, data::make({1, 90, 106, 107}), length) {
    const auto here = fs::current_path();
    fs::current_path(directory.path());
    const std::string name(static_cast<std::size_t>(length), 'n');
    {
        auto server = parley::listen(io.get_executor(), at("unix:" + name)).value();
        BOOST_TEST(exists(name));
        BOOST_TEST(std::distance(fs::directory_iterator("."), fs::directory_iterator()) == 1);
        BOOST_TEST(server.local_address().path() == name);
    }
    fs::current_path(here);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
