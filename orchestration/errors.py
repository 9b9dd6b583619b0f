"""The one exception whose text is meant for people: a sentence that says what is wrong and what to do."""


class PipelineError(Exception):
    """A failure that a person can act on. Shown as its sentence, without a traceback."""
