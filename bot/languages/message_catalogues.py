"""The translated sentences, one catalogue (.po) a language, read when a language is first spoken."""

import gettext
import io
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

SOURCE: Final = "en"
"""What the sentences are written in; it has no catalogue."""
LANGUAGES: Final = {
    "es-ES": "Spanish",
    "pt-BR": "Portuguese (Brazil)",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "pl": "Polish",
    "ru": "Russian",
    "uk": "Ukrainian",
    "tr": "Turkish",
    "zh-CN": "Chinese (simplified)",
    "ja": "Japanese",
    "ko": "Korean",
}
"""Every language with a catalogue, by Discord's name for it."""
OWN_NAMES: Final = {
    SOURCE: "English",
    "es-ES": "Español",
    "pt-BR": "Português (Brasil)",
    "fr": "Français",
    "de": "Deutsch",
    "it": "Italiano",
    "pl": "Polski",
    "ru": "Русский",
    "uk": "Українська",
    "tr": "Türkçe",
    "zh-CN": "中文（简体）",
    "ja": "日本語",
    "ko": "한국어",
}
"""What each language calls itself."""
_SPOKEN_AS: Final = {"es-419": "es-ES"}
FOLDER: Final = Path(__file__).with_name("catalogues")
TEMPLATE: Final = FOLDER / "likeness.pot"
_reading: Final = Lock()


def language_of(locale: str) -> str:
    """The language in which somebody with this locale of Discord's is answered; English where there is none for it."""
    known = _SPOKEN_AS.get(locale, locale)
    return known if known in LANGUAGES else SOURCE


def path_of(language: str) -> Path:
    """Where a language's catalogue lies."""
    return FOLDER / f"{language}.po"


def translations(language: str) -> gettext.NullTranslations:
    """A language's sentences; blocking where they are not read yet. English ones are as they are written."""
    with _reading:
        return _read(language)


def read_all() -> None:
    """Reads every catalogue; blocking."""
    for language in LANGUAGES:
        translations(language)


@cache
def _read(language: str) -> gettext.NullTranslations:
    if language == SOURCE:
        return gettext.NullTranslations()
    # Imported here: the bot starts without them, and an English one never needs them.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path_of(language).open("rb") as file:
        catalogue = read_po(file, locale=language.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
