"""From the inbox to incoming/: what people dropped, once nobody writes to it any more."""
