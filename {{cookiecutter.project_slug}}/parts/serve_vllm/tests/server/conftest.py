"""The real vLLM on the tiny model, started once for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from vllm_server import Served, serving

# As Qwen3.5's template has it; [[ ]] and [% %] stand for Jinja's braces
SYSTEM_FIRST = (
    "[% for message in messages %][% if message.role == 'system' and not loop.first %]"
    "[[ raise_exception('System message must be at the beginning.') ]][% endif %][% endfor %]"
)
BRACES = {"[%": "{" + "%", "%]": "%" + "}", "[[": "{" * 2, "]]": "}" * 2}


@pytest.fixture(scope="session")
def served(tiny: Path) -> Iterator[Served]:
    template = tiny / "chat_template.jinja"  # of a model that generates
    if template.exists():
        strict = SYSTEM_FIRST
        for mark, braces in BRACES.items():
            strict = strict.replace(mark, braces)
        template.write_text(strict + template.read_text(encoding="utf-8"), encoding="utf-8")
    with serving(tiny) as one:
        one.vllm.watch(one.ended.set)
        yield one
