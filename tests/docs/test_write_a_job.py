"""The guide's example runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "write-a-job.md"


def test_the_example_does_what_the_guide_says() -> None:
    example, *_ = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(example, str(GUIDE), "exec"), names)
    assert names["counts"] == {b"ann": b"2", b"bob": b"1"}
