"""From uploading/ to done/: one post after the other, and what waits for its next try."""
