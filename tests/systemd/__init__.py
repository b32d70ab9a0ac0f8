"""Telespool under a systemd that was really booted."""
