"""Training that can be stopped at any time, and goes on where it was."""

import json
import os

import numpy as np

from .train import Training


def train(library, topology, task, plan, path, every=1000, progress=print):
    """Trains, or goes on from path (.npz), where the state is kept every so many steps."""
    training = Training(library, topology, task, plan)
    if path.exists():
        with np.load(path) as state:
            if str(state["made_of"]) != made_of(topology, plan):
                raise SystemExit(f"{path} is of another network or plan: delete it, or choose another folder")
            training.restore(state)
        progress(f"going on at step {training.step}")
    while training.step < plan.steps:
        training.run(min(plan.steps, training.step + every), progress)
        keep(training, path)
    training.settle()
    return training


def made_of(topology, plan):
    return json.dumps([topology, training_plan(plan)], sort_keys=True)


def training_plan(plan):
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


def keep(training, path):
    """Writes all or nothing."""
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, made_of=made_of(training.topology, training.plan), **training.state())
    os.replace(partial, path)
