"""The wardrobe's table: each garment is layers of cloth, cut and lined up from the skin outwards, and what is sewn on.

A newcomer adds a garment here, and its words in `words/clothes.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from engine.renderer.scene import RGB

WHITE: Final[RGB] = (0.76, 0.76, 0.75)
DENIM: Final[RGB] = (0.055, 0.085, 0.16)
CHARCOAL: Final[RGB] = (0.045, 0.046, 0.052)


@dataclass(frozen=True, slots=True)
class ClothLayer:
    """One piece of cloth. `base` is "close" (the body's cover), "skirt", or a mesh of the pack with its part."""

    base: str
    neck: str = ""
    sleeve: str = ""
    """A length of `cuts.SLEEVES`, "none" or "straps" for armholes, "" as the mesh has it."""
    hem: float | None = None
    """Height on the template at which it ends."""
    ease: float = 0.006
    """Metres over what is below."""
    slack: float = 0.5
    """Below the chest: 0 clings to the body, 1 falls straight."""
    folds: float = 1.0
    """Times the broad creases of its habit; of skirts and trousers, how deep their pleats are in metres."""
    fabric: str = ""
    """"" is the outfit's, or the garment's own."""
    dye: str | RGB = "colour"
    """colour, second (white where the outfit has none), or a colour of its own."""
    region: str = ""
    """A shape of `shapes` that it is cut to: apron, drape, obi …"""
    sewn: tuple[str, ...] = ()
    """Names of `sewing`: bands, collars, buttons, pockets."""
    women: str = ""
    """Another `base` on women."""
    habit: str = ""
    """How it creases, by the name that `creases` has for it; "" is what its fabric does."""
    lies: float = 0.006
    """Metres that it is off the skin on the shoulders at most: its thickness, and what is under it."""


@dataclass(frozen=True, slots=True)
class Garment:
    """Layers from the skin outwards; below them come trousers unless `legs` is "" or "skirt"."""

    layers: tuple[ClothLayer, ...]
    fabric: str = "cotton"
    legs: str = "trousers"
    legs_dye: str | RGB = CHARCOAL
    second: RGB | None = WHITE
    """The second colour where the outfit has none; None is a deeper shade of its own colour."""


def _tee(neck: str = "", *sewn: str, sleeve: str = "") -> ClothLayer:
    return ClothLayer(
        "male_casualsuit06/top", neck, sleeve, women="female_casualsuit02/part0", sewn=sewn, ease=0.003, folds=1.0
    )


_SHIRT: Final = ClothLayer("male_casualsuit01/top", ease=0.001, folds=0.25, sewn=("shirt buttons",), lies=0.008)
_UNDER_TEE: Final = ClothLayer("close", "crew", "short", 0.10, 0.004, 0.2, 0.33, "jersey", "second", sewn=("neckband",))
_JACKET: Final = ClothLayer("male_casualsuit05/part0", ease=0.003, folds=0.8, lies=0.016)
_JACKET_COLLAR: Final = ClothLayer("male_casualsuit05/part2", ease=0.003, folds=0.0, habit="plate")
_JACKET_SHIRT: Final = ClothLayer("male_casualsuit05/part1", ease=0.0, folds=0.0, fabric="cotton", dye="second")
_SUIT: Final = (
    ClothLayer("male_elegantsuit01/shirt", ease=0.0, folds=0.0, fabric="cotton", dye="second"),
    ClothLayer("male_elegantsuit01/tie", ease=0.0, folds=0.0, fabric="silk", dye="tie", habit="plate"),
    ClothLayer("male_elegantsuit01/jacket", ease=0.0, folds=0.7, lies=0.016),
)

_SKIRT: Final = ClothLayer("skirt", ease=0.010, slack=0.0, folds=0.011)
_SASH: Final = ClothLayer("close", "", "none", None, 0.014, 0.0, 0.0, region="sash")
"""Over the seam at the waist, where bodice and skirt of a dress meet."""

_SHIRT_FRONT: Final = ClothLayer("male_elegantsuit01/front", ease=0.0, folds=0.0, fabric="cotton", dye="second")

GARMENTS: Final[dict[str, Garment]] = {
    "t-shirt": Garment((_tee("", "neckband"),), "jersey", legs_dye=DENIM),
    "v-neck": Garment((_tee("vee", "neckband"),), "jersey", legs_dye=DENIM),
    "polo": Garment(
        (ClothLayer("male_casualsuit01/top", sleeve="short", ease=0.001, folds=0.0, sewn=("polo buttons",)),),
        "jersey",
    ),
    "shirt": Garment((_SHIRT,), "cotton"),
    "blouse": Garment((ClothLayer("female_elegantsuit01/part0", ease=0.003, folds=0.83),), "silk"),
    "sweater": Garment(
        (ClothLayer("male_casualsuit02/top", ease=0.004, folds=1.5, sewn=("rib neckband",), lies=0.011),),
        "knit",
        legs_dye=DENIM,
    ),
    "turtleneck": Garment((ClothLayer("close", "high", "long", 0.02, 0.007, 0.5, 1.17, sewn=("roll",)),), "fine knit"),
    "cardigan": Garment(
        (_UNDER_TEE, ClothLayer("close", "deep vee", "long", 0.02, 0.011, 0.7, 1.5, sewn=("button band",))),
        "fine knit",
        legs_dye=DENIM,
    ),
    "hoodie": Garment(
        (
            ClothLayer(
                "male_casualsuit02/top", ease=0.006, folds=1.25, sewn=("hood", "cords", "kangaroo pocket"), lies=0.012
            ),
        ),
        "sweat",
        legs_dye=DENIM,
    ),
    "sweatshirt": Garment(
        (ClothLayer("male_casualsuit02/top", ease=0.006, folds=1.25, sewn=("rib neckband",), lies=0.012),), "sweat"
    ),
    "suit": Garment(_SUIT, "wool", legs_dye="colour"),
    "tuxedo": Garment((_SHIRT_FRONT, _SUIT[2]), "wool", legs_dye="colour"),
    "blazer": Garment((replace(_UNDER_TEE, neck="wide crew"), _SUIT[2]), "wool"),
    "waistcoat": Garment(
        (
            ClothLayer("close", "closed", "long", 0.12, 0.006, 0.3, 0.8, "cotton", "second", sewn=("shirt collar",)),
            ClothLayer("close", "deep vee", "none", 0.06, 0.014, 0.2, 0.3, sewn=("vest buttons", "edge")),
        ),
        "wool",
    ),
    "coat": Garment(
        (
            ClothLayer("close", "high", "long", 0.1, 0.005, 0.3, 0.67, "fine knit", "second", sewn=("roll",)),
            ClothLayer("male_elegantsuit01/jacket", ease=0.009, folds=0.85, lies=0.022),
        ),
        "wool",
        second=(0.16, 0.15, 0.14),
    ),
    "trench coat": Garment(
        (
            _JACKET_SHIRT,
            replace(_JACKET, ease=0.006, sewn=("epaulettes", "double buttons")),
            _JACKET_COLLAR,
            replace(_JACKET, ease=0.011, folds=0.0, region="belt", habit="plate"),
        ),
        "canvas",
    ),
    "raincoat": Garment(
        (
            _UNDER_TEE,
            ClothLayer("close", "closed", "long", -0.1, 0.014, 0.9, 1.0, sewn=("fall collar", "zip", "flap pockets")),
        ),
        "nylon",
        legs_dye=DENIM,
    ),
    "leather jacket": Garment(
        (
            _JACKET_SHIRT,
            ClothLayer("male_casualsuit05/part0", ease=0.004, folds=1.0, sewn=("snaps",), lies=0.016),
            _JACKET_COLLAR,
        ),
        "leather",
        legs_dye=DENIM,
    ),
    "denim jacket": Garment(
        (
            ClothLayer(
                "male_casualsuit01/top",
                ease=0.006,
                folds=1.0,
                sewn=("metal buttons", "chest pockets", "yoke"),
                lies=0.013,
            ),
        ),
        "denim",
        legs_dye=CHARCOAL,
    ),
    "dress": Garment(
        (ClothLayer("close", "vee", "elbow", 0.13, 0.005, 0.0, 0.67, sewn=("edge",)), _SKIRT, _SASH), "cotton", ""
    ),
    "evening gown": Garment(
        (
            ClothLayer("close", "strapless", "none", 0.13, 0.004, 0.0, 0.45, sewn=("edge",)),
            replace(_SKIRT, folds=0.014),
            _SASH,
        ),
        "satin",
        "",
    ),
    "sari": Garment(
        (
            ClothLayer("close", "scoop", "short", 0.21, 0.004, 0.0, 0.5, "silk", "second", sewn=("edge",)),
            ClothLayer("close", "", "", None, 0.012, 0.0, 0.6, region="drape", sewn=("gold edge",)),
            replace(_SKIRT, ease=0.012),
        ),
        "silk",
        "",
        second=None,
    ),
    "kimono": Garment(
        (
            ClothLayer("close", "inner wrap", "short", 0.2, 0.004, 0.2, 0.0, "cotton", WHITE, sewn=("inner collar",)),
            ClothLayer("close", "wrap", "wide", 0.13, 0.009, 0.2, 1.0, sewn=("kimono collar",)),
            ClothLayer("skirt", ease=0.012, slack=0.0, folds=0.005),
            ClothLayer("close", "", "none", None, 0.017, 0.0, 0.3, "silk", "second", region="obi", sewn=("obi cord",)),
        ),
        "silk",
        "",
        second=(0.34, 0.20, 0.08),
    ),
    "scrubs": Garment((_tee("scrubs", "binding", "left pocket"),), "cotton", legs_dye="colour"),
    "lab coat": Garment(
        (
            _JACKET_SHIRT,
            ClothLayer(
                "male_casualsuit05/part0",
                ease=0.005,
                folds=0.67,
                slack=0.7,
                sewn=("left pocket", "coat buttons"),
                lies=0.016,
            ),
            _JACKET_COLLAR,
        ),
        "cotton",
        second=(0.30, 0.42, 0.58),
    ),
    "apron": Garment(
        (
            ClothLayer("male_casualsuit01/top", ease=0.0, folds=0.25, fabric="cotton", dye="second"),
            ClothLayer("close", "", "none", None, 0.012, 0.5, 0.67, region="bib", sewn=("apron straps",)),
            ClothLayer("skirt", ease=0.018, slack=0.0, folds=0.006, region="lap"),
        ),
        "canvas",
        second=(0.36, 0.42, 0.50),
    ),
    "chef jacket": Garment(
        (
            ClothLayer(
                "close", "closed", "long", 0.0, 0.009, 0.6, 1.0, sewn=("mandarin", "double buttons", "edge line")
            ),
        ),
        "cotton",
    ),
    "armour": Garment(
        (
            ClothLayer("close", "closed", "long", 0.0, 0.006, 0.0, 0.0, "mail", (0.34, 0.34, 0.35), sewn=("gorget",)),
            ClothLayer("close", "wide crew", "none", 0.14, 0.020, 0.2, 0.0, region="cuirass", sewn=("rivets",)),
            ClothLayer("close", "", "", None, 0.024, 0.0, 0.0, region="pauldron"),
        ),
        "metal",
    ),
    "uniform": Garment(
        (
            _SUIT[0],
            replace(_SUIT[1], fabric="cotton"),
            replace(_SUIT[2], sewn=("epaulettes", "gold buttons", "flap pockets", "ribbons")),
        ),
        "wool",
        legs_dye="colour",
    ),
    "tank top": Garment((replace(_tee("tank", "edge", sleeve="straps"), ease=0.003),), "jersey", legs_dye=DENIM),
    "overalls": Garment(
        (
            ClothLayer("male_worksuit01/part1", ease=0.0, folds=0.15, fabric="jersey", dye="second"),
            ClothLayer("male_worksuit01/part0", ease=0.001, folds=0.0, fabric="denim", sewn=("bib straps",)),
        ),
        "denim",
        "",
    ),
    "jumpsuit": Garment(
        (
            ClothLayer("male_casualsuit01/top", hem=0.158, ease=0.004, folds=0.5, sewn=("chest pockets",), lies=0.010),
            ClothLayer("male_casualsuit01/top", "", "none", None, 0.008, 0.0, 0.0, region="belt", habit="plate"),
        ),
        "cotton",
        legs_dye="colour",
    ),
    "spacesuit": Garment(
        (ClothLayer("close", "closed", "long", 0.0, 0.030, 0.5, 1.5, sewn=("neck ring", "patches", "hoses")),),
        "canvas",
        legs_dye="colour",
    ),
}
"""Every garment that words can name; what isn't here is a T-shirt."""

WITH_TIE: Final[dict[str, Garment]] = {
    "shirt": Garment(
        (
            ClothLayer(
                "close", "closed", "long", 0.11, 0.008, 0.35, 1.0, sewn=("shirt collar", "placket", "shirt buttons")
            ),
        ),
    )
}
"""Garments that are cut otherwise where a tie is worn."""
