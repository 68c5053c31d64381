# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""The changes of test/mutations, and the sources with all of them in it; scripts/mutate has the form of a list."""

import collections
import pathlib
import re
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LISTS = ROOT / "test" / "mutations"


class Wrong(Exception):
    """Something that a human has to mend."""


class Change:
    """One entry of a list."""

    KEYS = ("file", "after", "never", "always", "without", "instead", "is", "tests", "needs", "unnoticed")

    def __init__(self, folder, name, where):
        self.folder, self.name, self.where, self.keys = folder, name, where, {}

    def __str__(self):
        return f"{self.where}: [{self.name}]"

    @property
    def number(self):
        """The same as long as the change is, so that only files whose changes are others are compiled anew."""
        text = "\0".join(self.get(key) or "" for key in ("file", "after", self.kind, "is")) + self.kind
        return zlib.crc32(text.encode()) & 0x7FFFFFFF or 1

    def get(self, key):
        return self.keys.get(key)

    @property
    def kind(self):
        return next(key for key in ("never", "always", "without", "instead") if key in self.keys)

    def check(self):
        kinds = [key for key in ("never", "always", "without", "instead") if key in self.keys]
        if "file" not in self.keys or len(kinds) != 1:
            raise Wrong(f"{self}: needs a file and one of never, always, without, instead")
        if ("is" in self.keys) != (kinds == ["instead"]):
            raise Wrong(f"{self}: 'instead' and 'is' go together")
        if self.get("needs") not in (None, "pid-namespace"):
            raise Wrong(f"{self}: needs nothing but pid-namespace")

    def suites(self):
        """(folder, suite) of those to run first."""
        words = (self.get("tests") or "").split()
        return [tuple(word.split("/", 1)) if "/" in word else (self.folder, word) for word in words]


def parse(folder, text, where):
    """The entries of a list."""
    changes, current, key = [], None, None
    for number, line in enumerate(text.splitlines(), 1):
        place = f"{where}:{number}"
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            if key is None:
                raise Wrong(f"{place}: continues nothing")
            current.keys[key] += "\n" + line.strip()
        elif line.startswith("["):
            if not line.rstrip().endswith("]"):
                raise Wrong(f"{place}: a name ends with ]")
            current, key = Change(folder, line.strip()[1:-1].strip(), place), None
            changes.append(current)
        else:
            key, colon, value = line.partition(":")
            if current is None or not colon or key not in Change.KEYS or key in current.keys:
                raise Wrong(f"{place}: no such line here: {line}")
            current.keys[key] = value.strip()
    names = collections.Counter(change.name for change in changes)
    for change in changes:
        change.check()
        if names[change.name] != 1:
            raise Wrong(f"{change}: the name is there {names[change.name]} times")
    return changes


def read_lists():
    """{folder: [Change]}, in the order of the table of folders."""
    lists = {file.name: parse(file.name, file.read_text(encoding="utf-8"), file.relative_to(ROOT))
             for file in sorted(LISTS.iterdir())}
    numbers = collections.Counter(change.number for changes in lists.values() for change in changes)
    for changes in lists.values():
        for change in changes:
            if numbers[change.number] != 1:
                raise Wrong(f"{change}: another one is the same or has the same number; write one in another way")
    return lists


# The sources

TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'|\w+|\S')


def pattern(text):
    """Matches the text whatever white space there is between its tokens."""
    tokens = TOKEN.findall(text)
    out = [re.escape(tokens[0])]
    for before, token in zip(tokens, tokens[1:]):
        out.append(r"\s+" if before[-1:].isidentifier() and token[0].isidentifier() else r"\s*")
        out.append(re.escape(token))
    first = r"(?<!\w)" if re.match(r"\w", tokens[0]) else ""
    last = r"(?!\w)" if re.search(r"\w$", tokens[-1]) else ""
    return re.compile(first + "".join(out) + last)


