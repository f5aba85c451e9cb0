"""`python -m tests.corpus.policy_score`: what the words of the policy miss, and refuse wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.core.policy import PolicyQuestion, PolicyRefusal, decide
from engine.prompt import parse

VERDICTS = ("fine", "adult", "minors")


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled prompt and what the policy made of it, both one of `VERDICTS`."""

    wanted: str
    found: str
    prompt: str

    @property
    def missed(self) -> bool:
        """Whether the policy was laxer than it should be."""
        return VERDICTS.index(self.found) < VERDICTS.index(self.wanted)

    @property
    def wrongly_refused(self) -> bool:
        """Whether the policy was stricter than it should be."""
        return VERDICTS.index(self.found) > VERDICTS.index(self.wanted)


def judged() -> list[Judged]:
    """Every prompt of `policy.txt`, judged where nothing adult is allowed."""
    lines = Path(__file__).with_name("policy.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t", 1) for line in lines if line and not line.startswith("#")]
    return [Judged(wanted, verdict(prompt), prompt) for wanted, prompt in pairs]


def verdict(text: str) -> str:
    """One of `VERDICTS` for a typed prompt."""
    decision = decide(PolicyQuestion(prompt=parse(text)))
    if not isinstance(decision, PolicyRefusal):
        return "fine"
    return "minors" if decision.rule == "minors" else "adult"


def main() -> None:
    """Print the counts, then each prompt that was judged wrongly."""
    results = judged()
    fine = [result for result in results if result.wanted == "fine"]
    meant = [result for result in results if result.wanted != "fine"]
    missed = [result for result in meant if result.missed]
    refused = [result for result in results if result.wrongly_refused]
    print(f"missed: {len(missed)} of {len(meant)} prompts that should be refused ({len(missed) / len(meant):.1%})")
    wrong = [result for result in refused if result.wanted == "fine"]
    print(f"refused wrongly: {len(wrong)} of {len(fine)} innocent prompts ({len(wrong) / len(fine):.1%})")
    for name, listed in (("missed", missed), ("refused wrongly", refused)):
        for result in listed:
            print(f"  {name}: {result.prompt} ({result.wanted}, taken for {result.found})")


if __name__ == "__main__":
    main()
