"""What can go wrong with stored things. `str(error)` is a sentence that can be shown to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class DataError(Exception):
    """The base of every error of this package.

    What it says is `template` with `values` in their places, so that it can be said in other languages too.
    """

    def __init__(self, template: str = "", /, **values: Any) -> None:
        super().__init__(template.format(**values) if values else template)
        self.template, self.values = template, values


class FolderInUse(DataError):
    """Another bot holds the data folder."""

    def __init__(self, folder: Path, holder: str = "") -> None:
        who = f" (process {holder})" if holder else ""
        super().__init__(
            f"Another bot{who} is already running on the data folder {folder}. "
            "Stop it first, or give this one a data folder of its own."
        )
        self.folder = folder


class FolderUnusable(DataError):
    """The data folder cannot be made or written to."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"The data folder {folder} cannot be used: the system says “{why}”. "
            "Choose another folder in the settings, or let this user write to it."
        )
        self.folder = folder


class DatabaseUnreadable(DataError):
    """The database file is damaged, missing beside its pictures, or may not be opened."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"The database {path} cannot be used: {why}. Restore a backup, or move it away to start anew.")
        self.path = path


class DatabaseTooNew(DataError):
    """The database was written by a newer version of this program; it has not been touched."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"The database {path} comes from a newer version of the bot (schema {found}; "
            f"this one knows {known}). It was left as it is: install the newer version, "
            "or restore a backup made with this one."
        )
        self.found = found
        self.known = known


class MigrationFailed(DataError):
    """A migration could not be applied; the database is as it was before that migration."""


class DatabaseBusy(DataError):
    """Another process kept the database locked for longer than the busy timeout."""

    def __init__(self) -> None:
        super().__init__("The database is busy. Nothing was changed; please try again in a moment.")


class DatabaseDamaged(DataError):
    """SQLite could not read or write its file."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "The studio's database cannot be read or written (“{why}”). Please tell the one who runs this bot.", why=why
        )


class NoSpace(DataError):
    """The disk is full; what was being written has been undone."""

    def __init__(self) -> None:
        super().__init__(
            "The studio's disk is full, so nothing was stored and nothing was charged. "
            "Please tell the one who runs this bot."
        )


class InsufficientCredits(DataError):
    def __init__(self, balance: int, price: int) -> None:
        super().__init__("This costs {price} credits and you have {balance}.", price=price, balance=balance)
        self.balance = balance
        self.price = price


class TierEnded(DataError):
    """The order's prices rest on a tier that the account no longer has."""

    def __init__(self, tier: str) -> None:
        super().__init__("Your {tier} tier has ended, so the price has changed. Please order again.", tier=tier)
        self.tier = tier


class CeilingReached(DataError):
    """A spend ceiling for a hosted provider would be passed."""

    def __init__(self, provider: str, *, spent_usd_micros: int, limit_usd_micros: int, whose: str) -> None:
        mine = "For today you have reached the limit for pictures made by {provider}."
        everyones = "For today the studio has reached the limit for pictures made by {provider}."
        super().__init__(
            (mine if whose == "user" else everyones) + " Try again tomorrow, or choose another model.",
            provider=provider,
        )
        self.provider = provider
        self.spent_usd_micros = spent_usd_micros
        self.limit_usd_micros = limit_usd_micros
        self.whose = whose


class GrantLimitReached(DataError):
    """A moderator's limit for a day would be passed; `what` are credits or tiers."""

    def __init__(self, what: str, granted: int, limit: int) -> None:
        if what == "credits":
            super().__init__(
                "A moderator may grant up to {limit:,} credits in a day, and you have granted {granted:,}. "
                "Ask another moderator, or wait until tomorrow.",
                granted=granted,
                limit=limit,
            )
        else:
            super().__init__(
                "Tiers that a moderator may grant in a day: {limit:,}. You have granted: {granted:,}. "
                "Ask another moderator, or wait until tomorrow.",
                granted=granted,
                limit=limit,
            )
        self.what = what
        self.granted = granted
        self.limit = limit


