"""What a person is handed of theirs: zip files, each whole in itself and small enough for Discord."""

import asyncio
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.languages.speech import worded
from data.core.data_errors import PictureMissing
from data.people.personal_export import Document, Export, PictureFile
from data.pictures.picture_store import PictureStore

LARGEST_BYTES: Final = 9 * 2**20
"""What one zip file has at most: Discord takes 10 MiB anywhere."""
PARTS_A_TIME: Final = 10
"""How many zip files one command sends."""
_ENTRY_BYTES: Final = 512  # names and headers, generously
_END_BYTES: Final = 1024
README: Final = "README.txt"
_SAYS: Final = worded("""\
This is what the studio keeps of you, part {part} of {parts}.

Each JSON file is a table: times are seconds since 1970 in UTC, prompts are JSON themselves, sha256 names a picture,
embedding and pattern are measures of a face in hexadecimal digits. pictures.json says which file is which picture.
Pictures that Discord shows in messages are copies, and are not in here twice.
""")
_SAYS_BYTES: Final = 2048  # in any language


@dataclass(frozen=True, slots=True)
class ExportPart:
    """What goes into one zip file."""

    documents: tuple[Document, ...]
    pictures: tuple[PictureFile, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """A finished zip file; `missing` are pictures whose file is not there (any more)."""

    name: str
    content: bytes
    missing: tuple[str, ...]


def parts_of(export: Export, largest_bytes: int = LARGEST_BYTES) -> list[ExportPart]:
    """Divide an export, in its order, so that no part comes to more than `largest_bytes`.

    The same export always comes to the same parts. A single thing that is larger is a part of its own.
    """
    parts: list[ExportPart] = []
    items: list[Document | PictureFile] = []
    room = largest_bytes - _END_BYTES - _ENTRY_BYTES - _SAYS_BYTES
    for item, size in _sized(export):
        if items and size > room:
            parts.append(_part(items))
            items, room = [], largest_bytes - _END_BYTES - _ENTRY_BYTES - _SAYS_BYTES
        items.append(item)
        room -= size
    return [*parts, _part(items)]


def _sized(export: Export) -> Iterator[tuple[Document | PictureFile, int]]:
    for document in export.documents:
        yield document, len(zlib.compress(document.text.encode())) + _ENTRY_BYTES
    for picture in export.pictures:
        yield picture, picture.bytes + _ENTRY_BYTES


def _part(items: Sequence[Document | PictureFile]) -> ExportPart:
    return ExportPart(
        tuple(one for one in items if isinstance(one, Document)),
        tuple(one for one in items if isinstance(one, PictureFile)),
    )


async def packed(part: ExportPart, number: int, parts: int, pictures: PictureStore) -> Packed:
    """The zip file of one part, numbered from 1."""
    files: list[tuple[str, bytes]] = []
    missing: list[str] = []
    for picture in part.pictures:
        try:
            files.append((picture.name, await pictures.read(picture.sha256)))
        except PictureMissing:
            missing.append(picture.name)
    content = await asyncio.to_thread(_zipped, part, files, worded(_SAYS, part=number, parts=parts))
    return Packed(f"likeness-{number:03d}-of-{parts:03d}.zip", content, tuple(missing))


def _zipped(part: ExportPart, files: Sequence[tuple[str, bytes]], readme: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(README, readme)
        for document in part.documents:
            archive.writestr(document.name, document.text)
        for name, content in files:
            archive.writestr(name, content, compress_type=zipfile.ZIP_STORED)
    return buffer.getvalue()
