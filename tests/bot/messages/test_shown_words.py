"""What providers answer and what people typed is shown as it reads: nothing in it links, mentions, heads or hides."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import words
from bot.core.errors import AgainstPolicy
from bot.messages import cards, replies, series_sheet
from data.core.data_errors import HandleTaken
from data.orders.series_rows import Series, SeriesFrame
from engine.backends.provider_errors import ContentRefused
from engine.jobs.job import Downloading, Loading, ModelUnavailable, RenderFailed, UnknownModel
from engine.pictures.intake import BadPicture
from tests.bot.conftest import World
from tests.bot.reading import fields, said

HOSTILE = (
    "[click](http://evil.example)",
    "[click](<https://evil.example>)",
    "see https://evil.example/a?b=c",
    "HTTPS://EVIL.EXAMPLE",
    "discord://-/users/1 and steam://run/1",
    "discord.gg/abc and Discord.GG/abc and discord.com/invite/abc",
    "<@123456789012345678> <@!123456789012345678> <@&123456789012345678> <#123456789012345678>",
    "</erase:123456789012345678> <t:0:F> <:smile:123456789012345678> <https://evil.example>",
    "@everyone @here",
    "# head",
    "-# small",
    "> quoted",
    ">>> all quoted",
    "line\n# head\n> quoted",
    "```py\ncode```",
    "`code`",
    "**bold** *italic* __under__ _italic_ ~~gone~~ ||hidden||",
    "\\[click](http://evil.example)",
    "\\\\[click](http://evil.example)",
    "\\",
    "ad\u200bmin pa\u200dss\u2060word \ufeff\u00ad",
    "photo\u202egnp.exe \u2066left\u2069 \u061c",
    "nothing \u3164\u2800\u115f seen",
    "bell \x07 and null \x00 and \x1b[31m",
)
ACTS = re.compile(
    r"\[[^\]]*\]\(|(?:https?|steam|discord)://|discord\.gg/|discord\.com/invite|<[@#:/ta]|<https?|@(?:everyone|here)|^(?:-?#|>)|`|\*|__|~~|\|\|"
    r"|(?<![^\W_])_|_(?![^\W_])",
    re.IGNORECASE | re.MULTILINE,
)
"""What Discord would format, once escapes are taken out."""
ESCAPED = re.compile(r"\\[^0-9A-Za-z\s]")
MARKS = st.text(alphabet="\\[]()<>@#*_~|`:/.-! \n\u200b\u202ehtpsevryonaxg", max_size=60)


def acting(shown: str) -> list[str]:
    """What in a shown text would act, or cannot be seen."""
    hidden = [repr(mark) for mark in shown if mark != "\n" and unicodedata.category(mark) in {"Cc", "Cf", "Cs"}]
    return hidden + ACTS.findall(ESCAPED.sub("x", shown))


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_acts_in_what_is_shown(text: str) -> None:
    for shown in (words.plain(text), words.sentence(text), words.sentence(f"It says: {text}.")):
        assert not acting(shown), shown


@given(MARKS)
def test_nothing_acts_in_any_marks_and_escaping_twice_changes_nothing(text: str) -> None:
    assert not acting(words.plain(text))
    shown = words.sentence(text)
    assert not acting(shown)
    assert words.sentence(shown) == shown


@given(MARKS, st.integers(1, 30))
def test_what_is_cut_acts_no_more_than_the_whole(text: str, limit: int) -> None:
    for shown in (words.plain(text, limit), words.sentence(text, limit)):
        assert len(shown) <= limit
        assert not acting(shown)
        assert not ESCAPED.sub("", shown).endswith("\\")


def test_an_ordinary_sentence_stays_as_it_is() -> None:
    for text in (
        "You already have a character called “ana-2”. Choose another name (or delete it): 3 of 5.",
        "There is no model called 'stable_diffusion_v35' here.",
        "@ana has been disabled, so it cannot be used here.",
        "Grüße, 你好, नमस्ते 👩🏽\u200d🚀 ❤️\u200d🔥",
    ):
        assert words.sentence(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_no_error_brings_anything_that_acts(text: str) -> None:
    errors = (
        ContentRefused("OpenAI", text),
        RenderFailed(text),
        ModelUnavailable(text, text),
        UnknownModel(text, (text,)),
        HandleTaken(text),
        BadPicture(text),
        AgainstPolicy("blocked-by-server", f"Rule: “{text}” is on the block list."),
    )
    for error in errors:
        sentence = replies.sentence_for(error)
        assert sentence is not None
        assert not acting(sentence), sentence


@pytest.mark.parametrize("text", HOSTILE)
def test_no_card_brings_anything_that_acts(text: str) -> None:
    refusal = f"{ContentRefused('OpenAI', text)} Your credits are back."
    assert not acting(str(cards.failure([refusal, text], "0" * 16).description))
    assert not acting(cards.stage_line(cards.Stage(ended=refusal)))
    for event in (Loading(text), Downloading(text, 7_100_000_000, 16_400_000_000)):
        assert not acting(cards.stage_line(cards.Stage(event=event)))
    frame = SeriesFrame(1, text, "job", "order", "model", "failed", text, None, None, None, False)
    series = Series("0" * 16, "environment", 1, 2, (frame,))
    shown = series_sheet.card(series_sheet.Sheet(series, text, (), b""), (refusal,))
    assert not acting(str(shown.description))
    for field in shown.fields:
        assert not acting(str(field.value)), field.name


async def test_what_a_person_typed_comes_back_without_acting(world: World) -> None:
    link = "[click](http://evil.example)"
    result = await world.sam.slash(world.channel, "portrait", prompt="a man", model=link)
    assert "There is no model called" in said(result)
    assert not acting(said(result).strip())
    result = await world.sam.slash(world.channel, "portrait", prompt="a man", character="<@1>@everyone")
    assert "no character called" in said(result)
    assert not acting(said(result).strip())
    await world.mira.slash(world.channel, "settings", block="[bad](http://evil.example)")
    shown = fields((await world.mira.slash(world.channel, "settings")).response)
    assert not acting(shown["Blocked"])
