"""Prompts in other languages: read by each language's own words, and told to models in words that they understand."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.prompt import SLOTS, PortraitPrompt, parse, to_lines
from engine.prompts.languages import vocabulary
from engine.prompts.languages.detecting import detect
from engine.prompts.languages.english import in_english
from engine.prompts.languages.span_slots import SLOTS as SLOT_OF
from engine.wording.dialects import render
from tests.corpus.labelled import HALVES, LANGUAGES, content_words, read

TYPED = {
    "spanish": "mujer pelirroja, abrigo azul, bosque, luz suave de ventana, 85mm, sin gafas",
    "portuguese": "mulher ruiva, casaco azul, floresta, luz suave de janela, 85mm, sem óculos",
    "french": "femme rousse, manteau bleu, forêt, lumière douce de fenêtre, 85mm, sans lunettes",
    "german": "rothaarige Frau, blauer Mantel, Wald, weiches Fensterlicht, 85mm, ohne Brille",
    "italian": "donna dai capelli rossi, cappotto blu, bosco, luce morbida dalla finestra, 85mm, senza occhiali",
    "dutch": "roodharige vrouw, blauwe jas, bos, zacht raamlicht, 85mm, zonder bril",
    "polish": "rudowłosa kobieta, niebieski płaszcz, las, miękkie światło z okna, 85mm, bez okularów",
    "russian": "рыжая женщина, синее пальто, лес, мягкий свет из окна, 85mm, без очков",
    "ukrainian": "руда жінка, синє пальто, ліс, м'яке світло з вікна, 85mm, без окулярів",
    "turkish": "kızıl saçlı kadın, mavi palto, orman, yumuşak pencere ışığı, 85mm, gözlüksüz",
    "chinese": "红发女子，蓝色大衣，森林里，柔和的窗光，85mm，不戴眼镜",
    "japanese": "赤毛の女性、青いコート、森、柔らかい窓からの光、85mm、眼鏡なし",
    "korean": "빨간 머리 여자, 파란 코트, 숲, 부드러운 창가 빛, 85mm, 안경 없이",
}
"""The same portrait in every language."""
HOSTILE = (
    *(
        "sin ",
        "mit und ",
        "mujer vieja ",
        "retrato de ",
        "ojos,",
        "Luz:",
        "光：",
        "のない",
        "수 ",
        "안 쓴 ",
        "gözlüksüz ",
    ),
    *(
        "nicht lächelnd ",
        "Wollmantel",
        "без ",
        "из окна ",
        "desconocido en ",
        '"a":',
        "没有",
        "的",
        "坐在公园",
        "에서 ",
    ),
)
"""What is repeated to find work that grows faster than the text."""


def everything(prompt: PortraitPrompt) -> str:
    return " ".join((*map(prompt.slot, SLOTS), prompt.negative, *prompt.text))


@pytest.mark.parametrize("name", TYPED)
def test_one_portrait_is_the_same_in_every_language(name: str) -> None:
    """Its concepts are told in English to whoever reads English alone."""
    english, untold = in_english(parse(TYPED[name]))
    assert {"red hair", "woman"} <= {"red hair" if "red hair" in english.subject else "", *english.subject.split()}
    assert (english.clothing, english.environment.removesuffix(" in"), english.camera) == (
        "blue coat",
        "forest",
        "85mm",
    )
    assert {"soft", "window", "light"} <= set(english.lighting.split())
    assert (english.negative, untold) == ("glasses", ())


@pytest.mark.parametrize("name", TYPED)
def test_the_studio_photographs_what_was_asked_for(name: str) -> None:
    """In whatever language: the woman, her hair and coat, the place and the light, and no glasses."""
    words = render(parse(TYPED[name]), "studio")
    assert words.dropped == ()
    for asked in ("woman", "red hair", "blue coat", "forest", "85 mm"):
        assert asked in words.prompt
    assert "glasses" not in words.prompt


@pytest.mark.parametrize("name", LANGUAGES)
def test_what_is_not_wanted_is_never_wanted(name: str) -> None:
    """Of the sets' denials at least 0.97 are read, and what is denied stands in no slot."""
    records = [record for record in read(name) if any(key == "negative" for key, _ in record.settings)]
    prompts = [(parse(record.text), dict(record.settings)["negative"]) for record in records]
    assert sum(prompt.negative == wanted for prompt, wanted in prompts) >= 0.97 * len(records)
    for prompt, wanted in prompts:
        for denied in wanted.split(", "):
            words = content_words(denied)
            assert all(words != content_words(part) for slot in SLOTS for part in re.split("[,;]", prompt.slot(slot)))


