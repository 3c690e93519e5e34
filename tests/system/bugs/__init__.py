"""Twelve bugs put into the real processes on purpose, so that it is known what would find them."""
