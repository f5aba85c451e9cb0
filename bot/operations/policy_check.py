"""`python -m bot policy PROMPT`: what policy makes of a prompt, its rule and what it found, as JSON.

Without database and network. The operator's own lists are asked, MODERATION_BLOCKED and the real people of
MODERATION_REAL_PEOPLE; a server's block list is not.
"""

import json
from dataclasses import asdict
from typing import Any

from bot.core.carried_people import NOBODY, of_years
from bot.core.policy import PolicyQuestion, PolicyRefusal, decide, finding
from bot.core.policy_reading import every_word
from bot.core.real_people import NO_REAL_PEOPLE, RealPeople
from engine.prompt import MAX_TEXT, parse


def run(
    prompt: str,
    character_age: int | None,
    *,
    upload: bool,
    adult: bool,
    blocked: tuple[str, ...] = (),
    real_people: RealPeople = NO_REAL_PEOPLE,
) -> int:
    """Print the answer; returns the exit code, 0 whatever the decision is and 2 when the prompt is too long."""
    if len(prompt) > MAX_TEXT:
        print(f"The prompt is longer than {MAX_TEXT:,} characters.")
        return 2
    said = checked(prompt, character_age, upload=upload, adult=adult, blocked=blocked, real_people=real_people)
    print(json.dumps(said, ensure_ascii=False, indent=2))
    return 0


def checked(
    prompt: str,
    character_age: int | None,
    *,
    upload: bool,
    adult: bool,
    blocked: tuple[str, ...] = (),
    real_people: RealPeople = NO_REAL_PEOPLE,
) -> dict[str, Any]:
    """`decision` ("allowed", "adult", "refused", or "ask" for the right to show `names`), `rule` and `sentence` (""
    unless refused), the `names` of real people and the `finding`."""
    question = PolicyQuestion(
        prompt=parse(prompt),
        from_upload=upload,
        carried=NOBODY if character_age is None else of_years(character_age),
        operator_allows_adult=adult,
        server_allows_adult=adult,
        channel_age_restricted=adult,
        operator_blocked=blocked,
        real_people=real_people,
    )
    decision = decide(question)
    names = real_people.named_in(every_word(question.prompt))
    said: dict[str, Any] = {"decision": "refused", "rule": "", "sentence": "", "names": names}
    if isinstance(decision, PolicyRefusal):
        said |= asdict(decision)
    else:
        said["decision"] = "ask" if decision.names else "adult" if decision.adult else "allowed"
    return {**said, "finding": asdict(finding(question))}
