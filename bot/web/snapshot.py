"""What the status page shows, as plain values: worked out once a tick for everybody who looks.

Moments are epoch seconds, so that nothing changes while nothing happens. No person and no word of a prompt is in it.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bot.app import App
from bot.web.figures import StudioFigures
from bot.web.health import HealthChecks
from bot.web.last_errors import LastErrors
from bot.web.live_jobs import LiveJob
from bot.web.loop_lag import LoopLag
from data.core.data_errors import DataError
from data.credits.hosted_costs import Costs
from data.people.server_figures import AllFigures
from engine.backends import CardMemory, ModelPlace
from engine.jobs.job import Lane
from engine.models.hosted_models import TITLES
from engine.models.model import Model
from engine.queue.engine import QueueEntry

MOST_LISTED: Final = 30
"""Of those that wait; how many there are in all is said too."""
BOOKS_GOOD_FOR_S: Final = 15.0
DAY_S: Final = 86_400.0


class Books:
    """Today's figures and money from the database, read anew every `BOOKS_GOOD_FOR_S` at most."""

    def __init__(self, bot: App) -> None:
        self._bot = bot
        self._reading = asyncio.Lock()
        self._read_s = -1e9
        self.figures = AllFigures((), 0, 0)
        self.costs: tuple[Costs, ...] = ()
        self.memory: list[CardMemory] = []
        self.free_bytes = 0

    async def read(self) -> None:
        """A database that does not answer leaves the figures of before; health says so."""
        async with self._reading:
            if time.perf_counter() - self._read_s < BOOKS_GOOD_FOR_S:
                return
            self._read_s = time.perf_counter()
            stores = self._bot.stores
            midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
            day, month = midnight.timestamp(), midnight.replace(day=1).timestamp()
            try:
                self.figures = await stores.stats.everywhere(since=day)
                self.costs = await stores.costs.sums(None, since=time.time() - DAY_S, day=day, month=month)
                self.free_bytes = await asyncio.to_thread(stores.pictures.free_bytes)
            except (DataError, OSError):
                pass
            self.memory = await asyncio.to_thread(self._bot.engine.card_memory)


