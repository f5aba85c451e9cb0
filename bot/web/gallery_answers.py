"""What the gallery's script is told of portraits, characters and series, as JSON is made of it."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bot.app import App
from bot.core import words
from bot.core.command_line import portrait_command
from bot.languages.speech import reworded, worded
from bot.messages import alt_text, cards
from bot.web.gallery_texts import TEXTS
from data.people.gallery_rows import GalleryPage, GalleryQuery
from data.pictures.portrait_rows import Portrait
from engine.jobs.job import PictureSpec
from engine.pictures.provenance import Recipe, to_text
from engine.prompt import SLOTS
from engine.recipes.picture_text import RECIPE, texts

SHOWN_OF_SERIES: Final = 8
_LONGEST_SUMMARY: Final = 140


class GalleryAnswers:
    """Of one bot's stores; every question names the person."""

    def __init__(self, bot: App) -> None:
        self._bot = bot
        self._rows = bot.stores.gallery

    async def overview(self, user_id: int) -> dict[str, Any]:
        """How many portraits there are, and what they can be filtered by."""
        models = await self._rows.models(user_id)
        characters = await self._bot.stores.characters.list(user_id)
        return {
            "count": await self._rows.count(user_id),
            "models": [{"id": one.id, "title": one.title} for one in models],
            "characters": [{"id": one.id, "handle": one.handle} for one in characters],
        }

    async def page(self, user_id: int, query: GalleryQuery, before: int | None) -> dict[str, Any]:
        """One page of portraits; `after` is what the next is `before`."""
        found: GalleryPage[PictureSpec] = await self._rows.page(user_id, query, before=before)
        return {"portraits": [_tile(item) for item in found.portraits], "after": found.after}

    async def portrait(self, user_id: int, portrait_id: int) -> dict[str, Any] | None:
        """Everything that the page shows of one portrait."""
        item = await self._rows.portrait(user_id, portrait_id)
        if item is None:
            return None
        order = await self._bot.stores.orders.get(item.order_id)
        is_edit = order is not None and order.edit is not None
        return {
            **_tile(item),
            "recipe": _recipe(item.spec),
            "facts": _facts(item),
            "note": item.note,
            "command": "" if is_edit else await asyncio.to_thread(portrait_command, item.spec),
            "link": cards.link_to(item) if item.message_id is not None and item.channel_id else "",
            "series": (order.series_id or "") if order is not None else "",
        }

    async def recipe(self, item: Portrait[PictureSpec], file: Path) -> str:
        """The recipe as it stands in the picture's file, as JSON that people can read."""

        def read() -> str:
            try:
                told = texts(file.read_bytes(), (RECIPE,)).get(RECIPE, "")
                return json.dumps(json.loads(told or _recipe_text(item)), ensure_ascii=False, indent=2) + "\n"
            except (FileNotFoundError, ValueError):
                return _recipe_text(item)

        return await asyncio.to_thread(read)

    async def characters(self, user_id: int) -> list[dict[str, Any]]:
        """The person's own characters, by name."""
        uses = await self._rows.character_uses(user_id)
        return [
            {
                "id": one.id,
                "handle": one.handle,
                "description": one.description,
                "versions": one.versions,
                "portraits": uses.get(one.id, 0),
                "shared": one.shared_in is not None,
                "faces": [reference.id for reference in one.references],
                "alt": alt_text.of_character(one),
            }
            for one in await self._bot.stores.characters.list(user_id)
        ]

    async def series(self, user_id: int, before: str) -> dict[str, Any]:
        """Some of the person's series, newest first."""
        ids = await self._rows.series(user_id, before=before)
        found = [await self._one_series(user_id, series_id) for series_id in ids]
        return {"series": [one for one in found if one is not None], "after": ids[-1] if ids else None}

    async def _one_series(self, user_id: int, series_id: str) -> dict[str, Any] | None:
        one = await self._bot.stores.series.get(series_id)
        order = await self._bot.stores.orders.get(series_id)
        if one is None or order is None or one.user_id != user_id:
            return None
        frames = [frame for frame in one.frames if frame.portrait_id is not None]
        shown = [
            {"id": frame.portrait_id, "label": frame.label, "spoiler": frame.spoiler, "number": frame.number}
            for frame in frames[:SHOWN_OF_SERIES]
        ]
        varies = words.slot_title(one.varies) if one.varies in SLOTS else reworded(TEXTS["series_by_model"])
        return {"id": one.id, "varies": varies, "made": order.created_at, "count": len(frames), "frames": shown}


def _tile(item: Portrait[PictureSpec]) -> dict[str, Any]:
    summary = cards.summary(item.spec.prompt)
    return {
        "id": item.id,
        "alt": alt_text.of_portrait(item),
        "summary": summary if len(summary) <= _LONGEST_SUMMARY else f"{summary[: _LONGEST_SUMMARY - 1]}…",
        "model": item.model_title,
        "made": item.created_at,
        "spoiler": item.spoiler,
        "size": [item.spec.width, item.spec.height],
    }


def _recipe(made: PictureSpec) -> list[dict[str, str]]:
    """What was asked for, part by part, each under its title."""
    prompt = made.prompt
    parts: Mapping[str, str] = {
        reworded(TEXTS["character"]): " ".join(f"@{handle}" for handle in prompt.characters),
        **{words.slot_title(slot): prompt.slot(slot) for slot in SLOTS},
        reworded(TEXTS["text"]): " · ".join(prompt.text),
        reworded(TEXTS["without"]): prompt.negative,
    }
    return _said(parts)


def _facts(item: Portrait[PictureSpec]) -> list[dict[str, str]]:
    made = item.spec
    return _said(
        {
            reworded(TEXTS["model"]): item.model_title,
            reworded(TEXTS["seed"]): str(made.seed),
            reworded(TEXTS["size"]): f"{made.width}×{made.height}",
            reworded(TEXTS["steps"]): str(made.steps or ""),
            reworded(TEXTS["fine_tune"]): f"{made.fine_tune}, {made.fine_tune_strength:g}" if made.fine_tune else "",
            reworded(TEXTS["from"]): "" if item.parent_id is None else worded("No. {number}", number=item.parent_id),
        }
    )


def _said(parts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"title": title, "text": text} for title, text in parts.items() if text]


def _recipe_text(item: Portrait[PictureSpec]) -> str:
    made = item.spec
    return to_text(
        Recipe(
            prompt=made.prompt,
            model=made.model,
            model_title=item.model_title,
            words=item.words,
            negative=item.negative,
            seed=made.seed,
            steps=made.steps,
            guidance=made.guidance,
            width=made.width,
            height=made.height,
            fine_tune=made.fine_tune,
            fine_tune_strength=made.fine_tune_strength,
        )
    )
