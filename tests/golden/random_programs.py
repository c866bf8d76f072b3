"""Random networks, compiled for random schedules: run all at once and in steps, with inputs and weights there or asked
for, against the oracle.

    python tests/golden/random_programs.py --cxx CXX --include DIR… [--count N] [--first N] [--flags=FLAGS]

Networks are those of random_networks.py, by their numbers; random_programs.hpp draws schedules for each, of stages in
grids, rows, strips and segments. Needs what requirements.txt lists.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
try:
    import numpy as np

    import random_networks
    import random_pairs
except ImportError as missing:
    print(f"SKIPPED: {missing}")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
EMBED = HERE.parents[1] / "cmake" / "embed.py"
SCHEDULES = 2  # of each network


def text_of(names, folder):
    """A program that runs these networks."""
    lines = ['#include "golden/random_programs.hpp"', *(f'#include "{name}.hpp"' for name in names), "namespace model {"]
    lines += [f"struct {name} : inlay::tflite<::{name}> {{}};" for name in names]
    lines += ["}  // namespace model", "int main() {", "  bool ok = true;"]
    for name in names:
        first = SCHEDULES * int(name.removeprefix("random_"))
        seeds = ", ".join(str(first + i) for i in range(SCHEDULES))
        lines.append(f'  ok &= random_programs::exact<model::{name}, {seeds}>("{folder / name}");')
    return "\n".join([*lines, "  return ok ? 0 : 1;", "}", ""])


def is_right(arguments, models, folder):
    """Whether one program with these networks compiles and gives their answers."""
    for name, model, inputs, results in models:
        path = random_pairs.record(folder, name, model, inputs, results)
        subprocess.run([sys.executable, EMBED, path.with_suffix(".tflite"), path.with_suffix(".hpp")], check=True)
    names = [name for name, *_ in models]
    source, program = folder / "program.cpp", folder / "program"
    source.write_text(text_of(names, folder))
    includes = [f"-I{path}" for path in (folder, HERE.parent, *arguments.include)]
    command = [arguments.cxx, "-std=c++20", *arguments.flags.split(), *includes, source, "-o", program]
    if subprocess.run(command, check=False).returncode != 0:
        print(f"does not compile: {' '.join(names)}")
        return False
    return subprocess.run([program], check=False).returncode == 0


def main():
    parser = argparse.ArgumentParser(description="Random networks, compiled, against the oracle.")
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--include", nargs="+", required=True)
    parser.add_argument("--flags", default="-O0")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--first", type=int, default=0, help="the number of the first network")
    parser.add_argument("--together", type=int, default=4, help="networks of one program")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="a folder to keep what is made in")
    arguments = parser.parse_args()
    np.seterr(all="ignore")  # reals on the way to a scale
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.keep or pathlib.Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        numbers = range(arguments.first, arguments.first + arguments.count)
        models = [made for made in map(random_networks.build, numbers) if made]
        for i in range(0, len(models), arguments.together):
            wrong += not is_right(arguments, models[i:i + arguments.together], folder)
    print(f"{len(models)} networks that the reference runs, {wrong} programs wrong")
    return 1 if wrong or not models else 0


if __name__ == "__main__":
    sys.exit(main())
