"""What people type is refused when too long, read once an order, and beside the event loop when it is long."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from bot.components import editing
from bot.core import prompt_reading, varying
from bot.core.errors import Refused
from engine.prompts import parser
from tests.bot.conftest import World


@contextmanager
def readings() -> Iterator[list[str]]:
    """Every text that the reader was given in this thread meanwhile."""
    seen = list[str]()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code is parser.read.__code__:
            seen.append(frame.f_locals["text"])

    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(None)


async def test_a_prompt_is_read_once_an_order(world: World) -> None:
    """Its words and what of them means nothing come of the same reading."""
    with readings() as seen:
        await world.portrait(world.sam, "a woman in a red coat --v 6")
    assert seen == ["a woman in a red coat --v 6"]


async def test_the_words_of_a_series_and_of_a_change_are_read_once(world: World) -> None:
    await world.portrait(world.sam)
    with readings() as seen:
        await world.sam.slash(world.channel, "series", prompt="a man", vary="place: beach | forest")
        await world.sam.slash(world.channel, "edit", change="a navy suit")
    assert seen == ["a man", "a navy suit"]


async def test_long_texts_are_read_beside_the_event_loop() -> None:
    """Short ones where they are: a thread costs more than reading them."""
    here = threading.get_ident()
    assert await prompt_reading.beside(prompt_reading.LONG, threading.get_ident) == here
    assert await prompt_reading.beside(prompt_reading.LONG + 1, threading.get_ident) != here


async def test_a_long_prompt_is_read_like_a_short_one() -> None:
    """In whichever thread."""
    with readings() as seen:
        found = await prompt_reading.read_prompt("a man, --v 6" + " " * prompt_reading.LONG)
    assert (found.prompt.subject, found.ignored, seen) == ("a man", ("--v 6",), [])


async def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    """Discord stops it first; a client that does not ask Discord is told the same."""
    with readings() as seen:
        for most in (prompt_reading.MAX_PROMPT, editing.MAX_CHANGE):
            with pytest.raises(Refused, match="too long"):
                await prompt_reading.read_prompt("a" * (most + 1), most)
        with pytest.raises(Refused, match="too long"):
            prompt_reading.chosen(slots={"detail": "a" * (prompt_reading.MAX_SLOT + 1)})
        with pytest.raises(Refused, match="too long"):
            varying.read("place: " + "a|" * varying.MAX_VARYING, 9)
    assert seen == []


async def test_a_prompt_of_marks_leaves_the_studio_at_work(world: World) -> None:
    """The one that froze it for forty seconds, from one member, and another's order after it."""
    await world.portrait(world.lena, "a portrait: " + "*" * 260)
    await world.portrait(world.lena, "a:" + "*" * (prompt_reading.MAX_PROMPT - 2))
    message = await world.portrait(world.sam)
    assert message.attachments
