"""A request, and everything that is asked of it before it becomes an order: model, characters, policy, price, room.

Nothing is written here, and nothing of Discord is known.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.core import carried_people, face_blocks, policy, told_words, words
from bot.core.carried_people import CarriedPeople
from bot.core.errors import AgainstPolicy, NameUnconfirmed, PriceUnconfirmed, Refused
from bot.core.extras import NOTHING_MORE, Extras, ReferenceRequest
from bot.core.prompt_reading import beside
from bot.core.real_people import NO_REAL_PEOPLE, RealPeople
from bot.core.reviewing import Reviewer
from bot.core.settings import ModelPrice, Settings
from bot.core.stores import Stores
from bot.core.tiers import Tier
from bot.core.told_words import JudgedWords
from bot.languages.speech import counted, together, worded
from data.characters.saved_characters import Character
from data.credits.accounts import FREE, Account
from data.orders.jobs import NewJob, NewOrder, SpendCeiling
from data.pictures.asked_people import PeopleBehind
from engine.jobs.job import Adapter, Lane, ModelUnavailable, PictureSpec, QueueFull
from engine.models.model import OWN_MACHINES, Model, Quality
from engine.models.samplers import not_taken
from engine.prompt import NOTHING, SLOTS, PortraitPrompt, to_json
from engine.prompts import looks
from engine.queue.engine import Engine

DEFAULT_ASPECT: Final = "2:3"
MAX_SEED: Final = 2**32 - 1
DAY_S: Final = 86_400.0
HOUR_S: Final = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where an order was made. `guild_id` is 0 in direct messages."""

    guild_id: int
    channel_id: int
    adult: bool = False
    moderator: bool = False
    """Whether who orders there moderates there too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMessage:
    """The status message of an order and the token that edits it until `token_expires_at` (epoch seconds)."""

    message_id: int | None
    token: str
    token_expires_at: float
    upload_limit: int = 0
    language: str = ""
    """The one that the order is told of in, which everybody who sees the message reads; "" for English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What somebody asked for. `source` names the request itself, so that one that comes twice counts once.

    `confirmed` is the price of it all that the person was shown and agreed to. The frames of a series, where `extras`
    has one, are instead of `prompt`, `model` and `count`. `ignored` is what of the typed words means nothing here,
    `drawn` what was drawn of choices in them.
    """

    source: str
    place: Whereabouts
    user_id: int
    prompt: PortraitPrompt
    model: str | None = None
    lane: Lane = Lane.STANDARD
    count: int = 1
    parent_portrait_id: int | None = None
    confirmed: int = 0
    extras: Extras = NOTHING_MORE
    ignored: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()

    def takes(self) -> list[tuple[PortraitPrompt, str | None]]:
        """The prompt and the model of each picture."""
        if self.extras.series is not None:
            return [(frame.prompt, frame.model) for frame in self.extras.series.frames]
        return [(self.prompt, self.model)] * self.count


class Validator:
    """What stands between a request and an order. Every refusal is raised before anything is charged or written."""

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        engine: Engine,
        real_people: RealPeople = NO_REAL_PEOPLE,
        reviewer: Reviewer | None = None,
    ) -> None:
        self.settings = settings
        self._reviewer = reviewer or Reviewer(settings, stores)
        self._real_people = real_people
        self._stores = stores
        self._engine = engine
        self.judged = JudgedWords(settings)
        self._running_caps: dict[str, int] = {}
        self._looking = asyncio.Semaphore()

    async def order_for(self, request: OrderRequest, answer: StatusMessage) -> tuple[NewOrder[PictureSpec], Tier]:
        """The order that the request comes to, and the tier whose caps it takes its place under.

        Raises Refused (PriceUnconfirmed: the person must see the price first, NameUnconfirmed: they must be asked for
        their right), EngineError or DataError.
        """
        await self._not_cooling_down(request)
        models = [self._model(model_id) for _, model_id in request.takes()]
        different = {model.id: model for model in models}.values()
        request = await self._with_saved_pictures(request)
        characters = await self._characters(request)
        await self._no_blocked_face(request)
        for model in different:
            _holds(model, len(characters))
            _takes_pictures(model, request.extras, len(characters))
            _takes_quality(model, request.extras.quality)
        asked = self._asked_of_policy(request, characters)
        from_upload, people = await self._policy(request, characters, asked)
        adult_allowed = not from_upload and await self._adult_allowed(request.place, people)
        account = await self.account(request.place.guild_id, request.user_id)
        tier = self.settings.tier(account.tier)
        for model in different:
            tier.check(account.tier, model, request.prompt.aspect or DEFAULT_ASPECT)
        self._can_choose(request)
        prices = self._prices(request, account, models)
        self._price_agreed(request, account, sum(prices))
        adapters = [self._fine_tune(request, model) for model in models]
        new = _new_order(request, answer, models, adapters, characters, account, prices)
        self.judged.keep(new.id, asked)
        made_from = replace(
            new, from_upload=from_upload, people=carried_people.to_text(people), adult_allowed=adult_allowed
        )
        return made_from, tier

    async def _not_cooling_down(self, request: OrderRequest) -> None:
        """Raises Refused for a while after so many refusals within an hour; of the person's own, in that server."""
        most, place = self.settings.moderation_refusals, request.place
        if not most or place.moderator:
            return
        recent = await self._stores.refused_orders.recent(place.guild_id, request.user_id, limit=most)
        until = cool_down_until(recent, most, self.settings.moderation_cool_down_minutes * 60)
        if time.time() < until:
            raise Refused(
                counted(
                    "An order of yours was refused within an hour, so the next one is taken <t:{until}:R>. "
                    "Nothing was charged; a moderator can end the wait if a refusal was wrong.",
                    "Orders of yours were refused {count} times within an hour, so the next one is taken "
                    "<t:{until}:R>. Nothing was charged; a moderator can end the wait if a refusal was wrong.",
                    most,
                    until=int(until) + 1,
                )
            )

    def not_taken(self, request: OrderRequest) -> tuple[str, ...]:
        """What was asked for that the models of a request have no use for, as clauses."""
        told = (not_taken(prompt.sampler, [self._model(model_id)]) for prompt, model_id in request.takes())
        return tuple(dict.fromkeys(clause for clause in told if clause))

    def _can_choose(self, request: OrderRequest) -> None:
        """Raises Refused for the best of several where nothing tells which is the best."""
        if request.extras.best_of and (why := self._reviewer.missing()):
            raise Refused(
                worded(
                    "Which picture is the best cannot be told here: {why}. Nothing was charged; order several with "
                    "`count:` instead.",
                    why=why,
                )
            )

    def _prices(self, request: OrderRequest, account: Account, models: Sequence[Model]) -> list[int]:
        """Credits for each picture. Of a best of several a tier has some at the price of one: on this machine, in the
        standard lane, and they are made last."""
        prices = [self.price(account, model, request.lane) for model in models]
        at_one_price = self.settings.tier(account.tier).best_of
        own = all(model.provider in OWN_MACHINES for model in models)
        if not request.extras.best_of or not own or request.lane is Lane.FAST:
            return prices
        paid = len(prices) - at_one_price + 1
        return [price if at < max(1, paid) else 0 for at, price in enumerate(prices)]

    def price(self, account: Account, model: Model, lane: Lane) -> int:
        """Credits for one portrait. A tier pays nothing in the standard lane for the models that it covers."""
        own = self.settings.price_models.get(model.id, ModelPrice())
        standard = self.settings.price_standard if own.standard is None else own.standard
        if lane is Lane.FAST:
            return max(standard, self.settings.price_fast if own.fast is None else own.fast)
        return standard if self.settings.tier(account.tier).pays_for(model) else 0

    async def account(self, guild_id: int, user_id: int) -> Account:
        """The person's account in this server, with today's allowance given."""
        server = await self._stores.servers.get(guild_id)
        now = time.time()
        await self._stores.privacy.recognise(user_id, now=now)
        known = await self._stores.accounts.find(guild_id, user_id, now=now)
        allowance = self.settings.tier(known.tier if known else FREE).daily
        if allowance is None:
            allowance = self.settings.credits_daily if server.allowance is None else server.allowance
        return await self._stores.accounts.get(
            guild_id,
            user_id,
            now=now,
            allowance=allowance,
            day=datetime.fromtimestamp(now, ZoneInfo(server.time_zone)).date().isoformat(),
        )

    async def _characters(self, request: OrderRequest) -> list[Character]:
        """The saved faces that the prompt names; its other handles are those of pictures that go along.

        What is made anew from a portrait takes the versions of that portrait, where none is named.
        """
        found, pictures = [], {picture.handle.casefold() for picture in request.extras.pictures}
        before = await self._versions_of(request.parent_portrait_id)
        for handle in request.prompt.characters:
            if handle.casefold() in pictures:
                continue
            character = await self.character(request.user_id, request.place.guild_id, handle)
            if ":" not in handle and before.get(character.id, character.version) != character.version:
                again = f"{character.handle}:{before[character.id]}"
                character = await self.character(request.user_id, request.place.guild_id, again)
            found.append(character)
        await self._stores.character_reports.check(request.place.guild_id, found)
        await face_blocks.check_characters(self._stores, request.place.guild_id, found)
        return found

    async def _no_blocked_face(self, request: OrderRequest) -> None:
        """Raises AgainstPolicy when a picture that the order goes by shows a blocked face."""
        shown = [picture.sha256 for picture in request.extras.pictures]
        shown += [request.extras.edit.sha256] if request.extras.edit is not None else []
        for sha256 in dict.fromkeys(shown):
            # One at a time: whoever waits for faces to be looked for takes no thread.
            async with self._looking:
                await face_blocks.check_picture(self._stores, request.place.guild_id, sha256)

    async def _versions_of(self, portrait_id: int | None) -> dict[int, int]:
        portrait = None if portrait_id is None else await self._stores.portraits.get(portrait_id)
        return {} if portrait is None else await self._stores.characters.of_order(portrait.order_id)

    async def character(self, user_id: int, guild_id: int, handle: str) -> Character:
        """The character that a handle means for somebody in a server: their own, else one that is shared there.

        Raises Refused, which names the nearest ones.
        """
        found = await self._stores.characters.find(user_id, guild_id, handle)
        if found is None:
            raise await self.unknown_handle(user_id, handle, guild_id)
        return found

    async def unknown_handle(self, user_id: int, handle: str, guild_id: int = 0) -> Refused:
        """The error for a handle that nobody saved, or a version that it does not have, naming the nearest ones."""
        shown = words.plain(handle, 40)
        known = await self._stores.characters.find(user_id, guild_id, handle.partition(":")[0])
        if known is not None:
            return Refused(
                worded(
                    "There is no {name}: @{handle} has versions 1 to {versions}.",
                    name=shown,
                    handle=known.handle,
                    versions=known.versions,
                )
            )
        handles = [*await self._stores.characters.handles(user_id, guild_id)]
        handles += [item.handle for item in await self._stores.references.list(user_id)]
        near = words.nearest(handle, handles)
        if near:
            meant = words.listed((f"@{name}" for name in near), "or")
            return Refused(
                worded("You have no character called {name}. Did you mean {meant}?", name=shown, meant=meant)
            )
        if handles:
            return Refused(worded("You have no character called {name}. /character list shows yours.", name=shown))
        return Refused(
            worded(
                "You have no character called {name}. Save a face first: press “Save as character” under a portrait.",
                name=shown,
            )
        )

    def room(self, request: OrderRequest, tier: Tier) -> None:
        """Raises QueueFull or Refused when the queue has no room for the request."""
        key = self.fairness_key(request.place.guild_id, request.user_id)
        cap = tier.waiting or self.settings.queue_waiting_per_user
        waiting = sum(entry.job.user == key and entry.state != "running" for entry in self._engine.waiting())
        count = len(request.takes())
        if request.extras.series is not None:
            count = min(count, self.settings.series_waiting, cap)
        if waiting + count > cap:
            raise QueueFull(waiting, cap, "you")
        self._engine.check(key, request.lane, count)
        self._running_caps[key] = tier.running or self.settings.queue_running_per_user

    async def disk(self) -> None:
        """Raises Refused when the disk has no room for another portrait."""
        floor = self.settings.data_free_mib * 2**20
        if floor and await asyncio.to_thread(self._stores.pictures.free_bytes) < floor:
            raise Refused(
                worded(
                    "The studio's disk is nearly full, so no new portraits are taken and nothing was charged. "
                    "Please tell the person who runs this bot."
                )
            )

    def fairness_key(self, guild_id: int, user_id: int) -> str:
        """Whose turn a job takes in the fair queue: the person's, whatever server they are in."""
        return str(user_id)

    def running_cap(self, key: str) -> int:
        """How many portraits of one person may run at once, by the tier of their last order."""
        return self._running_caps.get(key, self.settings.queue_running_per_user)

    def ceilings(self, now: float) -> list[SpendCeiling]:
        """What hosted providers may cost the operator in a day: all users together, and each one."""
        both = ((self.settings.spend_daily, False), (self.settings.spend_daily_per_user, True))
        return [
            SpendCeiling(provider, now - DAY_S, round(limit * 1_000_000), per_user)
            for limits, per_user in both
            for provider, limit in limits.items()
        ]

    async def one_series(self, request: OrderRequest) -> None:
        """Raises Refused when the request is for a series and the person has one that is not finished."""
        series = request.extras.series
        if series is None or series.series_id or await self._stores.orders.from_source(request.source):
            return
        if await self._stores.series.under_way(request.user_id):
            raise Refused(
                worded(
                    "Your last series is not finished yet, and there is one at a time for everybody. Nothing was "
                    "charged; wait for it, or cancel what is left of it."
                )
            )

    async def _with_saved_pictures(self, request: OrderRequest) -> OrderRequest:
        """The request with the outfits, places and styles that its prompt names, as pictures."""
        found = list[ReferenceRequest]()
        for handle in request.prompt.characters:
            if await self._stores.characters.get(request.user_id, handle) is not None:
                continue
            saved = await self._stores.references.get(request.user_id, handle)
            if saved is not None:
                tainted = saved.origin == "upload"
                found.append(ReferenceRequest(handle=handle, sha256=saved.sha256, role=saved.role, from_upload=tainted))
        pictures = tuple(dict.fromkeys((*found, *request.extras.pictures)))
        return replace(request, extras=replace(request.extras, pictures=pictures))

    def _model(self, model_id: str | None) -> Model:
        model = self._engine.catalogue.get(model_id or self._engine.catalogue.default)
        away = self._engine.catalogue.unavailable(model)
        if away:
            raise ModelUnavailable(model.title, away)
        return model

    def _fine_tune(self, request: OrderRequest, model: Model) -> Adapter | None:
        """The LoRA for this model, with its weight. Raises UnknownFineTune."""
        wanted = request.extras.lora
        if wanted is None:
            return None
        return self._engine.catalogue.fine_tune(wanted.name, model.id).adapter(wanted.strength)

    async def _policy(
        self, request: OrderRequest, characters: Sequence[Character], asked: Sequence[PortraitPrompt]
    ) -> tuple[bool, CarriedPeople]:
        """Whether any picture behind the order was handed in by a person, and what is asked for of people by it and all
        that is behind it. Raises AgainstPolicy, NameUnconfirmed."""
        server = await self._stores.servers.get(request.place.guild_id)
        from_upload = request.extras.from_upload or any(
            one.origin == "upload" for character in characters for one in character.references
        )
        question = policy.PolicyQuestion(
            prompt=request.prompt,
            from_upload=from_upload,
            carried=await self._carried(request, characters),
            operator_allows_adult=self.settings.moderation_adult,
            server_allows_adult=server.adult,
            channel_age_restricted=request.place.adult,
            operator_blocked=self.settings.moderation_blocked,
            server_blocked=server.blocked_words,
            real_people=self._real_people,
        )
        length, said = sum(map(_length, asked)), _said(asked)
        judged = await beside(length, lambda: _judged(question, asked))
        refused = _refusal(judged)
        if refused is not None and await self._released(request, refused.rule, said):
            own = replace(question, server_blocked=())
            judged = await beside(length, lambda: _judged(own, asked))
            refused = _refusal(judged)
        if refused is not None:
            raise AgainstPolicy(refused.rule, refused.sentence, said=said)
        if not (names := _names(judged)) <= set(request.extras.right_to):
            raise NameUnconfirmed(tuple(sorted(names)))
        return from_upload, carried_people.together(people for _, people in judged)

    async def _carried(self, request: OrderRequest, characters: Sequence[Character]) -> CarriedPeople:
        """What everything that the order is made from was ever asked for with."""
        wanted = request.extras
        pictures = [one.sha256 for one in wanted.pictures] + ([wanted.edit.sha256] if wanted.edit else [])
        found = await self._stores.asked_people.behind(
            characters=[one.id for one in characters], pictures=pictures, portrait_id=request.parent_portrait_id
        )
        said = carried_people.behind([*found, PeopleBehind("recipe", wanted.people)])
        sexual = await self._stores.portraits.behind_spoiler(pictures)
        return carried_people.together([said, carried_people.SEXUAL_PICTURE]) if sexual else said

    async def _released(self, request: OrderRequest, rule: str, said: str) -> bool:
        """Whether the server's moderators let the person have these words in spite of their own block list."""
        if rule != policy.BY_SERVER:
            return False
        return await self._stores.refused_orders.released(request.place.guild_id, request.user_id, rule, said)

    async def _adult_allowed(self, place: Whereabouts, people: CarriedPeople) -> bool:
        """Whether a sexual picture may go out, if one comes of it: where adult content is, and with nobody young."""
        server = await self._stores.servers.get(place.guild_id)
        here = self.settings.moderation_adult and server.adult and place.adult
        return here and people.age in ("unknown", "adult")

    def _asked_of_policy(self, request: OrderRequest, characters: Sequence[Character]) -> list[PortraitPrompt]:
        """Every prompt that a picture of it is made from, with all that goes along in words."""
        edit, lora = request.extras.edit, request.extras.lora
        known = [looks.from_json(each.looks) for one in characters for each in one.references]
        handles = [*(one.handle for one in characters), *(one.handle for one in request.extras.pictures)]
        catalogue = self._engine.catalogue
        prompts = list[PortraitPrompt]()
        for wished, model_id in dict.fromkeys([(request.prompt, request.model), *request.takes()]):
            model = self._model(model_id)
            triggers = catalogue.fine_tune(lora.name, model.id).triggers if lora else ()
            change = edit.words if edit else ""
            prompts.append(
                told_words.gathered(
                    wished, handles=handles, looks=known, change=change, triggers=triggers, family=model.family
                )
            )
        return prompts

    def _price_agreed(self, request: OrderRequest, account: Account, total: int) -> None:
        if total <= max(self.settings.price_confirm_above, request.confirmed):
            return
        if total > account.balance:
            raise short_of_credits(total, account.balance)
        raise PriceUnconfirmed(total, account.balance)


