// Copyright (c) 2026 The parley authors
// SPDX-License-Identifier: BSL-1.0

#include "words.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <cstddef>

namespace parley::tool {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n'; }

class splitter {
public:
    splitter(std::string_view option, std::string_view line) : option_(option), line_(line) {}

    std::vector<std::string> split() {
        while (at_ < line_.size()) step();
        finish();
        if (words_.empty()) fail(0, "expected a command");
        return std::move(words_);
    }

private:
    void step() {
        const char c = line_[at_];
        if (is_blank(c)) return ++at_, finish();
        if (c == '~' && !open_) needs_shell(at_);
        open_ = true;
        if (c == '\'') return single_quoted();
        if (c == '"') return double_quoted();
        if (c == '\\') return escaped();
        if (std::string_view("$`|;&<>()").find(c) != std::string_view::npos) needs_shell(at_);
        word_ += c;
        ++at_;
    }
    void finish() {
        if (open_) words_.push_back(std::move(word_));
        word_.clear();
        open_ = false;
    }
    void single_quoted() {
        const auto end = line_.find('\'', at_ + 1);
        if (end == std::string_view::npos) fail(at_, "this ' has no end");
        word_ += line_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
    }
    void double_quoted() {
        const auto begin = at_++;
        for (; at_ < line_.size(); ++at_) {
            char c = line_[at_];
            if (c == '"') return void(++at_);
            if (c == '$' || c == '`') needs_shell(at_);
            if (c == '\\' && at_ + 1 < line_.size() &&
                std::string_view("\\\"$`\n").find(line_[at_ + 1]) != std::string_view::npos) {
                c = line_[++at_];
                if (c == '\n') continue;
            }
            word_ += c;
        }
        fail(begin, "this \" has no end");
    }
    void escaped() {
        if (at_ + 1 == line_.size()) fail(at_, "nothing follows this \\");
        if (line_[at_ + 1] != '\n') word_ += line_[at_ + 1];
        at_ += 2;
    }

    [[noreturn]] void needs_shell(std::size_t at) const {
        fail(at, std::string(1, line_[at]) + " is for a shell and there is none: quote it, or run sh -c '…'");
    }
    [[noreturn]] void fail(std::size_t at, const std::string& what) const {
        throw usage_error(std::string(option_) + " " + in_quotes(line_) + ", byte " + std::to_string(at) + ": " + what);
    }

    std::string_view option_, line_;
    std::size_t at_ = 0;
    bool open_ = false;  // a word has begun, perhaps with nothing in it
    std::string word_;
    std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> split_words(std::string_view option, std::string_view line) {
    return splitter(option, line).split();
}

}  // namespace parley::tool
