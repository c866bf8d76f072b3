"""What a network needs, asked of inlay-design (--serve), and the networks of a space that fit best."""

import json
import random
import subprocess


class Planner:
    """An inlay-design that answers until it is closed."""

    def __init__(self, program, space, sram=None, flash=None, macs=None, picture="lines", target=None):
        command = [str(program), "--serve", "--space", str(space), "--picture", picture]
        for name, value in (("--sram", sram), ("--flash", flash), ("--macs", macs), ("--target", target)):
            if value is not None:
                command += [name, str(value)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        with open(space) as file:
            self.space = json.load(file)

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("inlay-design has ended without an answer")
        answer = json.loads(answer)
        if "error" in answer:
            raise SystemExit(f"inlay-design: {answer['error']}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def draw(self, rng):
        stages = []
        for stage in self.space["stages"]:
            depth = rng.choice(stage["depth"])
            stages.append({name: [rng.choice(stage[name]) for _ in range(depth)] for name in ("kernel", "expansion")})
        return {"resolution": rng.choice(self.space["resolution"]), "channels": rng.choice(self.space["channels"]),
                "width": rng.choice(self.space["width"]), "stages": stages}

    def best(self, count, draws, seed=1, policies=None):
        """Of so many draws those that fit with the most computation, a few of each resolution.

        In a space of one kind of network its computation is the best that is known of its accuracy before training.
        policies: of schedules; all that there are if None.
        """
        rng = random.Random(seed)
        fitting = {}
        for _ in range(draws):
            candidate = self.draw(rng)
            answer = self.ask({"candidate": candidate})
            if answer["feasible"] and (policies is None or answer["policy"] in policies):
                fitting.setdefault(candidate["resolution"], []).append((answer["macs"], len(fitting), candidate, answer))
        # The largest of each resolution, then the second largest, and so on; of these those with most computation.
        for found in fitting.values():
            found.sort(key=lambda one: -one[0])
        ranked = [(place, -found[place][0], resolution) for resolution, found in fitting.items()
                  for place in range(min(len(found), count))]
        chosen = [fitting[resolution][place] for place, _, resolution in sorted(ranked)[:count]]
        out = []
        for _, _, candidate, answer in chosen:
            topology = self.ask({"candidate": candidate, "blocks": True})["topology"]
            out.append({"candidate": candidate, "needs": answer, "topology": topology})
        return out
