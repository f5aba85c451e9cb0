"""Every picture is looked at before anybody sees it: what is made, what is shown of it on the way, what is handed in.

A picture that could not be looked at counts as one that may not be shown. Where there is no classifier at all nothing
is looked at, and adult content can be allowed nowhere (docs/moderation.md).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.core import carried_people
from bot.core.errors import Refused, SettingsError
from bot.core.patience import patiently
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.languages.speech import together, worded
from data.core.audit import AuditAction
from data.orders.jobs import Order
from data.pictures.withheld import NewWithheld, WithheldPicture
from engine.safety import picture_classifier
from engine.safety.picture_classifier import PictureClassifier

log = logging.getLogger(__name__)

DAY_S: Final = 86_400.0
_WINDOW_S: Final = 600.0
_MOST_IN_WINDOW: Final = 20
"""Of one person's handed-in pictures in ten minutes that are written down, so that nobody can fill the records."""
_KEPT: Final = worded("The server's moderators can see it.")
_BACK: Final = worded("Your credits are back.")
_SEXUAL: Final = worded("This picture looks sexual, which is not allowed here, so nobody is shown it.")
_UNSEEN: Final = worded(
    "This picture could not be looked at, so nobody is shown it; the bot's owner finds why in the log."
)


class PictureWithheld(Exception):
    """A finished picture that nobody is shown. `record` is what is written down, `str()` a sentence for its person."""

    def __init__(self, record: NewWithheld, sentence: str) -> None:
        super().__init__(sentence)
        self.record = record


@dataclass(frozen=True, slots=True)
class SafetyScore:
    """What was found in a picture that may be shown; `sexual` is None where nothing looks at pictures."""

    sexual: float | None = None
    scored_by: str = ""
    spoiler: bool = False


NOT_LOOKED_AT: Final = SafetyScore()


