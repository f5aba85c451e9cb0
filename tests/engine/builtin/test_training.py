"""The built-in model's training, on a handful of real renders: it goes on where it was, and what it writes runs."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine import identity
from engine.builtin import (
    autoencoder,
    chips,
    critic,
    crops,
    dataset,
    diffusion,
    embedder,
    judging,
    rollouts,
    shipping,
    shown,
)
from engine.builtin.batches import Batches
from engine.builtin.muon import Muon, is_hidden, orthogonal
from engine.builtin.painter import Painter
from engine.builtin.scenes import PER_PERSON
from engine.builtin.together import Team
from engine.face_adapter import EMBEDDING
from tests import faces
from tests.engine.builtin.test_holding_bench import NUMBERS


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work folder with renders, their crops and an untrained autoencoder."""
    monkeypatch.setenv("LIKENESS_BUILTIN_WORK", str(tmp_path))
    renders = tmp_path / "renders"
    renders.mkdir()
    for name, number in NUMBERS.items():
        shutil.copy(faces.FOLDER / f"{name}.png", renders / f"{number - PER_PERSON:06d}.png")  # people of training
    crops.measure(renders)
    autoencoder.build().save_pretrained(dataset.work() / "vae", safe_serialization=True)
    return tmp_path


def test_it_goes_on_where_it_was_and_what_it_writes_is_a_pipeline(work: Path) -> None:
    for steps in (1, 2):
        diffusion.train(1e-6, work / "renders", 4, 1e-3)
        assert torch.load(work / "transformer.pt", weights_only=True)["steps"] == steps
    shipping.export(work / "made", work / "renders")
    card = json.loads((work / "made" / "likeness.json").read_text())
    painter = Painter(work / "made", card["reference_scale"], card["drawn_scale"])
    (drawn,) = painter.paint(["a woman, red jacket"], 3, card["guidance"], [0])
    (again,) = painter.paint(["a woman, red jacket"], 3, card["guidance"], [0])
    assert drawn.size == tuple(card["size"])
    assert drawn.tobytes() == again.tobytes()
    begun = diffusion.networks()
    shipping.load(work / "made", begun)
    state = torch.load(work / "transformer.pt", weights_only=True)["average"]
    for name in ("transformer.proj_out.bias", "transformer.image_proj.latents", "reader.first.text_projection.weight"):
        module, _, key = name.partition(".")
        assert torch.allclose(begun[module].state_dict()[key], state[name], atol=1e-3)
    assert sum(file.stat().st_size for file in (work / "made").rglob("*") if file.is_file()) < 40e6


def test_guessed_faces_are_judged_where_they_were_measured(work: Path) -> None:
    chips.measure(work / "renders")
    batches = Batches(autoencoder.load(work / "vae"), work / "renders", 0)
    assert batches.measured
    drawn = next(drawn for drawn in (batches.draw(8) for _ in range(40)) if drawn.known.any())
    vae = autoencoder.load(work / "vae")
    judge = judging.Judge(diffusion._unscaled(vae, vae.decoder), batches.faces.scale)
    guess, own = drawn.latents.clone().requires_grad_(), torch.zeros(8)
    wrong = judge(judge.look(guess, drawn.pictures, drawn.points), drawn.faces, drawn.known, own)
    assert wrong.keys() < diffusion.JUDGED.keys()
    assert {name for name, part in wrong.items() if part > 0} == {"another", "colours", "around"}
    sum(wrong.values()).backward()  # type: ignore[union-attr]
    assert guess.grad is not None
    seen = (guess.grad.abs().sum((1, 2, 3)) > 0).float()
    assert torch.equal(seen, drawn.known)
    assert vae.decoder.layers[0].weight.grad is not None
    diffusion.train(1e-6, work / "renders", 4, 1e-3)


def test_a_guess_of_the_picture_itself_is_not_wrong(work: Path) -> None:
    chips.measure(work / "renders")
    batches = Batches(autoencoder.load(work / "vae"), work / "renders", 0)
    drawn = next(drawn for drawn in (batches.draw(8) for _ in range(40)) if drawn.known.any())
    shrunk = drawn.pictures.float() / 127.5 - 1
    judge = judging.Judge(
        lambda latents: torch.nn.functional.interpolate(latents, scale_factor=autoencoder.FACTOR, mode="bilinear"),
        batches.faces.scale,
    )
    guesses = [torch.nn.functional.avg_pool2d(shrunk, autoencoder.FACTOR), -drawn.latents[:, :3]]
    near, far = (
        judge(judge.look(guess, drawn.pictures, drawn.points), drawn.faces, drawn.known, torch.ones(8))
        for guess in guesses
    )
    assert all(near[name] < far[name] / 2 for name in ("colours", "around", "pixels", "features"))


