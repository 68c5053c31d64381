# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

"""One build with all changes, each behind a number in the environment variable PARLEY_MUTANT."""

import pathlib
import shutil
import subprocess
import sys

from .changes import ROOT, Wrong

COPIED = ("CMakeLists.txt", "CMakePresets.json", "cmake", "include", "src", "test")

HEADER = """\
// Made by scripts/mutate: which change of test/mutations is in force.
#pragma once

#include <cstdlib>
#include <type_traits>

namespace parley::mutation {

inline int chosen = 0;

[[gnu::constructor(101)]] inline void choose() noexcept {
    const char* const number = std::getenv("PARLEY_MUTANT");
    chosen = number != nullptr ? std::atoi(number) : 0;
}

constexpr bool is(int number) noexcept { return !std::is_constant_evaluated() && chosen == number; }

}  // namespace parley::mutation
"""


def write_if_new(file, content):
    if not file.is_file() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def make_tree(tree, sources):
    """The sources with all changes in them. A file that stays the same is not touched."""
    wanted = {pathlib.Path("include/parley_mutation.hpp"): HEADER.encode()}
    for name in COPIED:
        top = ROOT / name
        for file in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if file.is_file() and "__pycache__" not in file.parts:
                path = file.relative_to(ROOT)
                wanted[path] = sources.get(str(path), "").encode() or file.read_bytes()
    for path, content in wanted.items():
        write_if_new(tree / path, content)
        if (ROOT / path).is_file():
            shutil.copymode(ROOT / path, tree / path)
    for file in sorted(tree.rglob("*"), reverse=True):
        if file.is_file() and file.relative_to(tree) not in wanted:
            file.unlink()


def run_quietly(log, command):
    with open(log, "wb") as out:
        if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode != 0:
            sys.stderr.write(log.read_text(errors="replace")[-20000:])
            raise Wrong(f"failed: {' '.join(map(str, command))}")


def compile_tree(directory, folders, jobs):
    tree, build = directory / "tree", directory / "build"
    if not (build / "CMakeCache.txt").is_file():
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        off = [f"-DPARLEY_{part}=OFF" for part in ("SAMPLES", "BENCH", "TOOLS", "INSTALL", "WERROR")]
        run_quietly(directory / "configure.log",
                    ["cmake", "-S", tree, "-B", build, *generator, "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-w",
                     "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1", "-DPARLEY_UNITY=ON", *off])
    run_quietly(directory / "build.log",
                ["cmake", "--build", build, "--parallel", str(jobs), "--target", *(f"{f}_tests" for f in folders)])
