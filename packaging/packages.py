#!/usr/bin/env python3
"""Makes Inlay's packages and checks them, as far as the tools go that are installed.

usage: packages.py --to DIR [--only FORMAT…] [--cxx CXX]

Tools come from requirements.txt, beside this Python or on the path, and from Debian. Each line of what is printed says
what was checked, or skipped and why. Exit status 77: packages are made, and nothing could be checked.
"""
import argparse
import dataclasses
import functools
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
import zipfile
from collections.abc import Callable

from amalgamate import amalgamated

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
GOLDEN = ROOT / "tests" / "golden" / "models"
STAND_INS = HERE / "stand_ins"
CONSUMER = ROOT / "tests" / "consumer"
SKIPPED = 77
sys.path[:0] = [str(CONSUMER), str(ROOT / "cmake")]
import embed  # noqa: E402
import run as consumer  # noqa: E402

ANSWERS = "3 of 3 answers are exact"


class Missing(Exception):
    """A tool that is not there."""


class Failure(Exception):
    """What a check found."""


# ---- the one description --------------------------------------------------------------------------------

def description() -> dict[str, str]:
    """What templates write between two @: name and version are CMakeLists.txt's, the rest description.json's."""
    project = re.search(r'project\(inlay VERSION (\S+) DESCRIPTION "([^"]*)"', (ROOT / "CMakeLists.txt").read_text())
    if project is None:
        raise Failure("CMakeLists.txt has no project(inlay VERSION … DESCRIPTION …)")
    more = json.loads((HERE / "description.json").read_text())
    keywords = more["keywords"]
    return {"VERSION": project[1], "DESCRIPTION": project[2], "AUTHOR": more["author"], "LICENCE": more["licence"],
            "HOMEPAGE": more["homepage"], "KEYWORDS_JSON": json.dumps(keywords),
            "TAGS_JSON": json.dumps([keyword.replace(" ", "-") for keyword in keywords]),
            "KEYWORDS_TUPLE": repr(tuple(keyword.replace(" ", "-") for keyword in keywords)),
            "KEYWORDS_XML": "\n".join(f"    <keyword>{keyword}</keyword>" for keyword in keywords)}


# ---- making ---------------------------------------------------------------------------------------------

def copy(source: pathlib.Path, to: pathlib.Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, to)


def fill(template: pathlib.Path, to: pathlib.Path, values: dict[str, str]) -> None:
    for file in sorted(template.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            made = to / file.relative_to(template)
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], file.read_text()))


def sample(to: pathlib.Path, *, as_headers: bool, program: bool = False) -> None:
    """The network of the examples and its answers, as files of which a build makes headers, or as headers."""
    copy(HERE / "sample" / "keyword_answers.hpp", to / "keyword_answers.hpp")
    if program:
        copy(HERE / "sample" / "main.cpp", to / "main.cpp")
    for suffix, name in (("tflite", "keyword"), ("in", "keyword_in"), ("out", "keyword_out")):
        golden = GOLDEN / f"network_keyword.{suffix}"
        if as_headers:
            (to / f"{name}.hpp").write_text(embed.header(golden.read_bytes(), name), encoding="ascii")
        else:
            copy(golden, to / f"keyword.{suffix}")


