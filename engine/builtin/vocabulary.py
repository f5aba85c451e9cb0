"""The words the built-in model was taught: every value a slot of a picture can take, and its wordings.

Pure data, no model and no renderer: `captions` writes with it, and the prompt dialect of the built-in
model maps a user's words onto it. The first wording of a term is its plainest and the safest to send.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A value of a slot: its key in scene parameters, and the wordings the model has read for it."""

    key: str
    words: tuple[str, ...]

    @property
    def plain(self) -> str:
        """The wording to send when there is no reason to prefer another."""
        return self.words[0]


def _terms(table: dict[str, tuple[str, ...]]) -> dict[str, Term]:
    return {key: Term(key, words) for key, words in table.items()}


SEXES = _terms({"man": ("man", "gentleman", "guy"), "woman": ("woman", "lady")})

AGES = _terms(
    {
        "young": ("young", "in the twenties", "youthful"),
        "middle-aged": ("middle-aged", "in the forties", "mature"),
        "old": ("old", "elderly", "in the seventies"),
    }
)

SKIN_TONES = _terms(
    {
        "fair": ("fair", "pale", "porcelain"),
        "light": ("light", "beige"),
        "tan": ("tan", "olive", "tanned"),
        "brown": ("brown",),
        "dark": ("dark", "black", "deep"),
    }
)

HAIR_COLOURS = _terms(
    {
        "black": ("black", "jet black", "raven"),
        "brown": ("brown", "chestnut", "brunette"),
        "blonde": ("blonde", "blond", "golden"),
        "red": ("red", "ginger", "copper"),
        "grey": ("grey", "gray", "silver"),
    }
)

HAIR_STYLES = _terms(
    {
        "bald": ("bald", "shaved head"),
        "buzz": ("buzz cut", "cropped"),
        "short": ("short", "short and neat"),
        "curly": ("curly", "curls", "wavy"),
        "bob": ("bob", "chin-length"),
        "long": ("long", "flowing"),
        "bun": ("bun", "tied back", "updo"),
    }
)

FACIAL_HAIR = _terms(
    {
        "none": ("clean-shaven",),
        "stubble": ("stubble",),
        "moustache": ("moustache", "mustache"),
        "beard": ("beard", "bearded"),
    }
)

GLASSES = _terms(
    {
        "none": ("no glasses",),
        "round": ("round glasses", "glasses"),
        "square": ("square glasses", "glasses", "spectacles"),
    }
)

CLOTHES = _terms(
    {
        "t-shirt": ("t-shirt", "tee"),
        "v-neck": ("v-neck sweater", "sweater", "jumper"),
        "turtleneck": ("turtleneck", "roll-neck"),
        "shirt": ("shirt", "collared shirt", "blouse"),
        "jacket": ("jacket", "suit", "blazer"),
    }
)

CLOTHES_COLOURS = _terms(
    {
        "red": ("red", "scarlet", "crimson"),
        "orange": ("orange",),
        "yellow": ("yellow",),
        "green": ("green", "emerald"),
        "blue": ("blue", "navy"),
        "purple": ("purple", "violet"),
        "white": ("white",),
        "black": ("black",),
    }
)

PLACES = _terms(
    {
        "grey studio": ("grey studio", "studio", "gray studio", "plain grey background"),
        "white studio": ("white studio", "white background", "plain white background"),
        "black studio": ("black studio", "black background", "dark background"),
        "forest": ("forest", "woods", "among trees"),
        "beach": ("beach", "seaside", "by the sea"),
        "city at night": ("city at night", "night city", "city lights"),
        "sunset": ("sunset", "golden hour", "sunset sky"),
        "room with a window": ("room with a window", "room", "by a window"),
        "library": ("library", "bookshelves"),
        "mountains": ("mountains", "snowy mountains"),
        "brick wall": ("brick wall", "red bricks"),
        "garden": ("garden", "flower garden", "meadow"),
    }
)

LIGHT_SIDES = _terms(
    {
        "left": ("from the left", "left side light"),
        "right": ("from the right", "right side light"),
        "front": ("from the front", "frontal light"),
    }
)

LIGHT_HEIGHTS = _terms(
    {
        "high": ("high", "from above", "overhead"),
        "level": ("eye-level",),
        "low": ("low", "from below", "underlight"),
    }
)

LIGHT_HARDNESS = _terms({"soft": ("soft", "diffused"), "hard": ("hard", "harsh", "dramatic")})

LIGHT_COLOURS = _terms(
    {"warm": ("warm", "tungsten"), "neutral": ("neutral", "white"), "cool": ("cool", "cold", "blue")}
)

FRAMINGS = _terms(
    {
        "close-up": ("close-up", "tight headshot", "close up"),
        "head and shoulders": ("head and shoulders", "headshot", "bust portrait"),
    }
)

FOCAL_LENGTHS = _terms(
    {
        "35": ("35mm", "35 mm", "wide lens"),
        "50": ("50mm", "50 mm"),
        "85": ("85mm", "85 mm", "portrait lens"),
        "135": ("135mm", "135 mm", "long lens"),
    }
)

APERTURES = _terms(
    {
        "1.8": ("f/1.8", "shallow depth of field", "bokeh", "blurred background"),
        "4": ("f/4",),
        "11": ("f/11", "sharp background", "deep focus"),
    }
)

EXPRESSIONS = _terms(
    {
        "neutral": ("neutral", "calm", "neutral expression"),
        "smile": ("smiling", "smile", "happy"),
        "serious": ("serious", "stern", "frowning"),
        "surprised": ("surprised", "raised brows"),
    }
)

EYE_COLOURS = _terms(
    {
        "brown": ("brown",),
        "blue": ("blue",),
        "green": ("green",),
        "hazel": ("hazel", "amber"),
        "grey": ("grey", "gray"),
    }
)

SLOTS: dict[str, dict[str, Term]] = {
    "sex": SEXES,
    "age": AGES,
    "skin": SKIN_TONES,
    "eyes": EYE_COLOURS,
    "hair_colour": HAIR_COLOURS,
    "hair_style": HAIR_STYLES,
    "facial_hair": FACIAL_HAIR,
    "glasses": GLASSES,
    "clothes": CLOTHES,
    "clothes_colour": CLOTHES_COLOURS,
    "place": PLACES,
    "light_side": LIGHT_SIDES,
    "light_height": LIGHT_HEIGHTS,
    "light_hardness": LIGHT_HARDNESS,
    "light_colour": LIGHT_COLOURS,
    "framing": FRAMINGS,
    "focal_length": FOCAL_LENGTHS,
    "aperture": APERTURES,
    "expression": EXPRESSIONS,
}
