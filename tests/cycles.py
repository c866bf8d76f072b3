#!/usr/bin/env python3
"""Loops whose cycles were counted by hand, from Arm's tables, counted by bench/embedded/cycles.py.

usage: cycles.py     exit status 77 if a tool is missing
"""
import argparse
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench" / "embedded"))

import cycles  # noqa: E402
import emulator  # noqa: E402

TIMES = 10
# What a loop's body is, its instructions, and its cycles on Cortex-M0+ and Cortex-M4; None where it cannot run. r0 is
# an address.
LOOPS = [
    ("a pair of loads", "ldr r1, [r0]\n ldr r2, [r0, #4]", 2, 2 + 2, 2 + 1),
    ("loads in a row", "ldr r1, [r0]\n ldrb r2, [r0]\n ldrh r3, [r0]\n ldr r1, [r0]", 4, 8, 2 + 1 + 1 + 1),
    ("a load whose address was loaded", "str r0, [r0]\n ldr r1, [r0]\n ldr r2, [r1]", 3, 6, 1 + 1 + 2),
    ("a load behind a sum", "ldr r1, [r0]\n adds r2, r1, #0\n ldr r3, [r0]", 3, 2 + 1 + 2, 2 + 1 + 2),
    ("an address computed just before", "movs r1, r0\n ldr r2, [r1]", 2, 1 + 2, 1 + 2 + 1),
    ("a store", "str r0, [r0]\n movs r1, #0\n str r0, [r0, r1]", 3, 2 + 1 + 2, 1 + 1 + 2 + 1),
    ("ldm of four", "movs r1, r0\n nop\n ldmia r1!, {r2, r3, r5, r6}", 3, 1 + 1 + 5, 1 + 1 + 5),
    ("a chain of products", "muls r1, r2\n muls r1, r2\n muls r1, r2", 3, 3, 3),
    ("a taken branch", "b 2f\n nop\n2:", 1, 2, 3),
    ("a branch not taken", "cmp r0, r0\n bne 2f\n nop\n2:", 3, 3, 3),
    ("a call", "bl 2f\n b 3f\n2: push {r5, lr}\n pop {r5, pc}\n3:", 4, 3 + 2 + 3 + (3 + 2), 3 + 3 + 3 + (3 + 2)),
    ("a call through a register", "ldr r1, =2f + 1\n blx r1\n b 3f\n2: bx lr\n3:", 4, 2 + 2 + 2 + 2, 2 + 3 + 3 + 3),
    # More than QEMU puts into one block, and across its pages.
    ("many sums", ".rept 1500\n adds r1, #1\n .endr", 1500, 1500, 1500),
    ("many loads", ".rept 1500\n ldr r1, [r0]\n .endr", 1500, 3000, 1501),
    ("products of pairs", "smlad r1, r2, r3, r1\n smlald r1, r2, r3, r5\n sxtb16 r1, r2\n ssat r1, #8, r2", 4, None, 4),
    ("ldrd", "ldrd r2, r3, [r0]\n ldr r1, [r0]", 2, None, 3 + 2),
    ("a taken branch on zero", "movs r1, #0\n cbz r1, 2f\n nop\n2:", 2, None, 1 + 3),
    ("a jump through a table", "movs r1, #0\n tbb [pc, r1]\n2: .byte (3f - 2b) / 2\n .balign 2\n3:", 2, None, 1 + 5),
    ("what is done on a condition", "cmp r0, r0\n it eq\n moveq r1, r2", 3, None, 3),
]
# A taken branch's cycles, and those of a call.
BRANCH = {"m0": 2, "m4": 3}
CALL = 3


def source(bodies: list[str]) -> str:
    lines = [".syntax unified", ".thumb", ".text", ".global harness_program", ".thumb_func", "harness_program:"]
    for body in bodies:
        # Far jumps, and literals at hand: a body may be long.
        lines += ["ldr r0, =harness_scratch", "b 7f", ".ltorg", "7: bl harness_traced_start", f"movs r4, #{TIMES}",
                  "1:", body, "subs r4, #1", "beq 9f", "ldr r7, =1b + 1", "bx r7", "9: bl harness_traced_stop", "b 8f",
                  ".ltorg", "8:"]
    lines += ["movs r0, #0x18", "ldr r1, =0x20026", "bkpt 0xab", ".ltorg"]
    for marker in (cycles.START, cycles.STOP):
        lines += [f".global {marker}", ".thumb_func", f"{marker}: bx lr"]
    return "\n".join(lines) + "\n"


def main() -> int:
    failed = False
    for target, column in (("m0", 3), ("m4", 4)):
        arguments = argparse.Namespace(target=target, cxx=emulator.ARM.cxx, flags="")
        if missing := emulator.missing_tools(arguments):
            print(f"SKIPPED: {missing}")
            return emulator.SKIPPED
        loops = [loop for loop in LOOPS if loop[column] is not None]
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            (folder / "loops.s").write_text(source([loop[1] for loop in loops]))
            emulator.run(arguments.cxx, *emulator.flags(arguments), "-c", folder / "loops.s", "-o", folder / "loops.o")
            program = folder / "program.elf"
            emulator.link(arguments, [folder / "loops.o", *emulator.harness(arguments, folder)], program)
            traced = cycles.count(program, emulator.TARGETS[target], cycles.TABLES[target], timeout=60)
        if len(traced) != len(loops):
            raise emulator.Failure(f"{len(traced)} loops were traced instead of {len(loops)}")
        for (name, _, instructions, *both), functions in zip(loops, traced):
            # movs once; subs and beq each time; ldr and bx but for the last time, where beq is taken instead; bl.
            branch = BRANCH[target]
            expected = cycles.Count(1 + TIMES * (instructions + 2) + 2 * (TIMES - 1) + 1,
                                    1 + TIMES * (both[column - 3] + 2) + (TIMES - 1) * (2 + branch) + branch - 1 + CALL)
            counted = cycles.total(functions)
            failed |= counted != expected
            print(f"{'ok' if counted == expected else 'WRONG'} {target} {name}: {counted}, by hand {expected}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except emulator.Failure as failure:
        sys.exit(f"cycles.py: {failure}")
