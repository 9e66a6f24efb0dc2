"""Write a real but tiny model that chats: two layers of random weights, and a tokenizer of bytes.

python scripts/tiny_model.py FOLDER

What it says means nothing, and is always the same for the same question: for trying what happens around a model.
"""

from __future__ import annotations

import sys
from pathlib import Path

WORDS = "the quick brown fox jumps over the lazy dog and a film was good or bad and lovely or awful " * 20
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0])
    if (folder / "model.safetensors").exists():
        return 0
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bytes_ = ByteLevelBPETokenizer()
    bytes_.train_from_iterator([WORDS], vocab_size=512, special_tokens=["<|im_start|>", "<|im_end|>"])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytes_._tokenizer, eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,  # vLLM takes no smaller one
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.3,  # so that it does not repeat one token for ever
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
