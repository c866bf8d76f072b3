"""Asks inlay-inspect whether a file is the network that was planned."""

import json
import subprocess


def schedule_of_file(needs, picture):
    """The planned schedule for the file alone: a picture that comes line by line is a layer of its own in the plan."""
    if picture == "memory" or ":" not in needs["schedule"]:
        return needs["schedule"]
    stages = [stage.split(":") for stage in needs["schedule"].split(",")]
    return ",".join(f"{int(end) - 1}:{how}" for end, how in stages if int(end) > 1)


def inspect(program, path, needs, picture, charts):
    """What inlay-inspect says of the file with its schedule; stops if that is not what was planned."""
    command = [str(program), str(path), "--json", "--schedule", schedule_of_file(needs, picture), "--svg",
               str(charts / "memory.svg")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"inlay-inspect: {run.stderr.strip()}")
    said = json.loads(run.stdout)
    # A line of the picture that is being read is part of the plan, not of the file.
    planned = {name: needs[name] for name in ("macs", "recomputed_macs", "parameters")}
    if any(said[name] != value for name, value in planned.items()) or said["arena_bytes"] > needs["arena_bytes"]:
        raise SystemExit(f"{path} is not what was planned: {said} instead of {needs}")
    return {name: said[name] for name in (*planned, "arena_bytes", "per_layer_bytes")}
