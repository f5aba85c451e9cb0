"""What a face does, by name: ARKit's facial actions, mild enough to be somebody's own and never a mask.

Both sides never do quite the same (`UNEVEN`): a face that is drawn to one side is alive.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Actions = Mapping[str, float]

BOTH: Final = ("Left", "Right")
UNEVEN: Final = 0.06
"""How much less the body's right side does."""


def _told(**amounts: float) -> Actions:
    """Actions by name; one that ARKit has for either side is done by both."""
    found: dict[str, float] = {}
    for name, amount in amounts.items():
        if name in SINGLE or name.endswith(BOTH):
            found[name] = amount
        else:
            found |= {f"{name}Left": amount, f"{name}Right": amount * (1 - UNEVEN)}
    return MappingProxyType(found)


SINGLE: Final = frozenset(
    ("browInnerUp", "cheekPuff", "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel",
     "mouthLeft", "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
     "mouthShrugUpper", "tongueOut")
)  # fmt: skip

EXPRESSIONS: Final[Mapping[str, Actions]] = MappingProxyType(
    {
        "neutral": _told(mouthSmile=0.16),
        "slight smile": _told(mouthSmile=0.42, cheekSquint=0.24, eyeSquint=0.07, mouthDimple=0.06),
        "smile": _told(mouthSmile=0.78, cheekSquint=0.60, eyeSquint=0.28, mouthUpperUp=0.43, mouthLowerDown=0.14,
                       jawOpen=0.070),
        "big smile": _told(mouthSmile=0.86, cheekSquint=0.68, eyeSquint=0.34, mouthUpperUp=0.44, jawOpen=0.14,
                           mouthLowerDown=0.20, mouthStretch=0.04),
        "laugh": _told(mouthSmile=0.86, cheekSquint=0.82, eyeSquint=0.52, mouthUpperUp=0.36, jawOpen=0.28,
                       mouthLowerDown=0.16, browInnerUp=0.06, browOuterUp=0.10),
        "serious": _told(browDown=0.24, mouthPress=0.18, eyeSquint=0.12),
        "stern": _told(browDown=0.66, mouthPress=0.34, eyeSquint=0.30, mouthFrown=0.18),
        "sad": _told(browInnerUp=0.90, mouthFrown=0.50, eyeSquint=0.16, mouthShrugLower=0.26, eyeLookDown=0.16,
                     eyeBlink=0.06),
        "angry": _told(browDown=0.95, noseSneer=0.42, eyeSquint=0.34, mouthPress=0.40, mouthFrown=0.42, eyeWide=0.12),
        "surprised": _told(browInnerUp=0.66, browOuterUp=0.64, eyeWide=0.40, jawOpen=0.20, mouthFunnel=0.05),
        "thoughtful": _told(browDownLeft=0.34, browDownRight=0.16, browOuterUpRight=0.24, eyeSquint=0.22,
                            mouthPress=0.22, mouthLeft=0.16),
        "tender": _told(mouthSmile=0.38, browInnerUp=0.30, eyeSquint=0.22, cheekSquint=0.26),
        "confident": _told(mouthSmileLeft=0.52, mouthSmileRight=0.32, browDown=0.14, eyeSquint=0.26, cheekSquint=0.24,
                           jawForward=0.06),
        "proud": _told(mouthSmile=0.32, mouthPress=0.18, eyeSquint=0.18, browOuterUp=0.16),
        "smirk": _told(mouthSmileLeft=0.72, mouthSmileRight=0.10, browOuterUpLeft=0.30, eyeSquint=0.22,
                        cheekSquintLeft=0.36, mouthDimpleLeft=0.20),
        "disgust": _told(noseSneer=0.85, mouthUpperUp=0.34, browDown=0.52, eyeSquint=0.46, mouthFrown=0.34),
        "fear": _told(browInnerUp=0.90, browOuterUp=0.44, eyeWide=0.66, mouthStretch=0.44, jawOpen=0.12),
        "wink": _told(eyeBlinkLeft=1.0, cheekSquintLeft=0.70, mouthSmileLeft=0.72, mouthSmileRight=0.50,
                      browDownLeft=0.20, eyeSquintRight=0.14, browOuterUpRight=0.14),
        "kiss": _told(mouthPucker=0.85, eyeSquint=0.16, cheekSquint=0.14),
        "sleepy": _told(eyeBlink=0.42, browOuterUp=0.12, browInnerUp=0.18, jawOpen=0.03),
        "eyes closed": _told(eyeBlink=1.0, mouthSmile=0.16),
        "singing": _told(jawOpen=0.34, mouthFunnel=0.20, browInnerUp=0.36, eyeSquint=0.16, mouthSmile=0.10),
        "shouting": _told(jawOpen=0.52, browDown=0.55, mouthUpperUp=0.32, mouthLowerDown=0.36, eyeSquint=0.36,
                          noseSneer=0.34),
        "talking": _told(jawOpen=0.12, mouthLowerDown=0.22, mouthUpperUp=0.22, mouthSmile=0.24, eyeSquint=0.08),
        "tired": _told(eyeBlink=0.22, browInnerUp=0.26, mouthFrown=0.16),
        "shy": _told(mouthSmile=0.42, mouthPress=0.24, browInnerUp=0.30, cheekSquint=0.22),
        "flirty": _told(mouthSmileLeft=0.58, mouthSmileRight=0.38, browOuterUpLeft=0.26, eyeSquint=0.26, eyeBlink=0.08,
                        cheekSquint=0.26),
        "curious": _told(browOuterUpRight=0.52, browInnerUp=0.26, eyeWide=0.16, mouthSmile=0.16),
        "relaxed": _told(mouthSmile=0.22, eyeBlink=0.06, eyeSquint=0.06),
        "determined": _told(browDown=0.50, mouthPress=0.34, eyeSquint=0.28, jawForward=0.12),
    }
)  # fmt: skip

