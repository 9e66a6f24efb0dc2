"""Every method really trains: the loss falls, the result loads again, and each setting has its effect."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import attempts
import datasets
import numpy as np
import pytest
import torch
from conftest import SAMPLES
from peft import get_peft_model
from transformers import EvalPrediction, MixtralConfig, Qwen3MoeConfig, masking_utils

from {{cookiecutter.__package}} import plan
from {{cookiecutter.__package}}.data import formats
from {{cookiecutter.__package}}.result import generate, merge
from {{cookiecutter.__package}}.run import budget, run_dir, status
from {{cookiecutter.__package}}.run.reply import UserError
from {{cookiecutter.__package}}.training import model as models
from {{cookiecutter.__package}}.training import train, trainers
from {{cookiecutter.__package}}.training.config import Job

LABELS = ("booking", "complaint", "praise", "question")  # of the shipped messages
LEARNS = {"learning_rate": 1e-2, "max_steps": 16, "lora_rank": 8}


def source(job: Job) -> models.Source:
    return models.Source(job.model, job.revision)


@pytest.mark.parametrize("method", ["lora", "qlora", "full"])
def test_the_loss_falls_and_the_result_is_loaded_again(chat_job: Job, tmp_path: Path, method: str):
    rate = {"learning_rate": 5e-3} if method == "full" else {}
    job = replace(chat_job, method=method, **(LEARNS | rate))
    run = run_dir.Run(tmp_path, "run")
    outcome = train.train(job, run)
    assert outcome.status == status.FINISHED and outcome.step == outcome.steps == 16
    assert outcome.after["loss"] < outcome.before["loss"] - 0.3
    tuned = generate.load(run.result)
    assert generate.generate(tuned, "What does a brake service cost?", max_tokens=4) is not None
    merged = merge.merge(run.result, tmp_path / "merged")
    assert not list(merged.glob("*.bin")) and (merged / "model.safetensors").is_file()
    plain = models.CLASSES["generation"].from_pretrained(merged, dtype=torch.float32)
    ids = torch.arange(5, 30)[None]
    with torch.no_grad():
        torch.testing.assert_close(plain(ids).logits, tuned.model(ids).logits, atol=0.15, rtol=0.05)  # bf16 weights
    assert (merged / "tokenizer.json").is_file() and json.loads((merged / "config.json").read_text())["use_cache"]


def test_a_classifier_learns_the_shipped_labels(label_job: Job, tmp_path: Path):
    run = run_dir.Run(tmp_path, "run")
    outcome = train.train(replace(label_job, max_steps=100), run)
    assert outcome.after["accuracy"] > 0.8 > 0.5 > outcome.before["accuracy"]
    assert outcome.after["f1"] > 0.8
    tuned = generate.load(run.result)
    held_out = formats.load_examples(label_job, tuned.tokenizer).evaluation
    assert held_out is not None and len(held_out) == 51
    answers = [generate.classify(tuned, text) for text in held_out["text"]]
    right = sum(next(iter(found)) == LABELS[label] for found, label in zip(answers, held_out["label"], strict=True))
    assert right / len(held_out) == pytest.approx(outcome.after["accuracy"])
    assert all(sum(found.values()) == pytest.approx(1.0) for found in answers)
    merged = merge.merge(run.result, tmp_path / "merged")
    assert tuple(json.loads((merged / "config.json").read_text())["id2label"].values()) == LABELS


def test_a_classifier_of_other_classes_gets_a_new_head_and_keeps_the_rest(label_job: Job, tmp_path: Path):
    before = models.load_model(label_job, source(label_job), ("good", "bad", "neither"))
    before.save_pretrained(tmp_path / "model")
    models.load_tokenizer(source(label_job)).save_pretrained(tmp_path / "model")
    job = replace(label_job, model=str(tmp_path / "model"), method="lora", max_steps=2)
    after = models.load_model(job, source(job), ("booking", "complaint"))
    assert after.config.id2label == {0: "booking", 1: "complaint"}
    kept = before.base_model.state_dict()
    assert kept and all(torch.equal(value, kept[name]) for name, value in after.base_model.state_dict().items())
    train.train(job, run := run_dir.Run(tmp_path, "run"))
    assert len(generate.classify(generate.load(run.result), "How much is a gear service?")) == 4


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_a_classifier_with_adapters_keeps_its_head_and_classes(label_job: Job, tmp_path: Path, method: str):
    run = run_dir.Run(tmp_path, "run")
    outcome = train.train(replace(label_job, method=method, learning_rate=1e-2, max_steps=140), run)
    assert outcome.after["accuracy"] > 0.6
    tuned = generate.load(run.result)
    assert set(generate.classify(tuned, "How much is a gear service?")) == set(LABELS)
    merged = merge.merge(run.result, tmp_path / "merged")
    again = models.CLASSES["classification"].from_pretrained(merged, dtype=torch.float32).eval()
    ids = torch.arange(5, 25)[None]
    with torch.no_grad():
        torch.testing.assert_close(again(ids).logits, tuned.model(ids).logits, atol=0.1, rtol=0.05)


def test_accuracy_and_f1_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    chance = np.random.default_rng(0)
    guessed, true = chance.integers(0, 5, 200), chance.integers(0, 4, 200)
    ours = trainers.classification_metrics(EvalPrediction(np.eye(5)[guessed], true))
    assert ours["accuracy"] == pytest.approx(metrics.accuracy_score(true, guessed))
    assert ours["f1"] == pytest.approx(metrics.f1_score(true, guessed, average="macro"))


def losses(job: Job, root: Path, name: str) -> list[float]:
    run = run_dir.Run(root, name)
    train.train(job, run)
    return list(run.metrics().losses().values())


def test_the_fused_loss_is_the_full_one(chat_job: Job, tmp_path: Path):
    job = replace(chat_job, max_steps=4, eval_share=0.0)
    fused, full = (losses(replace(job, loss=loss), tmp_path, loss) for loss in ("fused", "full"))
    assert fused == pytest.approx(full, abs=1e-5) and fused[0] != fused[-1]


def test_activation_checkpointing_changes_memory_and_not_the_losses(chat_job: Job, tmp_path: Path):
    job = replace(chat_job, max_steps=4, eval_share=0.0)
    plain, checkpointed = (
        losses(replace(job, activation_checkpointing=on), tmp_path, f"checkpointing {on}") for on in (False, True)
    )
    assert plain == pytest.approx(checkpointed, abs=1e-5)


def test_micro_batches_and_accumulation_with_the_same_product_are_the_same_run(chat_job: Job, tmp_path: Path):
    job = replace(chat_job, max_steps=4, eval_share=0.0, method="full", learning_rate=1e-3)
    wide, narrow = (
        losses(replace(job, micro_batch=size, accumulation=8 // size), tmp_path, f"micro {size}") for size in (8, 2)
    )
    assert wide == pytest.approx(narrow, abs=1e-4)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_examples_do_not_see_each_other(chat_job: Job, attention: str):
    model = models.load_model(replace(chat_job, attention=attention), source(chat_job))
    assert trainers.packing_is_masked(model)


def test_attention_that_mixes_packed_examples_is_refused(
    chat_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As if the model did not know of positions that begin again: one plain causal mask for all."""
    monkeypatch.setattr(masking_utils, "find_packed_sequence_indices", lambda positions: None)
    with pytest.raises(UserError, match="set PACKING = False"):
        train.train(replace(chat_job, packing=True), run_dir.Run(tmp_path, "run"))


