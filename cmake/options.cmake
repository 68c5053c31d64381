# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

# What the targets of this tree are compiled with. Nothing here reaches a user of parley.

add_library(parley_warnings INTERFACE)
target_compile_options(parley_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual -Wextra-semi
    -Wconversion -Wno-sign-conversion
    -Wno-missing-field-initializers # designated initialisers leave fields out on purpose
    $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete> # GCC takes Asio's coroutine frames for a mismatch
    $<$<BOOL:${PARLEY_WERROR}>:-Werror>)

add_library(parley_options INTERFACE)
target_link_libraries(parley_options INTERFACE parley_warnings)
if(PARLEY_SANITIZE)
    target_compile_options(parley_options INTERFACE
        -fsanitize=${PARLEY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
        $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-clobbered>) # false positives on instrumented code
    target_link_options(parley_options INTERFACE -fsanitize=${PARLEY_SANITIZE})
    if(PARLEY_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(parley_options INTERFACE -Wno-tsan) # Asio's fences
    endif()
endif()
if(PARLEY_COVERAGE)
    target_compile_options(parley_options INTERFACE --coverage)
    target_link_options(parley_options INTERFACE --coverage)
endif()
if(PARLEY_FUZZ)
    target_compile_options(parley_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
