"""What an answer costs as partitions and entities grow."""
