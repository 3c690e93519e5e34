"""Replay: an application that publishes a recorded stream, faster than it happened and never ahead of itself."""
