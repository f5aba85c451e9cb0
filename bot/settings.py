"""Every setting of the bot, read once from the environment and `.env`, then handed down.

`python -m bot.settings` prints `.env.example` from the descriptions below.
"""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsError
from bot.tiers import Tier, with_built_in
from data.accounts import FREE


class ModelPrice(BaseModel):
    """Credits for one portrait of one model; None: as for every model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standard: int | None = Field(default=None, ge=0)
    fast: int | None = Field(default=None, ge=0)


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
    discord_api_url: str = Field(
        "", description="Base address of an API proxy in front of Discord. Empty: Discord itself."
    )
    discord_gateway_url: str = Field(
        "", description="Address of a gateway proxy in front of Discord (ws or wss). Empty: Discord itself."
    )

    data_folder: Path = Field(Path("var"), description="Folder for the database, the pictures and made checkpoints.")
    data_free_mib: int = Field(
        512,
        ge=0,
        description="Orders are refused, uncharged, when fewer mebibytes than this are free on the disk.",
    )
    data_keep_days: int = Field(0, ge=0, description="Portraits older than this many days are deleted. 0: never.")

    model_default: str = Field("built-in", description="The model used when /portrait names none.")
    model_local: tuple[str, ...] = Field(
        (),
        description="More local models as a JSON list: a diffusers folder or hub id, with an optional title, "
        'such as ["stabilityai/stable-diffusion-3.5-large=SD 3.5 Large"].',
    )
    model_builtin: bool = Field(True, description="Whether the model that ships with the bot is offered.")
    model_memory_gib: float = Field(
        0,
        ge=0,
        description="Memory for resident local models, in GiB. 0: what the device has, less a reserve.",
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
        "and running (portraits at once), models and aspects (all that it may use), such as "
        '{"patron": {"covers": ["local"], "waiting": 20, "running": 6}}.',
    )

    moderation_adult: bool = Field(
        False,
        description="Whether adult portraits may be made at all; then each server decides, in age-restricted channels.",
    )
    moderation_blocked: tuple[str, ...] = Field(
        (), description="Words or phrases that no prompt may contain, as a JSON list; servers add their own."
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

    signing_enabled: bool = Field(
        True, description="Whether pictures carry a signed C2PA manifest that says they are generated."
    )
    signing_certificate: str = Field(
        "", description="Your certificate chain for signing, a PEM file. Empty: a self-made one, valid but not trusted."
    )
    signing_key: str = Field("", description="The P-256 key of that certificate, a PEM file.")

    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR. Prompts appear at DEBUG only.")

    @field_validator("discord_owner_ids", "discord_servers", "model_local", mode="after")
    @classmethod
    def _no_repeats(cls, value: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(dict.fromkeys(value))

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

    @model_validator(mode="after")
    def _some_model(self) -> Self:
        if not self.model_builtin and not self.model_local:
            raise ValueError("MODEL_BUILTIN is off and MODEL_LOCAL names no model: nothing could be rendered")
        return self

    def tier(self, name: str) -> Tier:
        """The rules of a tier; one that was taken out of the settings counts as free."""
        return self.tiers.get(name, self.tiers[FREE])

    @classmethod
    def load(cls, env_file: Path | None = Path(".env")) -> Self:
        """Read the environment and `env_file`.

        Raises SettingsError with one line for every setting that is wrong.
        """
        try:
            return cls(_env_file=env_file)  # type: ignore[call-arg]  # taken by pydantic-settings
        except ValidationError as error:
            lines = (
                f"{'.'.join(str(part) for part in item['loc']).upper() or 'Settings'}: {item['msg']}"
                for item in error.errors()
            )
            raise SettingsError("The settings in .env are not usable. " + "; ".join(lines)) from error


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
