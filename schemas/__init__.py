"""Contracts: topics, records, codec, Redis keys, metric names, settings and errors. No I/O."""
