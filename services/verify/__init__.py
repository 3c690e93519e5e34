"""Checking what a pipeline promises, from its topics and stores alone."""
