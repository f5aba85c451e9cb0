"""What holds for the entries of hosted models, for providers set aside, and for the time before the first portrait."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.backends.provider_pictures import is_at
from engine.backends.waits import retry_after_s
from engine.models.catalogue import CatalogueSettings, build
from engine.models.circuit_breaker import CircuitBreaker
from engine.models.hosted_models import DEFAULTS, Access, Server, hosted_models, server, unconfigured
from engine.models.model import CatalogueError, Provider
from engine.prompt import ASPECTS
from engine.wording.dialects import FAMILIES
from tests.engine.stage import HandClock

HOUSE = Path(__file__).parents[3]


def access(provider: Provider, *models: str) -> Access:
    return Access(key="secret-key", base_url="https://x.example", models=models or DEFAULTS[provider], slots=2)


def everybody() -> dict[Provider, Access]:
    return {provider: access(provider) for provider in DEFAULTS}


def test_the_four_models_are_offered_where_there_is_a_key() -> None:
    catalogue = build(CatalogueSettings(hosted=everybody()))
    assert [model.title for model in catalogue.models] == [
        "Studio",
        "Mango 2",
        "Flux 1.1 Pro Ultra",
        "Flux 1.1 Pro Ultra candid",
        "GPT Image 2",
        "Nano Banana 2",
    ]


def test_a_model_without_a_key_is_not_offered_but_named() -> None:
    only_mage: dict[Provider, Access] = {"mage": access("mage")}
    assert [model.title for model in hosted_models(only_mage, {})] == ["Mango 2"]
    assert [model.provider for model in unconfigured(only_mage)] == ["bfl", "openai", "google"]


def test_every_entry_can_be_said_and_has_every_aspect() -> None:
    for model in hosted_models(everybody(), {}):
        assert model.family in FAMILIES
        assert set(model.sizes) == set(ASPECTS)
        assert model.best_for
        assert model.catch


def test_a_renamed_model_is_one_setting() -> None:
    (model,) = hosted_models({"google": access("google", "gemini-nano-banana-9=Nano Banana 9")}, {})
    assert (model.id, model.title, model.source) == ("nano-banana-9", "Nano Banana 9", "gemini-nano-banana-9")
    assert model.family == "nano-banana"


def test_other_models_at_mage_keep_their_own_words() -> None:
    models = hosted_models({"mage": access("mage", "gpt_image_2", "stable_diffusion_v35_large")}, {})
    assert [(model.provider, model.family) for model in models] == [("mage", "gpt-image"), ("mage", "sd35")]
    assert (models[1].steps, models[1].guidance, models[1].negative) == (28, 7.5, True)


def test_a_model_that_mage_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(CatalogueError, match="mangosteen"):
        hosted_models({"mage": access("mage", "mangosteen")}, {})


def test_a_server_is_an_address_and_what_it_is_kept_for() -> None:
    assert server("http://gpu1:8000/v1", 2) == Server(url="http://gpu1:8000/v1", slots=2)
    assert server("http://gpu2:8000/v1/ ; slots=4; lane=fast", 2) == Server(
        url="http://gpu2:8000/v1", slots=4, fast_only=True
    )


@pytest.mark.parametrize(
    "entry", ["gpu1:8000", "http://", "http://gpu1;lane=slow", "http://gpu1;slots=0", "http://x;y"]
)
def test_a_server_that_cannot_be_understood_is_refused_by_name(entry: str) -> None:
    with pytest.raises(CatalogueError, match=entry):
        server(entry, 1)


def test_in_a_cluster_only_pipelines_that_take_pictures_get_them() -> None:
    """What the servers would leave out silently is not offered: image-to-image, and faces by an IP-Adapter."""
    entries = {
        "stabilityai/stable-diffusion-3.5-large": (False, 0),
        "Tongyi-MAI/Z-Image-Turbo": (False, 0),
        "Qwen/Qwen-Image": (False, 0),
        "Qwen/Qwen-Image-Edit-2511": (True, 3),
        "black-forest-labs/FLUX.1-Kontext-dev": (True, 1),
        "black-forest-labs/FLUX.2-klein-4B": (True, 4),
        "somebody/unknown": (False, 0),
    }
    models = hosted_models({"cluster": access("cluster", *entries)}, {})
    assert {model.source: (model.edits, model.references) for model in models} == entries


def test_a_model_of_a_cluster_is_written_like_a_local_one() -> None:
    entry = "stabilityai/stable-diffusion-3.5-large=SD 3.5 Large;steps=20"
    (model,) = hosted_models({"cluster": access("cluster", entry)}, {})
    assert (model.provider, model.family, model.steps) == ("cluster", "sd35", 20)
    assert (model.source, model.live_preview) == ("stabilityai/stable-diffusion-3.5-large", False)


def test_what_a_picture_costs_the_operator_is_in_its_entry() -> None:
    costs = {model.id: model.cost_usd_micros for model in hosted_models(everybody(), {"mango-2": 0.05})}
    assert costs["mango-2"] == 50_000
    assert costs["flux-1.1-pro-ultra"] == 60_000


def test_a_key_is_in_no_repr() -> None:
    assert "secret-key" not in repr(access("mage"))
    assert "secret-key" not in repr(CatalogueSettings(hosted=everybody()))


def test_three_failures_in_a_row_set_a_provider_aside_for_longer_and_longer() -> None:
    clock = HandClock()
    breaker = CircuitBreaker(clock)
    assert [breaker.failed("mage") for _ in range(3)] == [False, False, True]
    assert breaker.why_open("mage") == "it keeps failing and is tried again in 1 min"
    assert breaker.why_open("bfl") == ""
    clock.now_s = 61.0
    assert breaker.why_open("mage") == ""
    assert breaker.failed("mage")
    assert "2 min" in breaker.why_open("mage")


def test_a_success_clears_a_provider() -> None:
    breaker = CircuitBreaker(HandClock())
    breaker.failed("mage")
    breaker.failed("mage")
    breaker.worked("mage")
    assert not breaker.failed("mage")


def test_an_empty_account_sets_a_provider_aside_at_once() -> None:
    breaker = CircuitBreaker(HandClock())
    assert breaker.failed("mage", open_s=600.0)
    assert "10 min" in breaker.why_open("mage")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://delivery-eu.bfl.ai/x.png?sig=1", True),
        ("https://bfl.ai/x.png", True),
        ("http://bfl.ai/x.png", False),
        ("https://evil-bfl.ai/x.png", False),
        ("https://bfl.ai.evil.example/x.png", False),
        ("https://bfl.ai@evil.example/x.png", False),
        ("https://user@bfl.ai/x.png", False),
        ("https://127.0.0.1/x.png", False),
        ("file:///etc/passwd", False),
        ("https://[bad", False),
    ],
)
def test_pictures_come_only_from_the_providers_own_hosts(url: str, allowed: bool) -> None:
    assert is_at(url, {"bfl.ai"}, plain_http=False) is allowed


@pytest.mark.parametrize(("header", "wait_s"), [("3", 3.0), ("0.5", 0.5), ("", None), ("soon", None), ("inf", None)])
def test_a_wait_is_read_as_told(header: str, wait_s: float | None) -> None:
    assert retry_after_s(header) == wait_s


def test_a_date_to_wait_for_that_is_past_means_now() -> None:
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_no_sdk_and_no_torch_is_imported_before_the_first_portrait() -> None:
    """A bot with only hosted models starts light."""
    code = (
        "import sys, bot.core.hosted_setup, bot.core.engine_setup, engine.models.hosted_models, engine.backends.mage,"
        " engine.backends.bfl, engine.backends.openai, engine.backends.google\n"
        "print(sorted({'torch', 'diffusers', 'openai', 'mage_space', 'google.genai', 'httpx'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_torch_stays_away_from_a_bot_with_hosted_models_alone() -> None:
    """Not at rest, and not after a portrait at each provider; at rest no SDK is there either."""
    command = [sys.executable, "-m", "tests.engine.providers.memory", "--portraits"]
    shown = json.loads(subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=True).stdout)
    assert (shown["imported"], shown["imported_then"]) == ([], [])
    assert 0 < shown["rest_mib"] < 150
