"""Successive halving: many networks are trained a little, the better half of them twice as long, and so on."""

import json
from dataclasses import replace

import numpy as np

from .network import Network
from .train import Plan, Training, scaled

# Milliseconds of training: of a picture, and of a million multiply-accumulates and numbers between layers, as fitted to
# trainings on one core with AVX-512.
PICTURE, MACS, NUMBERS = 0.02, 0.08e-6, 3.4e-6


def cost(topology, plan):
    """Milliseconds of training for each picture, about: the same on every machine."""
    ends = [start for start, _ in plan.resolutions[1:]] + [1.0]
    total = PICTURE
    for (start, part), end in zip(plan.resolutions, ends):
        network = Network(scaled(topology, part))
        total += (end - start) * (MACS * network.macs() + NUMBERS * network.numbers())
    return total


def pictures_in(minutes, topologies, plan):
    """So many pictures as all of these networks are trained with, each of them, in about that time."""
    return int(60000 * minutes / sum(cost(topology, plan) for topology in topologies)) // plan.batch * plan.batch


def halve(found, library, task, minutes, plan, path, progress=print):
    """The best of candidates (as Planner.best() has them) and the log.

    Every round takes about as long as the others, and in it each network sees as many pictures: in the same time small
    ones would see more, and be ahead as long as none is trained well. What is in the log at path already is not done again.
    """
    rounds = max(1, int(np.log2(len(found))))
    log = json.loads(path.read_text()) if path.exists() else []
    done = {(entry["round"], json.dumps(entry["candidate"])): entry["score"] for entry in log}
    left = list(found)
    for number in range(rounds):
        pictures = pictures_in(minutes / rounds, [one["topology"] for one in left], plan)
        for one in left:
            key = number, json.dumps(one["candidate"])
            if key not in done:
                log.append(tried(one, number, library, task, replace(plan, pictures=pictures)))
                path.write_text(json.dumps(log, indent=1))
                done[key] = log[-1]["score"]
                progress(f"round {number + 1} of {rounds}: {log[-1]['macs'] / 1e6:.1f} M MACs at "
                         f"{one['candidate']['resolution']} pixels, {done[key]:.4f} after {log[-1]['minutes']} minutes")
            one["score"] = done[key]
        left.sort(key=lambda one: -one["score"])
        left = left[:max(1, len(left) // 2)]
    return left[0], log


def tried(one, number, library, task, plan):
    training = Training(library, one["topology"], task, plan)
    training.run(progress=lambda line: None)
    training.settle()
    score = task.score(training)
    training.close()
    return {"round": number, "candidate": one["candidate"], "macs": one["needs"]["macs"], "sram_bytes":
            one["needs"]["sram_bytes"], "score": score, **training.about()}
