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
        "neutral": _told(mouthSmile=0.06),
        "slight smile": _told(mouthSmile=0.32, cheekSquint=0.18, eyeSquint=0.10, mouthDimple=0.08),
        "smile": _told(mouthSmile=0.58, cheekSquint=0.42, eyeSquint=0.22, mouthDimple=0.12, mouthUpperUp=0.06),
        "big smile": _told(mouthSmile=0.72, cheekSquint=0.55, eyeSquint=0.32, mouthUpperUp=0.36, jawOpen=0.055,
                           mouthLowerDown=0.14, mouthStretch=0.10),
        "laugh": _told(mouthSmile=0.80, cheekSquint=0.70, eyeSquint=0.50, mouthUpperUp=0.42, jawOpen=0.24,
                       mouthLowerDown=0.16, browInnerUp=0.12, mouthStretch=0.08),
        "serious": _told(browDown=0.22, mouthPress=0.14, eyeSquint=0.12),
        "stern": _told(browDown=0.45, mouthPress=0.28, eyeSquint=0.22, mouthFrown=0.14),
        "sad": _told(browInnerUp=0.62, mouthFrown=0.38, eyeSquint=0.14, mouthShrugLower=0.14, eyeLookDown=0.12),
        "angry": _told(browDown=0.78, noseSneer=0.26, eyeSquint=0.30, mouthPress=0.30, mouthFrown=0.24, eyeWide=0.10),
        "surprised": _told(browInnerUp=0.52, browOuterUp=0.58, eyeWide=0.55, jawOpen=0.20, mouthFunnel=0.10),
        "thoughtful": _told(browDownLeft=0.26, browDownRight=0.10, browOuterUpRight=0.18, eyeSquint=0.18,
                            mouthPress=0.16, mouthLeft=0.10),
        "tender": _told(mouthSmile=0.26, browInnerUp=0.20, eyeSquint=0.16, cheekSquint=0.14),
        "confident": _told(mouthSmileLeft=0.36, mouthSmileRight=0.20, browDown=0.10, eyeSquint=0.20, jawForward=0.06),
        "proud": _told(mouthSmile=0.22, mouthPress=0.14, eyeSquint=0.12, browOuterUp=0.10),
        "smirk": _told(mouthSmileLeft=0.52, mouthSmileRight=0.06, browOuterUpLeft=0.22, eyeSquint=0.16,
                        cheekSquintLeft=0.20),
        "disgust": _told(noseSneer=0.55, mouthUpperUp=0.22, browDown=0.34, eyeSquint=0.34, mouthFrown=0.22),
        "fear": _told(browInnerUp=0.62, browOuterUp=0.28, eyeWide=0.60, mouthStretch=0.30, jawOpen=0.09),
        "wink": _told(eyeBlinkLeft=1.0, cheekSquintLeft=0.55, mouthSmileLeft=0.58, mouthSmileRight=0.42,
                      browDownLeft=0.16, eyeSquintRight=0.10, browOuterUpRight=0.12),
        "kiss": _told(mouthPucker=0.72, eyeSquint=0.12, cheekSquint=0.08),
        "sleepy": _told(eyeBlink=0.46, browOuterUp=0.10, browInnerUp=0.14, jawOpen=0.02),
        "eyes closed": _told(eyeBlink=1.0, mouthSmile=0.12),
        "singing": _told(jawOpen=0.30, mouthFunnel=0.16, browInnerUp=0.26, eyeSquint=0.14, mouthSmile=0.08),
        "shouting": _told(jawOpen=0.48, browDown=0.40, mouthUpperUp=0.22, mouthLowerDown=0.30, eyeSquint=0.30,
                          noseSneer=0.20),
        "talking": _told(jawOpen=0.11, mouthLowerDown=0.16, mouthUpperUp=0.08, mouthSmile=0.16),
        "tired": _told(eyeBlink=0.24, browInnerUp=0.16, mouthFrown=0.10),
        "shy": _told(mouthSmile=0.30, mouthPress=0.18, browInnerUp=0.22, cheekSquint=0.12),
        "flirty": _told(mouthSmileLeft=0.42, mouthSmileRight=0.26, browOuterUpLeft=0.20, eyeSquint=0.20, eyeBlink=0.08),
        "curious": _told(browOuterUpRight=0.40, browInnerUp=0.18, eyeWide=0.16, mouthSmile=0.10),
        "relaxed": _told(mouthSmile=0.14, eyeBlink=0.06),
        "determined": _told(browDown=0.34, mouthPress=0.26, eyeSquint=0.20, jawForward=0.10),
    }
)  # fmt: skip

ALSO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": "neutral", "calm": "relaxed", "smiling": "smile", "happy": "smile", "grin": "big smile", "joyful": "laugh",
        "laughing": "laugh", "melancholic": "sad", "crying": "sad", "pensive": "thoughtful", "dreamy": "tender",
        "loving": "tender", "fierce": "stern", "furious": "angry", "shocked": "surprised", "afraid": "fear",
        "scared": "fear", "disgusted": "disgust", "winking": "wink", "kissing": "kiss", "surprise": "surprised",
    }
)  # fmt: skip
"""Other names of the same."""

AWAKE: Final = _told(eyeWide=0.04, browOuterUp=0.05)
"""What everybody does before a lens."""


def actions(name: str, strength: float = 1.0) -> dict[str, float]:
    """How much of each facial action an expression takes; an unknown name is neutral, and no action exceeds 1."""
    wanted = EXPRESSIONS.get(ALSO.get(name, name), EXPRESSIONS["neutral"])
    found = {action: min(amount * max(strength, 0.0), 1.0) for action, amount in wanted.items()}
    if not any(action.startswith("eyeBlink") for action in found):
        found |= {action: found.get(action, 0.0) + amount for action, amount in AWAKE.items()}
    return found


def following(right: float, up: float) -> dict[str, float]:
    """How the lids go along with a gaze, in degrees of straight ahead of the head (right is the picture's)."""
    down, high = min(max(-up, 0.0) / 30, 1.0), min(max(up, 0.0) / 30, 1.0)
    side = min(abs(right) / 40, 1.0)
    found = {"eyeLookDownLeft": down, "eyeLookDownRight": down, "eyeLookUpLeft": high, "eyeLookUpRight": high}
    outer, inner = ("Left", "Right") if right > 0 else ("Right", "Left")
    return {**found, f"eyeLookOut{outer}": side, f"eyeLookIn{inner}": side}
