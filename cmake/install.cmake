# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

include(CMakePackageConfigHelpers)

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/parley")
install(TARGETS parley EXPORT parley-targets FILE_SET HEADERS)
install(EXPORT parley-targets NAMESPACE parley:: DESTINATION ${package})
install(TARGETS parley_rpc EXPORT parley-rpc-targets FILE_SET HEADERS)
install(EXPORT parley-rpc-targets NAMESPACE parley:: DESTINATION ${package})

configure_package_config_file(cmake/parley-config.cmake.in ${PROJECT_BINARY_DIR}/parley-config.cmake
    INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/parley-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/parley-config.cmake
    ${PROJECT_BINARY_DIR}/parley-config-version.cmake
    cmake/parley-dependencies.cmake
    DESTINATION ${package})

# pkg-config: Boost has no .pc files, so its libraries are named here.
set(parley_pc_libs "")
foreach(component IN ITEMS process filesystem)
    if("Boost::${component}" IN_LIST parley_boost)
        string(APPEND parley_pc_libs " -lboost_${component}")
    endif()
endforeach()
# A shared library brings what it needs itself. A static one does not, and where there is no other, pkg-config must say
# it without --static, too: whoever asks for `--libs` links with what is installed.
set(parley_pc_definitions "")
set(parley_pc_requires "Requires.private")
set(parley_rpc_pc_definitions "")
if(NOT BUILD_SHARED_LIBS)
    set(parley_pc_definitions " -DPARLEY_STATIC_DEFINE")
    set(parley_pc_requires "Requires")
    set(parley_rpc_pc_definitions " -DPARLEY_RPC_STATIC_DEFINE")
endif()
file(RELATIVE_PATH parley_pc_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
foreach(name IN ITEMS parley parley-rpc)
    configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
