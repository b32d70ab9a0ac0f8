"""What people see: the log, the status, the report, and what systemd is told."""
