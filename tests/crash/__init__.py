"""The process dies, or the power fails, before every call that changes the disk."""
