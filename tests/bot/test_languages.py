"""The languages of the bot: nothing is missing, everything fits, and each reader is answered in their own."""

from __future__ import annotations

from gettext import NullTranslations
from typing import Any

import discord
import pytest
import simcord.interactions
from babel.messages.catalog import Catalog
from discord import app_commands

from bot import commands
from bot.app import App
from bot.languages import command_names, message_catalogues, speech
from bot.languages.command_words import CommandTranslator, shown_words
from bot.languages.message_catalogues import LANGUAGES, SOURCE, TEMPLATE, language_of
from bot.languages.speech import LIMITS, counted, labelled, listed, reworded, speaking, together, worded
from engine import sayings
from engine.sayings import Saying, from_parts, to_parts
from tests.bot.conftest import World
from tests.bot.reading import fields, laid_out, said
from tools import languages
from tools.language_faults import faults_of, is_missing, texts_of, twice_among_siblings

FORMS = {
    "es-ES": "10111", "pt-BR": "00111", "fr": "00111", "de": "10111", "it": "10111", "pl": "20122",
    "ru": "20120", "uk": "20120", "tr": "10111", "zh-CN": "00000", "ja": "00000", "ko": "00000",
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogues() -> dict[str, Catalog]:
    """Of each language, its sentences."""
    return {language: languages.catalogue_of(language) for language in LANGUAGES}


def test_the_template_is_what_the_code_says(catalogues: dict[str, Catalog]) -> None:
    assert TEMPLATE.read_bytes() == languages.written(languages.template()), "run python -m tools.languages update"
    known = {(texts_of(message)[0], message.context) for message in languages.template() if message.id}
    for language, there in catalogues.items():
        assert {(texts_of(message)[0], message.context) for message in there if message.id} == known, language


def test_nothing_is_missing(catalogues: dict[str, Catalog]) -> None:
    missing = {
        (language, texts_of(message)[0][0])
        for language in LANGUAGES
        for message in catalogues[language]
        if message.id and is_missing(message)
    }
    assert missing == set()


def test_no_translation_loses_a_place_a_mark_or_a_command_or_is_too_long(catalogues: dict[str, Catalog]) -> None:
    wrong = [
        (language, texts_of(message), fault)
        for language, there in catalogues.items()
        for message in there
        if message.id and not is_missing(message)
        for fault in faults_of(there, message)
    ]
    assert wrong == []


def tree() -> app_commands.CommandTree[App]:
    made = app_commands.CommandTree[App](App(intents=discord.Intents.none()))
    commands.add_all(made, 1, direct_messages=True, galleries=True)
    return made


async def test_commands_are_called_by_names_that_discord_takes_and_by_no_two_the_same() -> None:
    known = tree()
    everything = [*known.get_commands(), *known.get_commands(guild=discord.Object(1))]
    sent = [await command.get_translated_payload(known, CommandTranslator()) for command in everything]
    for language in (*LANGUAGES, "es-419"):
        assert list(twice_among_siblings(sent, language)) == []
    for context, words, where in shown_words(sent):
        assert len(words) <= LIMITS[context], where
    plain = [command.to_dict(known) for command in everything]
    assert shown_words(plain) == shown_words(sent)


def test_each_language_counts_by_its_own_rule() -> None:
    """The form of 0, 1, 2, 5 and 21, as CLDR has it."""
    for language, forms in FORMS.items():
        rule = languages.plural_rule(language)
        assert "".join(str(rule(number)) for number in (0, 1, 2, 5, 21)) == forms, language


def test_a_locale_of_discord_is_answered_in_the_nearest_language() -> None:
    answered = {locale.value: language_of(locale.value) for locale in discord.Locale}
    assert set(LANGUAGES) <= set(answered)
    assert (answered["es-419"], answered["en-US"], answered["en-GB"]) == ("es-ES", SOURCE, SOURCE)


class Marked(NullTranslations):
    """A language in which every sentence says that it is one, to see what is translated when."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return message if context.endswith("name") else f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """German is that language, and French, whose sentences are in other brackets."""

    class French(Marked):
        def gettext(self, message: str) -> str:
            return f"«{message}»"

        def pgettext(self, context: str, message: str) -> str:
            return message if context.endswith("name") else f"«{message}»"

        def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
            return f"«{msgid1 if n == 1 else msgid2}»"

    made = {"de": Marked(), "fr": French()}
    read = message_catalogues.translations
    monkeypatch.setattr(message_catalogues, "translations", lambda language: made.get(language) or read(language))
    command_names.localised.cache_clear()


@pytest.mark.usefixtures("marked")
def test_a_sentence_is_said_again_in_the_language_that_is_spoken() -> None:
    owed = counted("{count:,} credit", "{count:,} credits", 1200)
    whole = together(worded("You owe {credits}.", credits=owed), worded("Pay."))
    assert whole == "You owe 1,200 credits. Pay."
    with speaking("de"):
        assert reworded(whole) == "⟦You owe ⟦1.200 credits⟧.⟧ ⟦Pay.⟧"
        assert reworded("typed by somebody") == "typed by somebody"
        assert listed(["a", "b", "c"], "or") == "a, b oder c"
    with speaking("ja"):
        assert together("甲。", "乙。") == "甲。乙。"
    with speaking("fr"):
        assert reworded(reworded(whole)) == "«You owe «1\u202f200 credits».» «Pay.»"
    assert speech.stored("Pay.") == "Pay."


def test_words_on_something_never_pass_what_discord_takes_there() -> None:
    for context, most in LIMITS.items():
        assert len(labelled(context, "{text} and more", text="x" * 3000)) == most


def test_commands_in_a_sentence_are_called_as_discord_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shown(NullTranslations):
        def pgettext(self, context: str, message: str) -> str:
            names = {"command name": {"character": "figur", "list": "liste"}, "option name": {"model": "modell"}}
            return names.get(context, {}).get(message, message)

    monkeypatch.setattr(command_names, "_known", {"character", "character list", "help"})
    shown = command_names.localised(
        "/character list yours, `/character model:`; model: /help list. a/character", Shown()
    )
    assert shown == "/figur liste yours, `/figur modell:`; model: /help list. a/character"


def test_a_sentence_from_another_process_is_what_it_was_there() -> None:
    there = worded("{size:,} is {why}", size=5000, why=worded("too large"))
    here = from_parts(to_parts(there))
    assert isinstance(here, Saying)
    assert (here, here.template, here.values) == (str(there), there.template, there.values)
    for told in (sayings.counted("{count} face", "{count} faces", 3), sayings.labelled("colour", "red")):
        again = from_parts(to_parts(told))
        assert isinstance(again, Saying)
        assert again.__reduce__() == told.__reduce__()
    deep: Any = {"values": {}}
    for _ in range(50):
        deep = {"values": {"a": deep}}
    strange = {"text": "x", "template": "{a.b}{c}", "values": {"a": "y"}, "many": 5, "count": "no"}
    for hostile in (None, 5, {"text": None}, strange, deep):
        assert len(reworded(from_parts(hostile))) < 600


def spoken_to(world: World, monkeypatch: pytest.MonkeyPatch, member: str, server: str) -> None:
    """From now on whoever uses the bot has this locale, in a server with that one."""
    build = simcord.interactions.base_payload

    def localised(*args: Any, **options: Any) -> Any:
        record, payload = build(*args, **options)
        return record, {**payload, "locale": member, "guild_locale": server}

    monkeypatch.setattr(simcord.interactions, "base_payload", localised)


@pytest.mark.usefixtures("marked")
async def test_a_member_reads_their_own_language_and_all_read_the_servers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for member, server, alone, all_of_them in (
        ("de", "fr", "⟦", "«"),
        ("fr", "de", "«", "⟦"),
        ("en-US", "fr", "", "«"),
    ):
        spoken_to(world, monkeypatch, member, server)
        card = await world.portrait(world.sam)
        assert all_of_them in laid_out(card), "the card is for all"
        shown = said(await world.sam.slash(world.channel, "credits show"))
        assert alone in shown
        assert all_of_them not in shown, "an answer to one alone"
        refused = said(await world.sam.slash(world.channel, "portrait", prompt="a woman", model="none"))
        assert all_of_them in refused, "an error in place of a card is for all"
    (newest, *_) = await world.stores.orders.of_user(world.guild.id, world.sam.id, limit=1)
    assert newest.language == "fr", "kept for after a restart"


@pytest.mark.usefixtures("marked")
async def test_a_server_chooses_what_all_read_whatever_it_has_at_discord(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken_to(world, monkeypatch, "en-US", "en-US")
    await world.reveal("settings", world.mira)
    assert "not known" in said(await world.mira.slash(world.channel, "settings", language="Klingon"))
    await world.mira.slash(world.channel, "settings", language="Français")
    assert "«" in laid_out(await world.portrait(world.sam))
    await world.restart()
    assert "«" in laid_out(await world.portrait(world.sam))
    shown = fields((await world.mira.slash(world.channel, "settings", language="discord")).response)
    assert "Discord" in shown["Language for all"]
    assert "«" not in laid_out(await world.portrait(world.sam))