def pack(folder: pathlib.Path, archive: pathlib.Path, prefix: str = "") -> None:
    """The same bytes whenever the files are the same."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(prefix + file.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                made.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


def make(format_name: str, folder: pathlib.Path, values: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if format_name == "single-header":
        (folder / "inlay.hpp").write_text(amalgamated(ROOT / "include"))
        copy(ROOT / "cmake" / "embed.py", folder / "embed.py")
        return
    fill(HERE / "templates" / format_name, folder, values)
    library = folder / "inlay" / "source" if format_name == "vcpkg" else folder
    headers = "src" if format_name == "arduino" else "include"
    copy(ROOT / "include", library / headers)
    for file in ("LICENSE", "README.md"):
        copy(ROOT / file, library / file)
    match format_name:
        case "arduino":
            copy(ROOT / "cmake" / "embed.py", folder / "extras" / "embed.py")
            sample(folder / "examples" / "keyword", as_headers=True)
            pack(folder, folder.parent / f"inlay-{values['VERSION']}-arduino.zip", "Inlay/")
        case "platformio":
            copy(ROOT / "cmake" / "embed.py", folder / "scripts" / "embed.py")
            sample(folder / "examples" / "keyword" / "src", as_headers=True, program=True)
        case "esp-idf":
            copy(ROOT / "cmake", folder / "cmake")
            sample(folder / "examples" / "keyword" / "main", as_headers=False)
        case "zephyr":
            copy(ROOT / "cmake", folder / "cmake")
            sample(folder / "samples" / "keyword" / "src", as_headers=False)
        case "cmsis-pack":
            copy(ROOT / "cmake" / "embed.py", folder / "scripts" / "embed.py")
            sample(folder / "template", as_headers=True)
            pack(folder, folder.parent / f"Inlay.inlay.{values['VERSION']}.pack")
        case "vcpkg":
            copy(ROOT / "cmake", library / "cmake")
            copy(ROOT / "CMakeLists.txt", library / "CMakeLists.txt")
        case "conan":
            copy(ROOT / "cmake", folder / "cmake")
            sample(folder / "test_package", as_headers=False, program=True)


# ---- tools ----------------------------------------------------------------------------------------------

def tool(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise Missing(f"there is no {name} ({package})")
    return found


def run(*command: object, env: dict[str, str] | None = None, cwd: pathlib.Path | None = None) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=cwd,
                          env=os.environ | (env or {}))
    if done.returncode != 0:
        raise Failure("\n".join([" ".join(map(str, command)), *(done.stdout + done.stderr).splitlines()[-25:]]))
    return done.stdout + done.stderr


@dataclasses.dataclass(frozen=True)
class Context:
    folder: pathlib.Path   # the package
    scratch: pathlib.Path  # a folder of the check's own
    values: dict[str, str]
    cxx: str


def must_say(printed: str, words: str = ANSWERS) -> None:
    if words not in printed:
        raise Failure(f"it does not say: {words}\n{printed[-2000:]}")


# Processors that samples are compiled for, after hostile macros.
CROSS = {c.command: c for c in consumer.COMPILERS if c.command in ("arm-none-eabi-g++", "riscv64-unknown-elf-g++")}


def cross(command: str, context: Context, source: pathlib.Path, *options: object) -> None:
    compiler = CROSS[command]
    tool(command, compiler.package)
    if not consumer.has_headers(compiler):
        raise Missing(f"{command} has no C++ library")
    for flags in compiler.flags[:2]:
        run(command, *compiler.library, "-std=gnu++20", *flags.split(), "-Wall", "-Wextra", "-Werror",
            f"-I{STAND_INS}", f"-I{CONSUMER}", *options, "-c", source, "-o", context.scratch / "sample.o")


def both_cross(context: Context, source: pathlib.Path, *options: object) -> None:
    """With each compiler that is there; missing only if neither is."""
    missing = []
    for command in CROSS:
        try:
            cross(command, context, source, *options)
        except Missing as none:
            missing.append(str(none))
    if missing:
        raise Missing("; ".join(missing))


# ---- checks ---------------------------------------------------------------------------------------------

def same_tokens(context: Context) -> None:
    """Preprocessed for every set of instructions that a compiler here has, the header is the folder."""
    source = context.scratch / "all.cpp"
    source.write_text("#include <inlay.hpp>\n")
    compared = 0
    sets = [("g++-12", flags) for flags in ("", "-mavx2 -mavxvnni", "-mavx512f -mavx512bw -mavx512vl -mavx512vnni")]
    sets += [("clang++-19", flags) for flags in ("", "-mavx2")]
    sets += [("aarch64-linux-gnu-g++", flags) for flags in ("-march=armv8-a", "-march=armv8.2-a+dotprod")]
    sets += [(c.command, " ".join([*c.library, flags])) for c in CROSS.values() for flags in c.flags]
    for command, flags in sets:
        if shutil.which(command) is None:
            continue
        tokens, made = [], context.scratch / "tokens"
        for folder in (context.folder, ROOT / "include"):
            run(command, "-std=c++20", *flags.split(), "-E", "-P", f"-I{folder}", source, "-o", made)
            tokens.append(made.read_text().split())
        if tokens[0] != tokens[1]:
            raise Failure(f"{command} {flags}: other tokens than include/ gives")
        compared += 1
    if not compared:
        raise Missing("there is none of the compilers that are supported")


def single_golden(command: str, context: Context) -> None:
    """Golden networks of all operators, their answers, with strict warnings, from an ordinary folder."""
    tool(command, "Debian")
    source = consumer.source(consumer.NAMES, context.scratch)
    strict = [*consumer.STRICT, *([] if command.startswith("clang") else consumer.GCC_ONLY)]
    run(command, "-std=c++20", "-O1", *strict, f"-I{context.folder}", f"-I{CONSUMER}", "-DCONSUMER_MAIN=main", source,
        "-o", context.scratch / "golden")
    run(context.scratch / "golden")


def arduino_properties(context: Context) -> None:
    lines = (context.folder / "library.properties").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    needed = ["name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"]
    if lacking := [key for key in needed if key not in found]:
        raise Failure(f"library.properties lacks {lacking}")
    if not (context.folder / "src" / found["includes"]).is_file() or not found["version"].count(".") == 2:
        raise Failure("library.properties names a header that is not there, or no version")


def arduino_url(context: Context) -> None:
    if not context.values["HOMEPAGE"]:
        raise Missing("description.json has no homepage, which Arduino's index demands")


def arduino_sketch(context: Context) -> pathlib.Path:
    """What the IDE makes of a sketch: C++ after #include <Arduino.h>."""
    source = context.folder / "examples" / "keyword" / "keyword.ino"
    sketch = context.scratch / "keyword.ino.cpp"
    sketch.write_text(f'#include <Arduino.h>\n#line 1 "{source.name}"\n{source.read_text()}')
    return sketch


