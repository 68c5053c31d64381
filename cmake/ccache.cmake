# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

# ccache is used where it is installed. What it keeps serves all checkouts: no object depends on where the tree lies.
# Precompiled headers need pch_defines and time_macros, and options of the compiler that let ccache see what went into them.
find_program(PARLEY_CCACHE ccache DOC "ccache, used when found")
mark_as_advanced(PARLEY_CCACHE)
if(PARLEY_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND}" -E env
        "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}"
        CCACHE_NOHASHDIR=1
        "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
        "${PARLEY_CCACHE}")
    add_compile_options(
        $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
        "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()
