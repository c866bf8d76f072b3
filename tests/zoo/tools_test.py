#!/usr/bin/env python3
"""The tools from outside: what embed.py and run.py say when something is wrong, what record_answers.py writes.

usage: tools_test.py CXX           what needs a compiler only
       tools_test.py CXX oracle    exit status 77 if this Python has no package tflite-micro
"""
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "models"
CXX = sys.argv[1]


def run(script: pathlib.Path, *arguments: object, status: int = 0) -> str:
    done = subprocess.run([sys.executable, script, *map(str, arguments)], capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == status, (script.name, arguments, done.returncode, said)
    assert "Traceback" not in said, said
    return said


def check_embed(folder: pathlib.Path) -> None:
    embed = ROOT / "cmake" / "embed.py"
    header = folder / "model.hpp"
    for name, array in (("plain", "plain"), ("2d-net", "model_2d_net"), ("a--b.v2", "a_b_v2"), ("_x", "model_x")):
        file = shutil.copy(GOLDEN / "tiny.tflite", folder / f"{name}.tflite")
        run(embed, file, header)
        assert f"}} {array}{{}};" in header.read_text(), name
        subprocess.run([CXX, "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-xc++",
                        "-include", header, "/dev/null"], check=True)
    # What is no model, or a damaged one, is one array: the compiler says what is wrong with it.
    sound = file.read_bytes()
    for damaged in (b"", b"text", sound[:8], sound[:64], sound[:4] + b"TFL4" + sound[8:],
                    b"\xff" * 4 + sound[4:]):
        (folder / "damaged.tflite").write_bytes(damaged)
        run(embed, folder / "damaged.tflite", header)
        assert "constexpr char damaged[] =" in header.read_text(), damaged[:8]
    check_section(folder)
    for name in ("new", "co_await", "inlay", "2d", "_Net", "a__b", "a-b", "é", ""):
        assert f"the name {name} " in run(embed, file, header, name, status=1), name
    shutil.copy(file, folder / "switch.tflite")
    assert "has a meaning in C++" in run(embed, folder / "switch.tflite", header, status=1)
    for source, target, what in ((folder / "none.tflite", header, "none.tflite: No such file"),
                                 (folder, header, "Is a directory"),
                                 (file, folder / "none" / "model.hpp", "none/model.hpp: No such file"),
                                 (file, folder, "Is a directory")):
        assert what in run(embed, source, target, "name", status=1), what


def check_section(folder: pathlib.Path) -> None:
    """What kernels read of a model is where it is told, array by array, and nothing else of it is."""
    embed = ROOT / "cmake" / "embed.py"
    run(embed, GOLDEN / "tiny.tflite", folder / "tiny.hpp", "tiny", "--section", ".qspi")
    source = folder / "placed.cpp"
    source.write_text("""#include <inlay.hpp>
#include "tiny.hpp"
inlay::network<inlay::tflite<tiny>> network;
int run(const signed char* pixels) { return network.run(network.unchecked_input(pixels))[0]; }
""")
    subprocess.run([CXX, "-std=c++20", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}",
                    "-c", source, "-o", folder / "placed.o"], check=True)
    listed = subprocess.run(["objdump", "-h", folder / "placed.o"], check=True, capture_output=True, text=True).stdout
    header = (folder / "tiny.hpp").read_text()
    arrays = set(re.findall(r'section\("(\.qspi\.tiny_at_\d+)"\)', header))
    placed = set(re.findall(r"\.qspi\S*", listed))
    assert placed and placed < arrays, (placed, arrays)  # biases are in tables
    for wrong in ("a b", 'x"', "1a", "."):
        assert "not a section's name" in run(embed, GOLDEN / "tiny.tflite", folder / "tiny.hpp", "tiny", "--section",
                                             wrong, status=1), wrong


def check_run(folder: pathlib.Path) -> None:
    zoo = HERE / "run.py"
    for suffix in ("tflite", "in", "out"):
        shutil.copy(GOLDEN / f"shape.{suffix}", folder)
    said = run(zoo, "--model", folder / "shape.tflite", "tiny", "--cxx", CXX, "--flags=-O0", "--jobs", "1", status=1)
    assert "shape" in said and "type that is not supported" in said and ".hpp" not in said, said
    assert "1 passed, 1 failed" in said, said
    assert "no folder" in run(zoo, "--models", folder / "none", status=1)
    assert "not a stage" in run(zoo, "--schedule", "8:diagonal", status=2)


def check_oracle(folder: pathlib.Path) -> None:
    record = HERE / "record_answers.py"
    names = ["network_two_inputs_two_outputs", "network_float_io", "network_uint8_io"]
    models = [pathlib.Path(shutil.copy(GOLDEN / f"{name}.tflite", folder)) for name in names]
    for model in models:
        shutil.copy(GOLDEN / f"{model.stem}.in", folder)
    run(record, *models)
    for model in models:
        assert model.with_suffix(".out").read_bytes() == (GOLDEN / f"{model.stem}.out").read_bytes(), model.stem
        model.with_suffix(".in").unlink()
    run(record, *models, "--cases", "4")
    said = run(HERE / "run.py", "--models", folder, "--cxx", CXX, "--flags=-O0", "--jobs", "1")
    assert f"{len(models)} passed, 0 failed" in said, said
    damaged = folder / "damaged.tflite"
    damaged.write_bytes(models[0].read_bytes()[:100])
    assert "does not run it" in run(record, damaged, status=1)
    assert "No such file" in run(record, folder / "none.tflite", status=1)


def main() -> int:
    oracle = sys.argv[2:] == ["oracle"]
    if oracle and importlib.util.find_spec("tflite_micro") is None:
        print(f"SKIPPED: {sys.executable} has no package tflite-micro (tests/golden/requirements.txt)")
        return 77
    with tempfile.TemporaryDirectory(prefix="inlay-tools-") as folder:
        for check in (check_oracle,) if oracle else (check_embed, check_run):
            check(pathlib.Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