def test_somebody_else_is_alike(work: Path) -> None:
    scenes = {p.index: p.scene for p in dataset.pictures(work / "renders")}
    told = shown.Faces(crops.read(work / "renders"), scenes, 0)
    every = {key: torch.stack(list(sittings.values())) for key, sittings in told._sittings.items()}
    for index, what in scenes.items():
        if (other := told.alike(index)) is None:
            continue
        (seed,) = {seed for (seed, _), tokens in every.items() if (tokens == other).all(1).any()}
        assert seed != index // PER_PERSON
        assert told._kinds[seed] == (what.person.sex, what.person.age, what.person.skin)


def test_faces_between_two_peoples_are_asked_for_unless_nearly_all_is_seen(work: Path) -> None:
    chips.measure(work / "renders")
    batches = Batches(autoencoder.load(work / "vae"), work / "renders", 0)
    drawn, times = batches.draw(64), torch.linspace(0.02, 1.0, 64)
    drawn = replace(drawn, others=torch.randn(64, EMBEDDING))
    asked = diffusion.invented(drawn, times, lambda told: told / 2)
    changed = (asked.references != drawn.references).any(1)
    early = times > 1 - diffusion.EARLY_WIDTH
    assert (changed & early).any()
    assert (changed & ~early).any()
    assert times[changed].min() > diffusion.HALF_SEEN
    assert drawn.known[changed].all()
    assert torch.allclose(asked.faces[changed], asked.references[changed] / 2)
    assert (asked.weights[changed] <= 1).all()
    assert (asked.weights[changed & ~early] == 1).all()
    assert torch.equal(asked.weights[~changed], drawn.weights[~changed])


def test_a_face_is_asked_for_where_the_model_paints_itself(work: Path) -> None:
    chips.measure(work / "renders")
    batches = Batches(autoencoder.load(work / "vae"), work / "renders", 0)
    drawn = replace(batches.draw(32), others=torch.randn(32, EMBEDDING))
    rows = rollouts.rows(drawn)
    assert len(rows) == round(32 * rollouts.SHARE)
    assert all(drawn.captions[row] and drawn.known[row] for row in rows.tolist())
    asked = rollouts.asked(drawn, rows, lambda told: told / 2)
    rest = torch.ones(32).scatter(0, rows, 0.0).bool()
    assert (asked.references[rows] != drawn.references[rows]).any(1).all()
    assert torch.allclose(asked.faces[rows], rollouts.FARTHER * asked.references[rows] / 2)
    for one, other in (
        (asked.references, drawn.references),
        (asked.faces, drawn.faces),
        (asked.weights, drawn.weights),
    ):
        assert torch.equal(one[rest], other[rest])


def test_the_model_paints_on_from_its_own_guesses() -> None:
    noise, wanted = torch.randn(64, 6, 4, 4), torch.full((64, 6, 4, 4), 0.7)
    seen: list[torch.Tensor] = []

    def guess(noisy: torch.Tensor, t: torch.Tensor, captions: list[str], references: torch.Tensor) -> torch.Tensor:
        seen.append(t)
        return wanted

    lengths = set()
    for _ in range(20):
        noisy, times = rollouts.painted(guess, noise, [""] * 64, torch.zeros(64, EMBEDDING))
        assert (seen[0] == 1).all()
        assert (times < seen[-1]).all()
        assert times.min() > 0.3
        assert torch.allclose(noisy, wanted.lerp(noise, times[:, None, None, None]), atol=1e-5)
        lengths.add(len(seen))
        seen.clear()
    assert lengths == {1, 2}


