#!/usr/bin/env python3
"""Builds and runs a program that uses Inlay in one of the ways that users do.

usage: package.py subdirectory|fetch_content|find_package|pkg-config|meson|make --cxx CXX --build DIR --work DIR

--build is Inlay's own build folder, to install from; --work is scratch. Exit status 77: a tool is missing.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def run(*command: object, **options: object) -> str:
    print("+", *command, flush=True)
    return subprocess.run(list(map(str, command)), check=True, text=True, **options).stdout


def with_cmake(work: pathlib.Path, cxx: str, *found_by: str) -> pathlib.Path:
    run("cmake", "-S", work, "-B", work / "build", "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={cxx}", *found_by)
    run("cmake", "--build", work / "build")
    return work / "build" / "consumer"


def with_pkg_config(work: pathlib.Path, cxx: str, prefix: pathlib.Path) -> pathlib.Path:
    environment = os.environ | {"PKG_CONFIG_PATH": str(prefix / "share" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "inlay", env=environment, stdout=subprocess.PIPE).split()
    embed = run("pkg-config", "--variable=embed", "inlay", env=environment, stdout=subprocess.PIPE).strip()
    run(sys.executable, embed, work / "tiny.tflite", work / "tiny.hpp")
    run(cxx, "-std=c++20", *flags, work / "main.cpp", "-o", work / "consumer")
    return work / "consumer"


def with_meson(work: pathlib.Path, cxx: str) -> pathlib.Path:
    (work / "subprojects").mkdir()
    (work / "subprojects" / "inlay").symlink_to(ROOT)
    run("meson", "setup", work / "build", work, env=os.environ | {"CXX": cxx})
    run("meson", "compile", "-C", work / "build")
    return work / "build" / "consumer"


def with_make(work: pathlib.Path, cxx: str) -> pathlib.Path:
    run("make", "-C", work, f"INLAY={ROOT}", f"CXX={cxx}")
    return work / "consumer"


def archive(work: pathlib.Path) -> pathlib.Path:
    """The library's files, packed as a release is."""
    packed = work / "inlay.tar.gz"
    with tarfile.open(packed, "w:gz") as files:
        for name in ("CMakeLists.txt", "cmake", "include"):
            files.add(ROOT / name, f"inlay/{name}")
    return packed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("way", choices=["subdirectory", "fetch_content", "find_package", "pkg-config", "meson", "make"])
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    tool = arguments.way if arguments.way in ("pkg-config", "meson", "make") else "cmake"
    if shutil.which(tool) is None:
        print(f"SKIPPED: {tool} is not installed")
        return 77
    work, cxx = arguments.work, arguments.cxx
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for source in (HERE / "main.cpp", HERE / "CMakeLists.txt", HERE / "meson.build", HERE / "Makefile",
                   ROOT / "tests" / "golden" / "models" / "tiny.tflite"):
        shutil.copy(source, work)
    prefix = work / "prefix"
    if arguments.way in ("find_package", "pkg-config"):
        run("cmake", "--install", arguments.build, "--prefix", prefix, stdout=subprocess.DEVNULL)
    match arguments.way:
        case "subdirectory": program = with_cmake(work, cxx, f"-DINLAY_SOURCE={ROOT}")
        case "fetch_content": program = with_cmake(work, cxx, f"-DINLAY_FETCHED={archive(work)}")
        case "find_package": program = with_cmake(work, cxx, f"-DCMAKE_PREFIX_PATH={prefix}")
        case "pkg-config": program = with_pkg_config(work, cxx, prefix)
        case "meson": program = with_meson(work, cxx)
        case "make": program = with_make(work, cxx)
    run(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
