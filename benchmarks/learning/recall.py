"""How soon a contradicted concept that returns is answered as before: ``python -m benchmarks.learning.recall``.

SEA's threshold is 7, then 9.5, then 7 again; the product finds out by itself. Counted are the rows of the return until
the version that serves answers held-out rows of the old concept within a point of its old level.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.learning.accuracy import keep_recall, kept
from benchmarks.learning.forgetting import NEAR, accuracy_on
from benchmarks.learning.memory import BATCH
from benchmarks.learning.page_forgetting import recall_told
from benchmarks.learning.product import Product
from benchmarks.learning.publish import publish
from benchmarks.learning.scenarios import Phase, sea_and_back
from models.determinism import make_deterministic

CLONE: Final = Path(__file__).parents[2]
ROWS, RETURN, SEEDS = 8_000, 1_024, 20


def returned(rows: int, back: int, seed: int, replay: str) -> dict[str, Any]:
    """One life: accuracy of the old concept before, when it returns, and the rows until it is as it was."""
    first, second, third = sea_and_back(rows, seed).phases
    product = Product(first.learned, seed, replay)
    _live(product, first)
    level = accuracy_on(product, first.held_out)
    _live(product, second)
    found = {"level": round(level, 4), "left": round(accuracy_on(product, first.held_out), 4)}
    begun = rows * 2
    for start in range(0, back, BATCH):
        stretch = third.learned.at(slice(start, start + BATCH))
        product.learn_many(stretch.x_TF, stretch.y_T)
        if accuracy_on(product, first.held_out) >= level - NEAR:
            break
    else:
        return found | {"rows": None, "recalls": [at - begun for at in product.recalls]}
    return found | {"rows": start + BATCH, "recalls": [at - begun for at in product.recalls]}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.learning.recall", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"from 1 on ({SEEDS})")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"of the first and the second concept ({ROWS})")
    parser.add_argument("--replay", default="concept_balanced", help="kind of replay of the learner (concept_balanced)")
    parser.add_argument("--again", action="store_true", help="measure again what was measured")
    parser.add_argument("--out", type=Path, default=CLONE, help="where benchmarks/results/ is written")
    asked = parser.parse_args(arguments)
    make_deterministic()
    file = asked.out / "benchmarks" / "results" / "learning.json"
    kind = asked.replay if asked.rows == ROWS else f"{asked.replay}, {asked.rows:,} rows"
    for seed in range(1, asked.seeds + 1):
        if asked.again or str(seed) not in kept(file).get("recall", {}).get(kind, {}):
            run = returned(asked.rows, RETURN, seed, asked.replay)
            print(f"seed {seed}: {json.dumps(run)}", flush=True)
            keep_recall(file, kind, seed, run | {"learned": asked.rows})
    print(recall_told(kept(file)["recall"][kind]))
    publish(asked.out)
    return 0


def _live(product: Product, phase: Phase) -> None:
    product.learn_many(phase.learned.x_TF, phase.learned.y_T)


if __name__ == "__main__":
    sys.exit(main())
