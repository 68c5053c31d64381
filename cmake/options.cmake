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

# parley_unity(<target> <name> <files at a time> <file>...): the target is compiled from files that include those files,
# several at a time. They name them relative to the root of the tree, so that the compiler cache serves all checkouts. No
# file of these is included twice.
function(parley_unity target name files_at_a_time)
    set(batches "")
    set(files ${ARGN})
    set(number 0)
    while(files)
        set(text "")
        foreach(step RANGE 1 ${files_at_a_time})
            if(files)
                list(POP_FRONT files file)
                cmake_path(ABSOLUTE_PATH file)
                cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
                string(APPEND text "#include \"${file}\"\n")
            endif()
        endforeach()
        set(batch ${CMAKE_CURRENT_BINARY_DIR}/unity/${name}_${number}.cpp)
        file(CONFIGURE OUTPUT ${batch} CONTENT "${text}" @ONLY)
        list(APPEND batches ${batch})
        math(EXPR number "${number} + 1")
    endwhile()
    target_sources(${target} PRIVATE ${batches})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()
