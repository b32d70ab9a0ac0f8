"""What is known of a drop before anything comes out of it: the names of its members, and who belongs to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.belonging import Kinship
from telespool.pipeline.unpack.story_places import StoryPlaces
from telespool.spool.names import NESTED
from telespool.spool.titles import title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.archives.members import Member


class DropNames:
    """The names of one drop, which begins with these members; `kin`, `places` and `names` (by number) grow with it."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.names: dict[int, str] = {}
        self.kin = Kinship()
        self.places = StoryPlaces(members)
        self.learn([members])

    def learn(self, archives: Sequence[Sequence[Member]], *, one_story: bool = False) -> None:
        """Take in archives whose members may belong together; `one_story`: they are told by their names as if one."""
        self.names |= {each.number: each.name for members in archives for each in members}
        paths = [self._paths(members) for members in archives if members]
        self.kin.add_spread(paths)
        if one_story and len(archives) > 1:
            self.places.merge(paths)

    def _paths(self, members: Sequence[Member]) -> dict[int, str]:
        """Where members lie in their archive, without a folder that is called like the archive itself."""
        archive = self.names.get(members[0].number // NESTED, "").rpartition("/")[2]
        own = f"{title(archive)}/" if archive else ""
        return {each.number: each.name.removeprefix(own) for each in members}
