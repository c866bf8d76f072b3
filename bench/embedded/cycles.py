"""Counts cycles by Arm's published timing tables, from the blocks of instructions that QEMU executed. Used by run.py.

QEMU logs each block as it translates it, with its instructions' addresses, and each time that it executes it; the
disassembly says what stands there. A block costs what its instructions cost one after the other, and a branch, if what
is executed next is not what stands behind it, what a taken one costs.
"""
import collections
import dataclasses
import os
import pathlib
import re
import subprocess
import threading
from collections.abc import Callable

from emulator import Failure, Target, command, run

# The harness calls these around what is to be counted (harness.hpp).
START, STOP = "harness_traced_start", "harness_traced_stop"
CHUNK_BYTES = 1 << 22


@dataclasses.dataclass(frozen=True)
class Instruction:
    address: int
    size: int
    name: str       # without its width: ldr, not ldr.w
    operands: str
    function: str

    @property
    def is_load(self) -> bool:
        """Of one register."""
        return re.fullmatch(rf"ldr(sb|sh|b|h)?{CONDITION}", self.name) is not None

    @property
    def is_store(self) -> bool:
        """Of one register."""
        return re.fullmatch(rf"str(b|h)?{CONDITION}", self.name) is not None

    @property
    def is_branch(self) -> bool:
        return re.fullmatch(rf"b{CONDITION}|bl|blx{CONDITION}|bx{CONDITION}|cbn?z|tb[bh]", self.name) is not None

    @property
    def writes_program_counter(self) -> bool:
        return self.is_branch or ("pc" in self.listed if self.listed else self.first == "pc" and not self.is_store)

    @property
    def first(self) -> str:
        """The first operand: where most put their result."""
        return self.operands.partition(",")[0].strip()

    @property
    def listed(self) -> list[str]:
        """Registers of a load or store of several."""
        if "{" not in self.operands:
            return self.operands.split(", ")[:2] if re.fullmatch(rf"(ldr|str)d{CONDITION}", self.name) else []
        registers = []
        for part in re.search(r"\{(.*)\}", self.operands)[1].split(","):
            low, _, high = part.strip().partition("-")
            registers += [f"{low[0]}{i}" for i in range(int(low[1:]), int(high[1:]) + 1)] if high else [low]
        return registers

    @property
    def base(self) -> list[str]:
        """Registers that a load or store takes its address from."""
        if match := re.search(r"\[(.*?)\]", self.operands):
            return re.findall(r"\b(r\d+|sb|sl|fp|ip|sp|lr)\b", match[1])
        if self.listed:
            return ["sp"] if re.fullmatch(rf"v?(push|pop){CONDITION}", self.name) else [self.first.rstrip("!")]
        return []

    @property
    def has_register_offset(self) -> bool:
        return re.search(r"\[\w+, (r\d|sb|sl|fp|ip|lr)", self.operands) is not None

    @property
    def computed(self) -> list[str]:
        """Registers that it computes, rather than loads."""
        if self.is_load or self.is_store or self.is_branch or self.listed or self.name in ("cmp", "cmn", "tst", "teq"):
            return []
        several = 2 if re.match(r"[us](mull|mlal|mlsl)|umaal", self.name) else 1
        return [part.strip() for part in self.operands.split(",")[:several]]


CONDITION = r"(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?"


def cortex_m4(this: Instruction, before: Instruction | None) -> int:
    """Cortex-M4 Technical Reference Manual, "Instruction set summary" and "Load/store timings"."""
    late = 1 if before and set(this.base) & set(before.computed) else 0
    if this.is_load:
        follows = before is not None and (before.is_load or before.is_store) and not before.writes_program_counter
        depends = before is not None and before.is_load and before.first in this.base
        return (1 if follows and not depends else 2) + late
    if this.is_store:
        return (2 if this.has_register_offset else 1) + late
    if this.listed and re.match(r"ldm|stm|push|pop|ldrd|strd", this.name):
        return 1 + len(this.listed) + late
    if re.match(r"v(ldr|str)", this.name):
        return (3 if this.first.startswith("d") else 2) + late
    if re.match(r"v(ldm|stm|push|pop)", this.name):
        return 1 + sum(2 if register.startswith("d") else 1 for register in this.listed) + late
    if re.match(r"vdiv|vsqrt", this.name):
        return 14
    if re.match(r"v(n?ml|fn?m)[as]", this.name):
        return 3
    if re.match(r"[us]div", this.name):
        return 12
    return 3 if this.name in ("tbb", "tbh") else 1


def cortex_m0plus(this: Instruction, before: Instruction | None) -> int:
    """Cortex-M0+ Technical Reference Manual, "Instruction set summary", with the fast multiplier."""
    if this.is_load or this.is_store:
        return 2
    if this.listed:
        return 1 + len(this.listed)
    if this.name in ("mrs", "msr", "dmb", "dsb", "isb"):
        return 3
    return 2 if this.name == "bl" else 1


@dataclasses.dataclass(frozen=True)
class Table:
    cycles: Callable[[Instruction, Instruction | None], int]  # one that is executed after another
    taken: Callable[[Instruction], int]                       # cycles more for one that goes elsewhere
    says: str


TABLES = {
    "m0": Table(cortex_m0plus, lambda this: 2 if this.listed else 1,
                "Cortex-M0+ by Arm's table, memory without wait states, the multiplier of one cycle"),
    "m4": Table(cortex_m4, lambda this: 2,
                "Cortex-M4 by Arm's table, memory without wait states. Not in it: one cycle less or more of a taken "
                "branch, by what stands where it goes; a division of less than 12 cycles; loads that are not aligned; "
                "a result of the floating-point unit that the next instruction waits for; conditional instructions "
                "count as executed"),
}


