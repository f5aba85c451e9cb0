"""What is to change in a picture, in every language that is read."""

from __future__ import annotations

import pytest

from engine.prompt import PortraitPrompt, parse, read
from engine.prompts import looks
from engine.prompts.changes import Told, in_english, told
from engine.prompts.languages import vocabulary
from engine.wording.dialects import render

CHANGES = {
    "english": ("add glasses", "remove the hat", "replace the background with a beach"),
    "spanish": ("añade gafas", "quita el sombrero", "cambia el fondo por una playa"),
    "portuguese": ("adicione óculos", "tire o chapéu", "troque o fundo por uma praia"),
    "french": ("ajoute des lunettes", "enlève le chapeau", "remplace le fond par une plage"),
    "german": ("füge eine Brille hinzu", "nimm den Hut ab", "ersetze den Hintergrund durch einen Strand"),
    "italian": ("aggiungi gli occhiali", "togli il cappello", "sostituisci lo sfondo con una spiaggia"),
    "dutch": ("voeg een bril toe", "verwijder de hoed", "vervang de achtergrond door een strand"),
    "polish": ("dodaj okulary", "usuń kapelusz", "zamień tło na plażę"),
    "russian": ("добавь очки", "убери шляпу", "замени фон на пляж"),
    "ukrainian": ("додай окуляри", "прибери капелюх", "заміни фон на пляж"),
    "turkish": ("gözlük ekle", "şapkayı kaldır", "arka planı plajla değiştir"),
    "chinese": ("加上眼镜", "去掉帽子", "把背景换成海滩"),
    "japanese": ("メガネを追加", "帽子を外して", "背景をビーチに変えて"),
    "korean": ("안경을 추가해", "모자를 제거해", "배경을 해변으로 바꿔"),
}


def test_every_language_asks_for_changes() -> None:
    assert set(CHANGES) == {"english", *vocabulary.NAMES}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_added_goes_and_comes_instead_is_told_apart(name: str) -> None:
    add, remove, replace = CHANGES[name]
    added, gone, instead = told(add), told(remove), told(replace)
    assert read(added.added, language=added.language).prompt.clothing
    assert not added.instead
    assert len(gone.gone) == 1
    assert gone.gone[0] in remove
    assert not gone.instead
    assert read(instead.instead, language=instead.language).prompt.environment
    assert not instead.gone
    if name != "english":
        assert in_english(add) == "add glasses"
        assert in_english(remove) == "remove hat"
        assert in_english(replace) in {"replace background with beach", "replace background beach"}


def test_other_changes_stay_as_they_are() -> None:
    for change in ("a navy suit instead of the coat", "una mujer con gafas", "hazle el pelo rojo", "add", "", "。"):
        assert told(change) == Told(change)
    assert told("cambia el abrigo por un traje azul y añade gafas") == Told(
        "un traje azul", "gafas", language="spanish"
    )
    assert told("给她戴上眼镜，背景改为森林") == Told("森林", "眼镜", language="chinese")


def test_a_model_is_told_the_change_in_a_language_that_it_reads() -> None:
    """In English where every word of it is known; half a change would be another one."""
    prompt = PortraitPrompt(subject="a woman")
    assert "add glasses" in render(prompt, "flux2", change="add glasses").prompt
    assert "añade gafas" in render(prompt, "nano-banana", change="añade gafas").prompt
    assert "add glasses" in render(prompt, "flux", change="añade gafas").prompt
    assert "ajoute un zorbleux" in render(prompt, "flux", change="ajoute un zorbleux").prompt


def test_a_saved_face_keeps_what_other_languages_said_of_hair_beard_and_glasses() -> None:
    prompt = parse("una mujer de pelo rojo largo con gafas, en la playa")
    assert looks.saved_with(prompt, 0, {}) == looks.Looks(hair="long red hair", glasses="glasses")
    saved = {"ana": looks.Looks(hair="long red hair", glasses="glasses")}
    assert looks.unsaid(parse("@ana con el pelo negro, en un bosque"), saved) == {"ana": looks.Looks(glasses="glasses")}
