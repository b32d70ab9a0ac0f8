"""What belongs together in a drop: a photo and its clip, a raw and its photo, an original and its edited version.

    kin = Kinship.of({1: "DCIM/IMG_1.HEIC", 2: "DCIM/IMG_1.MOV", 3: "DCIM/IMG_1.AAE"})
    kin.still_of(2), kin.sidecars[3]                        # 1, 1
    is_live(about_the_still, about_the_clip)                # once both have come out

`kinship` goes by names alone: it is asked before anything has come out. `live` decides, by what was read of two
files, whether they are the halves of a live photo. Nothing here reads a file; what each group becomes is a rule of
the configuration.
"""

from telespool.belonging.kinship import Kinship
from telespool.belonging.live import LONGEST, About, is_live

__all__ = ["LONGEST", "About", "Kinship", "is_live"]
