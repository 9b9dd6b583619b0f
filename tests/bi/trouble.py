"""What ends the check: one sentence for a person."""


class Trouble(Exception):
    """Something did not work, or two numbers differ; the text is a sentence that says which."""
