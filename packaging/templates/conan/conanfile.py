"""Inlay's recipe: conan create . tests it, too."""
import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy
from conan.tools.layout import basic_layout


class Inlay(ConanFile):
    name = "inlay"
    version = "@VERSION@"
    description = "@DESCRIPTION@"
    license = "@LICENCE@"
    author = "@AUTHOR@"
    topics = @KEYWORDS_TUPLE@
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    exports_sources = "include/*", "cmake/*", "LICENSE"
    no_copy_source = True

    def layout(self):
        basic_layout(self)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()

    def package(self):
        for pattern, to in (("include/*", ""), ("cmake/*", ""), ("LICENSE", "licenses")):
            copy(self, pattern, self.source_folder, os.path.join(self.package_folder, to))

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        # inlay_add_model, and the script that it calls beside it.
        self.cpp_info.set_property("cmake_build_modules", [os.path.join("cmake", "inlay.cmake")])
