"""Which files of the folder of fine-tunes are offered, and why the others are not: from cards and headers alone."""

import json
import re
import struct
from pathlib import Path

import pytest

from engine.jobs.job import UnknownFineTune
from engine.models.catalogue import Catalogue, CatalogueSettings, build
from engine.models.loras import with_triggers
from engine.wording.dialects import RenderedPrompt
from tests.engine.loras import header_only, lora, lora_of

CARD = """
title = "Soft film"
base = "m"
triggers = ["softfilm", "grainy  look"]
strength = 0.8
licence = "CC-BY-4.0"
"""


def offered(base: Path, folder: Path) -> Catalogue:
    return build(CatalogueSettings(builtin=False, local_models=(f"{base}=m",), default="m", fine_tunes_folder=folder))


def refusal(base: Path, folder: Path) -> str:
    """The one sentence about the one file that is not offered."""
    catalogue = offered(base, folder)
    (sentence,) = catalogue.refused
    assert catalogue.fine_tunes == ()
    return sentence


def test_a_file_with_a_card_is_offered_for_its_base_alone(tiny_checkpoint: Path, tmp_path: Path) -> None:
    file = lora(tmp_path, "Soft Film v1.2", tiny_checkpoint, card=CARD)
    catalogue = offered(tiny_checkpoint, tmp_path)
    (found,) = catalogue.fine_tunes_of("m")
    assert (found.name, found.title, found.licence) == ("soft-film-v1-2", "Soft film", "CC-BY-4.0")
    assert (found.triggers, found.strength, found.path) == (("softfilm", "grainy look"), 0.8, file)
    assert catalogue.fine_tunes_of("other") == ()
    assert found.adapter().weight == 0.8
    assert found.adapter(0.25).weight == 0.25
    assert catalogue.fine_tune("soft-film-v1-2", "m") is found
    with pytest.raises(UnknownFineTune, match=r"m has no fine-tune called 'soft-film'.*Did you mean soft-film-v1-2"):
        catalogue.fine_tune("soft-film", "m")


def test_a_card_need_only_name_its_base(tiny_checkpoint: Path, tmp_path: Path) -> None:
    lora(tmp_path, "plain", tiny_checkpoint)
    (found,) = offered(tiny_checkpoint, tmp_path).fine_tunes
    assert (found.title, found.strength, found.triggers, found.licence) == ("plain", 1.0, (), "")


WRONG_CARDS = [
    (None, r"it has no card; write x\.toml"),
    ("base = ", "cannot be read"),
    ("title = 'x'", "must say base"),
    ("base = 'gone'", "base = 'gone', and the local models are: m"),
    ("base = 'm'\nweight = 1", "its card says weight; a card may say base, licence"),
    ("base = 'm'\nstrength = 3", "strength on its card is a number above 0 and up to 2"),
    ("base = 'm'\nstrength = 'big'", "strength on its card"),
    ("base = 'm'\ntriggers = 'one'", "a list of words"),
    ("base = 'm'\nlicence = 1", "must say licence"),
]


@pytest.mark.parametrize(("card", "reason"), WRONG_CARDS)
def test_a_card_that_is_wrong_is_told_by_name(
    tiny_checkpoint: Path, tmp_path: Path, card: str | None, reason: str
) -> None:
    lora(tmp_path, "x", tiny_checkpoint, card=card)
    told = refusal(tiny_checkpoint, tmp_path)
    assert told.startswith("The fine-tune x.safetensors is not offered: ")
    assert re.search(reason, told)


def test_a_file_of_another_base_is_refused_with_the_module_that_differs(tiny_checkpoint: Path, tmp_path: Path) -> None:
    lora_of(tmp_path, "wide", {"transformer_blocks.0.attn.to_q": (64, 64)})
    assert "transformer_blocks.0.attn.to_q is 32 → 32 in its base, and 64 → 64" in refusal(tiny_checkpoint, tmp_path)


