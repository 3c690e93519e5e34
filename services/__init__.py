"""Processes that run without end, and the command line that starts them."""
