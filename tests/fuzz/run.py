#!/usr/bin/env python3
"""Fuzzes the importer, the planner and the kernels, reference and fast, with mutated models.

PROGRAM is the fuzz target, built by clang with libFuzzer; exit status 77 if it is not there. Every seed is tried as it
is, then mutated: the small ones of the models. With --runs the mutants are always the same ones. New mutants that reach
new code are kept in --corpus, to go on from next time.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

MOST_BYTES = 1 << 16  # of a seed or a mutant
MOST_SECONDS = 20     # for one mutant


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--models", nargs="+", type=pathlib.Path, required=True, metavar="DIR",
                        help="folders of models; those that are missing are left out")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--runs", type=int)
    length.add_argument("--seconds", type=int)
    parser.add_argument("--corpus", type=pathlib.Path)
    parser.add_argument("--findings", type=pathlib.Path, default=pathlib.Path("fuzz_findings"))
    parser.add_argument("--fast-layers", type=int, default=1, metavar="N",
                        help="how many layers the portable and the native kernels must have run, each")
    arguments = parser.parse_args()
    if not arguments.program.exists():
        print(f"SKIPPED: there is no {arguments.program}; it takes clang with libFuzzer (libclang-rt-19-dev)")
        return 77
    seeds = [path.resolve() for folder in arguments.models for path in sorted(folder.glob("*.tflite"))
             if path.stat().st_size <= MOST_BYTES]
    arguments.findings.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="inlay-fuzz-") as scratch:
        corpus = arguments.corpus or pathlib.Path(scratch) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        listed = pathlib.Path(scratch) / "seeds"
        listed.write_text(",".join(map(str, seeds)))
        how_long = [f"-max_total_time={arguments.seconds}"] if arguments.seconds else [
            f"-runs={arguments.runs}", "-seed=1", "-use_cmp=0"]  # what it remembers of comparisons are addresses, too
        done = subprocess.run([arguments.program, *how_long, f"-max_len={MOST_BYTES}", f"-timeout={MOST_SECONDS}",
                               f"-seed_inputs=@{listed}", f"-artifact_prefix={arguments.findings}/",
                               "-print_final_stats=1", "-error_exitcode=1", corpus], stdout=subprocess.PIPE, text=True)
    print(done.stdout, end="")
    if done.returncode != 0:
        print(f"A finding; its file is in {arguments.findings}. To see it again: {arguments.program} FILE")
        return 1
    fast = [int(count) for count in re.findall(r"(\d+) of them fast", done.stdout)][1:]
    if len(fast) != 2 or min(fast) < arguments.fast_layers:
        print(f"Fast kernels have run fewer layers than {arguments.fast_layers}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