class StatusSnapshot:
    """Puts the page's contents together from what runs here."""

    def __init__(
        self, bot: App, figures: StudioFigures, errors: LastErrors, lag: LoopLag, health: HealthChecks
    ) -> None:
        self._bot = bot
        self._figures = figures
        self._errors = errors
        self._lag = lag
        self._health = health
        self._began = time.time()
        self.books = Books(bot)

    async def take(self) -> dict[str, Any]:
        """The contents, ready for JSON."""
        await self.books.read()
        health = await self._health.look()
        entries = self._bot.engine.waiting()
        return {
            "since": round(self._began),
            "ready": health.is_ready,
            "parts": dict(health.parts),
            "servers": len(self._bot.guilds),
            "running": [self._running(entry) for entry in entries if entry.state == "running"],
            "queue": self._queue(entries),
            "models": self._models(),
            "cards": [_card(memory) for memory in self.books.memory],
            "today": _today(self.books.figures, self._titles()),
            "money": self._money(),
            "errors": [
                {"at": round(one.at), "level": one.level, "where": one.where, "text": one.text, "job": one.job}
                for one in self._errors.newest_first()
            ],
            "disk_free": self.books.free_bytes // 2**28 * 2**28,
            "lag_ms": _rough(self._lag.worst_s * 1000),
        }

    def measure(self, parts: Mapping[str, str]) -> None:
        """Bring the gauges of Prometheus up to date."""
        metrics, entries = self._figures.metrics, self._bot.engine.waiting()
        now_s = time.perf_counter()
        for lane in Lane:
            for state in ("waiting", "running", "downloading"):
                count = sum(entry.state == state and entry.job.lane is lane for entry in entries)
                metrics.queue.labels(lane.value, state).set(count)
            metrics.oldest.labels(lane.value).set(self._longest(lane, entries, now_s))
        for part, word in parts.items():
            metrics.ready.labels(part).set(word == "ok")
        latency = self._bot.latency
        metrics.latency.set(latency if 0 <= latency < 3600 else 0)
        metrics.servers.set(len(self._bot.guilds))
        self._measure_memory()
        self._measure_books()

    def _measure_memory(self) -> None:
        metrics = self._figures.metrics
        for memory in self.books.memory:
            metrics.card_used.labels(memory.device).set(memory.used)
            metrics.card_total.labels(memory.device).set(memory.total)
        metrics.models.clear()
        for place in self._bot.engine.places:
            metrics.models.labels(place.model, place.device, "device").set(place.device_bytes)
            metrics.models.labels(place.model, place.device, "beside").set(place.beside_bytes)

    def _measure_books(self) -> None:
        metrics = self._figures.metrics
        for gauge in (metrics.cost_today, metrics.cost_month):
            gauge.clear()
        for cost in self.books.costs:
            metrics.cost_today.labels(cost.provider, cost.model).set(cost.day_usd_micros / 1e6)
            metrics.cost_month.labels(cost.provider, cost.model).set(cost.month_usd_micros / 1e6)
        metrics.disk.set(self.books.free_bytes)

    def _longest(self, lane: Lane, entries: tuple[QueueEntry, ...], now_s: float) -> float:
        live = self._figures.live.jobs
        waits = [
            now_s - live[entry.job.id].queued_s
            for entry in entries
            if entry.state != "running" and entry.job.lane is lane and entry.job.id in live
        ]
        return max(waits, default=0.0)

    def _running(self, entry: QueueEntry) -> dict[str, Any]:
        live = self._figures.live.jobs.get(entry.job.id) or LiveJob(entry.job, self._began, 0.0, stage="rendering")
        # A batch that has begun says nothing before its first step.
        stage = live.stage if live.stepped or live.stage != "rendering" else "starting"
        return {
            "job": entry.job.id,
            "model": self._titles().get(entry.job.model, entry.job.model),
            "lane": entry.job.lane.value,
            "stage": stage,
            "since": round(live.since),
            "step": live.step,
            "steps": live.steps,
            "shape": [entry.job.width, entry.job.height],
            "preview": live.preview,
        }

    def _queue(self, entries: tuple[QueueEntry, ...]) -> dict[str, Any]:
        waiting = [entry for entry in entries if entry.state != "running"]
        live, titles = self._figures.live.jobs, self._titles()
        return {
            "lanes": {lane.value: sum(entry.job.lane is lane for entry in waiting) for lane in Lane},
            "jobs": [
                {
                    "place": entry.place,
                    "job": entry.job.id,
                    "model": titles.get(entry.job.model, entry.job.model),
                    "lane": entry.job.lane.value,
                    "downloading": entry.state == "downloading",
                    "since": round(live[entry.job.id].since) if entry.job.id in live else None,
                }
                for entry in waiting[:MOST_LISTED]
            ],
            "more": max(0, len(waiting) - MOST_LISTED),
        }

    def _titles(self) -> dict[str, str]:
        return {model.id: model.title for model in self._bot.engine.catalogue.models}

    def _models(self) -> list[dict[str, Any]]:
        engine = self._bot.engine
        places: dict[str, list[ModelPlace]] = {}
        for place in engine.places:
            places.setdefault(place.model, []).append(place)
        default = engine.catalogue.default
        return [
            {
                "title": model.title,
                "default": model.id == default,
                "where": _where(model, places.get(model.id, [])),
                "why_not": engine.catalogue.unavailable(model) or "",
            }
            for model in engine.catalogue.models
        ]

    def _money(self) -> list[dict[str, Any]]:
        """By provider: dollars in the last 24 hours with their limit (None without), today and this month."""
        limits = self._bot.settings.spend_daily
        spans = {"last_day": "usd_micros", "today": "day_usd_micros", "month": "month_usd_micros"}
        rows = []
        for name, title in TITLES.items():
            costs = [cost for cost in self.books.costs if cost.provider == name]
            if costs or name in limits:
                sums = {key: sum(getattr(cost, of) for cost in costs) / 1e6 for key, of in spans.items()}
                rows.append({"provider": title, **sums, "limit": limits.get(name)})
        return rows


def _where(model: Model, places: list[ModelPlace]) -> list[dict[str, Any]]:
    """Where a model is, by device; a hosted one is at its provider."""
    if model.provider in TITLES:
        return [{"place": "hosted", "at": TITLES[model.provider]}]
    if model.provider == "studio":
        return [{"place": "process"}]
    found: list[dict[str, Any]] = []
    for one in places:
        # Parked models are in memory alone; on a processor the device is the memory.
        parked = not one.device_bytes
        found.append(
            {
                "place": "memory" if parked or one.device == "cpu" else "device",
                "at": one.device,
                "bytes": one.beside_bytes if parked else one.device_bytes,
                "beside": 0 if parked else one.beside_bytes,
            }
        )
    return found or [{"place": "disk"}]


def _card(memory: CardMemory) -> dict[str, Any]:
    return {"device": memory.device, "used": memory.used, "total": memory.total}


def _today(figures: AllFigures, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "orders": figures.orders,
        "portraits": sum(one.portraits for one in figures.models),
        "failed": sum(one.failed for one in figures.models),
        "cancelled": sum(one.cancelled for one in figures.models),
        "refused": figures.refused,
        "credits": sum(one.credits for one in figures.models),
        "models": [
            {"title": titles.get(one.model, one.model), "portraits": one.portraits, "failed": one.failed}
            for one in figures.models[:12]
        ],
    }


def _rough(milliseconds: float) -> int:
    """To two figures, so that the page is not sent anew for a hair."""
    step = int(10 ** max(0, len(str(int(milliseconds))) - 2))
    return round(milliseconds / step) * step