@pytest.mark.parametrize(
    ("typed", "denied"),
    [
        ("mujer sin gafas ni pendientes en la playa", "gafas, pendientes"),
        ("un homme qui ne sourit pas, dans la rue", "sourit"),
        ("Frau ohne Hut und Schal, im Wald", "Hut, Schal"),
        ("alte Frau, nicht lächelnd, im Wald", "lächelnd"),
        ("eine Frau die nicht lacht, im Wald", "lacht"),
        ("een vrouw die niet lacht, in het bos", "lacht"),
        ("женщина без очков и шляпы на пляже", "очков, шляпы"),
        ("眼鏡をかけていない女性、森", "眼鏡"),
        ("一个没有胡子的男人，戴着眼镜，街道", "胡子"),
        ("şapkasız ve gözlüksüz genç adam, sokakta", "şapka, gözlük"),
        ("gözlük takmayan kadın, plajda", "gözlük"),
        ("안경을 쓰지 않은 여자, 해변", "안경"),
        ("no quiero texto, retrato de una mujer, playa", "texto"),
        ("не надо текста, женщина в лесу", "текста"),
        ("수염이 없는 남자, 숲", "수염"),
        ("Sujet : femme sans lunettes\nLieu : plage", "lunettes"),
        ("反向提示词：文字、水印\n主体：女人\n场景：森林", "文字, 水印"),
    ],
)
def test_denials_take_what_they_deny_and_no_more(typed: str, denied: str) -> None:
    """The person stays the subject, and the place a place."""
    prompt = parse(typed)
    assert prompt.negative == denied
    assert prompt.subject
    assert prompt.environment


def test_a_label_in_prose_ends_with_its_sentence_and_avoiding_too() -> None:
    """What follows is read by its words again."""
    prompt = parse("Mujer de 30 años. Fondo: oficina moderna. Luz suave. Cámara Canon, 85mm. Evitar texto, logotipos.")
    assert (prompt.subject, prompt.environment) == ("Mujer de 30 años", "oficina moderna")
    assert (prompt.lighting, prompt.camera) == ("Luz suave", "Cámara Canon, 85mm")
    assert prompt.negative == "texto, logotipos"


def test_models_are_told_the_words_as_typed_where_they_understand_them() -> None:
    """Others are told the English of known words, and the card names what they are not told."""
    prompt = parse("红发女子，蓝色大衣，祥云瑞气，森林里")
    for family in ("gpt-image", "nano-banana", "flux2", "qwen"):
        assert "红发女子" in render(prompt, family).prompt
    for family in ("flux", "sd35", "mango", "plain", "studio"):
        words = render(prompt, family)
        assert "red hair" in words.prompt.casefold()
        assert not re.search("[\u4e00-\u9fff]", words.prompt + words.long_prompt + words.negative)
        assert any("瑞" in dropped for dropped in words.dropped)
    assert "mujer" not in render(parse(TYPED["spanish"]), "qwen").prompt


def test_half_a_denial_is_not_told() -> None:
    """It would deny more than was meant."""
    english, untold = in_english(parse("mujer en la playa, luz suave, sin piel qzxante, sin gafas"))
    assert english.negative == "glasses"
    assert untold == ("piel qzxante",)


def test_what_is_not_wanted_is_said_as_its_opposite_in_any_language() -> None:
    """Models without a negative prompt are told what is there instead."""
    for name in TYPED:
        assert "uncovered eyes" in render(parse(TYPED[name]), "gpt-image").prompt


