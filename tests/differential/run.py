#!/usr/bin/env python3
"""Changes one property at a time of each golden model, and asks both TensorFlow Lite Micro and Inlay.

Inlay must accept nothing that the reference refuses or that ends it, and where both accept, the bytes must be equal.
What Inlay refuses though the reference runs it is counted by Inlay's reason.

It needs what tests/golden/requirements.txt lists; exit status 77 without.
"""
import argparse
import collections
import concurrent.futures
import functools
import os
import pathlib
import re
import select
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 20  # for one model


class Program:
    """A program that answers models, started again when one ends it."""

    def __init__(self, *command):
        self.command = command
        self.messages = tempfile.TemporaryFile()
        self.process = None

    def ask(self, model, inputs):
        """(kind, data): as answers.cpp says, or 'd' (dead) with the last words."""
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.messages)
        self.messages.truncate(0)
        try:
            for data in (model, inputs):
                self.process.stdin.write(struct.pack("<I", len(data)) + data)
            self.process.stdin.flush()
            kind, size = struct.unpack("<cI", self.take(5))
            return kind.decode(), self.take(size)
        except (BrokenPipeError, EOFError, TimeoutError) as problem:
            self.stop()
            return "d", f"{type(problem).__name__} {self.last_words()}".encode()

    def take(self, size):
        data = b""
        while len(data) < size:
            if not select.select([self.process.stdout], [], [], SECONDS)[0]:
                raise TimeoutError
            more = os.read(self.process.stdout.fileno(), size - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def last_words(self):
        self.messages.seek(0)
        return self.messages.read()[-500:].decode(errors="replace").strip("\0\n ")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def compare(path, arguments):
    """What came of one golden model's mutants: counts, reasons of refusals that the reference does not share, findings."""
    import mutants

    counts, reasons, findings = collections.Counter(), collections.Counter(), []
    inlay, oracle = Program(arguments.answers), Program(sys.executable, HERE / "oracle.py")
    chosen = zlib.crc32(path.stem.encode())
    for change, model, inputs in mutants.mutants(
            path.read_bytes(), lambda number: (number + chosen) % arguments.one_of == arguments.sample):
        ours, mine = inlay.ask(model, inputs)
        theirs, reference = oracle.ask(model, inputs)
        refuses = theirs in ("r", "d")
        if ours == "d":
            problem = f"ends Inlay: {mine.decode()}"
        elif ours == "r":
            problem = ""
            counts["refused by both" if refuses else "refused by Inlay only" if theirs == "a" else "not comparable"] += 1
            if theirs == "a":
                reasons[re.sub(r"; (tensor|found|supported) .*|^operator \d+ ", "", mine.decode())] += 1
        elif refuses:
            problem = f"accepted, though the reference {'refuses' if theirs == 'r' else 'ends'}: "
            problem += f"{reference.decode(errors='replace')} {oracle.last_words()}"
        elif "i" in (ours, theirs):
            problem = ""
            counts["not comparable"] += 1
        elif mine != reference:
            at = next((i for i, (a, b) in enumerate(zip(mine, reference)) if a != b), min(len(mine), len(reference)))
            problem = f"other bytes: from byte {at} of {len(mine)} ({len(reference)} of the reference)"
        else:
            problem = ""
            counts["accepted by both, same bytes"] += 1
        if problem:
            findings.append(f"{path.stem}: {change}: {' '.join(problem.split())}")
            print(findings[-1], flush=True)
            if arguments.keep:
                name = re.sub(r"\W+", "_", f"{path.stem}-{change}")[:120]
                (arguments.keep / f"{name}.tflite").write_bytes(model)
    inlay.stop()
    oracle.stop()
    return counts, reasons, findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", type=pathlib.Path, help="the program that answers.cpp is compiled to")
    parser.add_argument("--models", type=pathlib.Path, default=HERE.parent / "golden/models", metavar="DIR",
                        help="folder of models (default tests/golden/models)")
    parser.add_argument("--model", nargs="+", metavar="NAME", help="only these models of the folder")
    parser.add_argument("--one-of", type=int, default=1, metavar="N", help="only one of N changes (default all)")
    parser.add_argument("--sample", type=int, default=0, metavar="K", help="which of them, 0 to N - 1 (default 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="models at a time")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="where to keep the models of findings")
    arguments = parser.parse_args()
    try:
        import mutants  # noqa: F401
    except ImportError as missing:
        print(f"SKIPPED: there is no {missing.name}; tests/golden/requirements.txt lists what this test needs")
        return 77
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    models = [path for path in sorted(arguments.models.glob("*.tflite"))
              if not arguments.model or path.stem in arguments.model]
    counts, reasons, findings = collections.Counter(), collections.Counter(), []
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        for some_counts, some_reasons, some_findings in pool.map(functools.partial(compare, arguments=arguments), models):
            counts += some_counts
            reasons += some_reasons
            findings += some_findings
    print(f"{len(models)} models, {sum(counts.values()) + len(findings)} mutants")
    for name, count in counts.most_common():
        print(f"{count:8} {name}")
    for reason, count in reasons.most_common():
        print(f"{count:16} {reason}")
    print(f"{len(findings)} findings")
    return 1 if findings or not counts["accepted by both, same bytes"] else 0


if __name__ == "__main__":
    sys.exit(main())
