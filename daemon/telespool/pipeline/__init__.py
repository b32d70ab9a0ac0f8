"""The workers: one to a transition. They never call each other; they meet in the folders."""
