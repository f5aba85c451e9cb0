"""The bot's sentences for translators: gather them, merge them into the catalogues, check those, fill them in.

    python -m tools.languages extract            writes the template (likeness.pot) from the code
    python -m tools.languages update             extract, and merges it into every language, keeping translations
    python -m tools.languages check [LANGUAGE]   says what is missing or wrong
    python -m tools.languages missing LANGUAGE   the untranslated sentences (as JSON with --json)
    python -m tools.languages fill LANGUAGE FILE takes a JSON file of translations into the catalogue

docs/translating.md tells translators how.
"""

import argparse
import contextlib
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from gettext import c2py  # its own reader of plural rules
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from bot.languages.message_catalogues import FOLDER, LANGUAGES, TEMPLATE, path_of
from tools.language_faults import faults_of, is_missing, limit_of, texts_of

ROOT: Final = Path(__file__).parents[1]
_WORDS: Final[Mapping[str, Any]] = {"worded": None, "counted": (1, 2), "labelled": ((1, "c"), 2)}
_IN_DATA: Final[Mapping[str, Any]] = {"__init__": None}
"""Errors of `data` are made from their sentence."""
_OTHERS: Final = "nplurals=2; plural=(n != 1);"
_MORE_THAN_ONE: Final = "nplurals=2; plural=(n > 1);"
_SLAVIC: Final = "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
_POLISH: Final = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"
_NONE: Final = "nplurals=1; plural=0;"
PLURALS: Final = {
    **dict.fromkeys(("es-ES", "de", "it", "tr"), _OTHERS),
    **dict.fromkeys(("pt-BR", "fr"), _MORE_THAN_ONE),
    **dict.fromkeys(("ru", "uk"), _SLAVIC),
    "pl": _POLISH,
    **dict.fromkeys(("zh-CN", "ja", "ko"), _NONE),
}
"""Which form a number takes, as CLDR has it for whole numbers below a million."""
_WIDTH: Final = 118
_NEAR: Final = 600
"""A sentence of so many characters may come near its limit in another language."""


def template() -> Catalog:
    """Every sentence in the code, with where it stands."""
    catalogue = Catalog(project="Likeness", fuzzy=False, charset="utf-8")
    catalogue.header_comment = "# The bot's sentences, gathered by python -m tools.languages extract."
    for kind, words, where in (*_commands(), *_choices()):
        catalogue.add(words, locations=[(where, 0)], context=kind)
    for room, keywords in (("bot", _WORDS), ("engine", _WORDS), ("data", _IN_DATA)):
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for message, context in _in_text(text, keywords) if any(f"{word}(" in text for word in keywords) else ():
                catalogue.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return catalogue


def _in_text(text: str, keywords: Mapping[str, Any]) -> Iterator[tuple[Any, str | None]]:
    # It warns of f-strings, which stand in errors for operators alone.
    with contextlib.redirect_stderr(io.StringIO()):
        for _, message, _, context in extract("python", io.BytesIO(text.encode()), keywords=keywords):
            yield message, context


def _commands() -> list[tuple[str, str, str]]:
    """What Discord shows of the commands, from the tree that the bot registers."""
    import discord

    from bot import commands
    from bot.app import App
    from bot.languages.command_words import shown_words

    client = App(intents=discord.Intents.none())
    tree = discord.app_commands.CommandTree[App](client)
    commands.add_all(tree, 1, direct_messages=True, galleries=True)
    here = [*tree.get_commands(), *tree.get_commands(guild=discord.Object(1))]
    return [
        (context, words, f"/{where.replace(' ', '/')}")
        for context, words, where in shown_words([one.to_dict(tree) for one in here])
    ]


def _choices() -> list[tuple[str, str, str]]:
    """What the presets do, which stands in a table."""
    from engine.wording.presets import PRESETS

    return [
        ("choice", preset.explanation, f"the presets of {slot}")
        for slot, presets in PRESETS.items()
        for preset in presets
    ]


def written(catalogue: Catalog) -> bytes:
    """A catalogue as it is committed: without dates, which would change each time."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=_WIDTH, include_lineno=False, ignore_obsolete=True, sort_output=False)
    dated = re.compile(rb"^.(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team|Report)")
    return b"".join(line for line in buffer.getvalue().splitlines(keepends=True) if not dated.match(line.strip()))


def catalogue_of(language: str) -> Catalog:
    """A language's catalogue as it is on the disk, an empty one where there is none."""
    path = path_of(language)
    locale = language.replace("-", "_")
    if not path.exists():
        return _headed(Catalog(locale=locale, project="Likeness", fuzzy=False, charset="utf-8"), language)
    with path.open("rb") as file:
        return _headed(read_po(file, locale=locale), language)


