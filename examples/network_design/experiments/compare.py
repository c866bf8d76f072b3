#!/usr/bin/env python3
"""Searches and trains the networks of jobs.json, one after another, and writes results.json after each.

    python compare.py --data PICTURES --teacher T.tflite --out OUT [--programs BIN] [NAME...]

PICTURES are folders as pictures.py lays them out. What is in OUT already is not done again: stop it, go on, or run it for
some of the names. A job has the options of design.py, or a topology instead of a search; "seeds" are trained one by one.
"""
import argparse
import fcntl
import json
import platform
import sys
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from trainer import checkpoint  # noqa: E402
from trainer.check import inspect  # noqa: E402
from trainer.data import Pictures  # noqa: E402
from trainer.evaluate import evaluate, to_int8  # noqa: E402
from trainer.network import open_library  # noqa: E402
from trainer.planner import Planner  # noqa: E402
from trainer.report import say  # noqa: E402
from trainer.search import halve, pictures_in  # noqa: E402
from trainer.train import Classifier, Plan  # noqa: E402


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def find(job, given, library, task):
    """The network of a job, and the log of its search."""
    planner = Planner(given.programs / "inlay-design", HERE.parent / "space.json", job.get("sram"), job.get("flash", "256K"),
                      job.get("macs", "10M"), job.get("picture", "lines"))
    if "topology" in job:
        needs = planner.ask({"topology": job["topology"]})
        planner.close()
        return {"topology": job["topology"], "needs": needs}, []
    found = planner.best(job.get("candidates", 6), job.get("draws", 20000), 1, job.get("policies"))
    planner.close()
    path = given.out / f"search {job['name']}.json"
    return halve(found, library, task, job["search_minutes"], Plan(0, seed=100), path, say)


def train(job, seed, best, given, library, task):
    plan = Plan(0, seed, **job.get("plan", {}))
    plan = replace(plan, pictures=pictures_in(job["minutes"], [best["topology"]], plan))
    name = f"{job['name']} {seed}"
    say(f"{name}: {plan.pictures} pictures, {best['needs']['macs']} MACs at {best['topology']['input'][0]} pixels, "
        f"{best['needs']['sram_bytes']} bytes")
    training = checkpoint.train(library, best["topology"], task, plan, given.out / f"{name}.npz", progress=say)
    model = to_int8(training)
    path = given.out / f"{name}.tflite"
    path.write_bytes(model)
    result = {"job": job["name"], "seed": seed, "training": training.about(), **evaluate(training, model)}
    del result["test"]["wrong"]
    if best["needs"]["feasible"]:
        result["checked"] = inspect(given.programs / "inlay-inspect", path, best["needs"], job.get("picture", "lines"),
                                    given.out)
    training.close()
    say(f"{name}: test {result['test']['float']} float, {result['test']['int8']} int8; kept {result['kept']['float']}, "
        f"{result['kept']['int8']}; {result['training']['minutes']} minutes")
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="of decoded pictures (OUT/cache)")
    parser.add_argument("--programs", type=Path, default=HERE.parent / "../../build/release/bin")
    parser.add_argument("--jobs", type=Path, default=HERE / "jobs.json")
    parser.add_argument("names", nargs="*", help="of the jobs; all of them by default")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    library = open_library(given.programs / "libinlay-train.so")
    pictures = Pictures(given.data, given.cache or given.out / "cache")
    task = Classifier(library, pictures, pictures.targets(library, given.teacher))
    jobs = [job for job in json.loads(given.jobs.read_text()) if not given.names or job["name"] in given.names]
    # Jobs of one budget take turns, so that what is to be compared is there early.
    order = [(job, seed) for seed in range(1, 4) for job in jobs if seed in job["seeds"]]
    order.sort(key=lambda one: one[0].get("group", 0))
    found = {}
    for job, seed in order:
        if job["name"] not in found:
            found[job["name"]] = find(job, given, library, task)
        best, log = found[job["name"]]
        if any((run["job"], run["seed"]) == (job["name"], seed) for run in read(given.out)["runs"]):
            continue
        result = train(job, seed, best, given, library, task)
        keep(given.out, job, best, log, result)


def read(folder):
    path = folder / "results.json"
    return json.loads(path.read_text()) if path.exists() else {"machine": processor(), "cores": 1, "jobs": {}, "runs": []}


def keep(folder, job, best, log, result):
    """Adds a run to the results; others may do so, too."""
    with open(folder / "results.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        results = read(folder)
        needs = {name: value for name, value in best["needs"].items() if name not in ("candidate", "topology")}
        results["jobs"][job["name"]] = {
            "job": {name: value for name, value in job.items() if name != "topology"}, "needs": needs,
            "topology": best["topology"], "search": log}
        results["runs"].append(result)
        (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