def arduino_options(context: Context) -> list[object]:
    return [f"-I{context.folder / 'src'}", f"-I{STAND_INS / 'arduino'}", f"-I{context.folder / 'examples' / 'keyword'}"]


def arduino_runs(context: Context) -> None:
    program = context.scratch / "sketch"
    run(context.cxx, "-std=gnu++20", "-O1", f"-I{STAND_INS}", f"-I{CONSUMER}", *arduino_options(context),
        arduino_sketch(context), "-o", program)
    must_say(run(program))


def arduino_cross(context: Context) -> None:
    both_cross(context, arduino_sketch(context), *arduino_options(context))


# pio with one licence in the list that it would fetch from elsewhere.
PIO = """import sys
from platformio.package.manifest.schema import ManifestSchema
licence = sys.argv.pop(1)
ManifestSchema.load_spdx_licenses = staticmethod(lambda: {"licenses": [{"licenseId": licence}]})
from platformio.__main__ import main
sys.exit(main())
"""


def platformio_pack(context: Context) -> None:
    if importlib.util.find_spec("platformio") is None:
        raise Missing("there is no platformio (PyPI)")
    archive = context.folder.parent / f"inlay-{context.values['VERSION']}-platformio.tar.gz"
    archive.unlink(missing_ok=True)
    run(sys.executable, "-c", PIO, context.values["LICENCE"], "pkg", "pack", context.folder, "-o", archive,
        env={"PLATFORMIO_CORE_DIR": str(context.scratch), "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no"})
    if not archive.is_file():
        raise Failure("pio pkg pack made no archive")


def platformio_runs(context: Context) -> None:
    """The example's flags from its platformio.ini, as PlatformIO gives them to a compiler."""
    example = context.folder / "examples" / "keyword"
    flags = re.search(r"^build_flags = (.*)$", (example / "platformio.ini").read_text(), re.MULTILINE)
    if flags is None:
        raise Failure("platformio.ini has no build_flags")
    program = context.scratch / "keyword"
    run(context.cxx, *flags[1].split(), f"-I{context.folder / 'include'}", example / "src" / "main.cpp", "-o", program)
    must_say(run(program))


def esp_idf_pack(context: Context) -> None:
    compote = tool("compote", "PyPI: idf-component-manager")
    folder = context.scratch / "inlay"
    shutil.copytree(context.folder, folder)
    run(compote, "manifest", "lint", folder)
    run(compote, "component", "pack", "--name", "inlay", "--dest-dir", context.scratch / "dist", cwd=folder)
    archive, = (context.scratch / "dist").glob("*.tgz")
    shutil.copy(archive, context.folder.parent / f"inlay-{context.values['VERSION']}-esp-idf.tgz")


