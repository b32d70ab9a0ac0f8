"""What Telespool claims about itself, measured. Each module is a command: `scripts/bench NAME`."""
