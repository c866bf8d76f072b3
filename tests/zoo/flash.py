#!/usr/bin/env python3
"""Links a program of each network alone for a Cortex-M4 and reads from its sections what flash holds of constants.

That is all that is read only and no code: weights, tables, what kernels know of a layer. It must not exceed 1.06 times
the model's int8 constants and eight bytes for each output channel of a layer with weights, as far as layers read them.
Exit status 77 if there is no such compiler or no folder of models.
"""
import argparse
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import options

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CXX = "arm-none-eabi-g++"
FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-std=c++20", "-O1", "-fno-exceptions",
         "-fno-rtti", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror"]
MODELS = ["mlperf_kws_ref_model", "mlperf_ad01_int8", "mlperf_vww_96_int8"]


def measure(model: pathlib.Path) -> dict:
    """The model's figures in bytes, and `refused` where it does not compile."""
    with tempfile.TemporaryDirectory(prefix="inlay-flash-") as scratch:
        folder = pathlib.Path(scratch)
        subprocess.run([sys.executable, ROOT / "cmake" / "embed.py", model, folder / "model.hpp", "embedded_model"],
                       check=True)
        program = folder / "program.elf"
        done = subprocess.run([CXX, *FLAGS, f"-I{ROOT / 'include'}", f"-I{folder}", HERE / "flash.cpp", "-o", program,
                               "-nostartfiles", "-Wl,--gc-sections,-e,main,--defsym=end=0", "--specs=nosys.specs"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            return {"refused": (re.findall(r"error: .*", done.stderr) or done.stderr.splitlines() or ["failed"])[0]}
        sections = subprocess.run(["arm-none-eabi-objdump", "-h", program], check=True, capture_output=True,
                                  text=True).stdout
        figures = subprocess.run(["arm-none-eabi-nm", program], check=True, capture_output=True, text=True).stdout
    sizes = {name: int(size, 16) for name, size in re.findall(r"^ *\d+ (\.\S+) +([0-9a-f]{8})", sections, re.MULTILINE)}
    found = {name: int(value, 16) for value, name in re.findall(r"^([0-9a-f]+) A figure_(\w+)$", figures, re.MULTILINE)}
    return found | {"constants": sizes.get(".rodata", 0) + sizes.get(".data", 0)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_models(parser, ", ".join(MODELS))
    parser.add_argument("--all", action="store_true", help="all models of the folder")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="models at a time (default %(default)s)")
    arguments = parser.parse_args()
    if shutil.which(CXX) is None or not arguments.models.is_dir():
        print(f"SKIPPED: there is no {CXX}, or no folder {arguments.models}")
        return 77
    models = options.model_files(arguments, None if arguments.all else MODELS)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for model, found in zip(models, pool.map(measure, models)):
            if "refused" in found:
                failed += 1
                print(f"{model.stem:<60} {found['refused']}", flush=True)
                continue
            most = 1.06 * found["int8"] + 8 * found["channels"]
            good = found["flash"] <= found["constants"] <= most
            failed += not good
            print(f"{model.stem:<60} {found['constants']:>9} bytes, flash_bytes {found['flash']:>9}, "
                  f"int8 {found['int8']:>9}, channels {found['channels']:>6}, at most {most:>9.0f} "
                  f"{'ok' if good else 'TOO MANY'}", flush=True)
    print(f"{len(models) - failed} of {len(models)} within")
    return 1 if failed or not models else 0


if __name__ == "__main__":
    sys.exit(main())
