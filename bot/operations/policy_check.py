"""`python -m bot policy PROMPT`: what policy makes of a prompt, its rule and what it found, as JSON.

Pure: no database, no settings and no network. Block lists are not asked.
"""

import json
from dataclasses import asdict
from typing import Any

from bot.core.carried_people import NOBODY, of_years
from bot.core.policy import PolicyQuestion, PolicyRefusal, decide, finding
from engine.prompt import MAX_TEXT, parse


def run(prompt: str, character_age: int | None, *, upload: bool, adult: bool) -> int:
    """Print the answer; returns the exit code, 0 whatever the decision is and 2 when the prompt is too long."""
    if len(prompt) > MAX_TEXT:
        print(f"The prompt is longer than {MAX_TEXT:,} characters.")
        return 2
    print(json.dumps(checked(prompt, character_age, upload=upload, adult=adult), ensure_ascii=False, indent=2))
    return 0


def checked(prompt: str, character_age: int | None, *, upload: bool, adult: bool) -> dict[str, Any]:
    """`decision` ("allowed", "adult" or "refused"), `rule` and `sentence` ("" unless refused) and the `finding`."""
    question = PolicyQuestion(
        prompt=parse(prompt),
        from_upload=upload,
        carried=NOBODY if character_age is None else of_years(character_age),
        operator_allows_adult=adult,
        server_allows_adult=adult,
        channel_age_restricted=adult,
    )
    decision = decide(question)
    said: dict[str, Any] = {"decision": "refused", "rule": "", "sentence": ""}
    if isinstance(decision, PolicyRefusal):
        said |= asdict(decision)
    else:
        said["decision"] = "adult" if decision.adult else "allowed"
    return {**said, "finding": asdict(finding(question))}
