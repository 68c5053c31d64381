# Copyright (c) 2026 The parley authors
# SPDX-License-Identifier: BSL-1.0

import pathlib
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir


class Parley(ConanFile):
    name = "parley"
    description = "Interprocess communication for C++20 on Boost.Asio"
    license = "BSL-1.0"
    topics = ("ipc", "asio", "process", "signal", "pipe", "coroutines", "linux")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    @property
    def _tree(self):
        return pathlib.Path(self.recipe_folder).parent

    def set_version(self):
        # CMakeLists.txt is the one source of the version.
        project = load(self, str(self._tree / "CMakeLists.txt"))
        self.version = re.search(r"^project\(parley VERSION ([0-9.]+)", project, re.MULTILINE)[1]

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"):
            copy(self, pattern, src=str(self._tree), dst=self.export_sources_folder)

    def requirements(self):
        # Public headers include both.
        self.requires("boost/[>=1.81 <2]", transitive_headers=True, transitive_libs=True)
        self.requires("spdlog/[>=1.10 <2]", transitive_headers=True, transitive_libs=True)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("parley runs on Linux only")
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "SAMPLES", "BENCH", "TOOLS"):
            toolchain.cache_variables[f"PARLEY_{part}"] = False
        toolchain.cache_variables["PARLEY_UNITY"] = True
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", src=self.source_folder, dst=str(pathlib.Path(self.package_folder) / "licenses"))
        for folder in ("lib/pkgconfig", "share"):
            rmdir(self, str(pathlib.Path(self.package_folder) / folder))

    def package_info(self):
        # find_package(parley) reads parley's own configuration, which finds Boost and spdlog wherever they come from:
        # made by CMakeDeps, or the system's where a profile says so.
        self.cpp_info.builddirs = ["lib/cmake/parley"]
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.set_property("cmake_file_name", "parley")
        self.cpp_info.set_property("cmake_target_name", "parley::parley")
        self.cpp_info.set_property("pkg_config_name", "parley")
        self.cpp_info.libs = ["parley_rpc", "parley"]
        self.cpp_info.system_libs = ["pthread"]
        if not self.options.shared:
            self.cpp_info.defines = ["PARLEY_STATIC_DEFINE", "PARLEY_RPC_STATIC_DEFINE"]
