"""Names of what cannot be planned: weights in formats that are not loaded, and models that write no text.

Used where nothing but a name is known. The names are those of repositories on the hub.
"""

from __future__ import annotations

import re

from ..schema import Refusal

# Weights that neither engine loads here, safetensors being the only kind. Patterns match whole words of an id.
_FORMATS = (
    ("GGUF weights (llama.cpp)", r"gguf|ggml|ggjt|llamafile|(?<!qat-)i?q\d-(?:k(?:-[sml])?|[01]|xx?s|nl)(?!.*dequant)"),
    ("EXL weights (ExLlama)", r"exl[23]|exllama(?:v[23])?|\d+bpw"),
    ("MLX weights (Apple)", r"mlx|mtplx|mlxfast|dwq|optiq|oq\d[a-z]?|jang\w*"),
    ("ONNX weights", r"onnx|onnxruntime"),
    ("OpenVINO weights", r"openvino|(?:int[48]|fp16|cw|sym|asym)-ov"),
    ("MLC weights", r"mlc|q\df(?:16|32)"),
    ("CTranslate2 weights", r"ct2|ctranslate2"),
    (
        "weights for a device (Core ML, LiteRT, RKLLM, ExecuTorch)",
        r"coreml|mlpackage|tflite|litert(?:lm)?|rk(?:llm|nn)|executorch|qnn",
    ),
    ("a TensorRT engine", r"trt-?llm|tensorrt(?:-llm)?"),
    (
        "weights in a format that is not planned",
        r"aqlm|quip|vptq|hqq|squeezellm|eetq|spqr|bitblas|torchao|spinquant",
    ),
)
# Kinds of models that are not planned. A size would not help: their layers are others.
_KINDS = (
    (
        "a diffusion model",
        r"stable-(?:diffusion|video|cascade)|sd(?:xl|-xl|-turbo|-v?\d)|sd-?35?-(?:medium|large|turbo)|sdxl-\w+|flux-?[12]|diffusion|diffusers|controlnet|"
        r"flux-(?:dev|schnell|pro|kontext|krea|fill|redux|canny|depth|lora|lightning)|latent-consistency|lcm|pixart\w*|"
        r"kandinsky|dall-?e|auraflow|hidream\w*|hunyuan-?(?:video|dit|image|3d)\w*|cogv(?:ideo|iew)\w*|(?:t|i|ti|s|v)2[vi]|"
        r"text-to-(?:image|video)|image-to-video|ltx-?v(?:ideo)?|mochi-1|animatediff|svd-xt|qwen-image|z-image|sana|kolors|"
        r"lumina|omnigen\d?|playground-v\d|deepfloyd|unet|vae|dreamshaper|juggernaut\w*|realvis\w*|animagine|wan-?2(?:-\d)?|llada\w*",
    ),
    (
        "a speech or audio model",
        r"(?:distil|faster|crisper)?whisper\w*|wav2vec2?|w2v-?bert|hubert|wavlm|data2vec-audio|unispeech|speecht5|parakeet|"
        r"canary-(?:1b|180m)|conformer|bark|\w*tts|xtts\w*|musicgen|encodec|vits|mms|hifigan|kokoro|asr|audioldm\d?|"
        r"stable-audio|clap|pyannote|vibevoice|openaudio|fish-(?:speech|audio)|csm-1b|dia-1-6b|chatterbox",
    ),
    (
        "an encoder-decoder",
        r"(?:flan|m|by|um|long|code|ptt|it|ru|vi|ar|nano|pile|chronos)?t5(?:v\d|p|x|gemma\d?)?|(?:flan-)?ul2|t0p{0,2}|"
        r"(?:m|pl|ko|bio)?bart\d*|nllb|m2m100|madlad\d*|opus-mt|marian(?:mt)?|pegasus|prophetnet|blenderbot|led-(?:base|large)|"
        r"seamless\w*|indictrans\d?|small100|aya-101|tk-instruct",
    ),
    (
        "a vision model",
        r"\w*clip|siglip\d?|(?:mobile|vi|owl|eva|intern|tiny|rad|fast)?vit|deit|beit|swin(?:v2|2sr)?|dino(?:v\d)?|resnet\d*|"
        r"convnext\w*|efficientnet|mobilenet|sam\d?-(?:vit|hiera)|sam[23]|v?jepa\d?|segment-anything|segformer|(?:mask2|mask|one)former|"
        r"(?:rt-?|table-)?detr|yolo(?:s|v?\d+\w?)?|trocr|donut|nougat|layoutlm(?:v\d)?|grounding-dino|owlv2|depth-anything|"
        r"dpt|midas|videomae|timesformer|vivit|vitpose|(?:instruct)?blip\d?|pix2struct|rmbg|birefnet|florence",
    ),
    (
        "a model of proteins or genes",
        r"esm\d?|esm-?fold|prot-?(?:bert|t5|gpt2?)|progen\d?|evo-?[12]|dnabert\w*|nucleotide-transformer",
    ),
    ("a forecaster of time series", r"chronos-(?:bolt|2)|timesfm|moirai|lag-llama|time-?moe|tabpfn"),
    (
        "a draft head for speculative decoding",
        r"eagle3|eagle-(?:llama\d*|vicuna|mixtral|qwen\d*|frspec)|medusa|speculator|dflash\d?|dspark",
    ),
)
_ORGANISATIONS = {
    "black-forest-labs": "a diffusion model",
    "timm": "a vision model",
    "helsinki-nlp": "an encoder-decoder",
}
_TEXT = r"instruct|chat|it|sft|dpo|llm|lm|coder|thinking|reasoning|base"  # words of language models
_PROMPTS = r"\w*prompts?|engineer|gpt\d?"  # of language models that write prompts for pictures
_WIDTHS = r"int[2356]|w[23]a16|[1-35-7]bit|\d-\d+bit|mxfp[68]"  # that are not planned
_ADAPTER = r"q?loras?|adapters?|peft|ia3"
_MERGED = r"merged?|fused"
# Models with layers that keep a state and no growing cache: how many of each kind does not follow from a size.
_STATES = (
    r"mamba\d?|rwkv\w*|jamba|zamba\d?|falcon-?h1r?|bamba|recurrentgemma|griffin|xlstm|retnet|hyena|stripedhyena|"
    r"nemotron-(?:h|nano-\w+-v2|3-\w+)|lfm2|kimi-linear|minimax-(?:m1|text-01|01)|hymba|qwen3-(?:next|[5-9])|granite-4-0-h|"
    r"ring-\w+-linear|olmo-hybrid|kimi-k3|glm-5-\d-flash|v[4-7]-(?:finch|eagle|goose)"  # the last of RWKV
)
# Models that read pictures or sound beside text: how much is the language model does not follow from a size.
_SENSES = (
    r"\w*llava\w*|vl\d?|vlm\d?|\w*internvl\w*|cogvlm\d?|cogagent|paligemma\d?|pixtral|idefics\d?|smolvlm\d?|molmo\w*|fuyu|"
    r"kosmos\w*|ovis\w*|emu\d|chameleon|janus|minicpm-[vo]|glm-\d(?:-\d)?v|vision|multimodal|omni|audio|voice|speech|voxtral|"
    r"ultravox|salmonn|moshi\w*"
)


