"""The same way, without a step: what would become of a drop, told before it is dropped."""
