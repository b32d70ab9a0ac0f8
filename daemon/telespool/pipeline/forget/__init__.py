"""From done/ to nowhere: what has been proven to be delivered, after its time."""
