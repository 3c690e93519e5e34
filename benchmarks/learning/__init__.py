"""Learners on streams that drift, beside River's: accuracy under label delay."""
