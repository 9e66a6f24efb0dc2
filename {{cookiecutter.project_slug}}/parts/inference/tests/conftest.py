"""A real but tiny model for the project's workload, made here; tests of another workload are deselected."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from {{cookiecutter.__package}} import plan

TEXT = "The quick brown fox jumps over the lazy dog. A GPU keeps keys and values of tokens in a cache. " * 20
SIZES: dict[str, Any] = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}

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


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "workload(name): for projects of that workload alone")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    ours, others = [], []
    for item in items:
        mark = item.get_closest_marker("workload")
        (ours if mark is None or plan.WORKLOAD in mark.args else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = ours


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with config.json, model.safetensors and a tokenizer, and what the library of the workload needs."""
    import torch

    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    {"generation": llama, "embedding": sentence_bert, "classification": bert_of_classes}[plan.WORKLOAD](folder)
    return folder


def llama(folder: Path) -> None:
    """Two Llama layers, and a tokenizer with a chat template trained on a few sentences."""
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
    config = LlamaConfig(
        **SIZES,
        vocab_size=len(tokenizer),
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=16384,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def word_pieces(folder: Path) -> Any:
    """BERT's tokenizer, trained on a few sentences and saved."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

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
    return tokenizer


def bert_config(tokenizer: Any, **more: Any) -> Any:
    from transformers import BertConfig

    return BertConfig(
        **SIZES,
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        max_position_embeddings=512,
        **more,
    )


def bert_of_classes(folder: Path) -> None:
    """A BERT of two layers with three classes."""
    from transformers import BertForSequenceClassification

    config = bert_config(
        word_pieces(folder),
        id2label=dict(enumerate(CLASSES)),
        label2id={name: i for i, name in enumerate(CLASSES)},
        initializer_range=0.5,  # so that texts differ enough for their classes to be told apart
    )
    BertForSequenceClassification(config).save_pretrained(folder)


def sentence_bert(folder: Path) -> None:
    """A BERT of two layers with mean pooling, as sentence-transformers saves it."""
    from transformers import BertModel

    BertModel(bert_config(word_pieces(folder))).save_pretrained(folder)
    modules = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(modules)
    ]
    write(folder / "modules.json", listed)
    write(folder / "sentence_bert_config.json", {"max_seq_length": 512, "do_lower_case": False})
    write(folder / "1_Pooling/config.json", {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True})
    (folder / "2_Normalize").mkdir()


def write(file: Path, data: object) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(data), encoding="utf-8")