ALSO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": "neutral", "calm": "relaxed", "smiling": "smile", "happy": "smile", "grin": "big smile", "joyful": "laugh",
        "laughing": "laugh", "melancholic": "sad", "crying": "sad", "pensive": "thoughtful", "dreamy": "tender",
        "loving": "tender", "fierce": "stern", "furious": "angry", "shocked": "surprised", "afraid": "fear",
        "scared": "fear", "disgusted": "disgust", "winking": "wink", "kissing": "kiss", "surprise": "surprised",
        "fearful": "fear", "closed": "eyes closed",
    }
)  # fmt: skip
"""Other names of the same."""

AWAKE: Final = _told(browOuterUp=0.04, eyeBlink=0.03)
"""What everybody does before a lens: the upper lid lies over a little of the iris, or they would stare."""


def actions(name: str, strength: float = 1.0) -> dict[str, float]:
    """How much of each facial action an expression takes; an unknown name is neutral, and no action exceeds 1."""
    wanted = EXPRESSIONS.get(ALSO.get(name, name), EXPRESSIONS["neutral"])
    found = {action: min(amount * max(strength, 0.0), 1.0) for action, amount in wanted.items()}
    if not any(action.startswith(("eyeBlink", "eyeWide")) for action in found):
        found |= {action: found.get(action, 0.0) + amount for action, amount in AWAKE.items()}
    return found


FOLDS: Final[Mapping[str, tuple[tuple[str, float], ...]]] = MappingProxyType(
    {
        "mouthSmileLeft": (("mouth-laugh-lines-out-", 0.22), ("l-cheek-trans-up+", 0.16)),
        "mouthSmileRight": (("mouth-laugh-lines-out-", 0.22), ("r-cheek-trans-up+", 0.16)),
        "cheekSquintLeft": (("l-eye-bag-incr+", 0.20), ("l-cheek-volume-incr+", 0.22)),
        "cheekSquintRight": (("r-eye-bag-incr+", 0.20), ("r-cheek-volume-incr+", 0.22)),
    }
)  # fmt: skip
"""Controls of the body's shape that go with an action, at an action of 1: what skin does when it is pushed together."""


def following(right: float, up: float) -> dict[str, float]:
    """How the lids go along with a gaze, in degrees of straight ahead of the head (right is the picture's)."""
    down, high = min(max(-up, 0.0) / 30, 1.0), min(max(up, 0.0) / 30, 1.0)
    side = min(abs(right) / 40, 1.0)
    found = {"eyeLookDownLeft": down, "eyeLookDownRight": down, "eyeLookUpLeft": high, "eyeLookUpRight": high}
    outer, inner = ("Left", "Right") if right > 0 else ("Right", "Left")
    return {**found, f"eyeLookOut{outer}": side, f"eyeLookIn{inner}": side}
