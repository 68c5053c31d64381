# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

# How the library and its components are compiled.

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
    if(PARLEY_UNITY)
        parley_unity_of_folders(${target}_objects)
    endif()
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

# parley_unity_of_folders(<target>): the files of a folder are compiled together, and with no others, whatever is added.
function(parley_unity_of_folders target)
    parley_unity(${target})
    set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
    get_target_property(files ${target} SOURCES)
    foreach(file IN LISTS files)
        cmake_path(GET file PARENT_PATH folder)
        cmake_path(GET folder FILENAME folder)
        set_source_files_properties(${file} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP ${folder})
    endforeach()
endfunction()
