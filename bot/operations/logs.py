"""Log lines for the one who runs the bot: time, level, place, the job's id where there is one."""

import logging
import sys


class _JobFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        job = getattr(record, "job", None)
        if not job:
            return line
        first, *rest = line.split("\n")
        return "\n".join([f"{first} [job {job}]", *rest])


def set_up(level: str) -> None:
    """Log to standard error. Discord's own chatter appears from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JobFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("discord", "PIL", "aiosqlite"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))
