"""How heads are built, for `coupling`: `python -m engine.builtin.builds`.

What an embedding does not say of a head — how high its crown is, how wide it is, where its hair line runs — is learned
as the mean of all heads, and hair that is a thin strip is then as pale as what is behind it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.builtin import crops, dataset
from engine.builtin.people import person
from engine.builtin.scenes import PER_PERSON, scene

Array = npt.NDArray[np.float64]
FILE = "builds.npz"
FEWEST = 50
"""People with an embedding, below whom it can't be told what embeddings say: nothing is coupled then."""
RIDGE = 30.0
"""The penalty of the weights by which builds are told from embeddings, whose numbers are in standard deviations."""


def of_person(seed: int) -> Array:
    """A person's build (6): crown, chin and cheek, in distances between the eyes, then the hair line's three."""
    from engine.builtin.geometry import template
    from engine.builtin.render import Sitter

    who = person(seed)
    sitter = Sitter(replace(scene(seed, 0), expression="neutral"), template().shaped(who))
    right, left = sitter.eyes
    apart = float(np.linalg.norm(left - right))
    middle = float(sitter.middle[2])
    told = (sitter.top - middle, middle - sitter.chin, sitter.half)
    return np.array([*(length / apart for length in told), who.hair_line, who.hair_peak, who.temples])


def measure(renders: Path) -> int:
    """Measures everybody who is in the renders, and writes it beside them; returns how many there are."""
    everyone = [picture.index // PER_PERSON for held in (False, True) for picture in dataset.pictures(renders, held)]
    seeds = sorted(set(everyone))
    np.savez(renders / FILE, seeds=np.array(seeds), builds=np.array([of_person(seed) for seed in seeds]))
    return len(seeds)


def read(renders: Path, seeds: Sequence[int]) -> dict[int, Array]:
    """What embeddings leave open of these people's builds, by person; empty where nothing was measured.

    Raises ValueError where only some were.
    """
    path = renders / FILE
    if not path.exists():
        return {}
    with np.load(path) as held:
        found = dict(zip(held["seeds"].tolist(), held["builds"], strict=True))
    if not found.keys() >= set(seeds):
        raise ValueError("There are people whose heads were not measured yet: run `python -m engine.builtin.builds`.")
    known = crops.read(renders)
    means = {
        seed: np.mean([known.embeddings[n] for n in known.of_person(seed)], axis=0)
        for seed in seeds
        if known.of_person(seed)
    }
    return unsaid({seed: found[seed] for seed in seeds}, means)


def unsaid(builds: Mapping[int, Array], embeddings: Mapping[int, Array]) -> dict[int, Array]:
    """What embeddings do not say (by ridge regression) of builds, in numbers that have nothing to do with each other.

    Of who has no embedding, nothing is said but the mean.
    """
    mean = np.mean(list(builds.values()), axis=0)
    seeds = [seed for seed in builds if seed in embeddings]
    if len(seeds) < FEWEST:
        return {}
    seen = np.stack([embeddings[seed] for seed in seeds]).astype(float)
    seen = (seen - seen.mean(0)) / (seen.std(0) + 1e-6)
    wanted = np.stack([builds[seed] for seed in seeds]) - mean
    weights = np.linalg.solve(seen.T @ seen + RIDGE * np.eye(seen.shape[1]), seen.T @ wanted)
    said = dict(zip(seeds, seen @ weights, strict=True))
    left = np.stack([build - mean - said.get(seed, 0.0) for seed, build in builds.items()])
    apart = np.linalg.solve(np.linalg.cholesky(np.cov(left.T)), left.T).T
    return dict(zip(builds, apart, strict=True))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m engine.builtin.builds", description=__doc__)
    parser.add_argument("--renders", type=Path, default=None)
    given = parser.parse_args()
    print(f"builds of {measure(given.renders or dataset.aligned())} people")


if __name__ == "__main__":
    main()
