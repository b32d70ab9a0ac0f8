"""How far two colours are apart for the eye: CIEDE2000 (CIE 142-2001), between colours of sRGB."""

from __future__ import annotations

import math

Colour = tuple[int, int, int]

PATCHES: dict[str, Colour] = {
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "dark": (40, 40, 40),
    "black": (0, 0, 0),
    "skin": (224, 172, 138),
    "sky": (98, 149, 205),
    "leaf": (70, 120, 50),
    "red": (190, 40, 45),
    "green": (0, 200, 0),
    "blue": (40, 60, 170),
    "yellow": (240, 220, 40),
    "magenta": (190, 50, 150),
}
"""Patches of every kind of colour."""


def linear(code: float) -> float:
    """The light of a code of sRGB, 0 to 1."""
    code /= 255
    return code / 12.92 if code <= 0.04045 else ((code + 0.055) / 1.055) ** 2.4


def _lab(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = map(linear, colour)
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def apart(one: Colour, other: Colour) -> float:
    """The difference; about 1 can just be seen side by side."""
    light1, a1, b1 = _lab(one)
    light2, a2, b2 = _lab(other)
    chroma = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(chroma**7 / (chroma**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = math.degrees(math.atan2(b1, a1)) % 360, math.degrees(math.atan2(b2, a2)) % 360
    turn = h2 - h1
    if c1 * c2 == 0:
        turn = 0.0
    elif abs(turn) > 180:
        turn -= math.copysign(360, turn)
    hue = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    light, mean = (light1 + light2) / 2, (c1 + c2) / 2
    angle = h1 + h2
    if c1 * c2:
        angle = angle / 2 if abs(h1 - h2) <= 180 else (angle + (360 if angle < 360 else -360)) / 2
    t = (
        1
        - 0.17 * math.cos(math.radians(angle - 30))
        + 0.24 * math.cos(math.radians(2 * angle))
        + 0.32 * math.cos(math.radians(3 * angle + 6))
        - 0.20 * math.cos(math.radians(4 * angle - 63))
    )
    sl = 1 + 0.015 * (light - 50) ** 2 / math.sqrt(20 + (light - 50) ** 2)
    sc, sh = 1 + 0.045 * mean, 1 + 0.015 * mean * t
    rc = 2 * math.sqrt(mean**7 / (mean**7 + 25.0**7))
    rt = -rc * math.sin(math.radians(60 * math.exp(-(((angle - 275) / 25) ** 2))))
    dl, dc, dh = (light2 - light1) / sl, (c2 - c1) / sc, hue / sh
    return math.sqrt(dl * dl + dc * dc + dh * dh + rt * dc * dh)
