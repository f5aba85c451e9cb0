"""A card that torch cannot use stops the start of a bot that has models for it, instead of failing every order."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bot.core.errors import SettingsError
from bot.core.settings import Settings
from engine.backends.local import devices

log = logging.getLogger(__name__)

_WITHIN_S: Final = 120.0
_ASK: Final = "from engine.backends.local.devices import fault, look; print(fault(look()))"


def fault_of_card() -> str:
    """What keeps torch from this machine's card, as `devices.fault` says it; "" where nothing does or none is there."""
    return asked_of_torch() if devices.driver() else ""


def asked_of_torch() -> str:
    """The same by a process apart, so that this one neither imports torch nor ends with it; "" when that fails."""
    try:
        asked = subprocess.run(  # noqa: S603 - our own interpreter and our own words
            [sys.executable, "-c", _ASK],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("Whether torch can use the card could not be found out (%s).", type(error).__name__)
        return ""
    return asked.stdout.strip()


def refuse_unusable_card(settings: Settings, ask: Callable[[], str] = fault_of_card) -> None:
    """Raises SettingsError, after which nothing starts the bot again (exit code 2)."""
    if not settings.model_local and not settings.model_file:
        return
    why = ask()
    if why:
        raise SettingsError(
            f"The models of MODEL_LOCAL and MODEL_FILE cannot use the card here: {why}. To go on without it set "
            "CUDA_VISIBLE_DEVICES=-1 (large models are refused then), or leave both settings empty."
        )