_Judged = list[tuple[policy.Decision, CarriedPeople]]


def _refusal(judged: _Judged) -> policy.PolicyRefusal | None:
    """The first refusal that policy has for any of the prompts."""
    return next((decision for decision, _ in judged if isinstance(decision, policy.PolicyRefusal)), None)


def _names(judged: _Judged) -> set[str]:
    """The real people for whom whoever orders has to say that they have the right."""
    allowed = (decision for decision, _ in judged if isinstance(decision, policy.Allowed))
    return {name for decision in allowed for name in decision.names}


def _judged(question: policy.PolicyQuestion, prompts: Sequence[PortraitPrompt]) -> _Judged:
    """What policy says of each of the prompts."""
    return [policy.judged(replace(question, prompt=prompt)) for prompt in prompts]


def _said(prompts: Sequence[PortraitPrompt]) -> str:
    """The words that policy reads, for moderators; a line for each prompt."""
    lines = dict[str, None]()
    for prompt in prompts:
        unwanted = [f"without: {prompt.negative}"] if prompt.negative else []
        parts = [*(prompt.slot(slot) for slot in SLOTS), *prompt.text, *unwanted]
        lines[" · ".join(part for part in parts if part)] = None
    return "\n".join(line for line in lines if line)


def cool_down_until(recent: Sequence[float], most: int, wait_s: float) -> float:
    """Until when somebody waits who was refused at these times (newest first), 0 for nobody. Epoch seconds."""
    if len(recent) < most or recent[0] - recent[most - 1] > HOUR_S:
        return 0.0
    return recent[0] + wait_s


