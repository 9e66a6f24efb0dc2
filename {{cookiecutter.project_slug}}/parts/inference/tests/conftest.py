"""A real but tiny model of the project's workload, made here; and the marker of tests that one workload alone has."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from {{cookiecutter.__package}} import plan

TEXT = "The quick brown fox jumps over the lazy dog. A GPU keeps keys and values of tokens in a cache. " * 20

# [% %] and [[ ]] stand for Jinja's braces, which the template of this project would have taken for its own
CHAT = (
    "[% for message in messages %]<|im_start|>[[ message.role ]]\n[[ message.content ]]<|im_end|>\n[% endfor %]"
    "[% if add_generation_prompt %]<|im_start|>assistant\n[% endif %]"
)
BRACES = {"[%": "{" + "%", "%]": "%" + "}", "[[": "{" * 2, "]]": "}" * 2}
SPECIALS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
CLASSES = ("negative", "neutral", "positive")
SIZE: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "workload(name): has a meaning in projects of this workload only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests of other workloads."""
    others = [item for item in items if any(plan.WORKLOAD not in mark.args for mark in item.iter_markers("workload"))]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with config.json, model.safetensors and a tokenizer."""
    folder = tmp_path_factory.mktemp("tiny")
    {"generation": llama, "embedding": embedder, "classification": classifier}[plan.WORKLOAD](folder)
    return folder


@pytest.fixture(scope="session")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of one label, as rerankers are published."""
    from transformers import BertForSequenceClassification

    folder = tmp_path_factory.mktemp("cross-encoder")
    BertForSequenceClassification(bert_config(folder, num_labels=1, initializer_range=0.5)).save_pretrained(folder)
    return folder


def llama(folder: Path) -> None:
    """Write two Llama layers and a tokenizer with a chat template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    specials = ["<|im_start|>", "<|im_end|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    words.train_from_iterator(
        [TEXT], trainers.BpeTrainer(vocab_size=512, special_tokens=specials, initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|im_end|>", pad_token="<|im_end|>")
    tokenizer.chat_template = re.sub("|".join(map(re.escape, BRACES)), lambda mark: BRACES[mark[0]], CHAT)
    tokenizer.save_pretrained(folder)

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        **SIZE,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=16384,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def bert_config(folder: Path, **settings: Any) -> Any:
    """Write a tokenizer of whole words, and return the configuration of two BERT layers for it."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, PreTrainedTokenizerFast

    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.train_from_iterator([TEXT], trainers.WordPieceTrainer(vocab_size=256, special_tokens=list(SPECIALS.values())))
    ends = [(name, words.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=512, **SPECIALS)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    sizes: dict[str, Any] = SIZE | {"vocab_size": len(tokenizer), "max_position_embeddings": 512}
    return BertConfig(**sizes, pad_token_id=tokenizer.pad_token_id, **settings)


def classifier(folder: Path) -> None:
    """Write a BERT with three named classes."""
    from transformers import BertForSequenceClassification

    labels = dict(enumerate(CLASSES))
    # A wide initial range, so that texts differ enough for their classes to be told apart
    config = bert_config(folder, id2label=labels, label2id={v: k for k, v in labels.items()}, initializer_range=0.5)
    BertForSequenceClassification(config).save_pretrained(folder)


def embedder(folder: Path) -> None:
    """Write a BERT with mean pooling, as sentence-transformers saves it."""
    from transformers import BertModel

    BertModel(bert_config(folder)).save_pretrained(folder)
    modules = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(modules)
    ]
    settings = {
        "modules.json": listed,
        "sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True},
    }
    for name in ("1_Pooling", "2_Normalize"):
        (folder / name).mkdir()
    for name, content in settings.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