def test_a_packed_run_has_the_loss_of_its_examples_one_by_one(chat_job: Job, tmp_path: Path):
    """One step over the whole dataset, packed or not, sees the same tokens and so has the same loss."""
    rows = datasets.load_dataset("json", data_files=chat_job.dataset, split="train").select(range(24))
    rows.to_json(tmp_path / "rows.jsonl")
    job = replace(chat_job, dataset=str(tmp_path / "rows.jsonl"), max_steps=1, eval_share=0.0, micro_batch=24)
    job = replace(job, accumulation=1, seq_len=256, lora_targets="qv")
    monkeyed = replace(job, method="full", learning_rate=1e-6)
    assert losses(replace(monkeyed, packing=True), tmp_path, "packed") == pytest.approx(
        losses(monkeyed, tmp_path, "padded"), abs=1e-4
    )


def labels_of(job: Job, model: Path, tmp_path: Path) -> tuple[Any, list[int], list[int]]:
    """Tokenizer, tokens and labels of the first example as TRL prepares it."""
    job = replace(job, model=str(model), eval_share=0.0)
    tokenizer = models.load_tokenizer(source(job))
    found = formats.load_examples(job, tokenizer)
    arguments = trainers.training_arguments(job, run_dir.Run(tmp_path, "run"), found, None)
    made = trainers.make_trainer(job, models.load_model(job, source(job)), tokenizer, found, arguments, [])
    rows: Any = made.train_dataset
    row = rows[0]
    return tokenizer, row["input_ids"], row["labels"]


