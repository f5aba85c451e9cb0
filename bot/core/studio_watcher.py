"""Who is told of what the studio does, for figures and for the operator's page. It knows nothing of either."""

from data.orders.jobs import Order
from engine.queue.queue_watcher import QueueWatcher


class StudioWatcher(QueueWatcher):
    """Told on the event loop, and looks away; whoever wants to know overrides what interests them.

    Nothing here may raise or wait. No words of a prompt and no person is told of.
    """

    def order_placed(self, order: Order) -> None:
        """It was charged and written down."""

    def order_closed(self, order: Order, outcome: str) -> None:
        """It is over: "delivered", "refunded", or "unshown" while every way to its person is closed."""

    def order_refused(self, rule: str) -> None:
        """A rule of policy refused what was asked for."""

    def picture_withheld(self, rule: str) -> None:
        """A finished picture is shown to nobody."""

    def picture_retried(self, model: str) -> None:
        """A portrait is made once more, because its face was not the saved one."""

    def face_measured(self, model: str, likeness: float) -> None:
        """How like the saved face a finished picture is, 0 to 100."""

    def preview_looked_at(self, job_id: str, jpeg: bytes | None) -> None:
        """A preview that may be shown; None takes away the one before it."""

    def discord_answered(self, status: int, scope: str) -> None:
        """Discord's API answered with this HTTP status; `scope` says whose limit a 429 is about, "" for others."""
