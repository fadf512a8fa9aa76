"""Expression names, label sets and the mapping between them: always by name, never by index."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from mien.errors import UnknownNameError

LabelSet = tuple[str, ...]

FER7: LabelSet = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FER8: LabelSet = (*FER7, "contempt")
FER5: LabelSet = ("angry", "disgust", "happy", "neutral", "surprise")

# The words data sets and papers use for the same expressions.
_SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "natural": "neutral",
    "normal": "neutral",
}

NEARLY = 0.85
"""How like a known word (0..1) a slip is, as ``hapy``; ``unhappy`` is a word of its own."""


def expression_name(word: str) -> str:
    """Return mien's name for an expression word of a data set, such as ``"Happiness"``.

    Raises:
        UnknownNameError: the word names no expression mien knows.
    """
    name = word.strip().lower()
    name = _SYNONYMS.get(name, name)
    if name not in FER8:
        raise UnknownNameError("Expression", word, FER8)
    return name


def label_name(word: str) -> str:
    """Return the name of a label of anybody's data: mien's for a known expression, else the word itself in small letters.

    Raises:
        UnknownNameError: the word is empty, or nearly that of an expression, which would make one of two.
    """
    name = word.strip().lower()
    known = (*FER8, *_SYNONYMS)
    if name in known:
        return expression_name(word)
    slips = [near for near in get_close_matches(name, known, cutoff=NEARLY) if near[0] == name[0]]  # "abnormal" is no slip of "normal"
    if not name or slips:
        raise UnknownNameError("Expression", word, slips or FER8)
    return name


def in_order(labels: Iterable[str]) -> LabelSet:
    """Return each label once: those of FER8 in its order, others behind them in their own."""
    given = tuple(dict.fromkeys(labels))
    return tuple(label for label in FER8 if label in given) + tuple(label for label in given if label not in FER8)


def columns_of(wanted: Sequence[str], available: Sequence[str]) -> list[int]:
    """Return the index in ``available`` of each name in ``wanted``.

    Raises:
        UnknownNameError: a wanted name is not available.
    """
    for name in wanted:
        if name not in available:
            raise UnknownNameError("Label", name, available)
    return [list(available).index(name) for name in wanted]
