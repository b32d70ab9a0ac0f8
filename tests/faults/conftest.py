"""What the tests of deaths use, these use too."""

from tests.crash.conftest import converting, place

__all__ = ["converting", "place"]
