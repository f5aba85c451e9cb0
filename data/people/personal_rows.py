"""What becomes of each table when somebody has everything of theirs erased: the statements of one transaction.

Rows that say what a person made or wrote go. Rows that others rely on, the credits and the audit, stay under a
pseudonym. A new table belongs into one of the three lists below; a test compares them with the schema.
"""

# ruff: noqa: S608 - the pieces of these statements are this module's own constants

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from data.core.audit import ABOUT_CHARACTERS, in_sql
from data.core.database import Transaction
from data.credits import ledger, tier_rows
from data.credits.ledger import LedgerNote, NewEntry

GONE = frozenset(
    {
        "characters",
        "character_references",
        "drafts",
        "gallery_links",
        "gallery_sessions",
        "handed_in",
        "job_tries",
        "misreadings",
        "order_characters",
        "order_edits",
        "order_references",
        "pictures",
        "portrait_reviews",
        "portraits",
        "questions",
        "quotes",
        "refused_orders",
        "saved_references",
        "styles",
        "withheld",
    }
)
"""Tables whose rows go with the person."""

NOBODYS = frozenset(
    {
        "disabled_pictures",  # keyed hashes of pictures, so that saving one again is no way around a moderator
        "erased_bans",  # keyed hashes of people, and who banned them
        "erasing",  # empty once an erasure is done
        "erasures",  # keyed hashes of people
        "message_removals",  # messages, until they are deleted
        "series",
        "servers",
    }
)
"""Tables that say nothing of a person, or only what is needed to have it erased."""

LEFT: Mapping[str, Mapping[str, str]] = {
    "accounts": {"user_id": "pseudonym", "tier": "reset", "allowance_day": "kept"},
    "audit": {
        "actor_id": "pseudonym",
        "target_id": "pseudonym",
        "action": "kept",
        "detail": "kept, but for handles",
        "reason": "blank",
    },
    "bans": {"user_id": "row goes; a keyed hash stays", "actor_id": "pseudonym", "reason": "blank"},
    "blocked_faces": {"actor_id": "pseudonym", "reason": "blank", "embedding": "kept with the block"},
    "character_reports": {"reporter_id": "pseudonym", "reason": "blank"},
    "disabled_characters": {"actor_id": "pseudonym", "reason": "blank"},
    "jobs": {
        "id": "kept",
        "order_id": "kept",
        "model": "kept",
        "provider": "kept",
        "fine_tune": "kept",
        "lane": "kept",
        "state": "kept",
        "prompt": "blank",
        "error": "blank",
        "provider_ref": "blank",
    },
    "ledger": {
        "actor_id": "pseudonym",
        "reason": "blank",
        "kind": "kept",
        "allowance_day": "kept",
        "job_id": "kept",
        "key": "kept",
    },
    "orders": {
        "id": "kept",
        "source": "replaced",
        "prompt": "blank",
        "people": "blank",
        "token": "blank",
        "language": "blank",
        "state": "kept",
        "series_id": "kept",
        "delivered_by": "kept",
        "best_job": "kept",
    },
    "series_frames": {"job_id": "kept", "series_id": "kept", "label": "blank"},
    "server_access": {"actor_id": "pseudonym", "reason": "blank"},
    "tier_changes": {"actor_id": "pseudonym", "reason": "blank", "kind": "kept", "tier": "kept", "key": "kept"},
}
"""Tables whose rows stay, and what becomes of each column that holds text or says who."""

_MINE = "(SELECT id FROM accounts WHERE user_id = :user)"
_ORDERS = f"(SELECT id FROM orders WHERE account_id IN {_MINE})"
_PORTRAITS = "(SELECT id FROM portraits WHERE user_id = :user)"
# The person's own faces, and those that others saved from pictures that the person had handed in.
_CHARACTERS = f"""(SELECT id FROM characters WHERE user_id = :user UNION
    SELECT character_id FROM character_references WHERE portrait_id IN {_PORTRAITS} AND origin = 'upload')"""

# Every picture that the statements below let go of. What somebody else still needs stays for them.
PICTURES = f"""
SELECT sha256 FROM portraits WHERE user_id = :user AND sha256 IS NOT NULL
UNION SELECT sha256 FROM character_references WHERE character_id IN {_CHARACTERS}
UNION SELECT crop_sha256 FROM character_references WHERE character_id IN {_CHARACTERS} AND crop_sha256 IS NOT NULL
UNION SELECT crop_sha256 FROM character_references WHERE character_id IN {_CHARACTERS} AND crop_sha256 IS NOT NULL
UNION SELECT sha256 FROM order_references WHERE order_id IN {_ORDERS}
UNION SELECT crop_sha256 FROM order_references WHERE order_id IN {_ORDERS} AND crop_sha256 IS NOT NULL
UNION SELECT crop_sha256 FROM order_references WHERE order_id IN {_ORDERS} AND crop_sha256 IS NOT NULL
UNION SELECT sha256 FROM order_edits WHERE order_id IN {_ORDERS} AND sha256 IS NOT NULL
UNION SELECT sha256 FROM saved_references WHERE user_id = :user
UNION SELECT sha256 FROM handed_in WHERE user_id = :user
"""

# Orders that have to end first: the person's own, and those that others made with the person's faces.
OPEN_ORDERS = f"""
SELECT o.id, a.user_id = :user AS own FROM orders o JOIN accounts a ON a.id = o.account_id
WHERE o.state = 'open' AND (a.user_id = :user
    OR o.id IN (SELECT order_id FROM order_characters WHERE character_id IN {_CHARACTERS}))
"""

