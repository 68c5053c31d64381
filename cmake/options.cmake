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

# What tests and samples are compiled with. Under a sanitizer a compiler takes several times as long, and what is theirs
# alone needs no optimiser, nor what UndefinedBehaviorSanitizer puts before every access. The library has all of it.
add_library(parley_program_options INTERFACE)
target_link_libraries(parley_program_options INTERFACE parley_options)
if(PARLEY_SANITIZE)
    target_compile_options(parley_program_options INTERFACE -O0)
endif()
if(PARLEY_SANITIZE MATCHES "undefined")
    target_compile_options(parley_program_options INTERFACE -fno-sanitize=null,alignment,vptr,object-size)
endif()

# parley_unity(<target>): its files are compiled several at a time.
function(parley_unity target)
    set(files_at_a_time 8)
    if(PARLEY_UNITY)
        set(files_at_a_time 16)  # nobody waits for one of them
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${files_at_a_time})
    # No file of these is included twice.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()