class BadAmount(DataError):
    def __init__(self, amount: int, most: int) -> None:
        super().__init__(
            "The number of credits must be between 1 and {most:,}, not {amount:,}.", most=most, amount=amount
        )
        self.amount = amount
        self.most = most


class KeyReused(DataError):
    """An idempotency key came a second time with different contents."""

    def __init__(self, key: str) -> None:
        super().__init__("This request was already handled, with different contents. Nothing was changed.")
        self.key = key


class OrderUnfinished(DataError):
    """An order cannot be closed while one of its jobs holds credits."""

    def __init__(self, order_id: str) -> None:
        super().__init__("This order is not finished yet.")
        self.order_id = order_id


class UnknownJob(DataError):
    def __init__(self, job_id: str) -> None:
        super().__init__("This portrait's job does not exist any more.")
        self.job_id = job_id


class JobOver(DataError):
    """The job has ended as `state` and cannot do what was asked."""

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__("This portrait has already ended ({state}).", state=state)
        self.job_id = job_id
        self.state = state


class NotRendered(DataError):
    """A job without a portrait cannot be settled."""

    def __init__(self, job_id: str) -> None:
        super().__init__("This portrait has not been rendered yet.")
        self.job_id = job_id


class UnstorablePicture(DataError):
    """The bytes are not a picture of the kind their name says."""

    def __init__(self, ext: str) -> None:
        super().__init__("This file is not a readable {upper} picture.", upper=ext.upper())
        self.ext = ext


class PictureMissing(DataError):
    def __init__(self, sha256: str) -> None:
        super().__init__("The picture's file is missing from the studio's data folder.")
        self.sha256 = sha256


class BadHandle(DataError):
    def __init__(self, handle: str) -> None:
        super().__init__(
            "A character's name has 1 to 15 letters (a–z), digits, “_” or “-”, for example “ana” or “kai-2”."
        )
        self.handle = handle


class HandleTaken(DataError):
    def __init__(self, handle: str) -> None:
        super().__init__(
            "You already have a character called “{handle}”. Choose another name, or delete that one first.",
            handle=handle,
        )
        self.handle = handle


class HandleShared(DataError):
    """Another character of that name is shared in the server already."""

    def __init__(self, handle: str) -> None:
        super().__init__(
            "A character called “{handle}” is shared in this server already. Rename yours first: /character rename.",
            handle=handle,
        )
        self.handle = handle


class UnknownCharacter(DataError):
    def __init__(self, handle: str) -> None:
        super().__init__("You have no character “{handle}”. /character list shows yours.", handle=handle)
        self.handle = handle


class TooManyReferences(DataError):
    def __init__(self, handle: str, limit: int) -> None:
        super().__init__(
            "“{handle}” has {limit} pictures, which is the most. Save the new one as a character of its own, or go "
            "back to a version with fewer: /character settings.",
            handle=handle,
            limit=limit,
        )
        self.handle = handle
        self.limit = limit


class CharacterGone(DataError):
    """A reference picture that an order asks for does not exist any more, or is not the user's."""

    def __init__(self) -> None:
        super().__init__("A character in this order has been deleted meanwhile. Please order again without it.")


class StoredPictureGone(DataError):
    """A picture that an order asks for has been deleted since it was chosen."""

    def __init__(self) -> None:
        super().__init__("A picture for this order has been deleted meanwhile. Nothing was charged; choose it anew.")


class PortraitGone(DataError):
    """The portrait that something is made from has been erased since it was chosen."""

    def __init__(self) -> None:
        super().__init__("That portrait has been deleted meanwhile. Nothing was stored or charged; choose another one.")


class BackupStopped(DataError):
    """A backup was not finished, because the bot stops; nothing of it is left."""

    def __init__(self) -> None:
        super().__init__("The backup was given up, because the bot stops. Nothing of it is left.")


class BadBackup(DataError):
    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"{folder} cannot be restored: {why}. Nothing was changed.")
        self.folder = folder
