"""The learner: weights that are a function of a prefix of the examples log, and of nothing else."""
