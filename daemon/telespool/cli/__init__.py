"""What a person can type: one module a command, each with `run(options) -> exit code`."""
