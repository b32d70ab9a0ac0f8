"""The topic of a chat in the name of a job: as it is, but for the sign that ends it there."""

TOPIC_BYTES = 120
"""How long it may be there: a file system takes names of 255 bytes, and there is more in that of a job."""


def escaped(topic: str) -> str:
    """As it stands in the name of a job."""
    return topic.replace("%", "%25").replace("_", "%5F")


def unescaped(text: str) -> str:
    """The topic that stands there."""
    return text.replace("%5F", "_").replace("%25", "%")


def fits(topic: str) -> bool:
    """Whether there is room for it in the name of a job."""
    return len(escaped(topic).encode()) <= TOPIC_BYTES
