"""The commands, one file each: `add_arguments(parser)` and `run(args) -> int`, which gives the exit status."""
