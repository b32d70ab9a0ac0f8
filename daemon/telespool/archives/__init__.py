"""Archives: what one is, and how its members come out.

    engine = await Engine.find(settings)
    archive = await engine.open(path, passwords)
    async for piece in archive.extract(directory):
        ...

The rules hold for every kind of archive and are kept in one place each: an archive never names a path (the
names on disk are made here), nothing but regular files is ever written, every byte is counted against the
limits before it is written, and what cannot be trusted is a sentence instead of a file.
"""

from telespool.archives.engine import Engine
from telespool.archives.limits import Budget
from telespool.archives.members import Archive, ExtractedPiece, Member
from telespool.archives.signatures import recognise

__all__ = ["Archive", "Budget", "Engine", "ExtractedPiece", "Member", "recognise"]
