// The memory of one GPU as stacked bars to one scale, the choice above a candidate beside it.

import { byId, element } from "./dom.js";

const gib = (value) => `${value.toFixed(1)} GiB`;

/** Draw the plan's bars; each term is a button-like segment that names itself on hover and focus. */
export function drawMemory({ bars, colours }) {
  const largest = Math.max(...bars.map((bar) => bar.usable_gib));
  byId("memory").replaceChildren(...bars.map((bar) => oneBar(bar, colours, largest)));
}

function oneBar(bar, colours, largest) {
  const terms = Object.entries(bar.parts);
  const said = element("p", { class: "said" }, `${gib(bar.peak_gib)} of ${gib(bar.usable_gib)}`);
  const segments = terms.filter(([, value]) => value > 0).map(([name, value]) => {
    const words = `${name}: ${gib(value)}, ${((100 * value) / bar.usable_gib).toFixed(0)}% of the card`;
    const tell = () => (said.textContent = words);
    const part = element("span", { class: "term", tabindex: 0, role: "img", "aria-label": words, title: words,
      onfocus: tell, onmouseenter: tell });
    part.style.flexGrow = value;
    part.style.background = colours[name];
    return part;
  });
  const track = element("div", { class: "bar" }, ...segments);
  track.style.width = `${(100 * bar.usable_gib) / largest}%`;
  const key = element("ul", { class: "key" }, ...terms.map(([name, value]) => {
    const mark = element("i", { "aria-hidden": "true" });
    mark.style.background = colours[name];
    return element("li", {}, mark, `${name} ${value.toFixed(1)}`);
  }));
  return element("figure", {}, element("figcaption", {}, bar.caption), track, said, key);
}