def test_only_answers_are_learnt_every_one_where_the_template_marks_them(
    chat_job: Job, tiny: Path, marked: Path, tmp_path: Path
):
    message = [
        {"role": "user", "content": "Do you deliver?"},
        {"role": "assistant", "content": "Yes, gladly."},
        {"role": "user", "content": "Can I pay by card?"},
        {"role": "assistant", "content": "Card or cash."},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text((json.dumps({"messages": message}) + "\n") * 3)
    job = replace(chat_job, dataset=str(path))
    both = "Yes, gladly.<|im_end|>Card or cash.<|im_end|>"
    for model, learnt in ((tiny, "Card or cash.<|im_end|>\n"), (marked, both)):
        tokenizer, ids, labels = labels_of(job, model, tmp_path)
        assert tokenizer.decode([label for label in labels if label != -100]) == learnt
        assert all(label in (-100, token) for label, token in zip(labels, ids, strict=True))


def test_adapters_have_the_parameters_of_the_formula(chat_job: Job):
    """rank x (in + out) for every adapted matrix, as the planner counts them."""
    hidden, inner, query, key, layers, rank = 64, 128, 64, 32, 2, 4
    attention = 2 * (hidden + query) + 2 * (hidden + key)
    expected = {
        "all-linear": rank * layers * (attention + 3 * (hidden + inner)),
        "attention": rank * layers * attention,
        "qv": rank * layers * (2 * hidden + query + key),
    }
    for targets, count in expected.items():
        job = replace(chat_job, lora_targets=targets)
        model = models.load_model(job, source(job))
        adapter = models.adapter_config(job, model)
        assert adapter is not None
        tuned = get_peft_model(model, adapter)
        assert sum(weight.numel() for weight in tuned.parameters() if weight.requires_grad) == count


def test_routed_experts_and_their_router_get_no_adapters():
    for config in (
        Qwen3MoeConfig(
            vocab_size=64,
            hidden_size=32,
            intermediate_size=32,
            moe_intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            num_experts=4,
            num_experts_per_tok=2,
        ),
        MixtralConfig(
            vocab_size=64,
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            num_local_experts=4,
        ),
    ):
        model = models.CLASSES["generation"].from_config(config)
        assert models.adapter_targets(model, "all-linear") == ["k_proj", "o_proj", "q_proj", "v_proj"]


@pytest.fixture
def adapted(chat_job: Job, tmp_path: Path) -> Callable[[str], Any]:
    """A trainer of adapters, made as a run makes it."""

    def make(method: str) -> Any:
        job = replace(chat_job, method=method)
        tokenizer = models.load_tokenizer(source(job))
        found = formats.load_examples(job, tokenizer)
        arguments = trainers.training_arguments(job, run_dir.Run(tmp_path, "run"), found, None)
        return trainers.make_trainer(job, models.load_model(job, source(job)), tokenizer, found, arguments, [])

    return make


def test_four_bit_weights_are_nf4_with_double_quantization_and_adapters_float32(adapted: Callable[[str], Any]):
    from bitsandbytes.nn import Linear4bit

    model = adapted("qlora").model
    parts = [part for part in model.modules() if isinstance(part, Linear4bit)]
    assert len(parts) == 2 * 7
    for part in parts:
        state: Any = part.weight.quant_state
        assert state.quant_type == "nf4" and state.nested
    assert {weight.dtype for weight in model.parameters() if weight.requires_grad} == {torch.float32}


def test_gradients_pass_through_four_bit_weights_also_after_an_evaluation(adapted: Callable[[str], Any]):
    """bitsandbytes repacks weights at the first evaluation on some CPUs, and its product has no gradient then."""
    trainer = adapted("qlora")
    trainer.evaluate()
    model = trainer.model.train()
    batch = next(iter(trainer.get_train_dataloader()))
    trainer.compute_loss(model, dict(batch)).backward()
    gradients = [weight.grad for name, weight in model.named_parameters() if "lora_B" in name]
    assert len(gradients) == 2 * 7 and all(one is not None and one.norm() > 0 for one in gradients)


def test_an_optimizer_of_the_plan_is_one_of_the_trainer(chat_job: Job, tmp_path: Path):
    for optimizer in ("sgd", "adafactor"):
        job = replace(chat_job, optimizer=optimizer, max_steps=2, eval_share=0.0)
        assert len(losses(job, tmp_path, optimizer)) == 2


def test_trackio_keeps_the_metrics_where_the_plan_asks_for_it(
    chat_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("trackio", reason="trackio is an option, and is not installed here")
    monkeypatch.delenv("TRACKIO_DIR", raising=False)
    job = replace(chat_job, tracker="trackio", max_steps=2, eval_share=0.0)
    assert attempts.end(attempts.begin(job, tmp_path)) == 0  # its folder is read when it is imported: a new process
    assert list((tmp_path / "trackio").rglob("*.db"))


def test_a_finished_run_is_not_paid_twice(chat_job: Job, tmp_path: Path):
    run, job = run_dir.Run(tmp_path, "run"), replace(chat_job, max_steps=2)
    first = train.train(job, run)
    entries = len(run.ledger().entries())
    assert train.train(job, run) == first and len(run.ledger().entries()) == entries


def test_a_run_that_changed_is_refused_and_one_that_only_runs_elsewhere_goes_on(chat_job: Job, tmp_path: Path):
    run, job = run_dir.Run(tmp_path, "run"), replace(chat_job, max_steps=2)
    train.train(job, run)
    with pytest.raises(UserError, match=r"LEARNING_RATE was 0\.002 and is 0\.1"):
        train.train(replace(job, learning_rate=0.1), run)
    assert train.train(replace(job, micro_batch=1, accumulation=8, attention="eager"), run).status == status.FINISHED


def test_what_was_measured_lies_beside_the_plan(chat_job: Job, tmp_path: Path):
    run = run_dir.Run(tmp_path, "run")
    outcome = train.train(chat_job, run)
    steps = [line for line in run.metrics().read() if line["event"] == "step"]
    assert [line["step"] for line in steps] == list(range(1, 9))
    assert all(line["planned_gib"] == plan.PREDICTED_PEAK_GIB and line["peak_gib"] > 0.1 for line in steps)
    assert steps[-1]["tokens"] > 8 * 8 * 20 and outcome.tokens_per_s > 0
    curve = (run.folder / "loss.svg").read_text()
    assert curve.startswith("<svg") and curve.count("<circle") == 2 and "polyline" in curve
    message = status.report(outcome, run)
    assert "are planned for" in message and f"the budget is {budget.parse(plan.BUDGET)}" in message


def test_the_samples_have_a_few_hundred_rows():
    for name in ("chat", "labels", "pairs"):
        assert 200 < len((SAMPLES / f"{name}.jsonl").read_text().splitlines()) < 500


def test_a_run_without_a_result_is_neither_asked_nor_merged(tmp_path: Path):
    run = run_dir.Run(tmp_path, "run")
    for reply in (generate.reply_to(run, "Why?", 8), merge.merge_run(run, tmp_path / "weights")):
        assert reply.error == "the run run has no result yet: `train` first"
    assert not (tmp_path / "weights").exists()
