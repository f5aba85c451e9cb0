"""Settings are explained, kept in step with `.env.example`, and refused in a sentence."""

from pathlib import Path

import pytest

from bot.core.errors import SettingsError
from bot.core.settings import RENAMED, Settings, example

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
