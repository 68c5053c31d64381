# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

# ccache is used where it is installed. Precompiled headers need the two sloppiness settings.
find_program(PARLEY_CCACHE ccache DOC "ccache, used when found")
mark_as_advanced(PARLEY_CCACHE)
if(PARLEY_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros" "${PARLEY_CCACHE}")
endif()