# Families whose config.json is refused, too: what their layers are.
_UNREAD = (
    (r"deepseek-v4-1", "attention that layers choose for each other"),
    (r"inkling-?2", "residuals of attention beside short convolutions"),
    (r"ling-3-0\w*|ling-3", "linear beside latent attention"),
    (r"step-3-[57]", "layers of different widths"),
)


def _has(words: str, text: str) -> bool:
    """Return whether one of the words stands in the text, which is in lower case and joined by dashes."""
    return bool(re.search(rf"(?<![a-z0-9])(?:{words})(?![a-z0-9])", text))


def _dashed(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())


def check_format(id: str, base: str = "") -> None:
    """Raise Refusal where the id names weights that are not safetensors; `base` is a model that would do."""
    found = next((words for words, pattern in _FORMATS if _has(pattern, _dashed(id))), "")
    if found:
        such = f", such as {base}" if base else ""
        raise Refusal(
            f"{id} holds {found} by its name, and only safetensors are loaded here; name the model that it was made "
            f"from{such}, and a quantization"
        )


def check_kind(id: str, base: str = "") -> None:
    """Raise Refusal where the id names an adapter, or a model that its size does not describe."""
    organisation, _, tail = id.lower().rpartition("/")
    name, config = _dashed(tail), f"run `hf download {id} config.json` and bake again"
    if _has(_WIDTHS, name):
        raise Refusal(f"{id} has weights of a width that is not planned, by its name; name one of 4, 8 or 16 bits")
    kind = _ORGANISATIONS.get(organisation) or next((kind for kind, words in _KINDS if _has(words, name)), "")
    if kind == "a diffusion model" and _has(_PROMPTS, name):
        kind = ""
    if not kind and _has("flux", name) and not _has(_TEXT, name):
        kind = "a diffusion model"
    if kind:
        raise Refusal(
            f"{id} is {kind} by its name, which is not planned here; name a language model, or, if the name "
            f"misleads, {config}"
        )
    if _has(_ADAPTER, name) and not _has(_MERGED, name):
        raise Refusal(
            f"{id} is an adapter by its name, not a whole model; merge it into {base or 'its base'} "
            f"(PEFT's merge_and_unload) and give the merged folder, or, if the name misleads, {config}"
        )


def check_family(id: str) -> None:
    """Raise Refusal where the id names a family that no config.json makes plannable."""
    name = _dashed(id.rpartition("/")[2])
    for words, layers in _UNREAD:
        if _has(words, name):
            raise Refusal(
                f"{id} has by its name {layers}, which are not understood here, and its config.json would be refused "
                f"too; name a model of the catalogue"
            )


def check_size_tells(id: str, relative: str = "") -> None:
    """Raise Refusal where the id names a family that a size does not describe; `relative` is a known model of it."""
    name, known = _dashed(id.rpartition("/")[2]), _dashed(relative)
    lacking = (
        (_STATES, "layers that keep a state instead of a cache"),
        (_SENSES, "a part that reads pictures or sound"),
    )
    for words, lacks in lacking:
        if _has(words, name) and not _has(words, known):
            raise Refusal(
                f"{id} has by its name {lacks}, which its size does not describe; "
                f"run `hf download {id} config.json` and bake again, or name a model of the catalogue"
            )