def with_cmake(context: Context, source: pathlib.Path, *options: object,
               env: dict[str, str] | None = None) -> pathlib.Path:
    build = context.scratch / "build"
    run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={context.cxx}",
        "-DCMAKE_CXX_FLAGS=-O1", f"-DSTAND_INS={STAND_INS};{CONSUMER}", *options, env=env)
    run("cmake", "--build", build)
    return build


def esp_idf_runs(context: Context) -> None:
    build = with_cmake(context, context.folder / "examples" / "keyword", f"-DCOMPONENT={context.folder}",
                       env={"IDF_PATH": str(STAND_INS / "esp-idf")})
    must_say(run(build / "main" / "keyword"))


def made_headers(context: Context) -> str:
    """An include path with the headers that a build would make of the sample's files."""
    sample(context.scratch / "headers", as_headers=True)
    return f"-I{context.scratch / 'headers'}"


def esp_idf_cross(context: Context) -> None:
    both_cross(context, context.folder / "examples" / "keyword" / "main" / "main.cpp",
               f"-I{context.folder / 'include'}", f"-I{STAND_INS / 'esp-idf' / 'include'}", made_headers(context))


def zephyr_module(context: Context) -> None:
    try:
        import kconfiglib
        import yaml
    except ModuleNotFoundError as none:
        raise Missing(f"there is no {none.name} (PyPI: kconfiglib, PyYAML)") from none
    module = yaml.safe_load((context.folder / "zephyr" / "module.yml").read_text())
    test = yaml.safe_load((context.folder / "samples" / "keyword" / "sample.yaml").read_text())
    must_say(ANSWERS, test["tests"]["sample.inlay.keyword"]["harness_config"]["regex"][0])
    for path in (f"{module['build']['cmake']}/CMakeLists.txt", module["build"]["kconfig"], *module["samples"]):
        if not (context.folder / path).exists():
            raise Failure(f"module.yml names {path}, which is not there")
    # The symbols of Zephyr that ours depends on.
    root = context.scratch / "Kconfig"
    symbols = "".join(f"config {name}\n\tbool \"{name}\"\n" for name in ("CPP", "STD_CPP20", "REQUIRES_FULL_LIBCPP"))
    root.write_text(f'{symbols}source "{context.folder / module["build"]["kconfig"]}"\n')
    kconfig = kconfiglib.Kconfig(str(root), warn_to_stderr=False)
    kconfig.load_config(str(context.folder / "samples" / "keyword" / "prj.conf"))
    if kconfig.warnings or kconfig.syms["INLAY"].str_value != "y":
        raise Failure("\n".join(kconfig.warnings) or "prj.conf does not set INLAY")


def zephyr_runs(context: Context) -> None:
    build = with_cmake(context, context.folder / "samples" / "keyword", f"-DZEPHYR_EXTRA_MODULES={context.folder}",
                       f"-DZephyr_DIR={STAND_INS / 'zephyr' / 'cmake'}")
    must_say(run(build / "keyword"))


def zephyr_cross(context: Context) -> None:
    both_cross(context, context.folder / "samples" / "keyword" / "src" / "main.cpp", f"-I{context.folder / 'include'}",
               f"-I{STAND_INS / 'zephyr'}", made_headers(context))


def cmsis_files(context: Context) -> None:
    """What the .pdsc names is in the archive, and the archive's name is what its elements say."""
    root = xml.parse(context.folder / "Inlay.inlay.pdsc").getroot()
    name = f"{root.findtext('vendor')}.{root.findtext('name')}.{root.find('releases/release').get('version')}.pack"
    with zipfile.ZipFile(context.folder.parent / name) as archive:
        held = archive.namelist()
    for path in [root.findtext("license"), *(file.get("name") for file in root.iter("file"))]:
        if not any(entry == path or path.endswith("/") and entry.startswith(path) for entry in held):
            raise Failure(f"the .pdsc names {path}, which is not in {name}")


def vcpkg_port(context: Context) -> None:
    """The port, run by a stand-in for vcpkg, and a program that finds what it installs."""
    json.loads((context.folder / "inlay" / "vcpkg.json").read_text())
    installed = context.scratch / "installed"
    run("cmake", f"-DCURRENT_PORT_DIR={context.folder / 'inlay'}", f"-DCURRENT_PACKAGES_DIR={installed}", "-P",
        STAND_INS / "vcpkg" / "run.cmake")
    user = context.scratch / "user"
    for file in ("CMakeLists.txt", "main.cpp"):
        copy(ROOT / "tests" / "package" / file, user / file)
    copy(GOLDEN / "tiny.tflite", user / "tiny.tflite")
    run(with_cmake(context, user, f"-DCMAKE_PREFIX_PATH={installed}") / "consumer")


