"""The pipeline of the soak: small windows, short memories, every bound within reach of half an hour."""

from __future__ import annotations

NAME, USERS = "soak", 10_000
WAIT_S, REMEMBER_S, RETENTION_MIN, SEGMENT_CHECK_MIN = 30, 60, 10, 5
"""`SEGMENT_CHECK_MIN` is how often a broker looks for what retention lets go of (log.retention.check.interval.ms)."""
KEPT_VERSIONS, KEPT_ARTEFACTS, REPLAY_SIZE = 5, 20, 5_000

PIPELINE = f"""
pipeline: {NAME}
topics: {{partitions: 1, retention: {RETENTION_MIN}m}}
request:
  entity: user
  fields:
    user: {{type: category, buckets: 1024}}
    a: {{type: number, range: [-10, 10]}}
    b: {{type: number, range: [-10, 10]}}
events:
  seen:
    fields:
      user: {{type: category}}
      value: {{type: number, range: [-10, 10]}}
windows:
  pane: 1m
  snapshots: 3
  wait: 200ms
  groups:
    - event: seen
      key: [user]
      value: value
      aggregates: [count, mean, last]
      over: [2m]
target: {{type: binary}}
join: {{wait: {WAIT_S}s, early: 5s, remember: {REMEMBER_S}s}}
model: {{kind: tabular_resnet, hidden: 32, blocks: 1, embedding: 4}}
learner:
  batch: 64
  cadence: 4096
  checkpoint: 4096
  keep_versions: {KEPT_VERSIONS}
  keep_artefacts: {KEPT_ARTEFACTS}
  score_window: 1000
  replay: {{kind: reservoir, size: {REPLAY_SIZE}, mix: 32}}
drift: {{window: 1m, reference: 3}}
"""
