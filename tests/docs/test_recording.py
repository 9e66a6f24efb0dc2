"""docs/bake.svg, the recording of a bake, shows the prompts and the plan of today: `python scripts/record_bake.py`."""

import json
import xml.etree.ElementTree as ElementTree

from bake import ROOT

from scripts.readme_sessions import README, SESSION

SVG = ElementTree.fromstring((ROOT / "docs" / "bake.svg").read_text(encoding="utf-8"))
SHOWN = " ".join("".join(SVG.itertext()).split())


def test_every_prompt_is_shown_once_in_order() -> None:
    prompts = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))["__prompts__"].values()
    texts = [prompt["__prompt__"] if isinstance(prompt, dict) else prompt for prompt in prompts]
    places = [SHOWN.find(f"[{n}/{len(texts)}] {text}") for n, text in enumerate(texts, 1)]
    assert -1 not in places and places == sorted(places)


def test_it_ends_with_the_plan_that_the_readme_shows() -> None:
    _, _, printed, _ = SESSION.findall(README.read_text(encoding="utf-8"))[0]
    assert SHOWN.endswith(" ".join(printed.split()))


def test_each_moment_has_a_time() -> None:
    """SVG: keyTimes has a value for each of values, begins at 0 and rises."""
    (moves,) = SVG.iter("{http://www.w3.org/2000/svg}animateTransform")
    times = [float(time) for time in moves.attrib["keyTimes"].split(";")]
    assert len(times) == len(moves.attrib["values"].split(";")) > 10
    assert times[0] == 0 and times == sorted(set(times)) and times[-1] < 1
