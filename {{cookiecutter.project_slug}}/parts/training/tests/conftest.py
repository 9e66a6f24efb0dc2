"""Real but tiny models, made here: a Llama and a DistilBERT of two layers, with tokenizers trained on a few words."""

import json
import os
import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from {{cookiecutter.__package}}.training.config import Job

os.environ["GPU"] = "none"  # whatever the plan's containers have: read when the package is imported


torch.set_num_threads(1)  # models this small are slower with more
os.environ["OMP_NUM_THREADS"] = "1"

SAMPLES = Path(__file__).parent.parent / "samples"

# [% %] and [[ ]] stand for Jinja's braces, which the template of this project would have taken for its own
CHAT = (
    "[% for message in messages %]<|im_start|>[[ message.role ]]\n[[ message.content ]]<|im_end|>\n[% endfor %]"
    "[% if add_generation_prompt %]<|im_start|>assistant\n[% endif %]"
)
MARKED = (
    "[% for message in messages %]<|im_start|>[[ message.role ]]\n[% if message.role == 'assistant' %]"
    "[% generation %][[ message.content ]]<|im_end|>[% endgeneration %][% else %][[ message.content ]]<|im_end|>"
    "[% endif %]\n[% endfor %][% if add_generation_prompt %]<|im_start|>assistant\n[% endif %]"
)
BRACES = {"[%": "{" + "%", "%]": "%" + "}", "[[": "{" * 2, "]]": "}" * 2}


def jinja(text: str) -> str:
    return re.sub("|".join(map(re.escape, BRACES)), lambda mark: BRACES[mark[0]], text)


def sample_texts() -> list[str]:
    rows = [json.loads(line) for line in (SAMPLES / "chat.jsonl").read_text().splitlines()]
    return [message["content"] for row in rows for message in row["messages"]]


def word_pieces(texts: list[str], count: int) -> list[str]:
    """The characters of the texts and their commonest words.

    The trainer in tokenizers breaks ties in another order in every process, so that no two runs of the tests would
    have the same model.
    """
    seen = Counter(word for text in texts for word in re.findall(r"\w+|[^\w\s]", text.lower()))
    characters = sorted({character for word in seen for character in word})
    pieces = [*characters, *(f"##{character}" for character in characters)]
    words = sorted((word for word in seen if len(word) > 1), key=lambda word: (-seen[word], word))
    return [*pieces, *words][:count]


def tiny_llama(folder: Path, template: str = CHAT) -> Path:
    """A folder with config.json, model.safetensors and a tokenizer with a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    specials = ["<|im_start|>", "<|im_end|>", "<|pad|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=specials, initial_alphabet=alphabet)
    words.train_from_iterator(sample_texts(), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|im_end|>", pad_token="<|pad|>")
    tokenizer.chat_template = jinja(template) if template else None
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        initializer_range=0.1,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal language model whose chat template does not mark answers."""
    return tiny_llama(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a chat template that marks what the assistant says."""
    return tiny_llama(tmp_path_factory.mktemp("marked"), MARKED)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DistilBERT without a head."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    named = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    vocabulary = [*named.values(), *word_pieces(sample_texts(), 500)]
    numbers = {piece: number for number, piece in enumerate(vocabulary)}
    words = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer()
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(name, words.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ends
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=256, **named)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = DistilBertConfig(
        vocab_size=len(tokenizer),
        dim=64,
        hidden_dim=128,
        n_layers=2,
        n_heads=2,
        max_position_embeddings=256,
        initializer_range=0.2,  # so that texts differ enough to be told apart
    )
    DistilBertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture
def chat_job(tiny: Path) -> Job:
    """A dozen quick steps of LoRA on the chats that come with the project."""
    return Job(
        workload="generation",
        model=str(tiny),
        revision="main",
        dataset=str(SAMPLES / "chat.jsonl"),
        eval_share=0.05,
        seq_len=96,
        micro_batch=4,
        accumulation=2,
        max_steps=8,
        lora_rank=4,
        learning_rate=2e-3,
        activation_checkpointing=False,
    )


@pytest.fixture
def hour_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each optimizer step takes an hour by the clock of the bill: at a dollar an hour, n steps cost n dollars."""
    from {{cookiecutter.__package}}.run import budget
    from {{cookiecutter.__package}}.training.callbacks import budget as callbacks

    end_step, steps = callbacks.BudgetCallback.on_step_end, 0

    def on_step_end(callback: callbacks.BudgetCallback, *given: Any, **named: Any) -> None:
        nonlocal steps
        steps += 1
        if callback.meter:
            callback.meter.update()  # as its thread does from time to time
        end_step(callback, *given, **named)

    clock = SimpleNamespace(time=time.time, monotonic=lambda: time.monotonic() + steps * budget.HOUR)
    for module in (budget, callbacks):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(callbacks.BudgetCallback, "on_step_end", on_step_end)


@pytest.fixture
def pair_job(chat_job: Job) -> Job:
    """The same for the pairs of answers, by DPO."""
    return replace(
        chat_job,
        objective="dpo",
        dataset=str(SAMPLES / "pairs.jsonl"),
        eval_share=0.1,
        seq_len=128,
    )


@pytest.fixture
def label_job(encoder: Path, chat_job: Job) -> Job:
    """The same for the labelled messages, every weight trained."""
    return replace(
        chat_job,
        workload="classification",
        model=str(encoder),
        dataset=str(SAMPLES / "labels.jsonl"),
        method="full",
        eval_share=0.2,
        micro_batch=16,
        accumulation=1,
        learning_rate=4e-3,
        max_steps=60,
    )
