"""Figures for Prometheus, kept while the bot works. No label names a person, a server or a word of a prompt.

Labels have few values: models of the catalogue, the two lanes, and names that stand in the code.
"""

from collections.abc import Sequence
from typing import Any, Final

import aiohttp
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from bot.core.studio_watcher import StudioWatcher
from bot.web.live_jobs import LiveJobs, StageEnd
from data.orders.jobs import Order
from engine.backends import Outcome
from engine.jobs.job import (
    Downloading,
    EngineStopped,
    Finished,
    Job,
    JobCancelled,
    JobTimedOut,
    ModelUnavailable,
    OutOfMemory,
    Underway,
)

_WAITS_S: Final = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800)
_STAGES_S: Final = (0.1, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320, 640)
_BATCHES: Final = (1, 2, 4, 8, 16, 32, 64)
_LAGS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_LIKENESSES: Final = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
_MOST_RULES: Final = 40
_OUTCOMES: Final[dict[type, str]] = {
    Finished: "finished",
    JobCancelled: "cancelled",
    JobTimedOut: "timed_out",
    OutOfMemory: "out_of_memory",
}
_LIMIT_SCOPES: Final = frozenset({"user", "global", "shared"})


class Metrics:
    """Every metric, in a registry of its own."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)
        in_registry: dict[str, Any] = {"registry": registry, "namespace": "likeness"}
        self.orders = Counter("orders_placed", "Orders taken and charged.", **in_registry)
        self.closed = Counter("orders_closed", "Orders that ended, by how.", ["outcome"], **in_registry)
        self.portraits = Counter(
            "portraits", "Portraits that ended in the queue, by how.", ["model", "lane", "outcome"], **in_registry
        )
        self.refusals = Counter("refusals", "Orders that a rule of policy refused.", ["rule"], **in_registry)
        self.withheld = Counter("pictures_withheld", "Finished pictures shown to nobody.", ["rule"], **in_registry)
        self.retries = Counter("retries", "Portraits made once more for their face.", ["model"], **in_registry)
        self.likeness = Histogram(
            "face_similarity", "Likeness to the saved face, 0 to 100.", ["model"], buckets=_LIKENESSES, **in_registry
        )
        self.waits = Histogram(
            "queue_wait_seconds", "From the queue to the start.", ["lane"], buckets=_WAITS_S, **in_registry
        )
        self.batches = Histogram(
            "batch_portraits", "How many portraits were made together.", ["model"], buckets=_BATCHES, **in_registry
        )
        self.stages = Histogram(
            "stage_seconds", "What a portrait spent in each stage.", ["model", "stage"], buckets=_STAGES_S,
            **in_registry,
        )  # fmt: skip
        self.lag = Histogram(
            "event_loop_lag_seconds", "By how much the event loop was late.", buckets=_LAGS_S, **in_registry
        )
        self.discord = Counter("discord_responses", "Answers of Discord's API.", ["code"], **in_registry)
        self.limits = Counter("discord_rate_limits", "Answers 429, by whose limit.", ["scope"], **in_registry)
        self.log = Counter("log_records", "Warnings and errors in the log.", ["level"], **in_registry)
        self.queue = Gauge("queue_portraits", "Portraits in the queue.", ["lane", "state"], **in_registry)
        self.oldest = Gauge("queue_oldest_wait_seconds", "Of who waits longest.", ["lane"], **in_registry)
        self.card_used = Gauge("gpu_memory_used_bytes", "Of a card, by all programs.", ["device"], **in_registry)
        self.card_total = Gauge("gpu_memory_bytes", "What a card has.", ["device"], **in_registry)
        self.models = Gauge(
            "model_memory_bytes", "Weights of loaded models.", ["model", "device", "place"], **in_registry
        )
        self.cost_today = Gauge(
            "hosted_cost_today_dollars", "What providers charged since midnight.", ["provider", "model"], **in_registry
        )
        self.cost_month = Gauge(
            "hosted_cost_month_dollars", "What providers charged this month.", ["provider", "model"], **in_registry
        )
        self.ready = Gauge("ready", "Whether a part is in order (1) or not (0).", ["part"], **in_registry)
        self.disk = Gauge("disk_free_bytes", "Free where the data folder is.", **in_registry)
        self.latency = Gauge("discord_latency_seconds", "Of the gateway's last heartbeat.", **in_registry)
        self.servers = Gauge("servers", "Servers that the bot is in.", **in_registry)
        self.viewers = Gauge("status_viewers", "Open status pages.", **in_registry)

    def text(self) -> bytes:
        """In Prometheus' text format. Blocking for some milliseconds; any thread."""
        return generate_latest(self.registry)


class StudioFigures(StudioWatcher):
    """Counts what the studio does, and keeps what is made now (`live`)."""

    def __init__(self) -> None:
        self.live = LiveJobs()
        self.metrics = Metrics()
        self._rules: set[str] = set()

    def job_queued(self, job: Job) -> None:
        self.live.queued(job)

    def batch_started(self, jobs: Sequence[Job]) -> None:
        self.metrics.batches.labels(jobs[0].model).observe(len(jobs))
        for job, waited_s in self.live.started(jobs):
            self.metrics.waits.labels(job.lane.value).observe(waited_s)

    def job_told(self, job_id: str, event: Downloading | Underway) -> None:
        self._observe(self.live.told(job_id, event))

    def job_ended(self, job: Job, outcome: Outcome) -> None:
        self._observe(self.live.ended(job.id))
        if isinstance(outcome, EngineStopped):
            return
        how = "unavailable" if isinstance(outcome, ModelUnavailable) else _OUTCOMES.get(type(outcome), "failed")
        self.metrics.portraits.labels(job.model, job.lane.value, how).inc()

    def order_placed(self, order: Order) -> None:
        self.metrics.orders.inc()

    def order_closed(self, order: Order, outcome: str) -> None:
        self.metrics.closed.labels(outcome).inc()

    def order_refused(self, rule: str) -> None:
        self.metrics.refusals.labels(self._known(rule)).inc()

    def picture_withheld(self, rule: str) -> None:
        self.metrics.withheld.labels(self._known(rule)).inc()

    def picture_retried(self, model: str) -> None:
        self.metrics.retries.labels(model).inc()

    def face_measured(self, model: str, likeness: float) -> None:
        self.metrics.likeness.labels(model).observe(likeness)

    def preview_looked_at(self, job_id: str, jpeg: bytes | None) -> None:
        self.live.show(job_id, jpeg)

    def discord_answered(self, status: int, scope: str) -> None:
        self.metrics.discord.labels(f"{status // 100}xx" if 100 <= status < 600 else "other").inc()
        if status == 429:
            self.metrics.limits.labels(scope if scope in _LIMIT_SCOPES else "unknown").inc()

    def discord_trace(self) -> aiohttp.TraceConfig:
        """For the session that asks Discord's API: every answer is counted."""

        async def answered(session: Any, context: Any, params: aiohttp.TraceRequestEndParams) -> None:
            self.discord_answered(params.response.status, params.response.headers.get("X-RateLimit-Scope", ""))

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(answered)
        return trace

    def logged(self, level: str) -> None:
        """A warning or an error was logged, in any thread."""
        self.metrics.log.labels(level).inc()

    def _observe(self, ended: StageEnd | None) -> None:
        if ended is not None:
            self.metrics.stages.labels(ended.model, ended.stage).observe(ended.seconds)

    def _known(self, rule: str) -> str:
        """The rule; "other" from a number on that no version of the bot has, so that labels stay few."""
        if len(self._rules) < _MOST_RULES:
            self._rules.add(rule)
        return rule if rule in self._rules else "other"
