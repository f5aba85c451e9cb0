"""Settings are explained, kept in step with `.env.example`, and refused in a sentence."""

from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.core.engine_setup import make_catalogue
from bot.core.errors import SettingsError
from bot.core.hosted_setup import reached
from bot.core.settings import RENAMED, Providers, Settings, example

ROOT = Path(__file__).parents[3]


def test_the_example_names_every_setting() -> None:
    assert (ROOT / ".env.example").read_text() == example()


def test_the_example_can_be_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    file = tmp_path / ".env"
    file.write_text(example())
    assert Settings.load(file) == Settings(_env_file=None)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("QUEUE_BATCH=0", "QUEUE_BATCH"),
        ("PRICE_FAST=many", "PRICE_FAST"),
        ("LOG_LEVEL=LOUD", "LOG_LEVEL"),
        ('MODEL_DEVICES=["gpu0"]', "MODEL_DEVICES"),
        ('MODEL_DEVICES=["cuda:0", "cuda:0"]', "MODEL_DEVICES"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, line: str, name: str) -> None:
    file = tmp_path / ".env"
    file.write_text(line)
    with pytest.raises(SettingsError, match=name):
        Settings.load(file)


def test_without_hosted_models_nobody_is_asked_whatever_is_in_the_environment() -> None:
    keys = {name: SecretStr("k") for name in Settings.model_fields if name.endswith("_api_key")}
    cluster = {"cluster_urls": ("http://gpu1:8000/v1",), "cluster_models": ("a/b",)}
    settings = Settings(_env_file=None, **keys, **cluster)  # type: ignore[call-arg, arg-type]
    assert set(reached(settings)) == {"cluster", *(one.name for one in fields(Providers))}
    assert settings.providers.bfl.api_key == "k"
    assert not reached(settings.without_hosted())
    assert not any(getattr(settings.without_hosted(), name).get_secret_value() for name in keys)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("MODEL_WARM=true", "MODEL_DEFAULT=mango-2", "MAGE_API_KEY=key"), "does not run on this machine"),
        (('MODEL_WARM=["built-in", "mango-2"]', "MAGE_API_KEY=key"), "mango-2, which does not run on this machine"),
        (('MODEL_WARM=["misspelt"]',), "names misspelt, and there is no such model"),
        (("MODEL_EXPANDABLE_SEGMENTS=true",), "no local model for a GPU"),
    ],
)
def test_what_would_mean_nothing_for_this_machine_is_refused(tmp_path: Path, lines: tuple[str, ...], why: str) -> None:
    file = tmp_path / ".env"
    file.write_text("\n".join(lines))
    with pytest.raises(SettingsError, match=why):
        make_catalogue(Settings.load(file))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("true", ("built-in",)),
        ("no", ()),
        ('["built-in", "realvis", "built-in"]', ("built-in", "realvis")),
    ],
)
def test_models_are_made_ready_by_name_or_the_default_alone(tmp_path: Path, said: str, meant: tuple[str, ...]) -> None:
    file = tmp_path / ".env"
    file.write_text(f"MODEL_WARM={said}")
    assert Settings.load(file).warm_models == meant


def test_the_token_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DISCORD_TOKEN=very-secret\n")
    assert "very-secret" not in repr(Settings.load(file))


def test_the_old_name_of_a_setting_counts_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the file or the environment; where a file gives both names, the new one counts."""
    for old, new in RENAMED.items():
        monkeypatch.delenv(old.upper(), raising=False)
        monkeypatch.delenv(new.upper(), raising=False)
    file = tmp_path / ".env"
    file.write_text("LIKENESS_TRIES=1\nMAGE_FINENESS=\nMAGE_RESOLUTION=3K\nGOOGLE_FINENESS=1K\nGOOGLE_RESOLUTION=4K\n")
    monkeypatch.setenv("OPENAI_FINENESS", "high")
    settings = Settings.load(file)
    found = (settings.likeness_retries, settings.mage_resolution, settings.openai_quality, settings.google_resolution)
    assert found == (1, "3K", "high", "4K")
    for (old, new), said in zip(
        [("OPENAI_FINENESS", "_QUALITY"), ("GOOGLE_FINENESS", "_RESOLUTION"), ("LIKENESS_TRIES", "_RETRIES")],
        settings.renamed,
        strict=True,
    ):
        assert said.startswith(f"{old} is called {old.split('_')[0]}{new} now.")
