// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

// What a shell does with the line of a command, beside what a start does with the command.

#include <parley/process/command.hpp>

#include "process_tools.hpp"
#include "temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(to_shell_test)

using namespace parley;
using namespace parley::test;

namespace {

constexpr int lent = 8;  // descriptors 0 to 7 of the shell

using state = std::vector<std::string>;

struct shells_fixture : process_fixture {
    temporary_directory place;
    std::string before = current_directory();
    std::string report = place / "report";
    std::vector<unique_fd> files;
    std::vector<std::string> shells;

    shells_fixture() {
        BOOST_TEST_REQUIRE(::chdir(place.path().c_str()) == 0);
        for (int i = 0; i < lent; ++i) {
            const auto name = "lent" + std::to_string(i);
            files.emplace_back(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
            BOOST_TEST_REQUIRE(files.back().get() >= 0);
        }
        for (const char* path : {"/bin/dash", "/bin/bash"}) {
            if (::access(path, X_OK) == 0)
                shells.push_back(path);
            else
                BOOST_TEST_MESSAGE("not tried with " << path << ", which is not there");
        }
        BOOST_TEST_REQUIRE(!shells.empty());
    }
    ~shells_fixture() { BOOST_TEST(::chdir(before.c_str()) == 0); }

    static std::string current_directory() {
        char path[4096];
        return ::getcwd(path, sizeof path) ? path : "/";
    }

    /// A copy of the test child.
    void install(const std::string& path) {
        std::ifstream from(test_child(), std::ios::binary);
        std::ofstream(path, std::ios::binary) << from.rdbuf();
        BOOST_TEST_REQUIRE(::chmod(path.c_str(), 0755) == 0);
    }

    /// In the command the numbers are those of the shell; here they become the files that lie there.
    command in_this_process(command c) {
        for (std::size_t at = 0; stdio * stream : {&c.in, &c.out, &c.err}) {
            if (stream->what() == stdio::kind::descriptor)
                *stream = stdio::descriptor(files.at(static_cast<std::size_t>(stream->fd())).get());
            if (stream->what() == stdio::kind::inherit) *stream = stdio::descriptor(files.at(at).get());
            ++at;
        }
        for (auto& each : c.descriptors) each.parent = files.at(static_cast<std::size_t>(each.parent)).get();
        for (auto& each : c.sockets) each.fd = files.at(static_cast<std::size_t>(each.fd)).get();
        return c;
    }

    /// A shell with descriptors 0 to 7 runs the line.
    command in_a_shell(const std::string& path, const std::string& line) {
        command c{.program = path,
                  .arguments = {"-c", line},
                  .in = stdio::descriptor(files[0].get()),
                  .out = stdio::descriptor(files[1].get()),
                  .err = stdio::descriptor(files[2].get())};
        for (int i = 3; i < lent; ++i) c.descriptors.push_back({files.at(static_cast<std::size_t>(i)).get(), i});
        return c;
    }

    state reported_by(const command& c) {
        ::unlink(report.c_str());
        const auto status = status_of(c);
        BOOST_TEST(status.success());
        std::ifstream from(report, std::ios::binary);
        state found;
        for (std::string each; std::getline(from, each, '\0');) found.push_back(each);
        return found;
    }

    // A shell that reads a line is the parent, and what it exports of its own is the parent's environment. The number
    // of a process is not the same twice.
    static state comparable(state s, const command& c) {
        std::vector<std::string> own{"_", "SHLVL", "PWD", "OLDPWD"};
        if (c.environment.base == environment_base::empty) own.clear();
        std::erase_if(own, [&](const auto& name) { return c.environment.changes.contains(name); });
        if (!c.sockets.empty()) own.push_back("LISTEN_PID");
        std::erase_if(s, [&](const std::string& each) {
            return std::ranges::any_of(own,
                                       [&](const auto& name) { return each.starts_with("variable " + name + "="); });
        });
        return s;
    }

    static std::string shown(const state& s) {
        std::string text;
        for (const auto& each : s)
            if (!each.starts_with("variable ") || each.find("PARLEY") != std::string::npos) text += "\n  " + each;
        return text;
    }

    bool same_in_every_shell(const command& c) {
        bool all = true;
        const auto line = to_shell(c);
        const auto direct = comparable(reported_by(in_this_process(c)), c);
        BOOST_TEST(!direct.empty(), line);
        for (const auto& path : shells) {
            const auto there = comparable(reported_by(in_a_shell(path, line)), c);
            BOOST_TEST((there == direct), path << ": " << line << shown(there) << "\ninstead of" << shown(direct));
            all = all && there == direct;
        }
        return all;
    }

    command reporter(argument_list words = {}) {
        argument_list all{"state", report};
        all.insert(all.end(), words.begin(), words.end());
        return {.program = test_child(), .arguments = all};
    }

    bool says(const command& c, const std::string& word) {
        const auto line = to_shell(c);
        return line.starts_with("(: 'not said: ") && line.find(word) != std::string::npos;
    }
};

struct variable {
    variable(const char* name, const std::string& value) : name_(name) {
        if (const char* old = ::getenv(name)) old_ = old, had_ = true;
        ::setenv(name, value.c_str(), 1);
    }
    ~variable() {
        if (had_)
            ::setenv(name_, old_.c_str(), 1);
        else
            ::unsetenv(name_);
    }
    const char* name_;
    std::string old_;
    bool had_ = false;
};

class dice {
public:
    explicit dice(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <typename List>
    const auto& one_of(const List& list) {
        return list[below(list.size())];
    }

private:
    std::mt19937 engine_;
};

const std::vector<std::string> pieces{"a",
                                      "B",
                                      "7",
                                      " ",
                                      "\t",
                                      "\n",
                                      "'",
                                      "\"",
                                      "\\",
                                      "$HOME",
                                      "$(touch made)",
                                      "`touch made`",
                                      "~",
                                      "*",
                                      "?",
                                      "[",
                                      "]",
                                      "{a,b}",
                                      "!",
                                      "!!",
                                      "#",
                                      "-",
                                      "--",
                                      "=",
                                      "%",
                                      "&",
                                      ";",
                                      "|",
                                      "<",
                                      ">",
                                      "(",
                                      ")",
                                      "\x7f",
                                      "\x01",
                                      "\xc3\xa4",
                                      "\xff",
                                      "\x81\x82\x88",
                                      "\r",
                                      "^",
                                      ":",
                                      ",",
                                      ".",
                                      "/",
                                      "@",
                                      "+"};

std::string any_word(dice& d) {
    std::string word;
    for (std::size_t n = d.below(6); n > 0; --n) word += d.one_of(pieces);
    return word;
}

std::string any_name(dice& d) {
    std::string name = any_word(d);
    std::erase(name, '/');
    return "n" + name;
}

stdio any_stream(dice& d, int number, const std::vector<std::string>& names) {
    switch (d.below(6)) {
        case 0:
            return stdio::null();
        case 1:
            return number == 0 ? stdio::read_file(d.one_of(names)) : stdio::truncate_file(d.one_of(names));
        case 2:
            return number == 0 ? stdio::read_file(d.one_of(names)) : stdio::append_file(d.one_of(names));
        case 3:
        case 4:
            return stdio::descriptor(static_cast<int>(d.below(lent)));
        default:
            return number == 2 && d.one_in(2) ? stdio::to_stdout() : stdio::inherit();
    }
}

unsigned seed() {
    const char* wanted = std::getenv("PARLEY_TEST_SEED");
    return wanted != nullptr ? static_cast<unsigned>(std::strtoul(wanted, nullptr, 10)) : 20260101u;
}

std::size_t rounds() {
    const char* wanted = std::getenv("PARLEY_TEST_ROUNDS");
    return wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 150;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(to_shell_suite, shells_fixture)

BOOST_AUTO_TEST_CASE(a_shell_does_with_the_line_what_a_start_does_with_the_command) {
    BOOST_TEST_MESSAGE("PARLEY_TEST_SEED=" << seed());
    BOOST_TEST_INFO_SCOPE("PARLEY_TEST_SEED=" << seed());
    dice d(seed());
    const std::string dashed = "-e", assigned = "a=b";
    for (const auto& directory : {dashed, assigned}) BOOST_TEST_REQUIRE(::mkdir(directory.c_str(), 0755) == 0);
    std::vector<std::string> programs{test_child(), "./child", "-e/child", "a=b/child", place / "it's=$(touch made)"};
    for (const auto& path : programs)
        if (path != test_child()) install(path);
    std::vector<std::string> names;
    for (int i = 0; i < 6; ++i) {
        names.push_back(i == 0 ? "-" : any_name(d));
        std::ofstream(names.back()) << i;
        if (i % 2 == 1) names.back() = place / names.back();
    }
    std::vector<std::string> directories{"/", ".", place.path(), "-e", "a=b", "-e/.."};
    for (int i = 0; i < 3; ++i) {
        directories.push_back(any_name(d));
        if (::mkdir(directories.back().c_str(), 0755) != 0) directories.pop_back();
    }
    bool same = true;
    for (std::size_t round = 0; same && round < rounds(); ++round) {
        BOOST_TEST_INFO_SCOPE("round " << round);
        argument_list words;
        for (std::size_t n = d.below(5); n > 0; --n) words.push_back(any_word(d));
        auto c = reporter(words);
        c.program = d.one_of(programs);
        if (d.one_in(3)) {
            c.directory = d.one_of(directories);
            if (!c.program.starts_with('/')) c.program = place / c.program;
        }
        for (std::size_t n = d.below(4); n > 0; --n) {
            std::string name = d.one_in(3) ? any_word(d) : d.one_in(2) ? "PARLEY_" + std::to_string(d.below(3)) : "-i";
            std::erase(name, '=');
            if (name.empty()) name = "PATH";
            if (d.one_in(3))
                c.environment.changes[name] = std::nullopt;
            else
                c.environment.changes[name] = any_word(d);
        }
        if (d.one_in(3)) c.environment.base = d.one_in(2) ? environment_base::empty : environment_base::clean;
        c.in = any_stream(d, 0, names);
        c.out = any_stream(d, 1, names);
        c.err = any_stream(d, 2, names);
        std::vector<int> free{3, 4, 5, 6, 7, 8, 9};
        for (std::size_t n = d.below(4); n > 0; --n) {
            const auto at = d.below(free.size());
            c.descriptors.push_back({static_cast<int>(d.below(lent)), free[at]});
            free.erase(free.begin() + static_cast<std::ptrdiff_t>(at));
        }
        if (d.one_in(4)) c.umask = static_cast<mode_t>(d.below(0100));
        // The shell has all eight; a command that was lent some of them closes those, and cannot know of the others.
        for (int fd = 3; fd < lent; ++fd)
            if (std::ranges::find(free, fd) != free.end()) c.descriptors.push_back({fd, fd});
        same = same_in_every_shell(c);
    }
    BOOST_TEST(::access("made", F_OK) != 0, "a word was carried out");
}

BOOST_AUTO_TEST_CASE(what_is_lent_under_another_number_is_closed) {
    BOOST_TEST(to_shell({.program = "/p", .in = stdio::descriptor(5), .descriptors = {{6, 7}, {4, 4}}}) ==
               "/p <&5 7<&6 4<&4 5<&- 6<&-");
    auto c = reporter();
    c.out = stdio::descriptor(3);
    c.descriptors = {{4, 9}, {5, 4}, {6, 3}, {7, 8}};
    same_in_every_shell(c);
}

BOOST_AUTO_TEST_CASE(descriptors_may_change_places) {
    auto c = reporter();
    c.descriptors = {{3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}};
    c.out = stdio::descriptor(2);
    c.err = stdio::descriptor(1);
    same_in_every_shell(c);
    c.in = stdio::descriptor(1);
    c.out = stdio::descriptor(2);
    c.err = stdio::descriptor(0);
    same_in_every_shell(c);
    c.descriptors = {{4, 3}, {3, 4}, {6, 5}, {7, 6}, {5, 7}};
    same_in_every_shell(c);
    c.in = stdio::truncate_file("written");
    c.out = stdio::read_file("lent4");
    c.err = stdio::to_stdout();
    same_in_every_shell(c);
    c.descriptors = {{4, 3}, {3, 4}, {5, 5}, {6, 6}, {7, 7}, {5, 8}, {5, 9}};
    same_in_every_shell(c);
    // A ring without a number left to put one of it aside.
    c.descriptors = {{4, 3}, {3, 4}, {5, 5}, {6, 6}, {7, 7}, {8, 8}, {9, 9}};
    BOOST_TEST(says(c, "descriptor 4 as 3"));
}

BOOST_AUTO_TEST_CASE(a_number_of_two_digits_is_said_not_to_be_sayable) {
    auto c = reporter();
    c.descriptors = {{5, 10}};
    BOOST_TEST(says(c, "descriptor 5 as 10"));
    BOOST_TEST(to_shell(c).find("10<&") == std::string::npos);
    c.descriptors = {{12, 5}};
    BOOST_TEST(says(c, "descriptor 12 as 5"));
    BOOST_TEST(to_shell(c).find("<&12") == std::string::npos);
    c.descriptors = {};
    c.err = stdio::descriptor(12);
    BOOST_TEST(says(c, "standard error is descriptor 12"));
    c.err = stdio::descriptor(-1);
    BOOST_TEST(says(c, "standard error is descriptor -1"));
    c.err = stdio();
    c.descriptors = {{5, 12}};
    for (const auto& path : shells) {
        const auto there = reported_by(in_a_shell(path, to_shell(c)));
        BOOST_TEST(std::ranges::count_if(there, [](const auto& each) { return each.starts_with("word "); }) == 3,
                   path << shown(there));
    }
}

BOOST_AUTO_TEST_CASE(what_a_shell_cannot_say_is_named_in_the_line) {
    auto c = reporter();
    BOOST_TEST(to_shell(c).find("not said") == std::string::npos);
    const auto with = [c](auto change) {
        auto changed = c;
        change(changed);
        return changed;
    };
    BOOST_TEST(says(with([](command& w) { w.name = "another name"; }), "argv[0] is "));
    BOOST_TEST(!says(with([](command& w) { w.name = w.program; }), "argv[0]"));
    BOOST_TEST(says(with([](command& w) { w.group = process_group::own; }), "a process group of its own"));
    BOOST_TEST(says(with([](command& w) { w.join_group = 77; }), "process group 77"));
    BOOST_TEST(says(with([](command& w) { w.in = stdio::pipe(); }), "standard input is a pipe to the parent"));
    BOOST_TEST(
        says(with([](command& w) { w.out = stdio::socket_pair(); }), "standard output is a socket to the parent"));
    BOOST_TEST(says(with([](command& w) { w.err = stdio::pty(); }), "standard error is a pseudo-terminal"));
    BOOST_TEST(says(with([](command& w) { w.environment.base = environment_base::clean; }), "no variable that steers"));
    // The rest of the line does what can be said.
    c.name = "it's; $(touch made)\n";
    c.group = process_group::own;
    for (const auto& path : shells)
        BOOST_TEST(reported_by(in_a_shell(path, to_shell(c))).size() > 3, path << ": " << to_shell(c));
    BOOST_TEST(::access("made", F_OK) != 0);
}

BOOST_AUTO_TEST_CASE(a_program_with_an_equals_sign_is_no_assignment) {
    for (const std::string name : {"e=x", "e='$(touch made)'", "-e=x"}) {
        install(name);
        for (const bool changed : {false, true}) {
            auto c = reporter();
            c.program = name.starts_with('-') ? name + "/../" + name : place / name;
            if (name.starts_with('-')) {
                ::unlink(name.c_str());
                BOOST_TEST_REQUIRE((::mkdir(name.c_str(), 0755) == 0 || errno == EEXIST));
                install(name + "/" + name);
                c.program = name + "/" + name;
            }
            if (changed) c.environment.changes = {{"PATH", "/nowhere"}, {"A", "b"}};
            c.descriptors = {{3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}};
            same_in_every_shell(c);
        }
    }
    BOOST_TEST(::access("made", F_OK) != 0);
}

BOOST_AUTO_TEST_CASE(a_program_that_is_searched_for_is_no_builtin_keyword_or_function) {
    BOOST_TEST_REQUIRE(::mkdir("bin", 0755) == 0);
    const variable path("PATH", place / "bin" + ":" + ::getenv("PATH"));
    for (const std::string name :
         {"echo", "exit", "if", "time", "[", "while", "alias", "e=x", "a b", "-", "-i", "--"}) {
        install("bin/" + name);
        auto c = reporter({"x"});
        c.program = name;
        c.search_path = true;
        c.descriptors = {{3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}};
        same_in_every_shell(c);
        c.directory = "/";
        c.environment.changes = {{"A", "b"}};
        same_in_every_shell(c);
        ::unlink(("bin/" + name).c_str());  // it is in the way of the tools
    }
    install("bin/mine");
    command c = reporter();
    c.program = "mine";
    c.search_path = true;
    const std::string aliased = "mine() { touch made; }\nalias mine='touch made'\n" + to_shell(c);
    for (const auto& shell : shells) BOOST_TEST(!reported_by(in_a_shell(shell, aliased)).empty());
    BOOST_TEST(::access("made", F_OK) != 0);
}

BOOST_AUTO_TEST_CASE(a_program_that_env_would_look_for_elsewhere_is_said_by_its_path) {
    BOOST_TEST_REQUIRE(::mkdir("bin", 0755) == 0);
    install("bin/mine");
    const std::string rest = ::getenv("PATH");
    auto c = reporter();
    c.program = "mine";
    c.search_path = true;
    {
        const variable path("PATH", place / "bin" + ":" + rest);
        auto elsewhere = c;
        elsewhere.environment.changes = {{"PATH", "/nowhere"}};
        BOOST_TEST(says(elsewhere, "argv[0] is mine"));
        BOOST_TEST(to_shell(elsewhere).find(place / "bin/mine") != std::string::npos);
        elsewhere.environment = {.base = environment_base::empty};
        BOOST_TEST(to_shell(elsewhere).find(place / "bin/mine") != std::string::npos);
        for (const auto& shell : shells) BOOST_TEST(!reported_by(in_a_shell(shell, to_shell(elsewhere))).empty());
    }
    const variable path("PATH", ".:" + place / "bin" + ":" + rest);
    std::ofstream("mine") << "#!/bin/sh\ntouch made\n";
    BOOST_TEST_REQUIRE(::chmod("mine", 0755) == 0);
    for (const auto& shell : shells) BOOST_TEST(!reported_by(in_a_shell(shell, to_shell(c))).empty());
    BOOST_TEST(::access("made", F_OK) != 0);
}

BOOST_AUTO_TEST_CASE(the_directory_is_the_one_that_is_named) {
    const variable places("CDPATH", place / "other"), last("OLDPWD", "/usr");
    for (const std::string name : {"-", "--", "-P", "sub", "other", "other/sub", "~", "link"}) {
        if (name == "link")
            BOOST_TEST_REQUIRE(::symlink("other/sub", "link") == 0);
        else
            BOOST_TEST_REQUIRE(::mkdir(name.c_str(), 0755) == 0);
    }
    for (const std::string name : {"-", "--", "-P", "sub", "~", "link/.."}) {
        auto c = reporter();
        c.directory = name;
        c.descriptors = {{3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}};
        c.environment.changes = {{"PWD", "as it was"}};
        c.out = stdio::truncate_file("out");  // counts from where the parent is
        same_in_every_shell(c);
    }
}

BOOST_AUTO_TEST_CASE(the_mask_is_the_childs_and_not_that_of_the_files_of_its_streams) {
    auto c = reporter();
    c.umask = 0777;
    c.out = stdio::truncate_file("new");
    c.descriptors = {{3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}};
    for (const auto& path : shells) {
        ::unlink("new");
        (void)reported_by(in_a_shell(path, to_shell(c)));
        struct stat st {};
        BOOST_TEST(::stat("new", &st) == 0);
        BOOST_TEST((st.st_mode & 0700) == 0600u);
    }
    c.umask = 0022;
    same_in_every_shell(c);
}

BOOST_AUTO_TEST_CASE(sockets_are_handed_over_by_name_and_number) {
    auto c = reporter();
    c.environment.changes = {{"LISTEN_PID", "1"}, {"LISTEN_FDS", "9"}, {"A", "it's"}};
    c.directory = "/";
    c.sockets = {{"web", 6}, {"admin's $(socket)", 7}};
    c.descriptors = {{3, 5}, {4, 6}, {5, 7}};
    same_in_every_shell(c);
    command asked{.program = "/bin/sh", .arguments = {"-c", "test $LISTEN_PID = $$"}, .sockets = {{"web", 3}}};
    for (const auto& path : shells) BOOST_TEST(status_of(in_a_shell(path, to_shell(asked))).success());
}

BOOST_AUTO_TEST_CASE(a_file_that_bash_would_take_for_a_socket_is_a_file) {
    BOOST_TEST(to_shell({.program = "/p", .in = stdio::read_file("/dev/tcp/localhost/1")}) ==
               "/p < /dev/./tcp/localhost/1");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
