"""Recipes of other tools: each written as its maker describes it, in each place where it may stand, and read back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import recipe
from engine.pictures import provenance
from engine.prompt import PortraitPrompt, parse
from engine.recipes import FoundRecipe, Texts, UnreadableRecipe, comfyui, read, read_pasted
from engine.recipes.embedded_recipe import embedded_in
from engine.recipes.exif import comment
from engine.recipes.picture_text import with_texts
from tests import hostile
from tests.engine.pictures.test_provenance import png
from tests.engine.recipe_formats import (
    CIVITAI,
    DESCRIPTION,
    DRAW,
    DRAWN,
    EASY,
    FOOOCUS,
    INVOKE,
    INVOKE_2,
    MAKE,
    MODEL,
    NOVEL,
    RUINED,
    SEED,
    SIZE,
    SWARM,
    UNWANTED,
    USER_COMMENT,
    WORDS,
    WRITTEN,
    exif,
    graph,
    in_comment,
    itxt,
    node,
    of_jpeg,
    of_webp,
    unicode_comment,
    utf,
    xmp,
)

HOUSE = Path(__file__).parents[3]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_tool_wrote_is_read_back(name: str) -> None:
    """Words, negative words, seed and size, and who wrote them."""
    tool, write = WRITTEN[name]
    found = embedded_in(write()).found
    assert found is not None
    assert (found.tool, found.words, found.negative, found.seed) == (tool, WORDS, UNWANTED, SEED)
    assert (found.width, found.height) == SIZE


@pytest.mark.parametrize("name", WRITTEN)
def test_it_becomes_a_prompt_in_its_slots(name: str) -> None:
    made = provenance.read_recipe(WRITTEN[name][1]())
    assert made is not None
    assert (made.clothing, made.environment, made.camera) == ("wool peacoat", "on a pier", "85mm")
    assert (made.negative, made.aspect, made.seed) == (UNWANTED, "2:3", SEED)


MIDJOURNEY: Final = f"{WORDS} --ar 2:3 --no hat --seed 42 --v 6.1 Job ID: a7421d2f-b262-44f9-977c-ac23e9c7d3e3"


@pytest.mark.parametrize(
    "raw",
    [
        with_texts(png(), {"Description": MIDJOURNEY, "Author": "somebody", "Creation Time": "Mon, 1 Jan 2026"}),
        with_texts(png(), {"Description": MIDJOURNEY.partition(" Job")[0], "Author": "somebody"}),
        of_jpeg(exif((DESCRIPTION, utf(MIDJOURNEY)))),
        of_webp(xmp=utf(xmp(dc_description=MIDJOURNEY))),
    ],
)
def test_a_midjourney_description_keeps_its_flags(raw: bytes) -> None:
    told = embedded_in(raw).found
    assert told is not None
    assert told.tool == "Midjourney"
    made = provenance.read_recipe(raw)
    assert made is not None
    assert (made.clothing, made.aspect, made.seed, made.negative) == ("wool peacoat", "2:3", 42, "hat")


TEXT: Final = "红发女子, wool peacoat\nSteps: 20, Sampler: Euler, Seed: 77, Size: 512x768"
CHINESE: Final = "红发女子，蓝色大衣，森林里"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (unicode_comment(TEXT, "utf-16-be"), TEXT),
        (unicode_comment(TEXT, "utf-16-le"), TEXT),
        (b"UNICODE\0\xff\xfe" + TEXT.encode("utf-16-le"), TEXT),
        (b"UNICODE\0\xfe\xff" + TEXT.encode("utf-16-be"), TEXT),
        (b"UNICODE\0" + TEXT.encode(), TEXT),
        (unicode_comment(CHINESE, "utf-16-be"), CHINESE),
        (unicode_comment(CHINESE, "utf-16-le"), CHINESE),
        (unicode_comment("рыжая женщина", "utf-16-le"), "рыжая женщина"),
        (b"ASCII\0\0\0" + TEXT.encode() + b"\0\0", TEXT),
        (bytes(8) + TEXT.encode(), TEXT),
        (TEXT.encode(), TEXT),
        (TEXT.encode("utf-16"), TEXT),
        (b"ASCII\0\0\0" + "a man, 85mm".encode("utf-16-le"), "a man, 85mm"),
        (b"ASCII\0\0\0caf\xe9", "café"),
    ],
)
@pytest.mark.parametrize("order", "<>")
def test_a_comment_is_read_in_whichever_letters_it_stands(value: bytes, text: str, order: str) -> None:
    """By its mark or by its zeros, whatever the rest of the EXIF data is in."""
    assert comment(value, order) == text
    if "Seed" in text:
        made = provenance.read_recipe(of_jpeg(exif(inner=((USER_COMMENT, value),), order=order)))
        assert made is not None
        assert made.seed == 77


@pytest.mark.parametrize(
    "raw",
    [
        png(),
        of_jpeg(),
        of_jpeg(exif((DESCRIPTION, b"OLYMPUS DIGITAL CAMERA"), (MAKE, b"OLYMPUS"), (MODEL, b"E-M1"))),
        of_jpeg(exif(inner=((USER_COMMENT, b"ASCII\0\0\0Screenshot"),))),
        of_jpeg(in_comment('{"filters":["warm"],"brightness":4}')),
        of_jpeg(b"", (0xFE, b"CREATOR: gd-jpeg v1.0, quality = 90")),
        with_texts(png(), {"Description": "My holiday by the sea", "Author": "Ana", "Software": "GIMP"}),
        with_texts(png(), {"Comment": "Created with GIMP", "Title": "Sea"}),
        itxt("XML:com.adobe.xmp", xmp(dc_description="By the sea", xmp_CreatorTool="Adobe Photoshop")),
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\0\0\0\0WEBP",
        b"GIF89a",
    ],
)
def test_what_cameras_and_editors_write_is_no_recipe(raw: bytes) -> None:
    assert provenance.read(raw) is None


@pytest.mark.parametrize("words", ["{red|blue} coat, a sailor", "[Anna|Berta] as a sailor", "(a sailor:1.2)"])
def test_words_that_begin_with_a_bracket_are_words(words: str) -> None:
    """Where nothing but a recipe is written, words without settings are one."""
    found = embedded_in(with_texts(png(), {"parameters": words})).found
    assert found is not None
    assert found.words == words


GRAPH_WITHOUT_WORDS: Final = {"1": node("LoadImage", image="x.png"), "2": node("SaveImage", images=["1", 0])}


@pytest.mark.parametrize(
    ("tool", "raw"),
    [
        ("ComfyUI", with_texts(png(), {"prompt": json.dumps(GRAPH_WITHOUT_WORDS)})),
        ("ComfyUI", with_texts(png(), {"prompt": json.dumps(graph(**{"6": node("LoadImage", image="x")}))})),
        ("ComfyUI", with_texts(png(), {"prompt": "x" * 2**21})),
        ("SwarmUI", with_texts(png(), {"parameters": '{"sui_image_params": {"seed": 4}}'})),
        ("SwarmUI", with_texts(png(), {"parameters": '{"sui_image_params": 4}'})),
        ("InvokeAI", with_texts(png(), {"invokeai_metadata": '{"seed": 4, "model": null}'})),
        ("InvokeAI", with_texts(png(), {"invokeai_metadata": '{"positive_prompt": "a ma'})),
        ("InvokeAI", with_texts(png(), {"sd-metadata": '{"image": 4}'})),
        ("Fooocus", with_texts(png(), {"fooocus_scheme": "fooocus", "parameters": '{"prompt": "a m'})),
        ("NovelAI", with_texts(png(), {"Software": "NovelAI", "Comment": '{"uc": '})),
        ("Draw Things", itxt("XML:com.adobe.xmp", xmp(xmp_CreatorTool="Draw Things"))),
        ("Civitai", of_jpeg(in_comment('{"extraMetadata": "{"}'))),
        ("a tool that I do not know", with_texts(png(), {"parameters": '{"promt": "a man"}'})),
        ("a tool that I do not know", with_texts(png(), {"parameters": '{"prompt": "a man", "seed": 4'})),
        ("a tool that I do not know", of_jpeg(in_comment('{"prompt": "a man", "steps": 4}'))),
    ],
)
def test_a_recipe_that_cannot_be_read_is_refused_with_the_name_of_its_tool(tool: str, raw: bytes) -> None:
    """Nothing of it becomes a sitter, and nothing is charged."""
    with pytest.raises(UnreadableRecipe) as refused:
        provenance.read(raw)
    assert refused.value.tool == tool
    assert f"a recipe of {tool}, which I cannot read" in str(refused.value)
    assert str(refused.value).endswith("Nothing was charged.")


FLUX: Final = {
    "6": node("CLIPTextEncode", text=["30", 0], clip=["11", 0]),
    "8": node("VAEDecode", samples=["13", 0], vae=["10", 0]),
    "9": node("SaveImage", images=["8", 0]),
    "13": node(
        "SamplerCustomAdvanced",
        noise=["25", 0], guider=["22", 0], sampler=["16", 0], sigmas=["17", 0], latent_image=["27", 0],
    ),
    "16": node("KSamplerSelect", sampler_name="euler"),
    "17": node("BasicScheduler", scheduler="simple", steps=20, model=["12", 0]),
    "22": node("BasicGuider", model=["12", 0], conditioning=["26", 0]),
    "25": node("RandomNoise", noise_seed=SEED),
    "26": node("FluxGuidance", guidance=3.5, conditioning=["6", 0]),
    "27": node("EmptySD3LatentImage", width=["34", 0], height=["35", 0]),
    "30": node("StringConcatenate", string_a="a weathered sailor, wool peacoat", string_b=["31", 0], delimiter=", "),
    "31": node("PrimitiveString", value="on a pier, 85mm"),
    "34": node("PrimitiveNode", value=832),
    "35": node("PrimitiveInt", value=1216),
}  # fmt: skip
CONTROLLED: Final = graph(
    **{
        "3": node(
            "KSamplerAdvanced", noise_seed=["40", 0], steps=20, cfg=8, sampler_name="euler",
            positive=["20", 0], negative=["20", 1], latent_image=["5", 0],
        ),
        "20": node("ControlNetApplyAdvanced", positive=["21", 0], negative=["7", 0], control_net=["22", 0]),
        "21": node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["24", 0]),
        "22": node("ControlNetLoader", control_net_name="x"),
        "24": node("CLIPTextEncode", text=WORDS, clip=["4", 1]),
        "40": node("Seed (rgthree)", seed=SEED),
        # The face is done again behind it, with words of its own.
        "50": node("FaceDetailer", image=["8", 0], seed=1, positive=["51", 0], negative=["7", 0], sampler_name="euler"),
        "51": node("CLIPTextEncode", text="detailed face", clip=["4", 1]),
        "9": node("SaveImage", images=["50", 0]),
    }
)  # fmt: skip
LOADED: Final = {
    "1": node("Efficient Loader", positive=WORDS, negative=UNWANTED, empty_latent_width=832, empty_latent_height=1216),
    "2": node("EmptyLatentImage", width=832, height=1216),
    "3": node("KSampler (Efficient)", seed=SEED, positive=["1", 1], negative=["1", 2], latent_image=["2", 0]),
    "4": node("Image Save", images=["3", 5]),
}
WILD: Final = graph(
    **{
        "6": node("CLIPTextEncode", text=["60", 0]),
        "60": node("ImpactWildcardProcessor", wildcard_text="a {red|blue} x", populated_text=WORDS, seed=9),
    }
)


@pytest.mark.parametrize(
    ("said", "unwanted"), [(FLUX, ""), (CONTROLLED, UNWANTED), (LOADED, UNWANTED), (WILD, UNWANTED)]
)
def test_a_graph_is_followed_from_its_first_sampler_to_its_texts(said: dict[str, Any], unwanted: str) -> None:
    """Through guiders, control nets, combined and joined texts, loaders that hold both, and passes behind it."""
    found = comfyui.found_in(said)
    assert (found.words, found.negative, found.seed) == (WORDS, unwanted, SEED)
    assert (found.width, found.height) == SIZE


def test_a_negative_side_that_is_zeroed_says_nothing() -> None:
    found = comfyui.found_in(graph(**{"7": node("ConditioningZeroOut", conditioning=["6", 0])}))
    assert (found.words, found.negative) == (WORDS, "")


def chained(count: int, kind: str = "ConditioningSetArea") -> dict[str, Any]:
    """A graph whose words stand behind so many nodes."""
    middle = {f"n{number}": node(kind, conditioning=[f"n{number + 1}", 0]) for number in range(count)}
    return graph(**{"6": node(kind, conditioning=["n0", 0]), **middle, f"n{count}": node("CLIPTextEncode", text=WORDS)})


def knotted(count: int) -> dict[str, Any]:
    """Every node leads to every other."""
    inputs = {f"conditioning_{number}": [f"n{number}", 0] for number in range(count)}
    return graph(**{"6": node("Knot", **inputs), **{f"n{number}": node("Knot", **inputs) for number in range(count)}})


HARMFUL: Final[dict[str, Callable[[], Any]]] = {
    "a circle": lambda: graph(**{"6": node("A", conditioning=["7", 0]), "7": node("B", conditioning=["6", 0])}),
    "a node that leads to itself": lambda: graph(**{"6": node("A", text=["6", 0]), "5": node("A", latent=["5", 0])}),
    "a sampler that leads to itself": lambda: {"3": node("KSampler", seed=["3", 0], positive=["3", 0], model=["3", 0])},
    "100,000 nodes": lambda: chained(100_000),
    "4,000 nodes in a row": lambda: chained(4_000),
    "a knot": lambda: knotted(190),
    "4,000 samplers": lambda: {f"{n}": node("KSampler", seed=1, positive=[f"{n + 1}", 0]) for n in range(4_000)},
    "4,000 texts": lambda: graph(
        **{"6": node("A", **{f"conditioning_{n}": [f"t{n}", 0] for n in range(190)})},
        **{f"t{n}": node("A", text=f"{n} " * 9_000) for n in range(190)},
    ),
    "things that are no nodes": lambda: {"a": node("KSampler", seed=[], positive=[[], {}]), "b": 4, "c": [], "": None},
    "links of every kind": lambda: graph(
        **{"3": node("KSampler", seed=[None, 0], positive=[4.5, 0], negative=[["6"], 0], latent_image=[True, 1])}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_graph_ends_in_a_moment(name: str) -> None:
    said = HARMFUL[name]()
    hostile.in_time(lambda: outcome(lambda: comfyui.found_in(said)))
    text = json.dumps(said)
    hostile.in_time(lambda: outcome(lambda: read(Texts({"prompt": text}))))


def outcome(call: Callable[[], FoundRecipe | None]) -> str:
    """What is found, or a sentence."""
    try:
        found = call()
    except UnreadableRecipe as error:
        return str(error)
    return found.words if found else ""


def test_a_graph_of_too_many_nodes_is_refused_with_a_sentence() -> None:
    assert "more than 5,000 nodes" in outcome(lambda: comfyui.found_in(chained(100_000)))
    assert outcome(lambda: comfyui.found_in(chained(4_000))) == WORDS


DEEP: Final = ("[" * 50_000, "{" * 50_000, '{"a":' * 900 + "1" + "}" * 900, '{"a":' * 70 + "1" + "}" * 70)


KEYS: Final = (
    *("prompt", "image", "seed", "uc", "c", "Comment", "extraMetadata", "sui_image_params", "class_type", "inputs"),
    *(
        "nodes",
        "links",
        "widgets_values",
        "positive",
        "text",
        "v4_prompt",
        "caption",
        "char_captions",
        "model",
        "width",
    ),
    *("positive_prompt", "size", "version", "performance", "generator", "params", "trusted_workers", "type", "id"),
)


PLACES: Final = (
    *("parameters", "prompt", "workflow", "Comment", "invokeai_metadata", "sd-metadata", "Dream", "invokeai"),
    *("exif:UserComment", "exif:ImageDescription", "exif:Make", "xmp:UserComment", "xmp:description", "comment"),
)


@pytest.mark.parametrize("place", PLACES)
def test_no_text_in_any_place_holds_the_reader_up(place: str) -> None:
    """Nested, repeated, unfinished: it ends within a moment, in a recipe, none, or a sentence."""
    starts = ("", '{"prompt":"', '{"nodes":[', "Steps: 1, ", '"', "[", "-", "prompt:{", "Negative prompt:", "Job ID:")
    pieces = ('{"a":', "[", '"', "\\", "\n", "Steps: 1, Seed: 2\n", ",", ": ", "a: b, ", " -S", "<", "&amp;", "é")
    texts = [start + piece * (60_000 // len(piece)) for start in starts for piece in pieces]
    for text in (*DEEP, *texts):
        hostile.in_time(lambda text=text: outcome(lambda: read(Texts({place: text}))))  # type: ignore[misc]


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6)
        ),
        max_leaves=20,
    ),
    st.sampled_from(PLACES),
)
def test_no_value_makes_a_reader_fail(value: Any, place: str) -> None:
    """Whatever stands where a tool would have put something else."""
    outcome(lambda: read(Texts({place: json.dumps(value), "Software": "NovelAI"})))
    outcome(
        lambda: read(Texts({place: json.dumps({"prompt": value, "extraMetadata": value, "sui_image_params": value})}))
    )


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("SwarmUI", SWARM),
        ("InvokeAI", INVOKE),
        ("InvokeAI", INVOKE_2),
        ("Fooocus", FOOOCUS),
        ("RuinedFooocus", RUINED),
        ("NovelAI", json.dumps(NOVEL)),
        ("Draw Things", DRAW),
        ("Easy Diffusion", json.dumps(EASY)),
        ("Civitai", CIVITAI),
        ("ComfyUI", json.dumps(graph())),
        ("ComfyUI", json.dumps(DRAWN)),
    ],
)
def test_an_object_that_is_pasted_is_read_as_its_tool_wrote_it(tool: str, text: str) -> None:
    found = read_pasted(text)
    assert found is not None
    assert (found.tool, found.words) == (tool, WORDS)
    made = parse(text)
    assert (made.clothing, made.negative, made.aspect, made.seed) == ("wool peacoat", UNWANTED, "2:3", SEED)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "a man", '{"subject": "a man"}', "[1]", '{"prompt": "a man"}', "{a|b} man", "[a|b] man"),
        '{"positive_prompt": "a man", "lighting": "soft", "negative_prompt": "hat"}',
        '{"prompt": "a man", "performance": "on a stage"}',
        '{"image": {"prompt": "a man", "style": "film"}}',
    ],
)
def test_what_people_write_themselves_is_left_to_the_reader(text: str) -> None:
    assert read_pasted(text) is None


def test_what_is_no_recipe_of_anybodys_is_never_a_sitter() -> None:
    """A graph that leads nowhere has no words."""
    assert parse(json.dumps(GRAPH_WITHOUT_WORDS)) == PortraitPrompt()


PASTED: Final = "a weathered sailor, wool peacoat"


@pytest.mark.parametrize(
    "settings",
    [
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 77, Size: 512x768",
        "Size: 512x768, Seed: 77, Steps: 20, Sampler: UniPC, App: SD.Next",
        "Sampler: DPM++ 2M Karras, Steps: 20, Seed: 77, Size: 512x768",
        "Seed: 77, Size: 512x768, Model: x",
        "CFG scale: 7, Seed: 77, Steps: 30, Size: 512x768",
        "Schedule type: Karras, Sampler: Euler, Seed: 77, Size: 512x768",
        "Steps: 20, Seed: 77, Size: 512x768\nTemplate: a {red|blue} coat, on a ship\nNegative Template: hat",
        "Steps: 20, Seed: 77, Size: 512x768 Template: a {red|blue} coat, on a ship",
    ],
)
@pytest.mark.parametrize("between", ["\n", " "])
def test_settings_that_are_pasted_are_taken_out_however_they_begin(settings: str, between: str) -> None:
    """Discord makes spaces of line breaks."""
    made = parse(f"{PASTED}{between}Negative prompt: cartoon{between}{settings}")
    assert (made.subject, made.clothing, made.negative) == ("a weathered sailor", "wool peacoat", "cartoon")
    assert (made.seed, made.aspect) == (77, "2:3")
    assert made.environment == ""


def test_every_tool_of_the_table_is_written_by_a_test() -> None:
    from engine.recipes.recipe_tools import TOOLS

    written = {tool.partition(" (")[0] for tool, _ in WRITTEN.values()} | {"Midjourney"}
    assert {name for tool in TOOLS for name in tool.name.split(", ")} <= written | {"ArtBot"}


def test_the_page_names_every_tool() -> None:
    from engine.recipes.recipe_tools import TOOLS

    page = (HOUSE / "docs" / "pictures.md").read_text(encoding="utf-8")
    assert [name for tool in TOOLS for name in tool.name.split(", ") if name not in page] == []


def test_the_command_prints_the_recipe_and_its_tool(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.webp").write_bytes(WRITTEN["SwarmUI, WebP"][1]())
    assert recipe.main([str(tmp_path / "a.webp")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["tool"], said["words"], said["negative"], said["seed"]) == ("SwarmUI", WORDS, UNWANTED, SEED)
    assert said["prompt"]["clothing"] == "wool peacoat"


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "plain.png").write_bytes(png())
    (tmp_path / "bad.png").write_bytes(with_texts(png(), {"parameters": '{"sui_image_params": 4}'}))
    told = [
        (recipe.main([str(tmp_path / name)]), capsys.readouterr().err) for name in ("plain.png", "bad.png", "none.png")
    ]
    assert [code for code, _ in told] == [1, 1, 1]
    assert ["no recipe" in told[0][1], "SwarmUI" in told[1][1], "No such file" in told[2][1]] == [True, True, True]
    assert recipe.main([]) == 2


def test_the_command_is_there(tmp_path: Path) -> None:
    made = provenance.mark(png(), provenance.Recipe(prompt=parse(WORDS), words=WORDS, seed=4)).picture
    (tmp_path / "ours.png").write_bytes(made)
    shown = subprocess.run(
        [sys.executable, "-m", "engine.recipe", str(tmp_path / "ours.png")],
        cwd=HOUSE, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert re.search('"tool": "Likeness"', shown.stdout)