@dataclasses.dataclass
class Count:
    instructions: int = 0
    cycles: int = 0


class Listing:
    """A program's instructions, and its symbols."""

    def __init__(self, program: pathlib.Path) -> None:
        self.at: dict[int, Instruction] = {}
        self.symbols = {name: int(value, 16) & ~1 for value, name in
                        re.findall(r"^(\w+) \w (\S+)$", run("arm-none-eabi-nm", program), re.MULTILINE)}
        function = ""
        for line in run("arm-none-eabi-objdump", "-dC", program).splitlines():
            if match := re.match(r"\s*([0-9a-f]+):\t((?:[0-9a-f]{4} ?)+)\s*\t(\S+)(?:\t([^;]*))?", line):
                name, address = match[3].partition(".")[0], int(match[1], 16)
                self.at[address] = Instruction(address, len(match[2].replace(" ", "")) // 2, name,
                                               (match[4] or "").strip(), function)
            elif match := re.match(r"[0-9a-f]+ <(.*)>:$", line):
                function = match[1]


class Counter:
    """Reads QEMU's log; what was executed between START and STOP, each time."""

    def __init__(self, listing: Listing) -> None:
        self.blocks: dict[bytes, list[Instruction]] = {}
        self.start, self.stop = (b"%08x" % listing.symbols[name] for name in (START, STOP))
        self.listing = listing
        self.inside = False
        self.last = b""
        self.steps: list[collections.Counter] = []  # from one block to another, how often

    def read(self, text: bytes) -> None:
        """Whole entries of the log, without symbols."""
        if b"IN:" in text:
            for first, more in re.findall(rb"^IN:.*\n0x([0-9a-f]+):.*\n((?:0x.*\n)*)", text, re.MULTILINE):
                addresses = [first, *re.findall(rb"^0x([0-9a-f]+):", more, re.MULTILINE)]
                block = [self.listing.at.get(int(address, 16)) for address in addresses]
                if self.blocks.setdefault(first, block) != block:
                    raise Failure(f"QEMU made different blocks at {first.decode()}")
        if b"Stopped" in text:  # before a block: it is logged, too, and once more when it is executed
            text = re.sub(rb"^Trace.*\nStopped.*\n", b"", text, flags=re.MULTILINE)
        # As in: Trace 0: 0x7f8fe0000440 [00800408/000000c4/00000110/ff000200]
        executed = re.findall(rb"/([0-9a-f]{8})/", text)
        at = 0
        while at < len(executed):
            marker = self.stop if self.inside else self.start
            try:
                end = executed.index(marker, at)
            except ValueError:
                end = len(executed)
            if self.inside:
                self.steps[-1].update(zip([self.last, *executed[at:end]], executed[at:end + 1]))
                self.last = executed[end - 1] if end > at else self.last
            if end < len(executed):
                self.inside = not self.inside
                if self.inside:
                    self.steps.append(collections.Counter())
                self.last = marker
            at = end + 1

    def cost(self, table: Table, block: list[Instruction], following: Instruction) -> int:
        """Of a block, if what follows it is executed next."""
        cycles = sum(table.cycles(this, before) for this, before in zip(block, [None, *block]))
        last = block[-1]
        if following.address != last.address + last.size:
            if not last.writes_program_counter:
                raise Failure(f"left its block at {last.address:#x}, {last.name}")
            return cycles + table.taken(last)
        # One that goes on: between the two there is nothing.
        return cycles + table.cycles(following, last) - table.cycles(following, None)

    def counts(self, table: Table) -> list[dict[str, Count]]:
        """For each time, what each function took."""
        made = []
        for steps in self.steps:
            functions = collections.defaultdict(Count)
            for (block_at, following_at), times in steps.items():
                if block_at == self.start:
                    continue
                block, following = self.blocks[block_at], self.blocks[following_at]
                count = functions[block[0].function]
                count.instructions += times * len(block)
                count.cycles += times * self.cost(table, block, following[0])
            made.append(dict(functions))
        return made


def total(functions: dict[str, Count]) -> Count:
    return Count(sum(count.instructions for count in functions.values()),
                 sum(count.cycles for count in functions.values()))


def count(program: pathlib.Path, target: Target, table: Table, timeout: float) -> list[dict[str, Count]]:
    """Runs a program once more and counts what it marks; for each time, what each function took."""
    counter = Counter(Listing(program))
    stripped = program.with_suffix(".stripped")
    run("arm-none-eabi-objcopy", "--strip-all", program, stripped)
    late = threading.Event()
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as log, subprocess.Popen(
            command(stripped, target, "arg=trace", "-d", "in_asm,exec,nochain", "-D", f"/dev/fd/{writing}"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, pass_fds=[writing]) as qemu:
        os.close(writing)
        alarm = threading.Timer(timeout, lambda: (late.set(), qemu.kill()))
        alarm.start()
        try:
            rest = b""
            while chunk := log.read(CHUNK_BYTES):
                rest += chunk
                if len(rest) < CHUNK_BYTES:
                    continue
                # Up to an entry that may not be complete.
                whole = rest.rfind(b"\nTrace") + 1
                counter.read(rest[:whole])
                rest = rest[whole:]
            counter.read(rest)
        finally:
            alarm.cancel()
            qemu.kill()
    if late.is_set():
        raise Failure(f"was not traced to its end in {timeout:g} s")
    return counter.counts(table)
