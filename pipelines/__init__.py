"""Example pipelines: one YAML file each, and the sources that replay their streams."""
