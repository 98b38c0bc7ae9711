"""The ``gerbang`` command: one file for each group of subcommands."""
