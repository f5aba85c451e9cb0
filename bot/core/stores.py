"""The data rooms that one running bot works with, opened together."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from bot.core import carried_people
from data.characters.saved_characters import Characters
from data.characters.saved_references import References
from data.core.at_rest import close_folder
from data.core.audit import Audit
from data.core.database import Database
from data.core.folder_lock import FolderLock, lock_folder
from data.core.rows import StoredForm
from data.credits.accounts import Accounts
from data.credits.hosted_costs import CostBook
from data.orders.attempts import Attempts
from data.orders.jobs import Orders
from data.orders.price_quotes import Quotes
from data.orders.saved_styles import Drafts, Styles
from data.orders.series_rows import AllSeries
from data.people.bans import Bans
from data.people.blocked_faces import BlockedFaces
from data.people.character_reports import CharacterReports
from data.people.erasure import Privacy
from data.people.gallery_keys import GalleryKeys
from data.people.gallery_rows import GalleryRows
from data.people.misreadings import Misreadings
from data.people.questions import Questions
from data.people.refused_orders import RefusedOrders
from data.people.server_figures import Stats
from data.people.servers import Servers
from data.pictures.asked_people import AskedPeople
from data.pictures.handed_in import HandedIn
from data.pictures.kept_reviews import KeptReviews
from data.pictures.picture_store import PictureStore
from data.pictures.portrait_rows import Portraits
from data.pictures.withheld import WithheldPictures
from engine.jobs.job import PictureSpec
from engine.jobs.stored_spec import from_columns, to_columns

SPEC_FORM: Final = StoredForm(PictureSpec, to_columns, from_columns)
"""How what a picture is made from lies in the tables of jobs and portraits."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything kept in one data folder, and the lock that keeps a second bot out of it."""

    lock: FolderLock
    database: Database
    pictures: PictureStore
    accounts: Accounts
    orders: Orders[PictureSpec]
    portraits: Portraits[PictureSpec]
    characters: Characters
    references: References
    handed_in: HandedIn
    asked_people: AskedPeople
    series: AllSeries
    servers: Servers
    styles: Styles
    drafts: Drafts
    quotes: Quotes
    bans: Bans
    blocked_faces: BlockedFaces
    refused_orders: RefusedOrders
    character_reports: CharacterReports
    questions: Questions
    misreadings: Misreadings
    privacy: Privacy
    audit: Audit
    stats: Stats
    attempts: Attempts
    reviews: KeptReviews
    costs: CostBook
    withheld: WithheldPictures
    gallery: GalleryRows[PictureSpec]
    gallery_keys: GalleryKeys

    @classmethod
    async def open(cls, folder: Path) -> Self:
        """Raises DataError: the folder is in use, unwritable, or its database cannot be read."""
        lock = await asyncio.to_thread(lock_folder, folder)
        try:
            await asyncio.to_thread(close_folder, folder)
            database = await Database.open(folder)
        except BaseException:
            lock.release()
            raise
        pictures = await asyncio.to_thread(PictureStore, database)
        await pictures.sweep()
        withheld = WithheldPictures(database)
        await withheld.sweep()
        privacy = Privacy(database, pictures)
        await privacy.load()
        return cls(
            lock=lock,
            database=database,
            pictures=pictures,
            accounts=Accounts(database),
            orders=Orders(database, pictures, SPEC_FORM),
            portraits=Portraits(database, pictures, SPEC_FORM),
            characters=Characters(database, pictures),
            references=References(database, pictures),
            handed_in=HandedIn(database, pictures),
            asked_people=AskedPeople(database, carried_people.before),
            series=AllSeries(database),
            servers=Servers(database),
            styles=Styles(database),
            drafts=Drafts(database),
            quotes=Quotes(database),
            bans=Bans(database),
            blocked_faces=BlockedFaces(database),
            refused_orders=RefusedOrders(database),
            character_reports=CharacterReports(database, privacy.marks),
            questions=Questions(database),
            misreadings=Misreadings(database),
            privacy=privacy,
            audit=Audit(database),
            stats=Stats(database),
            attempts=Attempts(database),
            reviews=KeptReviews(database),
            costs=CostBook(database),
            withheld=withheld,
            gallery=GalleryRows(database, SPEC_FORM),
            gallery_keys=GalleryKeys(database),
        )

    async def close(self) -> None:
        await self.database.close()
        self.lock.release()
