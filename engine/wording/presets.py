"""Ready choices for each slot, each with what it does to the picture. Pure data, shown in autocompletion and forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice: `value` goes into the slot, `explanation` says why to take it. Under 100 characters together."""

    value: str
    explanation: str


def _presets(*pairs: tuple[str, str]) -> tuple[Preset, ...]:
    return tuple(Preset(value, explanation) for value, explanation in pairs)


_SUBJECT = _presets(
    ("a woman in her thirties, calm direct gaze", "plain and open, a good first portrait"),
    ("a man in his forties, slight smile", "friendly, works for profiles"),
    ("an elderly man, deep-set eyes, thoughtful", "a face with a story"),
    ("an elderly woman, silver hair, warm smile", "soft character portrait"),
    ("a young man, curly hair, confident look", "fashion and music"),
    ("a young woman, freckles, laughing", "candid and lively"),
    ("a dancer, chin raised, eyes closed", "pose and poise"),
    ("a musician lost in thought", "quiet, for low light"),
    ("a craftsman at work, looking down", "hands and tools in the story"),
    ("an athlete catching their breath", "effort, sweat, short depth of field"),
    ("twin sisters side by side", "two people in one frame"),
    ("a chef, arms crossed, proud look", "a trade and its pride"),
)
_CLOTHING = _presets(
    ("plain white T-shirt", "nothing to distract from the face"),
    ("black turtleneck", "the classic studio look"),
    ("charcoal wool suit, open collar", "business without stiffness"),
    ("worn leather jacket", "texture that takes hard light well"),
    ("cream knit sweater", "soft texture, warm mood"),
    ("denim shirt, rolled sleeves", "casual and everyday"),
    ("linen shirt, sun-faded", "summer and the outdoors"),
    ("silk evening gown", "folds and highlights, for evening light"),
    ("oilskin coat and knit cap", "sea and weather"),
    ("work apron over a flannel shirt", "workshop, kitchen or studio"),
    ("trench coat, collar up", "film noir, rain, night"),
    ("embroidered traditional dress", "name a region to make it exact"),
    ("round tortoiseshell glasses, tweed jacket", "bookish"),
    ("athletic wear, hood down", "sport and street"),
)
_ENVIRONMENT = _presets(
    ("grey seamless backdrop", "neutral, all attention on the face"),
    ("white studio background", "bright, for cut-outs and badges"),
    ("black background", "drama: only the lit side is seen"),
    ("by a tall window in an old apartment", "goes with soft window light"),
    ("library with tall bookshelves", "warm wood, learned mood"),
    ("cafe table by the street window", "everyday scene with depth"),
    ("workshop full of tools", "a maker in their place"),
    ("rain-wet city street at night", "reflections and neon"),
    ("rooftop above the city", "open sky, skyline out of focus"),
    ("pine forest in light fog", "layers that fade with distance"),
    ("wind-swept beach, low dunes", "pale, wide, quiet"),
    ("wheat field", "best with a low sun"),
    ("old harbour, fishing boats", "weather and work"),
    ("industrial loft, brick wall", "rough texture behind the sitter"),
    ("desert, distant mountains", "wide and dry, hard light"),
    ("garden in bloom", "colour and soft shade"),
)
_LIGHTING = _presets(
    ("Rembrandt lighting", "key light high at 45°, a triangle of light on the far cheek"),
    ("soft window light from the left", "large and gentle, slow fall-off across the face"),
    ("butterfly lighting", "key above the lens, a small shadow under the nose: beauty"),
    ("loop lighting", "slightly off the lens: flatters nearly every face"),
    ("split lighting", "half the face in shadow: tension"),
    ("clamshell lighting", "light above, fill below: smooth skin, bright eyes"),
    ("rim light from behind, dark background", "a bright outline parts hair from background"),
    ("golden hour, backlit", "low warm sun behind the sitter, glowing hair"),
    ("blue hour, warm lamp as fill", "cold dusk against a warm face"),
    ("overcast daylight", "the sky as one big softbox: even and honest"),
    ("open shade", "outdoors without harsh shadows"),
    ("hard noon sun", "short, dark shadows, strong texture"),
    ("single candle", "warm, close, deep darkness around"),
    ("neon, pink and cyan", "night colours from two sides"),
    ("low-key, single softbox from the right", "mostly shadow, one large source"),
    ("high-key, even studio light", "bright and nearly shadowless"),
    ("direct flash", "snapshot look, hard shadow on the wall"),
    ("light from below", "stage or campfire: uncanny"),
    ("dappled light through leaves", "patches of sun and shade"),
    ("warm tungsten practicals, 2700K", "lamps that are in the picture"),
)
_CAMERA = _presets(
    ("85mm f/1.4", "the portrait classic: eyes sharp, background gone"),
    ("50mm f/1.8", "natural perspective, some of the place stays"),
    ("35mm f/2", "sitter and surroundings together"),
    ("24mm f/4", "wide, close and dynamic, slight stretch"),
    ("105mm macro f/8", "every pore, for beauty and detail"),
    ("135mm f/2", "compressed background, smooth blur"),
    ("200mm f/2.8", "candid from afar, flat perspective"),
    ("close-up, eyes in focus", "the face fills the frame"),
    ("head and shoulders, eye level", "the plain headshot"),
    ("three-quarter length, 70mm", "pose and clothes are seen"),
    ("full body, low angle, 35mm", "tall and heroic"),
    ("profile view, 100mm", "outline and jaw"),
    ("Kodak Portra 400, 50mm", "soft colours, kind to skin, fine grain"),
    ("Kodak Tri-X 400, black and white", "contrast and honest grain"),
    ("Ilford HP5, pushed to 1600", "gritty black and white"),
    ("Cinestill 800T", "night film: red halos round lamps"),
    ("Fujifilm Velvia 50", "strong colours, for places"),
    ("medium format, 80mm f/2.8", "long tonal range, calm detail"),
    ("Polaroid", "faded instant print, soft focus"),
    ("f/11, deep focus", "sharp from front to back"),
)
_DETAIL = _presets(
    ("visible pores, natural skin texture", "real skin instead of plastic"),
    ("fine wrinkles around the eyes", "age without drama"),
    ("weathered skin, deep lines", "sun, wind and years"),
    ("freckles across the nose and cheeks", "uneven colour that looks real"),
    ("unretouched skin, small blemishes", "documentary honesty"),
    ("peach fuzz in the edge light", "fine hair seen in rim or side light"),
    ("beads of sweat", "heat and effort, catches highlights"),
    ("raindrops on the skin", "wet highlights, cool mood"),
    ("dewy skin, soft sheen", "beauty look, wants soft light"),
    ("old scar across the eyebrow", "one strong mark"),
    ("dust and soot on the face", "work and battle"),
    ("flyaway hairs, individual strands", "hair that is not a helmet"),
    ("chapped lips, flushed cheeks", "cold weather"),
    ("visible fabric weave", "cloth that can be felt"),
)
PRESETS: Mapping[str, tuple[Preset, ...]] = MappingProxyType(
    {
        "subject": _SUBJECT,
        "clothing": _CLOTHING,
        "environment": _ENVIRONMENT,
        "lighting": _LIGHTING,
        "camera": _CAMERA,
        "detail": _DETAIL,
    }
)
