"""What a local model is told: the prompt in its family's words, the change that is asked for, and trigger words."""

from __future__ import annotations

from engine.backends.local.loaded import Loaded
from engine.jobs.job import Job, Role
from engine.models.catalogue import Catalogue
from engine.models.local_models import takes_pictures
from engine.models.loras import with_triggers
from engine.wording.dialects import Attached, RenderedPrompt, render


def words_for(job: Job, loaded: Loaded, catalogue: Catalogue) -> RenderedPrompt:
    """The words of one job, with the triggers of the fine-tunes that take part."""
    references = loaded.references_of(job)
    # A model that begins from the picture reads what is to be seen: the prompt has the change in it.
    by_picture = takes_pictures(loaded.model)
    words = render(
        job.prompt,
        loaded.model.family,
        characters=[reference.handle for reference in references if reference.role is Role.FACE],
        others=[Attached(one.handle, one.role) for one in references if one.role is not Role.FACE],
        change=job.edit.words if job.edit and by_picture else "",
        looks=job.looks(),
    )
    active = {adapter.name for adapter in job.adapters if adapter.weight}
    triggers = [
        trigger
        for fine_tune in catalogue.fine_tunes_of(job.model)
        if fine_tune.name in active
        for trigger in fine_tune.triggers
    ]
    return with_triggers(words, triggers)
