"""Baselines: other learners on the same examples, in the same order, with the same label delay."""
