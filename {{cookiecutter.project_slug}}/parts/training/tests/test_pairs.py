"""Pairs of a chosen and a rejected answer, and DPO on them: read as people write them, trained, resumed, merged."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import attempts
import pytest
import torch
from conftest import tiny_llama

from {{cookiecutter.__package}}.data import check, formats, load
from {{cookiecutter.__package}}.data.formats import Examples
from {{cookiecutter.__package}}.result import generate, merge
from {{cookiecutter.__package}}.run import run_dir, status
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import model as models
from {{cookiecutter.__package}}.training import train, trainers
from {{cookiecutter.__package}}.training.config import Job, check_settings

FOUR_DIGITS = 5e-5
CENTS = 0.5  # what half an hour beside the steps costs
ASK, GOOD, BAD = "Do you deliver?", "Yes, for eight euros.", "No idea."
USER, YES, NO = ({"role": "user", "content": ASK}, *({"role": "assistant", "content": one} for one in (GOOD, BAD)))
BE = {"role": "system", "content": "Be brief."}
EARLIER = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good morning."}]


def source(job: Job) -> models.Source:
    return models.Source(job.model, job.revision)


def write_rows(folder: Path, rows: list[Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def examples(job: Job, folder: Path, rows: list[Any]) -> Examples:
    tokenizer = models.load_tokenizer(source(job))
    return formats.load_examples(replace(job, eval_share=0.0), tokenizer, load.read_files(write_rows(folder, rows)))


def refusal(job: Job, folder: Path, rows: list[Any]) -> str:
    with pytest.raises(UserError) as caught:
        check.check_job(job, dataset=str(write_rows(folder, rows)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("row", "prompt"),
    [
        ({"prompt": ASK, "chosen": GOOD, "rejected": BAD}, [USER]),
        ({"prompt": [USER], "chosen": [YES], "rejected": [NO]}, [USER]),  # TRL's own, with and without the prompt
        ({"chosen": [USER, YES], "rejected": [USER, NO]}, [USER]),
        (
            {
                "prompt": ASK,
                "chosen": [USER, YES],
                "rejected": [USER, NO],
                "messages": [USER, YES],
                "score_chosen": 9.0,
            },
            [USER],  # HuggingFaceH4/ultrafeedback_binarized
        ),
        ({"chosen": [BE, *EARLIER, USER, YES], "rejected": [BE, *EARLIER, USER, NO]}, [BE, *EARLIER, USER]),
        ({"system": "Be brief.", "question": ASK, "chosen": GOOD, "rejected": BAD}, [BE, USER]),  # Intel/orca_dpo_pairs
        ({"system": "Be brief.", "input": ASK, "chosen": GOOD, "rejected": BAD}, [BE, USER]),  # argilla's of it
        (
            {"instruction": "Do you", "input": "deliver?", "chosen": GOOD, "rejected": BAD},  # LLaMA-Factory's Alpaca
            [{"role": "user", "content": "Do you\n\ndeliver?"}],
        ),
        (
            {
                "conversations": [{"from": "human", "value": ASK}],  # and its ShareGPT
                "chosen": {"from": "gpt", "value": GOOD},
                "rejected": {"from": "gpt", "value": BAD},
            },
            [USER],
        ),
        (
            {"input": {"messages": [USER], "tools": []}, "preferred_output": [YES], "non_preferred_output": [NO]},
            [USER],  # OpenAI's
        ),
        ({"chosen": json.dumps([USER, YES]), "rejected": json.dumps([USER, NO])}, [USER]),
    ],
)
def test_pairs_as_people_write_them(pair_job: Job, tmp_path: Path, row: dict[str, Any], prompt: list[Any]):
    found = examples(pair_job, tmp_path, [row] * 3)
    assert found.kind == "pair" and len(found.train) == 3
    assert found.train[0] == {"prompt": prompt, "chosen": [YES], "rejected": [NO]}


def test_texts_without_a_prompt_share_their_beginning(pair_job: Job, tmp_path: Path):
    """As in Anthropic/hh-rlhf."""
    start = f"\n\nHuman: {ASK}\n\nAssistant: "
    row = {"chosen": f"{start}We do.", "rejected": f"{start}We do not."}
    found = examples(pair_job, tmp_path, [row] * 2)
    assert found.train[0] == {"prompt": f"{start}We ", "chosen": "do.", "rejected": "do not."}
    assert "the prompt is what both texts begin with" in found.notes


def test_a_prompt_in_the_models_own_template_stays_a_text(pair_job: Job, tmp_path: Path):
    row = {"prompt": f"<|im_start|>user\n{ASK}<|im_end|>\n<|im_start|>assistant\n", "chosen": GOOD, "rejected": BAD}
    assert examples(pair_job, tmp_path, [row] * 2).train[0] == row


def test_a_model_without_a_template_gets_texts(pair_job: Job, tmp_path: Path):
    job = replace(pair_job, model=str(tiny_llama(tmp_path / "plain", "")))
    row = {"prompt": ASK, "chosen": GOOD, "rejected": BAD}
    assert examples(job, tmp_path, [row] * 2).train[0] == row
    assert examples(job, tmp_path, [{"question": ASK, "chosen": GOOD, "rejected": BAD}]).train[0] == {
        **row, "prompt": f"{ASK}\n\n"
    }  # fmt: skip
    assert "has no chat template" in refusal(job, tmp_path, [{"chosen": [USER, YES], "rejected": [USER, NO]}])


def test_rows_with_nothing_to_prefer_are_left_out_and_counted(pair_job: Job, tmp_path: Path):
    rows = [
        {"prompt": ASK, "chosen": GOOD, "rejected": BAD},
        {"prompt": ASK, "chosen": GOOD, "rejected": GOOD},
        {"prompt": ASK, "chosen": GOOD, "rejected": ""},
        {"prompt": None, "chosen": GOOD, "rejected": BAD},
    ]
    found = examples(pair_job, tmp_path, rows)
    assert (found.rows, found.empty, len(found.train)) == (4, 3, 1)
    text = "\n".join(check.check_job(replace(pair_job, eval_share=0.0), dataset=str(tmp_path / "rows.jsonl")).lines(9))
    assert "4 rows of a chosen and a rejected answer" in text and "3 rows are or have two answers alike" in text
    assert "all 2 rows are empty: none has two different answers" in refusal(pair_job, tmp_path, [rows[1]] * 2)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"messages": [USER, YES]}, 'OBJECTIVE = "dpo" needs the columns "chosen" and "rejected", and the dataset has'),
        ({"chosen": [USER, YES, USER, YES], "rejected": [USER, NO, USER, NO]}, "row 1 has a 'user' message after"),
        ({"chosen": [USER, YES], "rejected": [BE, USER, NO]}, "answers that begin with different prompts"),
        ({"prompt": "Why?", "chosen": [USER, YES], "rejected": [USER, NO]}, "with which its answers do not begin"),
        ({"chosen": [YES], "rejected": [NO]}, "row 1 has two answers and no prompt"),
        ({"prompt": ASK, "chosen": ["a", "b"], "rejected": BAD}, "row 1 has a list of texts in 'chosen'"),
        ({"prompt": ASK * 99, "chosen": GOOD, "rejected": BAD}, "the prompt alone fills SEQ_LEN"),
    ],
)
def test_what_is_no_pair_is_a_sentence(pair_job: Job, tmp_path: Path, row: dict[str, Any], sentence: str):
    assert sentence in refusal(pair_job, tmp_path, [row] * 30)


def test_where_it_is_not_asked_the_refusal_names_the_prompt(chat_job: Job, tmp_path: Path):
    rows = [{"chosen": [USER, YES], "rejected": [USER, NO]}]
    assert "bake again with objective=dpo" in refusal(chat_job, tmp_path, rows)


@pytest.mark.parametrize(
    ("setting", "word"),
    [({"packing": True}, "PACKING"), ({"loss": "full"}, "LOSS"), ({"workload": "classification"}, "classifier")],
)
def test_settings_that_exclude_each_other_are_refused(pair_job: Job, setting: dict[str, Any], word: str):
    with pytest.raises(UserError, match=word):
        check_settings(replace(pair_job, **setting))


def log_probability(model: Any, tokenizer: Any, row: dict[str, Any], answer: str) -> float:
    """Of an answer's tokens after the prompt, by transformers' own forward pass."""
    prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=True)["input_ids"]
    whole = tokenizer.apply_chat_template(row["prompt"] + row[answer], return_dict=True)["input_ids"]
    ids = torch.tensor(whole)[None]
    with torch.no_grad():
        logs = model(ids).logits[0, :-1].float().log_softmax(-1)
    return float(logs.gather(1, ids[0, 1:, None])[len(prompt) - 1 :].sum())


@pytest.mark.parametrize("method", ["lora", "qlora", "full"])
def test_the_loss_is_that_of_the_paper_and_falls(pair_job: Job, tmp_path: Path, method: str):
    """-log sigmoid(beta x (log-ratio of the chosen - log-ratio of the rejected)), arXiv 2305.18290, equation 7."""
    rate = 1e-3 if method == "full" else 1e-2
    job = replace(pair_job, method=method, learning_rate=rate, max_steps=16)
    run = run_dir.Run(tmp_path, "run")
    outcome = train.train(job, run)
    assert outcome.status == status.FINISHED
    assert outcome.before["loss"] == pytest.approx(math.log(2), abs=1e-5)  # model and reference are equal
    assert outcome.after["loss"] < 0.6 and outcome.after["rewards/accuracies"] > 0.6
    if method == "qlora":
        return
    tuned, tokenizer = generate.load(run.result), models.load_tokenizer(source(job))
    before = models.load_model(replace(job, method="full"), source(job)).eval()
    held_out = formats.load_examples(job, tokenizer).evaluation
    assert held_out is not None
    losses = []
    for row in held_out:
        ratios = [
            log_probability(tuned.model.float(), tokenizer, row, name) - log_probability(before, tokenizer, row, name)
            for name in ("chosen", "rejected")
        ]
        losses.append(math.log1p(math.exp(-job.beta * (ratios[0] - ratios[1]))))
    assert sum(losses) / len(losses) == pytest.approx(outcome.after["loss"], abs=0.02)
    merged = merge.merge(run.result, tmp_path / "merged")
    assert (merged / "model.safetensors").is_file()
    assert generate.generate(tuned, ASK, max_tokens=4) is not None


def test_adapters_take_no_second_model_and_full_training_a_frozen_one(pair_job: Job, tmp_path: Path):
    for method in ("lora", "full"):
        job = replace(pair_job, method=method)
        tokenizer = models.load_tokenizer(source(job))
        found = formats.load_examples(job, tokenizer)
        arguments = trainers.training_arguments(job, run_dir.Run(tmp_path, "run"), found, None)
        model, reference = models.load_model(job, source(job)), models.load_reference(job, source(job))
        trainer: Any = trainers.make_trainer(job, model, tokenizer, found, arguments, [], reference)
        assert (trainer.ref_model is None) == (method == "lora")
        if trainer.ref_model:
            assert not any(weight.requires_grad for weight in trainer.ref_model.parameters())


@pytest.mark.parametrize("method", ["lora", "full"])
def test_kills_inside_a_save_lose_nothing(pair_job: Job, tmp_path: Path, method: str):
    job = replace(pair_job, method=method, learning_rate=1e-3, max_steps=12, save_every_s=0.0, micro_batch=2)
    job = replace(job, activation_checkpointing=True)
    known, root = tmp_path / "undisturbed", tmp_path / "killed"
    assert attempts.end(attempts.begin(job, known)) == 0
    for place, number in (("writing tensors", 4), ("sealing", 3)):
        assert attempts.end(attempts.begin(job, root, die=(place, number))) == -9
    assert attempts.end(attempts.begin(job, root)) == 0
    (losses, outcome), (undisturbed, _) = attempts.result_of(root), attempts.result_of(known)
    assert losses == pytest.approx(undisturbed, abs=FOUR_DIGITS) and len(losses) == 12
    assert outcome["attempts"] == 3 and outcome["status"] == status.FINISHED


@pytest.mark.usefixtures("hour_a_step")
def test_half_of_the_money_stops_it_and_more_goes_on_to_the_same_losses(pair_job: Job, tmp_path: Path):
    job = replace(pair_job, max_steps=60, epochs=9, save_every_s=0.0)

    def dear(name: str, limit: str) -> run_dir.Run:
        """A run whose steps cost a dollar each."""
        return run_dir.Run(tmp_path, name, limit, usd_per_hour=1.0)

    whole = train.train(job, undisturbed := dear("whole", "none"))
    assert whole.spent_usd == pytest.approx(60, abs=CENTS)
    half = train.train(job, dear("parts", "30/run"))
    assert half.status == status.STOPPED and half.step == 30
    last = train.train(job, parts := dear("parts", "none"))
    assert last.status == status.FINISHED and last.attempts == 2 and last.spent_usd == pytest.approx(60, abs=CENTS)
    assert parts.metrics().losses() == pytest.approx(undisturbed.metrics().losses(), abs=FOUR_DIGITS)