def place_of(change, source):
    """(begin, end) of the change's text in its file."""
    begin = 0
    after = change.get("after")
    if after:
        found = list(pattern(after).finditer(source))
        if len(found) != 1:
            raise Wrong(f"{change}: the text behind 'after' is {len(found)} times in {change.get('file')}: {after}")
        begin = found[0].end()
    text = change.get(change.kind)
    found = list(pattern(text).finditer(source, begin))
    if not found or (len(found) != 1 and not after):
        raise Wrong(f"{change}: the text is {len(found)} times in {change.get('file')}: {text}")
    return found[0].span()


def close_of(text, opening):
    """Where the parenthesis at `opening` is closed."""
    depth = 0
    for match in TOKEN.finditer(text, opening):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.start()
    raise ValueError("a parenthesis is not closed")


def comma_of(text):
    """Whether a comma stands outside of parentheses, or one of these has no partner."""
    depth = 0
    for match in TOKEN.finditer(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(match.group(), 0)
        if depth < 0 or (depth == 0 and match.group() == ","):
            return True
    return depth != 0


CONDITION = re.compile(r"(?:else\s+)?(?:if|while)\s*\(")
STATEMENT = re.compile(r";\s*$|^\s*(?:\{|(?:if|for|while|do|try|switch)\b)(?s:.*)\}\s*$")
DECLARED = re.compile(r"(?:const\s+)?auto[&*\s]+(?:const\s+)?(\w+)\s*=(?!=)")


def changed(change, text):
    """The text with the change behind its number."""
    mutant = f"::parley::mutation::is({change.number})"
    kind = change.kind
    if kind in ("never", "always"):
        chosen = (lambda c: f"(!{mutant} && ({c}))") if kind == "never" else (lambda c: f"({mutant} || ({c}))")
        head = CONDITION.match(text)
        if not head:
            return chosen(text)
        end = close_of(text, head.end() - 1)
        condition = text[head.end():end]
        before, semicolon, last = condition.rpartition(";")
        declared = DECLARED.match(last.strip())
        if declared:
            before, semicolon, last = condition, "; ", declared.group(1)
        return text[:head.end()] + before + semicolon + chosen(last) + text[end:]
    if kind == "without":
        if not STATEMENT.search(text):
            raise ValueError("is no statement")
        return f"if ({mutant}) {{}} else {{ {text} }}"
    replacement = change.get("is")
    if STATEMENT.search(text):
        return f"if ({mutant}) {{ {replacement} }} else {{ {text} }}"
    if any(comma_of(part) for part in (text, replacement)):
        raise ValueError("is a list or a part, no expression")
    return f"({mutant} ? ({replacement}) : ({text}))"


def with_changes(source, begin, end, places):
    """source[begin:end] with the changes in it; one may lie within another."""
    out, at = [], begin
    while places:
        first, last, change = places.pop(0)
        inner = []
        while places and places[0][0] < last:
            if places[0][1] > last:
                raise Wrong(f"{places[0][2]}: its text overlaps with that of {change}")
            inner.append(places.pop(0))
        try:
            new = changed(change, with_changes(source, first, last, inner))
        except ValueError as problem:
            raise Wrong(f"{change}: the text {problem}") from problem
        # What follows keeps its line, so that assertions and the compiler name the true places.
        out += [source[at:first], " ".join(new.split("\n")), "\n" * source.count("\n", first, last)]
        at = last
    return "".join(out) + source[at:end]


def changed_files(lists):
    """{path: source} of all files that are changed, with all changes in them."""
    by_file = collections.defaultdict(list)
    for changes in lists.values():
        for change in changes:
            by_file[change.get("file")].append(change)
    sources, wrong = {}, []
    for path, changes in by_file.items():
        try:
            source = (ROOT / path).read_text(encoding="utf-8")
        except FileNotFoundError:
            wrong.append(f"{changes[0]}: no such file: {path}")
            continue
        places = []
        for change in changes:
            try:
                places.append(place_of(change, source) + (change,))
            except Wrong as problem:
                wrong.append(str(problem))
        source = with_changes(source, 0, len(source), sorted(places, key=lambda place: (place[0], -place[1])))
        sources[path] = f'#include "{"../" * path.count("/")}include/parley_mutation.hpp"\n#line 1 "{path}"\n' + source
    if wrong:
        raise Wrong("\n        ".join(wrong))
    return sources
