"""A tiny model that sees: the tower of Idefics3, which reads images without torchvision, before two Llama layers."""

from pathlib import Path
from typing import Any

TEXT = "The quick brown fox jumps over the lazy dog. " * 20
SPECIALS = ["<|im_start|>", "<|im_end|>", "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
NAMES = ("image_token", "fake_image_token", "global_image_token", "end_of_utterance_token")
# Braces are doubled by hand: the template of this project would have taken them for its own
CHAT = (
    "[% for message in messages %][% if message.content is string %][[ message.content ]][% else %]"
    "[% for part in message.content %][% if part.type == 'image' %]<image>[% else %][[ part.text ]][% endif %]"
    "[% endfor %][% endif %][% endfor %]"
)
PATCH, EDGE = 14, 56  # pixels; two by two patches become a token
SIZE: dict[str, Any] = {"num_hidden_layers": 2, "num_attention_heads": 2}


def write(folder: Path) -> Path:
    """Write the model with its tokenizer and image processor into `folder`, and return that."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3Processor,
        PreTrainedTokenizerFast,
    )
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=SPECIALS, initial_alphabet=alphabet)
    words.train_from_iterator([TEXT], trainer)
    ends: dict[str, Any] = {"eos_token": "<|im_end|>", "pad_token": "<|im_end|>"}
    ends["extra_special_tokens"] = dict(zip(NAMES, SPECIALS[2:], strict=True))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, **ends)
    chat = CHAT.replace("[%", "{" + "%").replace("%]", "%" + "}").replace("[[", "{" * 2).replace("]]", "}" * 2)
    edge = {"longest_edge": EDGE}
    images = Idefics3ImageProcessorPil(size=edge, max_image_size=edge, do_image_splitting=False)
    tokens = (EDGE // PATCH // 2) ** 2
    Idefics3Processor(images, tokenizer, image_seq_len=tokens, chat_template=chat).save_pretrained(folder)

    torch.manual_seed(0)
    ids: dict[str, Any] = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    text = SIZE | {"model_type": "llama", "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128}
    text |= {"num_key_value_heads": 1, "head_dim": 32, "max_position_embeddings": 4096, **ids}
    vision = SIZE | {"hidden_size": 32, "intermediate_size": 64, "image_size": EDGE, "patch_size": PATCH}
    settings: dict[str, Any] = {"vision_config": vision, "text_config": text, "pad_token_id": tokenizer.pad_token_id}
    settings |= {"image_token_id": tokenizer.convert_tokens_to_ids("<image>"), "scale_factor": 2}
    Idefics3ForConditionalGeneration(Idefics3Config(**settings, tie_word_embeddings=False)).save_pretrained(folder)
    return folder
