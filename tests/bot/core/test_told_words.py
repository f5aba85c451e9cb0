"""What a model may be told passes one door: whatever way words come to a job, policy has read them."""

from __future__ import annotations

import time
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from bot.core import told_words
from bot.core.extras import Extras, LoraRequest
from bot.core.policy import Allowed, PolicyQuestion, decide
from bot.core.requests import OrderRequest, StatusMessage, Whereabouts
from bot.core.settings import Settings
from data.core.audit import AuditAction
from engine.jobs.job import Adapter, ImageToImage, Job, Lane, Reference
from engine.pictures import provenance
from engine.prompt import SLOTS, PortraitPrompt, parse
from engine.prompts.looks import Looks
from engine.wording.dialects import render
from tests import faces
from tests.bot.commands.test_series import menu
from tests.bot.conftest import MODEL, World
from tests.bot.reading import said
from tests.engine.loras import lora

BLOCKED = "mohawk"
REFUSED = f"“{BLOCKED}” is on the block list of this bot"
NOT_WORDS = {
    "Job": {"id", "user", "model", "lane", "fine_tune"},
    "PortraitPrompt": {"aspect", "sampler", "weights"},
    "Reference": {"sha256", "fitted", "role"},
    "ImageToImage": {"sha256"},
    "Adapter": {"name"},
    "Looks": set[str](),
}
"""Texts of a job that no model is told as words; weights are laid on words that are there."""


@pytest.fixture
def settings(settings: Settings, tiny_checkpoint: Path, tmp_path: Path) -> Settings:
    folder = tmp_path / "fine-tunes"
    lora(folder, "film", tiny_checkpoint, card=f'base = "{MODEL}"\ntriggers = ["{BLOCKED}"]')
    return settings.model_copy(
        update={"model_fine_tunes": str(folder), "credits_daily": 1000, "moderation_refusals": 0}
    )


_TEXTS = (str, str | None)
_SEVERAL = tuple[str, ...]


def marked(kind: type[Any], **given: Any) -> Any:
    """One of a job's parts with a mark of its own in every text of it."""
    hints = get_type_hints(kind)
    texts = {name: f"{kind.__name__}.{name}" for name, hint in hints.items() if hint in (*_TEXTS, _SEVERAL)}
    many = {name for name in texts if hints[name] == _SEVERAL}
    values = {name: (text,) if name in many else text for name, text in texts.items()}
    return kind(**{**values, **given})


def test_every_text_that_a_job_carries_is_read_or_known_to_be_none() -> None:
    """A new field of a job, a reference, a change or a prompt is read, or named above."""
    prompt = marked(PortraitPrompt)
    reference = marked(Reference, path=Path(), looks=marked(Looks))
    edit, adapter = marked(ImageToImage, path=Path()), marked(Adapter, path=Path())
    numbers = dict.fromkeys(("width", "height", "steps", "guidance", "seed", "arrival"), 1)
    parts = {"references": (reference,), "adapters": (adapter,), "edit": edit}
    job = marked(Job, lane=Lane.STANDARD, prompt=prompt, **numbers, **parts)
    told = told_words.of_job(job, "sd35", ("trigger",))
    read = {*(told.slot(slot) for slot in SLOTS), told.negative, *told.text}
    for part in (job, prompt, reference, reference.looks, edit, adapter):
        name = type(part).__name__
        own = {one.name for one in fields(part) if _is_text(getattr(part, one.name))}
        assert {f"{name}.{each}" for each in own - NOT_WORDS[name]} <= read, name
        inside = [each for one in fields(part) for each in _all_of(getattr(part, one.name)) if is_dataclass(each)]
        assert {type(each).__name__ for each in inside} <= NOT_WORDS.keys()
    assert "trigger" in read


def _all_of(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, tuple) and all(isinstance(one, str) for one in value))


