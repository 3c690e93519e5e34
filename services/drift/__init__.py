"""What `anabranch drift` shows: the drifts that drift_watch has reported."""
