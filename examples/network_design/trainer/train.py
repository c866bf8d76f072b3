"""Training: the same network comes of the same seed, in one go or stopped and continued."""

import time
from dataclasses import asdict, dataclass

import ctypes

import numpy as np

from .data import VIEWS, whole
from .network import Engine, Network, pointer


@dataclass(frozen=True)
class Plan:
    """How a network is trained."""
    pictures: int
    seed: int = 1
    batch: int = 32
    rate: float = 0.01
    decay: float = 0.02
    warm_up: float = 0.05
    # From this part of the training on all of each picture, as the network will see it: in parts things are larger.
    whole_from: float = 0.6
    # From this part of the training on at this part of the resolution.
    resolutions: tuple = ((0.0, 0.5), (0.3, 0.75), (0.6, 1.0))

    @property
    def steps(self):
        return max(1, self.pictures // self.batch)


def scaled(topology, part):
    """The topology for pictures of another size, a multiple of eight."""
    height, width, channels = topology["input"]
    return {**topology, "input": [max(16, round(s * part / 8) * 8) if part < 1 else s for s in (height, width)] + [channels]}


def softmax(scores):
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


class Order:
    """Which pictures a step is of: each once, then each once more in another order."""

    def __init__(self, training):
        self.training, self.epoch = training, None

    def of(self, plan, step):
        places = np.arange(step * plan.batch, (step + 1) * plan.batch)
        index = np.empty(plan.batch, np.int64)
        for epoch in np.unique(places // len(self.training)):
            if self.epoch != (plan.seed, epoch):
                self.epoch = plan.seed, epoch
                self.order = np.random.default_rng([plan.seed, 1, epoch]).permutation(self.training)
            here = places // len(self.training) == epoch
            index[here] = self.order[places[here] % len(self.training)]
        return index


def vary(views, rng):
    """Mirrors half of them; less or more contrast and light, and a slight cast."""
    count = len(views)
    mirrored = rng.random(count) < 0.5
    views["box"][mirrored] = views["box"][mirrored][:, [2, 1, 0, 3]]
    contrast = rng.uniform(0.7, 1.3, (count, 1))
    views["gain"] = contrast * rng.uniform(0.92, 1.08, (count, 3))
    views["offset"] = 128 * (1 - contrast) + rng.uniform(-30, 30, (count, 1))


class Classifier:
    """What is trained on: pictures with the probabilities that views of them should be given."""

    def __init__(self, library, pictures, targets):
        self.library, self.pictures, self.targets = library, pictures, targets
        self.boxes, self.training = pictures.boxes(), pictures.of("train")
        self.order = Order(self.training)

    def start(self, training):
        """Nothing is known of a network before it is trained."""

    def batch(self, plan, step, numbers):
        """Fills in the pictures of a step; their targets."""
        index = self.order.of(plan, step)
        rng = np.random.default_rng([plan.seed, 2, step])
        which = rng.integers(0, VIEWS, plan.batch)
        if step >= plan.whole_from * plan.steps:
            which[:] = 0
        views = whole(plan.batch)
        views["box"] = self.boxes[index, which]
        views["box"] += rng.normal(0, 0.01, (plan.batch, 4))
        views["box"] = views["box"].clip(0, 1)
        vary(views, rng)
        self.pictures.views(self.library, index, views, numbers.shape[1], numbers)
        return self.targets[index, which]

    def loss(self, scores, targets):
        """The loss, and its gradient by the scores."""
        given = softmax(scores)
        loss = -np.mean(np.sum(targets * np.log(np.maximum(given, 1e-7)), -1))
        return loss, (given - targets) / np.float32(len(scores))

    def score(self, training):
        """How good a network is on the pictures kept apart: the share whose most probable class it says."""
        index = self.pictures.of("kept")
        return float((training.scores(index).argmax(1) == self.targets[index, 0].argmax(1)).mean())


class Training:
    """A network being trained; state() is all that is needed to go on later."""

    def __init__(self, library, topology, task, plan):
        self.library, self.topology, self.task, self.plan = library, topology, task, plan
        self.network = Network(topology)
        self.parameters, self.statistics, decays = self.network.initial(plan.seed)
        self.decays = decays * np.float32(plan.decay)
        self.first, self.second, self.gradients = (np.zeros_like(self.parameters) for _ in range(3))
        self.step, self.seconds, self.losses = 0, 0.0, []
        self.engine = self.part = None
        task.start(self)

    def close(self):
        if self.engine:
            self.engine.close()
        self.engine = self.part = None

    def state(self):
        return {"parameters": self.parameters, "statistics": self.statistics, "first": self.first, "second": self.second,
                "step": self.step, "seconds": self.seconds, "losses": np.array(self.losses)}

    def restore(self, state):
        for name in ("parameters", "statistics", "first", "second"):
            getattr(self, name)[:] = state[name]
        self.step, self.seconds, self.losses = int(state["step"]), float(state["seconds"]), list(state["losses"])

    def rate(self):
        done = (self.step + 1) / self.plan.steps
        if done < self.plan.warm_up:
            return self.plan.rate * done / self.plan.warm_up
        done = (done - self.plan.warm_up) / (1 - self.plan.warm_up)
        return self.plan.rate * (0.5 + 0.5 * np.cos(np.pi * min(done, 1)))

    def use(self, part):
        if part != self.part:
            if self.engine:
                self.engine.close()
            self.part, self.engine = part, Engine(self.library, Network(scaled(self.topology, part)), self.plan.batch)

    def one_step(self):
        began = time.process_time()
        done = self.step / self.plan.steps
        self.use([part for start, part in self.plan.resolutions if done >= start][-1])
        targets = self.task.batch(self.plan, self.step, self.engine.pictures)
        scores = self.engine.forward(self.parameters, self.statistics, False)
        loss, by_scores = self.task.loss(scores, targets)
        self.engine.backward(self.parameters, self.gradients, by_scores)
        self.step += 1
        float32 = ctypes.c_float
        self.library.engine_adamw(
            *map(pointer, (self.parameters, self.gradients, self.first, self.second, self.decays)),
            ctypes.c_int64(len(self.parameters)), float32(self.rate()), float32(0.9), float32(0.99),
            float32(1 / (1 - 0.9**self.step)), float32(1 / (1 - 0.99**self.step)))
        self.losses.append(float(loss))
        self.seconds += time.process_time() - began

    def run(self, until=None, progress=print):
        until = self.plan.steps if until is None else until
        while self.step < until:
            self.one_step()
            if self.step % 500 == 0 or self.step == self.plan.steps:
                progress(f"step {self.step} of {self.plan.steps}: loss {np.mean(self.losses[-500:]):.4f}, "
                         f"{self.seconds:.0f} s, {1000 * self.seconds / self.step / self.plan.batch:.2f} ms a picture")

    def settle(self, batches=64):
        """The statistics of the last parameters over many pictures, instead of those of the last batch."""
        self.use(1.0)
        sums = np.zeros(len(self.statistics))
        for number in range(batches):
            self.task.batch(self.plan, self.plan.steps + number, self.engine.pictures)
            self.engine.forward(self.parameters, self.statistics, False)
            sums += self.statistics
        self.statistics[:] = sums / batches

    def ranges(self, batches=16):
        """The least and greatest value of each map, on the average of some batches of training pictures."""
        self.use(1.0)
        sums = np.zeros((len(self.network.shapes), 2))
        range_of = np.zeros(2, np.float32)
        index = self.task.training[np.random.default_rng(3).permutation(len(self.task.training))]
        for number in range(batches):
            self.show(np.resize(index[number * self.plan.batch:(number + 1) * self.plan.batch], self.plan.batch))
            for place in range(len(sums)):
                self.library.engine_range(self.engine.handle, ctypes.c_int32(place), pointer(range_of))
                sums[place] += range_of
        return sums / batches

    def show(self, index):
        """What the network says of whole pictures, as many as a batch has."""
        self.task.pictures.views(self.library, index, whole(len(index)), self.topology["input"][0], self.engine.pictures)
        return self.engine.forward(self.parameters, self.statistics, True)

    def scores(self, index):
        """What the trained network says of whole pictures."""
        self.use(1.0)
        out = []
        for start in range(0, len(index), self.plan.batch):
            some = np.resize(index[start:start + self.plan.batch], self.plan.batch)
            out.append(self.show(some).copy())
        return np.concatenate(out)[:len(index)]

    def about(self):
        return {**asdict(self.plan), "steps": self.step, "minutes": round(self.seconds / 60, 2)}
