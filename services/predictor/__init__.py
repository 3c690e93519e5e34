"""Answers requests from the current model: each once, with the vector as served."""