def _headed(catalogue: Catalog, language: str) -> Catalog:
    catalogue.header_comment = f"# The bot's sentences in {LANGUAGES[language]}. docs/translating.md says how to go on."
    catalogue.fuzzy = False
    catalogue.mime_headers = [("Plural-Forms", PLURALS[language])]
    return catalogue


def update() -> None:
    """Write the template, and bring it into every language's catalogue; what is translated stays."""
    known = template()
    FOLDER.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(written(known))
    for language in LANGUAGES:
        catalogue = catalogue_of(language)
        catalogue.update(known, no_fuzzy_matching=True)
        for message in catalogue:
            if message.id and not any(texts_of(message)[1]):
                message.flags.discard("fuzzy")  # of what is not there nothing was guessed
        path_of(language).write_bytes(written(_headed(catalogue, language)))


def plural_rule(language: str) -> Callable[[int], int]:
    """Which form of a sentence a number takes, by the header of the language's catalogue."""
    rule: Callable[[int], int] = c2py(catalogue_of(language).plural_expr)
    return rule


def messages_of(language: str) -> list[Message]:
    """The messages of a language, without the header."""
    return [message for message in catalogue_of(language) if message.id]


def missing(language: str) -> list[dict[str, Any]]:
    """What is still to be translated: the forms in English, with what limits them and where they stand."""
    forms = catalogue_of(language).num_plurals
    found = []
    for message in messages_of(language):
        if not is_missing(message):
            continue
        english, _ = texts_of(message)
        one: dict[str, Any] = {"msgid": english[0]}
        if message.context:
            one["msgctxt"] = message.context
        if len(english) > 1:
            one |= {"plural": english[1], "forms": forms}
        if message.context or len(english[-1]) > _NEAR:
            one["limit"] = limit_of(message.context)
        found.append(one | {"where": [place for place, _ in message.locations][:3]})
    return found


def fill(language: str, translations: Sequence[Mapping[str, Any]]) -> list[str]:
    """Take translations into the catalogue: {"msgid", "msgctxt", "msgstr": a text, or a list of the plural forms}.

    Those with a fault are left out; says which, and what is wrong with them.
    """
    catalogue, wrong = catalogue_of(language), []
    for given in translations:
        told, context = given.get("msgstr") or "", given.get("msgctxt") or None
        message = catalogue.get(given["msgid"], context)
        if message is None:
            wrong.append(f"{given['msgid']!r} ({context}): there is no such sentence")
            continue
        before, message.string = message.string, tuple(told) if isinstance(told, list) else told
        message.flags.discard("fuzzy")  # what somebody writes is no guess
        plural = isinstance(message.id, list | tuple)
        faults = list(faults_of(catalogue, message))
        if plural != isinstance(told, list) or (plural and len(told) != catalogue.num_plurals):
            faults = [f"needs {f'a list of {catalogue.num_plurals} forms' if plural else 'one text'} as msgstr"]
        if faults or is_missing(message):
            message.string = before
            wrong.append(f"{given['msgid']!r} ({context}): {'; '.join(faults) or 'is empty'}")
    path_of(language).write_bytes(written(catalogue))
    return wrong


def check(languages: Sequence[str]) -> list[str]:
    """What is missing or wrong, a line each."""
    told = (
        [] if TEMPLATE.read_bytes() == written(template()) else ["The template is not what extract writes: run update."]
    )
    for language in languages:
        catalogue = catalogue_of(language)
        for message in messages_of(language):
            faults = ["is missing"] if is_missing(message) else list(faults_of(catalogue, message))
            told += [f"{language}: {texts_of(message)[0][0]!r} ({message.context}): {fault}" for fault in faults]
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.languages", description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["extract", "update", "check", "missing", "fill"])
    parser.add_argument("language", nargs="?", choices=[*LANGUAGES])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    match wanted.action:
        case "extract":
            TEMPLATE.write_bytes(written(template()))
            return 0
        case "update":
            update()
            return 0
        case "check":
            return _say(check([wanted.language] if wanted.language else [*LANGUAGES]))
    if wanted.language is None or (wanted.action == "fill" and wanted.file is None):
        parser.error("name the language, and for fill the file of translations")
    if wanted.action == "missing":
        there = missing(wanted.language)
        lines = json.dumps(there, ensure_ascii=False, indent=1) if wanted.json else "\n".join(m["msgid"] for m in there)
        print(lines)
        return 0
    given = json.loads(wanted.file.read_text(encoding="utf-8"))
    if isinstance(given, dict):
        given = [{"msgid": english, "msgstr": told} for english, told in given.items()]
    return _say(fill(wanted.language, [one for one in given if one.get("msgstr")]))


def _say(lines: Sequence[str]) -> int:
    print("\n".join(lines) or "Nothing is wrong.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
