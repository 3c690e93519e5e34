"""Online windows over feature events, in event time: from the features topic to packed values in Redis.

``fan_out`` folds events into panes and sends them to the partition that owns their entity; ``windows`` merges them,
closes panes by the watermark and writes what changed.
"""