@pytest.mark.parametrize("name", HALVES)
def test_english_prompts_are_english(name: str) -> None:
    """No prompt of the first sets is taken for another language, whatever foreign words it has."""
    assert [record.text for record in read(name) if detect(record.text)] == []


@pytest.mark.parametrize(
    "typed",
    [
        "a woman in a café, femme fatale style",
        "señora in a red dress with mantón",
        "geisha in kimono, Kyoto, sakura, bokeh",
        'a woman holding a sign that says "東京"',
        "lederhosen, dirndl, beer tent, Oktoberfest",
        "die hard fan in a jersey",
        "@kai in a hat",
    ],
)
def test_a_few_foreign_words_leave_english_english(typed: str) -> None:
    """They are told as they stand."""
    assert detect(typed) == ""
    assert in_english(parse(typed)) == (parse(typed), ())


def test_mixed_texts_are_read_clause_by_clause() -> None:
    """Spanish tags before English ones."""
    prompt = parse("mujer pelirroja, abrigo azul, soft window light, shallow depth of field, 85mm lens, visible pores")
    assert (prompt.subject, prompt.clothing) == ("mujer pelirroja", "abrigo azul")
    assert (prompt.lighting, prompt.detail) == ("soft window light", "visible pores")
    assert prompt.camera == "shallow depth of field, 85mm lens"


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_prompt_falls_whole_into_camera_or_environment(name: str) -> None:
    """Whatever else is missed."""
    for record in read(name):
        prompt = parse(record.text)
        used = [slot for slot in SLOTS if prompt.slot(slot)]
        assert used not in (["camera"], ["environment"]), record.text


@st.composite
def shuffled(draw: st.DrawFn) -> str:
    """Words of one language's set in any order, with borders, spaces and what is in no lexicon."""
    name = draw(st.sampled_from(LANGUAGES))
    words = [word for record in list(read(name))[:30] for word in re.split(r"\s+", record.text) if word]
    parts = st.sampled_from([*words[:300], ",", ".", "，", "。", "@ana", '"HOLA"', "qzx", "_", "85mm", "("])
    return " ".join(draw(st.lists(parts, max_size=25)))


@settings(max_examples=200, deadline=None)
@given(shuffled())
def test_only_words_that_deny_and_join_are_taken_out(text: str) -> None:
    """Every other letter that was typed is somewhere in the prompt."""
    prompt = parse(text)
    if prompt.negative or ":" in text or "：" in text:
        return
    said = everything(prompt)
    words = re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+", text)
    assert [word for word in words if word not in said] == []


@settings(max_examples=100, deadline=None)
@given(shuffled())
def test_a_reading_is_the_same_when_its_lines_are_read_again(text: str) -> None:
    """In any language a recipe can be edited as lines."""
    prompt = parse(text)
    assert parse(to_lines(prompt)) == prompt


def calls_of_parsing(text: str) -> int:
    """How much work reading takes, independent of the machine: the function calls of it."""
    count = 0

    def note(_frame: object, event: str, _detail: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        parse(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("piece", HOSTILE)
def test_twice_the_text_is_about_twice_the_work(piece: str) -> None:
    """In any language, whatever is repeated."""
    once, twice = (calls_of_parsing(piece * (length // len(piece))) for length in (2000, 4000))
    assert twice < 2.5 * once + 2000


@pytest.mark.parametrize("name", vocabulary.NAMES)
def test_each_language_has_at_least_600_concepts_in_known_kinds(name: str) -> None:
    """And each of its files is well formed: sections that lead to a slot, no empty wordings, long enough beginnings."""
    path = Path(vocabulary.__file__).with_name(f"{name}.toml")
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    concepts = {kind: row for kind, row in tables.items() if kind not in {"about", "small", "labels"}}
    assert set(concepts) <= {*SLOT_OF, "colour", "adjective"}
    assert set(tables["small"]) <= vocabulary.SMALL
    assert sum(map(len, concepts.values())) >= 600
    wordings = [wording for row in concepts.values() for listed in row.values() for wording in listed.split("|")]
    assert all(wording.strip() == wording != "" for wording in wordings)
    assert all(len(vocabulary.fold(wording)) > 3 for wording in wordings if wording.endswith("*"))