def _length(prompt: PortraitPrompt) -> int:
    """How many characters of a prompt policy reads."""
    return sum(map(len, (*(prompt.slot(slot) for slot in SLOTS), prompt.negative, *prompt.text)))


def _holds(model: Model, faces: int) -> None:
    """Raises Refused when the model cannot show so many saved faces together; one is always tried."""
    if faces <= max(1, model.references):
        return
    fewer = worded(
        "Nothing was charged; name fewer, or choose a model that takes several pictures (/models says which)."
    )
    if not model.references:
        can = worded("{title} cannot hold a saved face, and this names {faces}.", title=model.title, faces=faces)
    else:
        can = counted(
            "{title} shows one saved face in a portrait, and this names {faces}.",
            "{title} shows {count} saved faces in a portrait, and this names {faces}.",
            model.references,
            title=model.title,
            faces=faces,
        )
    raise Refused(together(can, fewer))


def _pinned(models: Sequence[Model], characters: Sequence[Character], wanted: Extras) -> tuple[int, ...]:
    """The reference pictures that go along: each character's first, and more where every model takes more."""
    if not characters:
        return ()
    room = min(model.references for model in models) - len(wanted.pictures) - (wanted.edit is not None)
    each = max(1, room // len(characters))
    return tuple(reference.id for character in characters for reference in character.references[:each])


def _takes_pictures(model: Model, wanted: Extras, faces: int) -> None:
    """Raises Refused when the model cannot change a picture, or takes no pictures of this kind or number."""
    if wanted.edit is not None and not model.edits:
        raise Refused(
            worded("{title} cannot change a picture. `model:` of /edit lists those that can.", title=model.title)
        )
    if model.needs_picture and wanted.edit is None and not faces and not wanted.pictures:
        raise Refused(
            worded(
                "{title} works from a picture. Nothing was charged; name a saved face with @, or change a picture "
                "with /edit.",
                title=model.title,
            )
        )
    if not wanted.pictures:
        return
    if model.references < 2 or model.only_faces:
        raise Refused(
            worded(
                "{title} takes no pictures of outfits, places or styles. Nothing was charged; choose a model that "
                "takes several pictures (/models says which).",
                title=model.title,
            )
        )
    most = model.references - (wanted.edit is not None)
    if faces + len(wanted.pictures) > most:
        raise Refused(
            counted(
                "{title} takes {count} picture, faces included, and this needs {needed}. "
                "Nothing was charged; leave some out.",
                "{title} takes {count} pictures, faces included, and this needs {needed}. "
                "Nothing was charged; leave some out.",
                most,
                title=model.title,
                needed=faces + len(wanted.pictures),
            )
        )


def _takes_quality(model: Model, quality: Quality | None) -> None:
    """Raises Refused when the model makes every picture the same way."""
    if quality is not None and quality not in model.qualities:
        raise Refused(
            worded(
                "{title} makes every portrait the same way. Nothing was charged; leave `quality:` out, or choose a "
                "model that has qualities (/models says which).",
                title=model.title,
            )
        )


def _new_order(
    request: OrderRequest,
    answer: StatusMessage,
    models: Sequence[Model],
    adapters: Sequence[Adapter | None],
    characters: Sequence[Character],
    account: Account,
    prices: Sequence[int],
) -> NewOrder[PictureSpec]:
    prompt, order_id = request.prompt, secrets.token_hex(8)
    first = prompt.seed if prompt.seed is not None else secrets.randbelow(MAX_SEED + 1)
    # The frames of a series have one seed: what differs is what varies.
    step = 0 if request.extras.series else 1
    # A picture has a prompt of its own where it is not that of the order.
    own = [asked if request.extras.series else NOTHING for asked, _ in request.takes()]
    jobs = tuple(
        _new_job(model, adapter, prompt.aspect, request, (first + step * position) & MAX_SEED, price, asked)
        for position, (model, adapter, price, asked) in enumerate(zip(models, adapters, prices, own, strict=True))
    )
    return NewOrder(
        id=order_id,
        source=request.source,
        guild_id=request.place.guild_id,
        channel_id=request.place.channel_id,
        user_id=request.user_id,
        prompt=to_json(prompt),
        token=answer.token,
        token_expires_at=answer.token_expires_at,
        message_id=answer.message_id,
        parent_portrait_id=request.parent_portrait_id,
        upload_limit=answer.upload_limit,
        language=answer.language,
        references=_pinned(models, characters, request.extras),
        pictures=request.extras.new_pictures(),
        edit=request.extras.new_edit(),
        series=request.extras.new_frames(order_id),
        best_of=len(jobs) if request.extras.best_of else 0,
        jobs=jobs,
        tier=None if account.tier == FREE else account.tier,
    )


def _new_job(
    model: Model,
    adapter: Adapter | None,
    aspect: str | None,
    request: OrderRequest,
    seed: int,
    price: int,
    prompt: PortraitPrompt,
) -> NewJob[PictureSpec]:
    return NewJob(
        spec=spec_for(model, adapter, aspect, request, seed, prompt),
        price=price,
        provider=model.provider,
        cost_usd_micros=model.cost_usd_micros,
    )


def spec_for(
    model: Model, adapter: Adapter | None, aspect: str | None, request: OrderRequest, seed: int, prompt: PortraitPrompt
) -> PictureSpec:
    """What the picture is made from: what is asked for, what the model is set to, and the rest as in `like`."""
    like, quality = request.extras.like, request.extras.quality
    width, height = size_of(model, aspect)
    return PictureSpec(
        **{
            **(like.spec_fields() if like is not None and like.model == model.id else {}),
            "model": model.id,
            "lane": request.lane,
            "prompt": prompt,
            "seed": seed,
            "width": width,
            "height": height,
            "steps": model.qualities[quality] if quality else model.steps,
            "guidance": model.guidance,
            "fine_tune": adapter.name if adapter else "",
            "fine_tune_strength": adapter.weight if adapter else 0.0,
        }
    )


def size_of(model: Model, aspect: str | None) -> tuple[int, int]:
    """Width and height in pixels. Raises Refused for an aspect that the model cannot make."""
    wanted = aspect or DEFAULT_ASPECT
    size = model.sizes.get(wanted)
    if size is None:
        raise Refused(
            worded(
                "{title} cannot make {wanted}. It makes {sizes}.",
                title=model.title,
                wanted=wanted,
                sizes=words.listed(model.sizes, "or"),
            )
        )
    return size


def short_of_credits(price: int, balance: int) -> Refused:
    """The refusal of who cannot pay the price."""
    return Refused(
        worded(
            "This costs {credits} and you have {balance:,}. A moderator can grant more with /grant credits.",
            credits=words.credits_word(price),
            balance=balance,
        )
    )
