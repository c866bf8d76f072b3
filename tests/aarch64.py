#!/usr/bin/env python3
"""Compiles the golden models that golden/compiled.py names as networks for AArch64, and the comparison of the fast
kernels with the reference kernels on random shapes, with and without the dot product's instructions, and runs them in
qemu-aarch64.

usage: aarch64.py     exit status 77 if a tool is missing
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
GOLDEN = HERE / "golden"
sys.path.insert(0, str(GOLDEN))

import compiled  # noqa: E402
import instruction_sets  # noqa: E402

CXX = "aarch64-linux-gnu-g++"
QEMU = "qemu-aarch64"
PACKAGES = {CXX: "g++-aarch64-linux-gnu", QEMU: "qemu-user"}
MACHINES = [row for row in instruction_sets.rows() if row.processors == "AArch64"]


def source(names: list[str], folder: pathlib.Path) -> pathlib.Path:
    """The program that CMake makes of networks.cpp.in, with all models in it."""
    for name in names:
        subprocess.run([sys.executable, ROOT / "cmake" / "embed.py", GOLDEN / "models" / f"{name}.tflite",
                        folder / f"golden_{name}.hpp", f"golden_{name}"], check=True)
    text = (GOLDEN / "networks.cpp.in").read_text()
    for variable, line in {"includes": '#include "golden_{0}.hpp"\n',
                           "types": "struct {0} : inlay::tflite<golden_{0}> {{}};\n",
                           "checks": '  ok &= exact<model::{0}>("{0}");\n'}.items():
        text = text.replace(f"@{variable}@", "".join(line.format(name) for name in names))
    path = folder / "networks.cpp"
    path.write_text(text.replace("@models@", str(GOLDEN / "models")))
    return path


def build_and_run(program: pathlib.Path, machine: instruction_sets.InstructionSet,
                  folder: pathlib.Path) -> subprocess.CompletedProcess:
    executable = folder / f"{program.stem}-{machine.name}"
    subprocess.run([CXX, "-std=c++20", "-O2", *machine.flags.split(), "-static", "-Wall", "-Wextra", "-Werror",
                    f"-I{ROOT / 'include'}", f"-I{HERE}", program, "-o", executable], check=True)
    return subprocess.run([QEMU, "-cpu", machine.emulated, executable], capture_output=True, text=True)


def main() -> int:
    if missing := [f"{tool} (Debian: {PACKAGES[tool]})" for tool in (CXX, QEMU) if shutil.which(tool) is None]:
        print(f"SKIPPED: there is no {', no '.join(missing)}")
        return 77
    names = compiled.names()
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        networks = source(names, folder)
        for machine in MACHINES:
            done = build_and_run(networks, machine, folder)
            lines = done.stdout.splitlines()
            print("\n".join(line for line in lines if not line.startswith("ok ")) + done.stderr, end="")
            exact = sum(line.startswith("ok ") for line in lines)
            print(f"{machine.name}: {exact} of {2 * len(names)} exact", flush=True)
            failed |= done.returncode != 0 or exact != 2 * len(names)
            done = build_and_run(HERE / "kernels" / "random_shapes.cpp", machine, folder)
            print(done.stdout + done.stderr, end="", flush=True)
            failed |= done.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
