"""The names and descriptions of commands, options and choices, as Discord shows them in each language."""

import hashlib
from typing import Any, Final

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation

from bot.languages import message_catalogues
from bot.languages.message_catalogues import LANGUAGES, SOURCE, language_of

CONTEXTS: Final = {
    TranslationContextLocation.command_name: "command name",
    TranslationContextLocation.group_name: "command name",
    TranslationContextLocation.command_description: "command description",
    TranslationContextLocation.group_description: "command description",
    TranslationContextLocation.parameter_name: "option name",
    TranslationContextLocation.parameter_description: "option description",
    TranslationContextLocation.choice_name: "choice",
}


class CommandTranslator(app_commands.Translator):
    """Finds what a command is called in a catalogue; where that has nothing, Discord shows the English."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        language, kind = language_of(locale.value), CONTEXTS.get(context.location)
        if isinstance(context.data, app_commands.ContextMenu):
            kind = "menu name"
        if language == SOURCE or kind is None:
            return None
        found = message_catalogues.translations(language).pgettext(kind, string.message)
        return None if found == string.message else found


def fingerprint() -> str:
    """Changes when a catalogue does; blocking. Commands are registered anew then."""
    whole = hashlib.sha256()
    for language in LANGUAGES:
        whole.update(message_catalogues.path_of(language).read_bytes())
    return whole.hexdigest()


def shown_words(commands: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What registered commands (as sent to Discord) show, as (context, words, where)."""
    found: list[tuple[str, str, str]] = []
    for command in commands:
        _gather(command, "", found)
    return found


def _gather(command: dict[str, Any], above: str, found: list[tuple[str, str, str]]) -> None:
    where = f"{above} {command['name']}".strip()
    menu = not above and command.get("type", 1) != discord.AppCommandType.chat_input.value
    found.append(("menu name" if menu else "command name", command["name"], where))
    if command.get("description"):
        found.append(("command description", command["description"], where))
    for option in command.get("options", ()):
        if option["type"] in (1, 2):
            _gather(option, where, found)
            continue
        found.append(("option name", option["name"], f"{where} {option['name']}"))
        found.append(("option description", option["description"], f"{where} {option['name']}"))
        found += [("choice", choice["name"], f"{where} {option['name']}") for choice in option.get("choices", ())]