def test_a_file_for_modules_that_the_base_lacks_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    lora_of(tmp_path, "deep", {"transformer_blocks.30.attn.to_q": (32, 32)})
    assert "has no transformer.transformer_blocks.30.attn.to_q" in refusal(tiny_checkpoint, tmp_path)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("cut", "it was cut off"),
        ("noise", "cannot be read as safetensors"),
        ("long", "cannot be read as safetensors"),
        ("gaps", "leave gaps"),
        ("shape", "do not have the size"),
        ("empty", "cannot be read"),
    ],
)
def test_a_damaged_file_is_refused_without_reading_its_weights(
    tiny_checkpoint: Path, tmp_path: Path, damage: str, reason: str
) -> None:
    file = lora(tmp_path, "x", tiny_checkpoint)
    raw = file.read_bytes()
    entry = {"dtype": "F32", "shape": [2, 2], "data_offsets": [4, 20] if damage == "gaps" else [0, 12]}
    header = json.dumps({"transformer.x.lora_A.weight": entry}).encode()
    made = {
        "cut": raw[:-10],
        "noise": b"\x10" + bytes(7) + b"no json at all!!" + raw[24:],
        "long": struct.pack("<Q", 2**60) + raw[8:],
        "empty": b"",
    }
    file.write_bytes(made.get(damage, struct.pack("<Q", len(header)) + header + bytes(20)))
    assert reason in refusal(tiny_checkpoint, tmp_path)


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        ("transformer.x.a1.weight", "it is a GLoRA"),
        ("transformer.x.oft_R.weight", "an OFT in PEFT's names: how it rotates is not in the file"),
        ("transformer.x.boft_R", "a BOFT in PEFT's names"),
        ("transformer.x.on_input", "it is an IA3"),
        ("transformer.x.w_norm", "it changes norms too"),
        ("transformer.x.vera_lambda_b", "it is a VeRA"),
        ("transformer.x.lokr_t1", "cut in three"),
        ("x.weight", "holds no LoRA"),
    ],
)
def test_other_kinds_of_files_are_refused(tiny_checkpoint: Path, tmp_path: Path, tensor: str, reason: str) -> None:
    header_only(tmp_path / "x.safetensors", {tensor: (2, 2)})
    (tmp_path / "x.toml").write_text('base = "m"')
    assert reason in refusal(tiny_checkpoint, tmp_path)


@pytest.mark.parametrize("name", ["x.ckpt", "x.pt", "x.bin"])
def test_files_that_may_run_code_are_refused(tiny_checkpoint: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert "only safetensors" in refusal(tiny_checkpoint, tmp_path)


def test_a_card_without_its_file_and_a_folder_that_is_not_there_are_told(tiny_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "lost.toml").write_text(CARD)
    assert "there is no lost.safetensors beside the card" in refusal(tiny_checkpoint, tmp_path)
    assert "is not there; make it" in refusal(tiny_checkpoint, tmp_path / "nowhere")


def test_two_files_of_one_name_are_told_and_the_first_stays(tiny_checkpoint: Path, tmp_path: Path) -> None:
    lora(tmp_path, "My look", tiny_checkpoint)
    lora(tmp_path, "my-look", tiny_checkpoint)
    catalogue = offered(tiny_checkpoint, tmp_path)
    assert [found.path.name for found in catalogue.fine_tunes] == ["My look.safetensors"]
    assert "my-look.safetensors is not offered: My look.safetensors has the same name" in catalogue.refused[0]


def test_a_wrong_file_does_not_keep_the_others_away(tiny_checkpoint: Path, tmp_path: Path) -> None:
    lora(tmp_path, "bad", tiny_checkpoint, card="base = 'gone'")
    lora(tmp_path, "good", tiny_checkpoint)
    (tmp_path / "notes.txt").write_text("no concern of anybody")
    catalogue = offered(tiny_checkpoint, tmp_path)
    assert [found.name for found in catalogue.fine_tunes] == ["good"]
    assert len(catalogue.refused) == 1


def test_a_file_in_another_programs_names_is_left_to_the_loading(tiny_checkpoint: Path, tmp_path: Path) -> None:
    header_only(tmp_path / "x.safetensors", {"lora_unet_blocks_0.lora_down.weight": (2, 8)})
    (tmp_path / "x.toml").write_text('base = "m"')
    assert [found.name for found in offered(tiny_checkpoint, tmp_path).fine_tunes] == ["x"]


def test_trigger_words_go_in_front_and_are_not_said_twice() -> None:
    told = with_triggers(RenderedPrompt("a woman, SoftFilm", long_prompt="A woman."), ["softfilm", "grainy"])
    assert (told.prompt, told.long_prompt) == ("grainy, a woman, SoftFilm", "grainy, A woman.")
    assert with_triggers(RenderedPrompt("x"), []) == RenderedPrompt("x")
