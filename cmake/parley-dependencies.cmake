# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

# What parley links. Read by parley's own build and, installed, by every find_package(parley).
#
# Boost.Process v2 is header-only up to Boost 1.85 and then needs Boost.Filesystem; from 1.86 it is a library.
include(CMakeFindDependencyMacro)

find_package(Boost 1.81 QUIET CONFIG)
if(Boost_FOUND)
    set(parley_boost_mode CONFIG)
else()
    set(parley_boost_mode MODULE)
    find_dependency(Boost 1.81 MODULE)
endif()
set(parley_boost Boost::headers)
if(Boost_VERSION_MAJOR EQUAL 1 AND Boost_VERSION_MINOR LESS 86)
    find_dependency(Boost 1.81 ${parley_boost_mode} COMPONENTS filesystem)
    list(APPEND parley_boost Boost::filesystem)
else()
    find_package(Boost 1.81 QUIET ${parley_boost_mode} OPTIONAL_COMPONENTS process filesystem)
    foreach(component IN ITEMS process filesystem)
        if(TARGET Boost::${component})
            list(APPEND parley_boost Boost::${component})
        endif()
    endforeach()
endif()

find_dependency(spdlog CONFIG)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_dependency(Threads)
