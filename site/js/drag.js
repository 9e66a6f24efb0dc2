// Sliders for context, concurrency and budget that plan again while they move.

import { applies } from "./answers.js";
import { byId, element } from "./dom.js";

const STEPS = 200; // of a slider, on a logarithmic scale
const RANGES = { context_len: [256, 262144], concurrency: [1, 512], budget: [0.5, 200] };
const NAMES = { context_len: "Context, tokens", concurrency: "Requests at once", budget: "Budget, $" };

const two = (value) => Number(value.toPrecision(2)).toString();

/** Return a slider for each of the three; `moved(key, value)` is called while it moves. */
export function makeSliders(moved) {
  const rows = Object.keys(RANGES).map((key) => {
    const shown = element("output", { for: `${key}-slider` });
    const slider = element("input", { id: `${key}-slider`, type: "range", min: 0, max: STEPS, step: 1 });
    slider.addEventListener("input", () => {
      const [low, high] = RANGES[key];
      const value = two(low * (high / low) ** (slider.value / STEPS));
      const text = key === "budget" ? `${value}/${slider.dataset.per}` : value;
      moved(key, text);
    });
    return { key, slider, shown, row: element("div", { class: "slide" }, element("label", { for: slider.id }, NAMES[key]), slider, shown) };
  });
  byId("drag").append(...rows.map(({ row }) => row));
  return rows;
}

/** Put the sliders where the understood request is. */
export function placeSliders(rows, request) {
  const [usd, per] = request.budget.split("/");
  const values = { context_len: request.context, concurrency: Number(request.concurrency), budget: Number(usd) };
  for (const { key, slider, shown, row } of rows) {
    row.hidden = !applies(key, request.task) || !(values[key] > 0);
    if (row.hidden) continue;
    const [low, high] = RANGES[key];
    if (key === "budget") slider.dataset.per = per;
    if (document.activeElement !== slider || slider.matches(":not(:active)")) {
      slider.value = Math.round((STEPS * Math.log(values[key] / low)) / Math.log(high / low));
    }
    const text = key === "budget" ? request.budget : values[key].toLocaleString("en-US");
    shown.textContent = text;
    slider.setAttribute("aria-valuetext", text);
  }
}
