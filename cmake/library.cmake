# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

# How the library and its components are compiled.

# parley_sources(<target>): the sources of this folder are those of the target; with PARLEY_UNITY they are compiled several
# at a time.
function(parley_sources target)
    file(GLOB sources CONFIGURE_DEPENDS *.cpp)
    if(PARLEY_UNITY)
        cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
        parley_unity(${target} ${folder} 12 ${sources})
    else()
        target_sources(${target} PRIVATE ${sources})
    endif()
endfunction()

# parley_compiled_once(<target>): objects of which a library, static or shared, and a static library for the tests are made:
# <target>_objects, <target> and <target>_testing; tests see private symbols, in shared builds too. Headers are a file set
# of <target>. What others link is the caller's to say.
function(parley_compiled_once target)
    string(TOUPPER ${target} prefix)
    foreach(one IN ITEMS ${target}_objects ${target} ${target}_testing)
        target_compile_features(${one} PUBLIC cxx_std_20)
        if(NOT BUILD_SHARED_LIBS)
            target_compile_definitions(${one} PUBLIC ${prefix}_STATIC_DEFINE)
        endif()
    endforeach()
    foreach(one IN ITEMS ${target} ${target}_testing)
        target_sources(${one} PRIVATE $<TARGET_OBJECTS:${target}_objects>)
        set_target_properties(${one} PROPERTIES LINKER_LANGUAGE CXX)
    endforeach()
    target_link_libraries(${target}_objects PRIVATE parley_options)
    target_include_directories(${target}_objects PRIVATE ${PROJECT_SOURCE_DIR}/src)
    set_target_properties(${target}_objects PROPERTIES
        CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        DEFINE_SYMBOL "")
    if(BUILD_SHARED_LIBS)
        set_target_properties(${target}_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
        target_compile_definitions(${target}_objects PRIVATE ${target}_EXPORTS)
        target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:parley_options>)
        if(NOT PARLEY_SANITIZE)
            target_link_options(${target} PRIVATE -Wl,--no-undefined)
        endif()
    endif()
    set_target_properties(${target} PROPERTIES
        VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
        VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
endfunction()