async def test_blocked_words_reach_no_model_by_any_way(world: World) -> None:
    """Typed, chosen, kept from before the word was blocked, brought by a file, or waiting since: all are refused."""
    sam, studio = world.sam, world.channel
    await world.portrait(sam, f"a woman with a {BLOCKED}, in a park")
    for name in ("punk", BLOCKED):
        await sam.slash(studio, "character save", name=name)
    await sam.slash(studio, "style save", name="wild", detail=f"a {BLOCKED} in every detail")
    tuned = await world.portrait(sam, "a woman in a coat", finetune="film")
    await sam.slash(studio, "series", prompt="a woman", vary=f"detail: a {BLOCKED} | freckles")
    series = studio.last_message
    plain = await world.portrait(sam, "a woman in a red coat, by the sea")
    waiting = await _written_down(world, f"a man with a {BLOCKED}")
    tuned_waiting = await _written_down(world, "a man in a coat", fine_tune="film")
    before = await world.balance(sam)
    world.settings = world.settings.model_copy(update={"moderation_blocked": (BLOCKED,)})
    await world.restart()
    for order_id in (waiting, tuned_waiting):
        order = await world.stores.orders.get(order_id)
        assert order is not None
        assert (order.state, order.jobs[0].state) == ("closed", "failed")
        assert REFUSED in order.jobs[0].error
    noted = await world.stores.audit.page(world.guild.id, action=AuditAction.AGAINST_POLICY)
    assert [(entry.actor_id, entry.detail) for entry in noted] == [(sam.id, "blocked-by-operator")] * 2
    held = await world.balance(sam)
    assert held == before + 2 * world.settings.price_standard
    recipe = provenance.Recipe(prompt=parse(f"a woman with a {BLOCKED}"))
    picture = provenance.mark(faces.png("ana-1"), recipe).picture
    pasted = f"a woman, {BLOCKED}\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"
    ways: list[tuple[str, dict[str, Any]]] = [
        *(("portrait", {"prompt": "a woman", slot: f"a {BLOCKED}"}) for slot in SLOTS),
        *(
            ("portrait", {"prompt": typed})
            for typed in (
                f"a woman with a {BLOCKED}",
                f"a woman with a ({BLOCKED}:1.3)",
                f"a woman with a {{{BLOCKED}|{BLOCKED}}}",
                f'a woman with a sign that says "{BLOCKED}"',
                f'{{"subject": "a woman", "detail": "{BLOCKED}"}}',
                "a woman with a m.o.h.a.w.k",
                "a woman in a park <lora:film:0.8>",
                "@punk in a cafe",
                f"@{BLOCKED} in a cafe",
                pasted,
            )
        ),
        ("portrait", {"prompt": "in a cafe", "character": "punk"}),
        ("portrait", {"prompt": "in a cafe", "character": BLOCKED}),
        ("portrait", {"prompt": "a woman", "style": "wild"}),
        ("portrait", {"prompt": "a woman", "finetune": "film"}),
        ("portrait", {"prompt": "in a cafe", "from_image": ("x.png", picture)}),
        ("series", {"prompt": "a woman", "vary": f"detail: a {BLOCKED} | freckles"}),
        ("edit", {"change": f"give her a {BLOCKED}"}),
    ]
    for command, options in ways:
        assert REFUSED in said(await sam.slash(studio, command, **options)), (command, options)
    assert REFUSED in said(await sam.click(tuned, label="Reroll"))
    assert REFUSED in said(await sam.select(series, ["1"], custom_id=menu(series, "Make a frame").custom_id))
    (portrait,) = await world.stores.portraits.by_message(plain.id)
    shown = await sam.select(plain, ["detail"], custom_id=f"portrait:change:{portrait.id}")
    assert REFUSED in said(await sam.submit_modal(shown, {"detail": f"a {BLOCKED}"}))
    assert await world.balance(sam) == held
    assert (await world.portrait(sam, "a woman in a park")).attachments


async def _written_down(world: World, prompt: str, fine_tune: str = "") -> str:
    """The id of an order of sam's as it is when the bot dies before beginning it."""
    request = OrderRequest(
        source=f"test:{prompt}",
        place=Whereabouts(guild_id=world.guild.id, channel_id=world.channel.id),
        user_id=world.sam.id,
        prompt=parse(prompt),
        extras=Extras(fine_tune=LoraRequest(name=fine_tune) if fine_tune else None),
    )
    answer = StatusMessage(message_id=None, token="", token_expires_at=0.0)
    new, _ = await world.bot.studio.validator.order_for(request, answer)
    return (await world.stores.orders.place(new, now=time.time())).id


def test_what_is_not_wanted_is_judged_as_wanted_where_a_model_is_told_it_by_name() -> None:
    """A model without negative words reads "free of gore"; "fully clothed" and "a grown adult" name nothing blocked."""
    blocked = ("gore", "nude", "child", "zorg*")
    for family, unwanted, allowed in (
        ("flux", "gore", False),
        ("gpt-image", "blurry, zorgles", False),
        ("flux", "nude, nsfw, a child, blurry", True),
        ("sd35", "gore", True),
        ("tags", "gore, zorgles", True),
    ):
        prompt = PortraitPrompt(subject="a woman", negative=unwanted)
        told = told_words.gathered(prompt, family=family)
        decision = decide(PolicyQuestion(prompt=told, operator_blocked=blocked))
        assert (decision == Allowed()) == allowed, (family, unwanted)
        assert not allowed or "gore" not in render(prompt, family).prompt