def conan_create(context: Context) -> None:
    conan = tool("conan", "PyPI: conan")
    cc = re.sub(r"(clang|g|c)\+\+", lambda found: {"clang": "clang", "g": "gcc", "c": "cc"}[found[1]], context.cxx)
    env = {"CONAN_HOME": str(context.scratch / "conan"), "CXX": context.cxx, "CC": cc}
    run(conan, "profile", "detect", env=env)
    run(conan, "remote", "disable", "*", env=env)
    must_say(run(conan, "create", context.folder, "-s", "compiler.cppstd=20", env=env))


def not_to_be_had(why: str) -> Callable[[Context], None]:
    def check(_: Context) -> None:
        raise Missing(why)
    return check


NOT_PACKAGED = "is neither in Debian nor on PyPI"
CHECKS: dict[str, dict[str, Callable[[Context], None]]] = {
    "single-header": {"same tokens as include/": same_tokens,
                      "golden networks, strict warnings, g++ 12": functools.partial(single_golden, "g++-12"),
                      "golden networks, strict warnings, clang 19": functools.partial(single_golden, "clang++-19")},
    "arduino": {"library.properties": arduino_properties,
                "the sketch answers, with a stand-in for the core": arduino_runs,
                "the sketch compiles for Cortex-M and RISC-V": arduino_cross,
                "library.properties' url": arduino_url,
                "arduino-lint": not_to_be_had(f"it {NOT_PACKAGED}"),
                "a board's core": not_to_be_had("Debian has AVR's only, whose g++ 5 has no C++20")},
    "platformio": {"pio pkg pack": platformio_pack,
                   "the example answers, with its flags": platformio_runs,
                   "pio run": not_to_be_had(f"PlatformIO's platform native {NOT_PACKAGED}")},
    "esp-idf": {"compote manifest lint, component pack": esp_idf_pack,
                "the example builds and answers, with a stand-in for ESP-IDF's CMake": esp_idf_runs,
                "the example compiles for Cortex-M and RISC-V": esp_idf_cross,
                "idf.py build": not_to_be_had(f"ESP-IDF {NOT_PACKAGED}")},
    "zephyr": {"module.yml, Kconfig, prj.conf, sample.yaml": zephyr_module,
               "the sample builds and answers, with a stand-in for Zephyr's CMake": zephyr_runs,
               "the sample compiles for Cortex-M and RISC-V": zephyr_cross,
               "west build": not_to_be_had(f"Zephyr {NOT_PACKAGED}")},
    "cmsis-pack": {"what the .pdsc names is there": cmsis_files,
                   "packchk, PACK.xsd": not_to_be_had(f"packchk {NOT_PACKAGED}")},
    "vcpkg": {"the port installs, with a stand-in for vcpkg, and is found": vcpkg_port,
              "vcpkg install": not_to_be_had(f"vcpkg {NOT_PACKAGED}")},
    "conan": {"conan create, offline, with its test package": conan_create},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--to", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS), metavar="FORMAT")
    parser.add_argument("--cxx", default="c++")
    arguments = parser.parse_args()
    values, counts = description(), {"checked": 0, "skipped": 0, "FAILED": 0}
    to = arguments.to.resolve()
    for format_name in arguments.only:
        make(format_name, to / format_name, values)
        for what, check in CHECKS[format_name].items():
            said, result = "", "checked"
            with tempfile.TemporaryDirectory(prefix="inlay-package-") as scratch:
                try:
                    check(Context(to / format_name, pathlib.Path(scratch), values, arguments.cxx))
                except Missing as missing:
                    said, result = f" ({missing})", "skipped"
                except (Failure, OSError, KeyError, ValueError, xml.ParseError) as failure:
                    said, result = f"\n{failure}", "FAILED"
            counts[result] += 1
            print(f"{result}: {format_name}: {what}{said}", flush=True)
    print(f"{counts['checked']} checked, {counts['skipped']} skipped, {counts['FAILED']} failed; packages are in {to}")
    return 1 if counts["FAILED"] else 0 if counts["checked"] else SKIPPED


if __name__ == "__main__":
    sys.exit(main())