def test_a_critic_says_what_would_look_rendered() -> None:
    torch.manual_seed(0)
    judge = critic.Critic(Team())

    def both() -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        sharp = [torch.randn(8, channels, 16, 16).sign() * 0.5 for channels in critic.CHANNELS]
        return [torch.nn.functional.avg_pool2d(level, 3, 1, 1) for level in sharp], sharp

    soft, sharp = both()
    assert judge.wrong(soft) == 0
    losses = [judge.learn(*both()) for _ in range(critic.WARM_UP)]
    assert losses[-1] < losses[0]
    assert judge.wrong(soft) > judge.wrong(sharp)
    for level in soft:
        level.requires_grad_()
    judge.wrong(soft).backward()  # type: ignore[no-untyped-call,unused-ignore]
    for level, wanted in zip(soft, sharp, strict=True):
        assert level.grad is not None
        assert (level.grad * wanted).sum() < 0  # down the slope, it becomes what is sharp
    again = critic.Critic(Team())
    again.restore(judge.state())
    assert again.steps == judge.steps
    for mine, theirs in zip(again.network.state_dict().values(), judge.network.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_one_picture_speaks_of_a_person_as_far_as_people_differ() -> None:
    random = torch.Generator().manual_seed(5)
    means = 2 * torch.randn(400, 1, EMBEDDING, generator=random)
    people = means + torch.randn(400, 4, EMBEDDING, generator=random)
    keep = shown._likely(list(people))
    assert torch.allclose(keep, 0.8 * torch.eye(EMBEDDING), atol=0.15)
    likely = people[:, 0] @ keep
    assert (likely - means[:, 0]).pow(2).mean() < (people[:, 0] - means[:, 0]).pow(2).mean()
    assert torch.equal(shown._likely(list(people[:3])), torch.eye(EMBEDDING))


def test_the_embedder_is_dlibs_network() -> None:
    with Image.open(next(faces.FOLDER.glob("*.png"))) as image:
        points, seen = identity.landmarks(image), identity.look(image)
        pixels = torch.from_numpy(np.asarray(image.convert("RGB")).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    assert points is not None
    chip = chips.cut(pixels, torch.tensor(points)[None])
    found = embedder.load()(chip)[0].numpy()
    whole = ((chip[0].permute(1, 2, 0).numpy() + 1) * 127.5).round().clip(0, 255).astype(np.uint8)
    theirs = np.array(identity._tools()[2].compute_face_descriptor(np.ascontiguousarray(whole)))
    assert np.linalg.norm(found - theirs) < 0.02
    assert np.linalg.norm(found - np.frombuffer(seen[0].embedding, np.float32)) < 0.2


def test_what_is_shown_to_the_solver_is_the_clean_picture() -> None:
    """A transformer that always guesses the same latents is led to just these."""
    scheduler, wanted = shipping.build_scheduler(), torch.full((1, 6, 4, 4), 0.7)
    scheduler.set_timesteps(8)
    latents = torch.randn(1, 6, 4, 4, generator=torch.Generator().manual_seed(0))
    for time in scheduler.timesteps:
        latents = scheduler.step(wanted, time, latents, return_dict=False)[0]
    assert torch.allclose(latents, wanted, atol=1e-4)


def test_times_cover_their_distribution_in_every_batch() -> None:
    times = diffusion._times(40)
    assert ((times > 0) & (times <= 1)).all()
    assert (times > 1 - diffusion.EARLY_WIDTH).sum() >= round(40 * diffusion.EARLY)
    assert times.min() < 0.35


def test_an_orthogonal_step_has_one_size_in_every_direction() -> None:
    for shape in ((3, 16, 48), (2, 24, 24)):
        sizes = torch.linalg.svdvals(orthogonal(torch.randn(shape, generator=torch.Generator().manual_seed(1))))
        assert sizes.max() < 2.2
        assert sizes.median() > 0.6


def test_the_optimiser_goes_down_and_decays_what_has_no_gradient() -> None:
    wide, unused = (torch.nn.Parameter(torch.ones(4, 8)) for _ in range(2))
    muon = Muon([wide, unused], Team())
    for _ in range(5):
        wide.grad = None
        wide.pow(2).sum().backward()  # type: ignore[no-untyped-call,unused-ignore]
        muon.step(0.05)
    assert wide.abs().max() < 1
    assert 0.99 < float(unused.detach().max()) < 1


def test_only_matrices_inside_blocks_are_hidden() -> None:
    matrix = torch.zeros(4, 4)
    assert is_hidden("transformer.transformer_blocks.0.attn.to_q.weight", matrix)
    assert not is_hidden("transformer.transformer_blocks.0.norm1.linear.weight", matrix)
    assert not is_hidden("transformer.proj_out.weight", matrix)
    assert not is_hidden("transformer.transformer_blocks.0.attn.to_q.bias", torch.zeros(4))


def test_a_crop_goes_over_the_edge_of_its_picture() -> None:
    cut = crops.crop(Image.new("RGB", (60, 90), "red"), (0.6, 0.0, 1.1, 0.3))
    assert cut.size == (crops.SIDE_PX, crops.SIDE_PX)
    assert cut.getcolors() == [(crops.SIDE_PX**2, (255, 0, 0))]
