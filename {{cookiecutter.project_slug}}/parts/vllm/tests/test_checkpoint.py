"""The head of a classifier, looked for in checkpoints that transformers wrote."""

from pathlib import Path
from typing import Any

import pytest
import transformers

from {{cookiecutter.__package}}.engine.checkpoint import IncompleteWeights, check_head, tensor_names

SIZE: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
SIZE |= {"vocab_size": 99}
CONFIGS: list[Any] = [
    transformers.BertConfig(**SIZE),
    transformers.RobertaConfig(**SIZE),
    transformers.ModernBertConfig(**SIZE, pad_token_id=0),
    transformers.DistilBertConfig(dim=32, n_layers=1, n_heads=2, hidden_dim=64, vocab_size=99),
    transformers.Qwen3Config(**SIZE, num_key_value_heads=1, head_dim=16, pad_token_id=0),
    transformers.LlamaConfig(**SIZE, pad_token_id=0),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.model_type)
def test_a_classifier_has_a_head_and_no_other_model_has(config: Any, tmp_path: Path):
    classifier = transformers.AutoModelForSequenceClassification.from_config(config)
    classifier.save_pretrained(tmp_path / "classifier")
    assert set(tensor_names(tmp_path / "classifier")) == set(classifier.state_dict())
    check_head(str(tmp_path / "classifier"))
    causal = config.model_type in ("qwen3", "llama")
    head = transformers.AutoModelForCausalLM if causal else transformers.AutoModelForMaskedLM
    for number, other in enumerate((transformers.AutoModel, head)):
        other.from_config(config).save_pretrained(tmp_path / str(number))
        with pytest.raises(IncompleteWeights, match="no head that tells classes apart"):
            check_head(str(tmp_path / str(number)))
