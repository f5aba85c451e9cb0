"""Every setting of the bot, read once from the environment and `.env`, then handed down.

`python -m bot.core.settings` prints `.env.example` from the descriptions below.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from dotenv import dotenv_values
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core import gallery_address, status_address
from bot.core.errors import SettingsError
from bot.core.tiers import Tier, with_built_in
from data.credits.accounts import FREE
from engine.models.model import Provider, Quality

RENAMED: Final = {
    "mage_fineness": "mage_resolution",
    "openai_fineness": "openai_quality",
    "google_fineness": "google_resolution",
    "likeness_tries": "likeness_retries",
}
"""Names that settings had before, with those of now. The old ones count until version 0.2.0."""


def _as_before(name: str) -> AliasChoices:
    """The setting by its own name, or by the one that it had before; its own wins."""
    return AliasChoices(name, *(old for old, new in RENAMED.items() if new == name))


class ModelPrice(BaseModel):
    """Credits for one portrait of one model; None: as for every model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standard: int | None = Field(default=None, ge=0)
    fast: int | None = Field(default=None, ge=0)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """How one hosted provider is reached; empty `models` and `hosts` mean its own."""

    api_key: str
    base_url: str
    models: tuple[str, ...]
    slots: int
    resolution: str = ""
    quality: str = ""
    hosts: tuple[str, ...] = ()
    unit_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The hosted providers, each under its name."""

    mage: ProviderSettings
    bfl: ProviderSettings
    openai: ProviderSettings
    google: ProviderSettings

    def with_key(self) -> dict[Provider, ProviderSettings]:
        """Those that can be asked, in this order."""
        every: dict[Provider, ProviderSettings] = {
            "mage": self.mage,
            "bfl": self.bfl,
            "openai": self.openai,
            "google": self.google,
        }
        return {name: told for name, told in every.items() if told.api_key}


class Settings(BaseSettings):
    """One frozen object; the name of a setting in the environment is its name here in capitals."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    discord_token: SecretStr = Field(
        SecretStr(""),
        description="The bot's token: Discord developer portal, your application, Bot, Reset Token.",
    )
    discord_owner_ids: tuple[int, ...] = Field(
        (), description="User ids of the bot's owners, as a JSON list. Empty: the application's owner."
    )
    discord_home_server: int = Field(
        0, ge=0, description="Id of the owner's server, where /studio-admin appears. 0: nowhere."
    )
    discord_servers: tuple[int, ...] = Field(
        (),
        description="Ids of servers that may use the bot, as a JSON list; more with /studio-admin. "
        "Servers that the bot's owner owns always may, unless denied there.",
    )
    discord_direct_messages: bool = Field(False, description="Whether portraits may be ordered in direct messages.")
    discord_user_installs: bool = Field(
        False,
        description="Whether anybody may add the bot to their own account and use it everywhere: in group messages, in "
        "servers that it is no member of, and in direct messages; see docs/operating.md.",
    )
    discord_api_url: str = Field(
        "", description="Base address of an API proxy in front of Discord. Empty: Discord itself."
    )
    discord_gateway_url: str = Field(
        "", description="Address of a gateway proxy in front of Discord (ws or wss). Empty: Discord itself."
    )
    discord_servers_pause_s: float = Field(
        2.0,
        ge=0,
        le=60,
        description="At a start Discord tells of one server after the other: after so many seconds without a further "
        "one all are there, and the orders of an earlier run go on.",
    )

    data_folder: Path = Field(Path("var"), description="Folder for the database and the pictures.")
    data_free_mib: int = Field(
        512,
        ge=0,
        description="Orders are refused, uncharged, when fewer mebibytes than this are free on the disk.",
    )
    data_keep_days: int = Field(0, ge=0, description="Portraits older than this many days are deleted. 0: never.")

    backup_every_hours: float = Field(
        0, ge=0, le=8760, description="A backup is made by itself whenever the newest is this many hours old. 0: never."
    )
    backup_keep: int = Field(
        7, ge=1, le=1000, description="How many of the backups that were made by themselves are kept."
    )
    backup_folder: str = Field(
        "",
        description="The folder that they go to, best on another disk. Empty: backups in DATA_FOLDER.",
    )

    model_default: str = Field(
        "built-in", description="The model used when /portrait names none. built-in: the photo studio that ships."
    )
    model_local: tuple[str, ...] = Field(
        (),
        description="More local models as a JSON list: a diffusers folder or hub id, with an optional title, "
        'such as ["stabilityai/stable-diffusion-3.5-large=SD 3.5 Large"].',
    )
    model_file: str = Field(
        "", description="A TOML file with more local models and everything there is to say of them; see docs/models.md."
    )
    model_hub_token: SecretStr = Field(
        SecretStr(""),
        description="Token of a model hub, for models whose licence has to be accepted first "
        "(huggingface.co/settings/tokens, kind: read). Empty: HF_TOKEN, or what the hub's own tools have saved.",
    )
    model_fine_tunes: str = Field(
        "", description="A folder of fine-tunes: LoRA files in safetensors, each with a card; see docs/models.md."
    )
    model_folder: str = Field(
        "",
        description="A folder of models as A1111 or ComfyUI keeps it: checkpoints in one file, LoRAs and learned "
        "words are found in it by what they hold; see docs/models.md.",
    )
    model_builtin: bool = Field(True, description="Whether the photo studio that ships with the bot is offered.")
    model_studio_quality: Quality = Field(
        "standard",
        description="How carefully the photo studio takes its pictures: draft, quick and noisy; standard; or fine, at "
        "twice the width and height, which takes several times as long.",
    )
    model_memory_gib: float = Field(
        0,
        ge=0,
        description="Memory of the GPU for local models and their pictures, in GiB. 0: what it has, less a reserve.",
    )
    model_devices: tuple[Annotated[str, Field(pattern=r"^cuda:\d{1,3}$")], ...] = Field(
        (),
        description="The cards that local models run on, as a JSON list such as "
        '["cuda:0", "cuda:1"]: a worker each behind the one queue, with models of its own in memory. '
        "MODEL_MEMORY_GIB is then of each, and MODEL_RAM_GIB is shared. Empty: the GPU that torch takes first.",
    )
    model_ram_gib: float = Field(
        0,
        ge=0,
        description="Memory of the machine for local models that wait beside the GPU, in GiB. 0: four fifths of it, "
        "less what the bot needs.",
    )

    model_warm: bool | tuple[str, ...] = Field(
        False,
        description="Models of this machine that are made ready at start, in this order and on each card: each is "
        "read and makes one picture that nobody sees, so that the first order does not wait for that. true is "
        'MODEL_DEFAULT; else a JSON list of ids, such as ["built-in", "realvis"].',
    )
    model_expandable_segments: bool = Field(
        False,
        description="Whether the memory of an NVIDIA card is taken in blocks that can grow, so that less of it lies "
        "idle between pictures of several sizes; see docs/models.md. Not on Windows.",
    )

    cluster_urls: tuple[str, ...] = Field(
        (),
        description="Servers of your own with OpenAI's image interface (vLLM-Omni, SGLang-diffusion) as a JSON list, "
        'each with options, such as ["http://gpu1:8000/v1", "http://gpu2:8000/v1;slots=2", '
        '"http://gpu3:8000/v1;lane=fast"]. Empty: none.',
    )
    cluster_models: tuple[str, ...] = Field(
        (),
        description="The model that all of them serve, as a JSON list written like MODEL_LOCAL, such as "
        '["Tongyi-MAI/Z-Image-Turbo=Z-Image Turbo"].',
    )
    cluster_api_key: SecretStr = Field(SecretStr(""), description="Key for those servers, where they ask for one.")
    cluster_slots: int = Field(1, ge=1, le=64, description="How many pictures one of them makes at once.")
    cluster_timeout_s: float = Field(
        300, gt=0, description="A server that has not answered after this many seconds is set aside."
    )

    mage_api_key: SecretStr = Field(SecretStr(""), description="Key for Mango 2 at Mage. Empty: not offered.")
    mage_base_url: str = Field("https://api.mage.space", description="Address of Mage's interface.")
    mage_models: tuple[str, ...] = Field(
        (),
        description="Models at Mage as a JSON list of architecture/variant, with an optional title. Empty: Mango 2. "
        'Such as ["mango/mango-v2", "gpt_image_2", "nano_banana_v2", "stable_diffusion_v35_large=SD 3.5 Large"].',
    )
    mage_resolution: str = Field(
        "2K",
        validation_alias=_as_before("mage_resolution"),
        description="Resolution at Mage: 1K, 2K, 3K or 4K, where the model has it.",
    )
    mage_hosts: tuple[str, ...] = Field(
        (), description="Hosts that Mage's pictures may be fetched from, as a JSON list. Empty: mage.space."
    )
    mage_slots: int = Field(20, ge=1, le=200, description="How many requests Mage takes from you at once.")

    mage_unit_usd: float = Field(
        0,
        ge=0,
        description="What one of Mage's gems costs you in US dollars; Mage says how many a picture took. "
        "0: not known, SPEND_COSTS counts.",
    )

    bfl_api_key: SecretStr = Field(
        SecretStr(""), description="Key for Flux 1.1 Pro Ultra at Black Forest Labs. Empty: not offered."
    )
    bfl_base_url: str = Field(
        "https://api.bfl.ai",
        description="Address of Black Forest Labs: api.bfl.ai, or api.eu.bfl.ai or api.us.bfl.ai to stay in a region.",
    )
    bfl_models: tuple[str, ...] = Field(
        (),
        description="Models there as a JSON list of ids, with an optional title; #raw after an id asks for candid, "
        "less processed pictures; flux-2-klein-9b changes pictures. Empty: Flux 1.1 Pro Ultra, and the same candid.",
    )
    bfl_hosts: tuple[str, ...] = Field(
        (), description="Hosts that may be asked and fetched from there, as a JSON list. Empty: bfl.ai."
    )
    bfl_slots: int = Field(24, ge=1, le=200, description="How many requests Black Forest Labs takes from you at once.")

    bfl_unit_usd: float = Field(
        0.01,
        ge=0,
        description="What one credit there costs you in US dollars; each answer says how many a picture took. "
        "0: not known, SPEND_COSTS counts.",
    )

    openai_api_key: SecretStr = Field(SecretStr(""), description="Key for GPT Image 2 at OpenAI. Empty: not offered.")
    openai_base_url: str = Field(
        "https://api.openai.com/v1", description="Address of OpenAI, or of a server with the same interface."
    )
    openai_models: tuple[str, ...] = Field(
        (), description='Models there as a JSON list, such as ["gpt-image-2=GPT Image 2"]. Empty: GPT Image 2.'
    )
    openai_quality: str = Field(
        "medium",
        validation_alias=_as_before("openai_quality"),
        description="Quality at OpenAI: low, medium, high or auto.",
    )
    openai_slots: int = Field(8, ge=1, le=200, description="How many requests OpenAI gets from you at once.")

    google_api_key: SecretStr = Field(
        SecretStr(""), description="Key for Nano Banana 2 at Google (AI Studio). Empty: not offered."
    )
    google_base_url: str = Field(
        "https://generativelanguage.googleapis.com", description="Address of Google's interface."
    )
    google_models: tuple[str, ...] = Field(
        (),
        description="Models there as a JSON list, with an optional title, such as "
        '["gemini-nano-banana-2.1=Nano Banana 2.1"]. Empty: gemini-3.1-flash-image, which is Nano Banana 2.',
    )
    google_resolution: str = Field(
        "2K", validation_alias=_as_before("google_resolution"), description="Resolution at Google: 1K, 2K or 4K."
    )
    google_slots: int = Field(8, ge=1, le=200, description="How many requests Google gets from you at once.")

    spend_costs: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {},
        description="What a picture costs you in US dollars, by model, as a JSON object, such as "
        '{"mango-2": 0.05}. Known without it: Flux, 0.06.',
    )
    spend_daily: dict[Provider, Annotated[float, Field(ge=0)]] = Field(
        {},
        description="The most that all pictures of a provider may cost you in 24 hours, in US dollars, as a JSON "
        'object, such as {"mage": 20, "bfl": 10}. It counts only models whose cost is known.',
    )
    spend_daily_per_user: dict[Provider, Annotated[float, Field(ge=0)]] = Field(
        {}, description="The same for the pictures of one user, as a JSON object."
    )

    queue_waiting_per_user: int = Field(10, ge=1, description="How many portraits one user may have waiting.")
    queue_waiting: int = Field(200, ge=1, description="How many portraits may wait in all.")
    queue_running_per_user: int = Field(4, ge=1, description="How many portraits of one user may run at once.")
    queue_batch: int = Field(8, ge=1, le=64, description="The most portraits that are rendered together.")
    queue_deadline_s: float = Field(
        900,
        gt=0,
        description="A portrait not finished this many seconds after its start is given up and refunded.",
    )

    likeness_threshold: float = Field(
        60,
        ge=0,
        le=100,
        description="Below this likeness to a saved face (0 to 100; 60 is accepted) a portrait is tried again with "
        "another seed, at no charge, and the best is delivered. 0: never.",
    )
    likeness_retries: int = Field(
        2,
        ge=0,
        le=2,
        validation_alias=_as_before("likeness_retries"),
        description="How often it is tried again at most.",
    )
    likeness_editor: str = Field(
        "",
        description="Id of a model that edits pictures: it gives portraits of your own models that cannot hold a face "
        "the saved one, in a second pass that costs nobody credits. Empty: none.",
    )
    likeness_hosted: bool = Field(False, description="Whether hosted models try again too, which costs you each time.")

    review_shown: bool = Field(
        True,
        description="Whether finished portraits are reviewed and their cards say how they are: skin, light, eyes, "
        "anatomy, the same face. It takes up to a second of one processor core for each; see docs/review.md.",
    )
    review_retry_below: float = Field(
        0,
        ge=0,
        le=100,
        description="A portrait whose review comes to less than this (0 to 100) is tried again with another seed, at "
        "no charge, and the best is delivered: as LIKENESS_RETRIES and LIKENESS_HOSTED say. 0: never.",
    )

    reading_questions: bool = Field(
        True,
        description="Whether members are shown how a prompt was read, before it is paid for, where much of it could "
        "not be placed. Each server can turn it off with /settings.",
    )

    series_frames: int = Field(12, ge=2, le=24, description="How many frames a series may have.")
    series_waiting: int = Field(
        4,
        ge=1,
        description="How many frames of one series are in the queue at once; the next follows when one is done.",
    )

    price_standard: int = Field(10, ge=0, description="Credits for one portrait in the standard lane.")
    price_fast: int = Field(60, ge=0, description="Credits for one portrait in the fast lane, whatever its size.")
    price_models: dict[str, ModelPrice] = Field(
        {},
        description="Other prices for single models, as a JSON object: credits in the standard lane, or in each lane, "
        'such as {"some-model": 40, "another": {"standard": 80, "fast": 120}}. The fast lane never costs less than '
        "the standard lane.",
    )
    price_confirm_above: int = Field(
        100, ge=0, description="An order that costs more credits than this shows its price first."
    )
    price_quote_minutes: int = Field(60, ge=1, le=10_080, description="How long a price that was shown holds.")

    credits_daily: int = Field(
        100,
        ge=0,
        description="Daily allowance of the free tier, in credits; what is left of it expires at midnight.",
    )

    tiers: dict[str, Tier] = Field(
        {},
        description="Changes to the tiers free and unlimited, and more tiers, as a JSON object by name. Each may say: "
        "covers (models or providers that cost nothing in the standard lane), daily (allowance in credits), waiting "
        "and running (portraits at once), models and aspects (all that it may use), best_of (how many pictures of "
        "/portrait best_of: cost what one does, 1 to 4, on your own machines in the standard lane), such as "
        '{"patron": {"covers": ["local"], "waiting": 20, "running": 6, "best_of": 4}}.',
    )

    moderation_adult: bool = Field(
        False,
        description="Whether adult portraits may be made at all; then each server decides, in age-restricted channels.",
    )
    moderation_blocked: tuple[str, ...] = Field(
        (), description="Words or phrases that no prompt may contain, as a JSON list; servers add their own."
    )
    moderation_picture_limit: float = Field(
        0.6,
        gt=0,
        le=1,
        description="From this score on (0 to 1) a finished picture counts as sexual: it is withheld and refunded, and "
        "goes out behind a spoiler where adult content is allowed; see docs/moderation.md.",
    )
    moderation_upload_limit: float = Field(
        0.6, gt=0, le=1, description="From this score on a picture that somebody hands in is refused, wherever."
    )
    moderation_withheld_days: int = Field(
        0,
        ge=0,
        description="For how many days a withheld picture is kept for moderators. 0: it is deleted at once.",
    )
    moderation_picture_model: str = Field(
        "",
        description="What looks at pictures instead of the model of the extra safety: an ONNX file with a card beside "
        "it, or the folder of a safety checker of diffusers; see docs/moderation.md.",
    )
    moderation_real_people: Literal["off", "ask", "refuse"] = Field(
        "off",
        description="Orders whose words name somebody of the list below: off, ask (for the right to, once per order) "
        "or refuse; see docs/moderation.md.",
    )
    moderation_real_people_file: str = Field(
        "", description="That list: a text file with one name a line, # for comments, read at the start."
    )
    moderation_self_grants: bool = Field(
        False, description="Whether moderators may grant to themselves. The bot's owners always may."
    )
    moderation_daily_credits: int = Field(
        10_000, ge=0, description="How many credits one moderator may grant in 24 hours, in one server."
    )
    moderation_daily_tiers: int = Field(
        50, ge=0, description="How many tiers one moderator may grant in 24 hours, in one server."
    )

    moderation_words_days: int = Field(
        14,
        ge=0,
        le=365,
        description="For how many days the words of refused orders and withheld pictures are kept for moderators. "
        "0: not at all.",
    )
    moderation_refusals: int = Field(
        5,
        ge=0,
        le=20,
        description="After how many refusals within an hour a member has to wait before the next order. 0: never.",
    )
    moderation_cool_down_minutes: int = Field(30, ge=1, le=1440, description="How long that wait is, in minutes.")

    signing_enabled: bool = Field(
        True, description="Whether pictures carry a signed C2PA manifest that says they are generated."
    )
    signing_certificate: str = Field(
        "", description="Your certificate chain for signing, a PEM file. Empty: a self-made one, valid but not trusted."
    )
    signing_key: str = Field("", description="The P-256 key of that certificate, a PEM file.")

    status_listen: str = Field(
        "",
        description="Where the status page, /metrics and /health are served, such as 127.0.0.1:8080. Empty: nowhere; "
        "see docs/operating.md.",
    )
    status_token: SecretStr = Field(
        SecretStr(""),
        description="The password of the status page and of /metrics, 16 characters or more. Empty: only /health is "
        "answered, and only on an address of this machine.",
    )
    status_hosts: tuple[str, ...] = Field(
        (),
        description='Host names that the page is reached by, as a JSON list, such as ["studio.example.org"]. '
        "Addresses and localhost always are.",
    )

    gallery_url: str = Field(
        "",
        description="The public address at which members open their galleries with /gallery, such as "
        "https://portraits.example.org. STATUS_LISTEN serves them, behind a reverse proxy with TLS. Empty: there are "
        "none; see docs/operating.md.",
    )

    _old_names: tuple[str, ...] = PrivateAttr(())

    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR. Prompts appear at DEBUG only.")

    log_format: Literal["text", "json"] = Field(
        "text", description="text, or json: one JSON object a line, with time, level, logger, message, job and error."
    )
    log_file: str = Field("", description="A file that the running bot logs to as well. Empty: standard error alone.")
    log_file_mib: float = Field(
        10, gt=0, le=10_240, description="At this size in mebibytes that file is set aside, and another one begun."
    )
    log_file_count: int = Field(5, ge=1, le=1000, description="How many files that were set aside are kept.")

    @field_validator("discord_owner_ids", "discord_servers", "model_local", mode="after")
    @classmethod
    def _no_repeats(cls, value: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(dict.fromkeys(value))

    @field_validator("model_devices", mode="after")
    @classmethod
    def _each_once(cls, devices: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(devices)) < len(devices):
            raise ValueError("a card is named twice")
        return devices

    @property
    def warm_models(self) -> tuple[str, ...]:
        """Ids of the models that are made ready at start."""
        if isinstance(self.model_warm, tuple):
            return tuple(dict.fromkeys(self.model_warm))
        return (self.model_default,) if self.model_warm else ()

    @field_validator("status_listen")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value:
            status_address.listen_address(value)
        return value

    @field_validator("gallery_url")
    @classmethod
    def _a_public_address(cls, value: str) -> str:
        return gallery_address.public_address(value).origin if value else value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("it must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("price_models", mode="before")
    @classmethod
    def _bare_prices(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"standard": price} if isinstance(price, int) else price for name, price in value.items()}

    @field_validator("tiers", mode="before")
    @classmethod
    def _all_tiers(cls, value: Any) -> Any:
        return with_built_in(value) if isinstance(value, dict) else value

    @property
    def providers(self) -> Providers:
        """The hosted providers' settings, those without a key too."""
        return Providers(
            mage=ProviderSettings(
                self.mage_api_key.get_secret_value(), self.mage_base_url, self.mage_models, self.mage_slots,
                self.mage_resolution, hosts=self.mage_hosts, unit_usd=self.mage_unit_usd,
            ),
            bfl=ProviderSettings(
                self.bfl_api_key.get_secret_value(), self.bfl_base_url, self.bfl_models, self.bfl_slots,
                hosts=self.bfl_hosts, unit_usd=self.bfl_unit_usd,
            ),
            openai=ProviderSettings(
                self.openai_api_key.get_secret_value(), self.openai_base_url, self.openai_models, self.openai_slots,
                quality=self.openai_quality,
            ),
            google=ProviderSettings(
                self.google_api_key.get_secret_value(), self.google_base_url, self.google_models, self.google_slots,
                self.google_resolution,
            ),
        )  # fmt: skip

    def without_hosted(self) -> Self:
        """The same with no key and no server of one's own: nobody else is asked for pictures, and nothing is paid."""
        none = SecretStr("")
        keys = {"mage_api_key": none, "bfl_api_key": none, "openai_api_key": none, "google_api_key": none}
        return self.model_copy(update={**keys, "cluster_urls": (), "cluster_models": (), "cluster_api_key": none})

    @model_validator(mode="after")
    def _safe_page(self) -> Self:
        if self.status_listen:
            status_address.check(self.status_listen, self.status_token.get_secret_value())
        elif self.gallery_url:
            raise ValueError(
                "GALLERY_URL is set and STATUS_LISTEN is not: say where the gallery is served, such as "
                "STATUS_LISTEN=127.0.0.1:8080"
            )
        return self

    @model_validator(mode="after")
    def _some_model(self) -> Self:
        if bool(self.cluster_urls) != bool(self.cluster_models):
            raise ValueError("CLUSTER_URLS and CLUSTER_MODELS belong together: servers, and the model that they serve")
        others = self.model_local or self.model_file or self.model_folder or self.cluster_urls
        if not self.model_builtin and not others and not self.providers.with_key():
            raise ValueError(
                "MODEL_BUILTIN is off, MODEL_LOCAL names no model and no provider has a key: nothing could be rendered"
            )
        return self

    @property
    def answers_directly(self) -> bool:
        """Whether portraits may be ordered in direct messages: late ones of a person's own app come there."""
        return self.discord_direct_messages or self.discord_user_installs

    def tier(self, name: str) -> Tier:
        """The rules of a tier; one that was taken out of the settings counts as free."""
        return self.tiers.get(name, self.tiers[FREE])

    @classmethod
    def load(cls, env_file: Path | None = Path(".env")) -> Self:
        """Read the environment and `env_file`.

        Raises SettingsError with one line for every setting that is wrong.
        """
        try:
            settings = cls(_env_file=env_file)  # type: ignore[call-arg]  # taken by pydantic-settings
        except ValidationError as error:
            lines = (
                f"{'.'.join(str(part) for part in item['loc']).upper() or 'Settings'}: {item['msg']}"
                for item in error.errors()
            )
            raise SettingsError("The settings in .env are not usable. " + "; ".join(lines)) from error
        settings._old_names = _old_names(env_file)
        return settings

    @property
    def renamed(self) -> tuple[str, ...]:
        """A sentence for each setting that was given by a name of before."""
        return tuple(
            f"{old.upper()} is called {RENAMED[old].upper()} now. The old name counts until version 0.2.0: change it."
            for old in self._old_names
        )


def _old_names(env_file: Path | None) -> tuple[str, ...]:
    """Which of RENAMED are in use, by the environment or the file; empty ones are ignored as everywhere."""
    given = {**(dotenv_values(env_file) if env_file else {}), **os.environ}
    used = {name.lower() for name, value in given.items() if value}
    return tuple(old for old in RENAMED if old in used)


def hub_variables(env_file: Path = Path(".env")) -> dict[str, str]:
    """What `.env` says to the hub's library (HF_HOME, HF_TOKEN, HF_ENDPOINT …), which reads the environment alone."""
    said = dotenv_values(env_file)
    return {name: value for name, value in said.items() if name.startswith("HF_") and value}


def example() -> str:
    """The text of `.env.example`: every setting with its explanation and default."""
    parts = ["# Copy this file to .env and fill in DISCORD_TOKEN; every other line is optional."]
    group = ""
    for name, field in Settings.model_fields.items():
        prefix = name.split("_", 1)[0]
        if prefix != group:
            parts.append("")
            group = prefix
        parts.append(f"# {field.description}")
        parts.append(f"{name.upper()}={_shown(field)}")
    return "\n".join(parts) + "\n"


def _shown(field: FieldInfo) -> str:
    match field.default:
        case SecretStr() | "":
            return ""
        case bool() as flag:
            return "true" if flag else "false"
        case tuple():
            return "[]"
        case dict():
            return "{}"
        case other:
            return str(other)


if __name__ == "__main__":
    print(example(), end="")
