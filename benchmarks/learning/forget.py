"""What is kept of an old concept: ``make bench-forgetting``.

Each of our safeguards, the product whole and Avalanche's strategies, on the same streams and network.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

from benchmarks.learning.accuracy import keep_forgetting, kept
from benchmarks.learning.forgetting import forgetting
from benchmarks.learning.memory import BATCH, SAFEGUARDED, remembering
from benchmarks.learning.product import Product
from benchmarks.learning.publish import publish
from benchmarks.learning.scenarios import SCENARIOS, Scenario
from benchmarks.learning.streams import DATA
from benchmarks.learning.witness import Witness
from models.determinism import make_deterministic

CLONE: Final = Path(__file__).parents[2]
AVALANCHE: Final = CLONE / ".venv-avalanche" / "bin" / "python"
PRODUCTS: Final = {
    "product, no replay": "none",
    "product, reservoir": "reservoir",
    "product, concept balanced": "concept_balanced",
}
"""With gate and concept bank: kind of replay."""
TWINS: Final = {
    "Avalanche replay": ("replay", 1.0),
    "Avalanche DER++": ("logit_replay", 0.1),
    "Avalanche A-GEM": ("a_gem", 1.0),
    "Avalanche EWC": ("ewc", 100.0),
    "Avalanche SI": ("synaptic_intelligence", 1.0),
    "Avalanche LwF": ("distillation", 1.0),
}
"""Strategy and its strength."""
EVERY: Final = (*SAFEGUARDED, *PRODUCTS, *TWINS)
Result = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for and was not measured yet; 5 if nothing could be."""
    asked = _parsed(arguments)
    make_deterministic()
    file = asked.out / "benchmarks" / "results" / "learning.json"
    runs = skipped = 0
    for scenario, seed in product(asked.scenarios, range(1, asked.seeds + 1)):
        # A quick look is never kept, and what is kept tells nothing of it.
        found = {} if asked.again or asked.rows else kept(file).get("forgetting", {}).get(scenario, {})
        names = [name for name in asked.learners if str(seed) not in found.get(name, {})]
        for name in names:
            try:
                run = _measured(name, SCENARIOS[scenario](asked.rows, seed, asked.data), seed, asked)
            except FileNotFoundError as missing:
                print(missing, file=sys.stderr)
                skipped += 1
                continue
            runs += 1
            print(f"{scenario}, seed {seed}: {name}: {json.dumps(run)}", flush=True)
            if asked.rows is None:
                keep_forgetting(file, scenario, name, seed, run)
    if asked.rows is None and file.exists():
        publish(asked.out)
    return 5 if skipped and not runs else 0


def _measured(name: str, scenario: Scenario, seed: int, asked: argparse.Namespace) -> Result:
    if name in TWINS:
        return _twin(scenario.name, *TWINS[name], seed, asked)
    if name in PRODUCTS:
        whole = Product(scenario.first, seed, PRODUCTS[name])
        witness = Witness(whole, scenario.phases[0].held_out)
        found = forgetting(whole, scenario, BATCH, tell=witness.look)
        return found | {"recalls": whole.recalls, "published": whole.published} | witness.told
    learner = remembering(scenario.first, seed, *SAFEGUARDED[name])

    def begin(place: int) -> None:
        concepts = [phase.concept for phase in scenario.phases]
        numbers = {concept: number for number, concept in enumerate(dict.fromkeys(concepts), start=1)}
        others = {numbers[concept] for concept in concepts[:place]} - {numbers[concepts[place]]}
        learner.on_concept(numbers[concepts[place]], () if scenario.compatible else others)

    return forgetting(learner, scenario, BATCH, begin=begin)


def _twin(scenario: str, strategy: str, strength: float, seed: int, asked: argparse.Namespace) -> Result:
    if not asked.avalanche.exists():
        raise FileNotFoundError(f"{strategy} is not measured: {asked.avalanche} is not there. `make bench-forgetting`")
    words = [scenario, strategy, "--strength", str(strength), "--seed", str(seed), "--data", str(asked.data)]
    words += [] if asked.rows is None else ["--rows", str(asked.rows)]
    told = subprocess.run(
        [str(asked.avalanche), "-W", "ignore", "-m", "benchmarks.learning.avalanche_twins", *words],
        cwd=CLONE,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: Result = json.loads(told.stdout.strip().splitlines()[-1])
    return found


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.learning.forget", description=__doc__)
    parser.add_argument("--scenarios", type=lambda text: text.split(","), default=[*SCENARIOS], metavar="NAME,…")
    parser.add_argument("--learners", type=lambda text: text.split(";"), default=[*EVERY], metavar="NAME;…")
    parser.add_argument("--seeds", type=int, default=3, help="from 1 on (3)")
    parser.add_argument("--again", action="store_true", help="measure again what was measured")
    parser.add_argument("--rows", type=int, help="a quick look at phases of so many rows, told but not written")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real streams")
    parser.add_argument("--out", type=Path, default=CLONE, help="where benchmarks/results/ is written")
    parser.add_argument("--avalanche", type=Path, default=AVALANCHE, help="Python with Avalanche")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