class PictureSafety:
    """Looks at pictures, one after the other, in a thread; `classifier` None: nothing looks at pictures here.

    `tell` is awaited with server and number of each picture that was withheld, once that is written down.
    """

    def __init__(
        self,
        settings: Settings,
        stores: Stores,
        classifier: PictureClassifier | None,
        tell: Callable[[int, int], Awaitable[None]] | None = None,
    ) -> None:
        self._settings = settings
        self._stores = stores
        self._classifier = classifier
        self._tell = tell
        # Who waits for a look takes no thread.
        self._turn = asyncio.Semaphore()

    @property
    def looks(self) -> bool:
        """Whether pictures are looked at here: without that, adult content is allowed nowhere."""
        return self._classifier is not None

    async def finished(self, order: Order, job_id: str, picture: bytes, words: str) -> SafetyScore:
        """What was found in a finished picture (PNG, as it would be stored). Raises PictureWithheld, NoSpace."""
        if self._classifier is None:
            return NOT_LOOKED_AT
        score = await self._score(picture, "a finished picture", self._classifier)
        if score is not None and score < self._settings.moderation_picture_limit:
            return SafetyScore(score, self._classifier.name)
        if score is not None and order.adult_allowed:
            return SafetyScore(score, self._classifier.name, spoiler=True)
        kept = await self._keep(picture)
        record = NewWithheld(
            guild_id=order.guild_id,
            user_id=order.user_id,
            rule="picture-not-looked-at" if score is None else "picture-sexual",
            score=score,
            scored_by=self._classifier.name,
            words=words if self._settings.moderation_words_days else "",
            kept=kept,
            job_id=job_id,
            order_id=order.id,
        )
        sentence = _UNSEEN if score is None else _SEXUAL
        raise PictureWithheld(record, together(sentence, _KEPT if kept else "", _BACK))

    async def ended(self, record: NewWithheld) -> None:
        """To be called once the job of a withheld picture has ended, for whatever reason: where that was another one,
        nobody needs the file; else its moderators are told."""
        job_id = record.job_id or ""
        known = await patiently(lambda: self._stores.withheld.of_job(job_id), "reading what was withheld")
        await self._stores.withheld.drop_loose(record.kept)
        if known is not None and self._tell is not None:
            await self._tell(known.guild_id, known.id)

    async def may_preview(self, picture: bytes) -> bool:
        """Whether a preview may be shown: one that looks sexual is shown nowhere, as no spoiler hides it in a card."""
        if self._classifier is None:
            return True
        score = await self._score(picture, "a preview", self._classifier)
        return score is not None and score < self._settings.moderation_picture_limit

    async def handed_in(self, guild_id: int, user_id: int, picture: bytes) -> None:
        """Raises Refused for a picture that may not be used, before anything of it is stored or charged."""
        if self._classifier is None:
            return
        score = await self._score(picture, "a picture that was handed in", self._classifier)
        if score is None:
            raise Refused(
                worded(
                    "That picture could not be looked at, so it is not used; the bot's owner finds why in the log. "
                    "Nothing was stored or charged. Try again later."
                )
            )
        if score < self._settings.moderation_upload_limit:
            return
        await self._note_handed_in(guild_id, user_id, picture, score, self._classifier.name)
        raise Refused(
            worded(
                "That picture looks sexual, and such pictures are not used here, wherever they are handed in. Nothing "
                "was charged; send another one."
            )
        )

    async def _note_handed_in(self, guild_id: int, user_id: int, picture: bytes, score: float, name: str) -> None:
        now = time.time()
        recent = await self._stores.audit.page(
            guild_id, actor_id=user_id, action=AuditAction.WITHHELD, since=now - _WINDOW_S, limit=_MOST_IN_WINDOW
        )
        if len(recent) >= _MOST_IN_WINDOW:
            return
        kept = await self._keep(picture)
        record = NewWithheld(
            guild_id=guild_id, user_id=user_id, rule="handed-in-sexual", score=score, scored_by=name, kept=kept
        )
        try:
            number = await self._stores.withheld.add(record, now=now)
        finally:
            await self._stores.withheld.drop_loose(kept)
        if self._tell is not None:
            await self._tell(guild_id, number)

    async def _score(self, picture: bytes, what: str, classifier: PictureClassifier) -> float | None:
        """None when it could not be looked at, which the log says to the operator, without the picture."""
        async with self._turn:
            try:
                return await asyncio.to_thread(classifier.score, picture)
            except Exception:
                # Whatever it is, a picture that was not looked at is not shown. Its sentence is for the operator.
                log.exception("%s could not be looked at and is shown to nobody; `doctor` tries what looks", what)
        return None

    async def _keep(self, picture: bytes) -> str:
        """The file's name, "" where the operator has them deleted."""
        if not self._settings.moderation_withheld_days:
            return ""
        return await self._stores.withheld.keep(picture)

    async def require_release(self, one: WithheldPicture, *, owner: bool) -> bytes:
        """The picture, if its member may have it after all, by a moderator's decision; `owner`: by the bot's owner's.

        Raises Refused: a picture that is gone or was handed in, that shows somebody who may be under 18 or was made of
        an upload; and where adult content is not allowed, unless by the owner.
        """
        picture = await self._stores.withheld.read(one)
        if picture is None or one.order_id is None:
            raise Refused(
                worded("There is no picture to release: it was deleted, or it was handed in. Nothing was changed.")
            )
        order = await self._stores.orders.get(one.order_id)
        if order is None or order.from_upload or not _of_adults(order):
            raise Refused(
                worded(
                    "That picture cannot be released: it was made from an uploaded one, or somebody in it may be under "
                    "18. Nothing was changed."
                )
            )
        server = await self._stores.servers.get(one.guild_id)
        if not owner and not (self._settings.moderation_adult and server.adult):
            raise Refused(
                worded("Adult content is not allowed here, so only the bot's owner can release that picture.")
            )
        return picture

    async def forget_old(self, now: float) -> int:
        """Remove the files and the words of what was withheld too long ago; of how many."""
        return await self._stores.withheld.forget(
            files_before=now - self._settings.moderation_withheld_days * DAY_S,
            words_before=now - self._settings.moderation_words_days * DAY_S,
        )


def _of_adults(order: Order) -> bool:
    """Whether nothing says that somebody in the pictures of an order may be under 18."""
    return carried_people.from_text(order.people or "").age in ("unknown", "adult")


def classifier_of(settings: Settings) -> PictureClassifier | None:
    """The classifier that the settings name, else the one that is installed, else None.

    Raises SettingsError where adult content is allowed and nothing would look at pictures, or the one named is no good.
    """
    named = settings.moderation_picture_model
    why = picture_classifier.missing(named)
    if why and named:
        raise SettingsError(f"MODERATION_PICTURE_MODEL cannot be used: {why}.")
    if why and settings.moderation_adult:
        raise SettingsError(
            f"MODERATION_ADULT cannot be on, as nothing looks at pictures: {why}. Install it: "
            f"{picture_classifier.INSTALL}. Or turn MODERATION_ADULT off."
        )
    return picture_classifier.found_classifier(named)