# In this order, because later statements look at what earlier ones leave.
STATEMENTS = (
    # Messages that showed a portrait or a prompt.
    f"""INSERT OR IGNORE INTO message_removals (message_id, guild_id, channel_id)
        SELECT message_id, guild_id, channel_id FROM portraits WHERE user_id = :user AND message_id IS NOT NULL
        UNION SELECT o.message_id, a.guild_id, o.channel_id FROM orders o JOIN accounts a ON a.id = o.account_id
        WHERE o.account_id IN {_MINE} AND o.message_id IS NOT NULL""",
    # What hangs on a character goes with it.
    f"DELETE FROM characters WHERE id IN {_CHARACTERS}",
    f"UPDATE character_references SET portrait_id = NULL WHERE portrait_id IN {_PORTRAITS}",
    # Portraits and what they were made from.
    f"DELETE FROM order_references WHERE order_id IN {_ORDERS}",
    f"DELETE FROM order_characters WHERE order_id IN {_ORDERS}",
    f"DELETE FROM job_tries WHERE job_id IN (SELECT id FROM jobs WHERE order_id IN {_ORDERS})",
    f"DELETE FROM order_edits WHERE order_id IN {_ORDERS}",
    "DELETE FROM saved_references WHERE user_id = :user",
    "DELETE FROM handed_in WHERE user_id = :user",
    f"UPDATE series_frames SET label = '' WHERE job_id IN (SELECT id FROM jobs WHERE order_id IN {_ORDERS})",
    f"UPDATE orders SET parent_portrait_id = NULL WHERE parent_portrait_id IN {_PORTRAITS}",
    f"UPDATE portraits SET parent_id = NULL WHERE parent_id IN {_PORTRAITS}",
    "DELETE FROM portraits WHERE user_id = :user",
    f"""UPDATE orders SET source = 'erased:' || id, channel_id = 0, prompt = '', people = '', token = NULL,
        message_id = NULL WHERE account_id IN {_MINE}""",
    f"UPDATE jobs SET error = '', prompt = '', provider_ref = '' WHERE order_id IN {_ORDERS}",
    "DELETE FROM gallery_links WHERE user_id = :user",
    "DELETE FROM gallery_sessions WHERE user_id = :user",
    "DELETE FROM styles WHERE user_id = :user",
    "DELETE FROM drafts WHERE user_id = :user",
    "DELETE FROM quotes WHERE user_id = :user",
    "DELETE FROM questions WHERE user_id = :user",
    "DELETE FROM misreadings WHERE user_id = :user",
    "DELETE FROM refused_orders WHERE user_id = :user",
    "DELETE FROM withheld WHERE user_id = :user",
    # What the person said and did about others.
    "UPDATE refused_orders SET settled_by = :pseudonym WHERE settled_by = :user",
    "UPDATE withheld SET settled_by = :pseudonym WHERE settled_by = :user",
    "UPDATE blocked_faces SET actor_id = :pseudonym, reason = '' WHERE actor_id = :user",
    "UPDATE character_reports SET reporter_id = :pseudonym, reason = '' WHERE reporter_id = :user",
    "UPDATE disabled_characters SET actor_id = :pseudonym, reason = '' WHERE actor_id = :user",
    "UPDATE server_access SET actor_id = :pseudonym, reason = '' WHERE actor_id = :user",
    "UPDATE bans SET actor_id = :pseudonym, reason = '' WHERE actor_id = :user",
    "UPDATE erased_bans SET actor_id = :pseudonym WHERE actor_id = :user",
    """INSERT OR REPLACE INTO erased_bans (mark, guild_id, actor_id, created_at)
       SELECT :mark, guild_id, actor_id, created_at FROM bans WHERE user_id = :user""",
    "DELETE FROM bans WHERE user_id = :user",
    # The books.
    f"UPDATE tier_changes SET reason = '' WHERE account_id IN {_MINE} OR actor_id = :user",
    "UPDATE tier_changes SET actor_id = :pseudonym WHERE actor_id = :user",
    "UPDATE accounts SET user_id = :pseudonym WHERE user_id = :user",
    """UPDATE ledger SET actor_id = iif(actor_id = :user, :pseudonym, actor_id), reason = '' WHERE actor_id = :user
       OR (reason <> '' AND account_id IN (SELECT id FROM accounts WHERE user_id = :pseudonym))""",
    f"""UPDATE audit SET actor_id = iif(actor_id = :user, :pseudonym, actor_id),
           target_id = iif(target_id = :user, :pseudonym, target_id), reason = '',
           detail = iif(action IN {in_sql(ABOUT_CHARACTERS)}, '', detail)
       WHERE actor_id = :user OR target_id = :user""",
    "UPDATE erasing SET user_id = NULL WHERE user_id = :user",
)


async def forfeit(tx: Transaction, user_id: int, note: LedgerNote) -> None:
    """Take back the person's credits and tiers, in the books as all else; the note's key is unique to the erasure."""
    for row in await tx.execute("SELECT * FROM accounts WHERE user_id = ?", (user_id,)):
        own = replace(note, key=f"{note.key}:{row['id']}")
        if row["tier"] != tier_rows.FREE:
            await tier_rows.change(tx, row["id"], "revoke", tier_rows.FREE, None, own)
        if row["balance"]:
            await tx.execute("UPDATE accounts SET balance = 0, allowance_left = 0 WHERE id = ?", (row["id"],))
            entry = NewEntry(
                account_id=row["id"],
                kind="adjust",
                amount=-row["balance"],
                allowance_amount=-row["allowance_left"],
                allowance_day=row["allowance_day"] if row["allowance_left"] else None,
                balance_after=0,
                note=own,
            )
            await ledger.append(tx, [entry])
