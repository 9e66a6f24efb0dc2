// All candidates as points: price per million tokens against tokens/s, or for known runs their price against hours.

import { byId, drawn, element } from "./dom.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [680, 380, 62, 48, 14, 18];
const MOST = 250; // points; more hide each other and slow the page

/** Return [x, y, low, high] of a candidate, or null where it has no speed or price. */
function point(candidate, runs) {
  const e = candidate.estimate;
  if (runs) return candidate.hours && candidate.usd ? [candidate.hours, candidate.usd, null, null] : null;
  if (!e) return null;
  const many = candidate.containers || 1;
  const rate = e.output_tokens_per_s ?? e.tokens_per_s;
  const usd = e.usd_per_million_output_tokens ?? e.usd_per_million_tokens;
  if (!rate || !usd) return null;
  const low = e.output_tokens_per_s_low ?? e.tokens_per_s_low;
  const high = e.output_tokens_per_s_high ?? e.tokens_per_s_high;
  const scale = "output_tokens_per_s" in e ? many : 1;
  return [rate * scale, usd, low * scale, high * scale];
}

const nameOf = (c) =>
  `${c.containers > 1 ? `${c.containers} x ` : ""}${c.nodes > 1 ? `${c.nodes} x ` : ""}${c.gpu_string}, ${c.quantization ?? c.method}${c.attention && c.attention !== "auto" ? `, ${c.attention}` : ""}`;

const short = (value) => Number(value.toPrecision(2)).toLocaleString("en-US");

/** Return ticks 1, 2 and 5 times powers of ten within [from, to]. */
function ticks(from, to) {
  const found = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    for (const step of [1, 2, 5]) {
      const value = step * 10 ** power;
      if (value >= from && value <= to) found.push(value);
    }
  }
  return found.length > 9 ? found.filter((value) => /^[1]/.test(value.toExponential())) : found;
}

/** Draw the candidates of a plan: the frontier as a line, rejected ones grey. */
export function drawChart({ candidates, frontier }) {
  const runs = candidates.some((c) => c.hours && c.usd);
  const edge = new Set(frontier);
  const all = candidates.map((c, index) => ({ c, index, at: point(c, runs) })).filter(({ at }) => at);
  const important = all.filter(({ c, index }) => c.rank || edge.has(index));
  const kept = new Set(important.slice(0, MOST));
  for (const edged of all) if (edge.has(edged.index)) kept.add(edged);
  for (const other of all) if (kept.size < MOST) kept.add(other);
  const points = [...kept].sort((a, b) => Number(Boolean(a.c.rank)) - Number(Boolean(b.c.rank)));
  const said = element("p", { class: "said", role: "status" }, "Hover, or focus a point, to read it.");
  const x = scale(points.map(({ at }) => at[0]), LEFT, WIDTH - RIGHT);
  const y = scale(points.map(({ at }) => at[1]), HEIGHT - BOTTOM, TOP);
  const axes = runs ? ["hours of the run", "$ of the run"] : ["tokens/s", "$ per million tokens"];
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-labelledby": "chart-title chart-words" });
  for (const value of ticks(...x.range)) {
    svg.append(drawn("line", { x1: x(value), x2: x(value), y1: TOP, y2: HEIGHT - BOTTOM, class: "grid" }),
      drawn("text", { x: x(value), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, short(value)));
  }
  for (const value of ticks(...y.range)) {
    svg.append(drawn("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: "grid" }),
      drawn("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  svg.append(drawn("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, axes[0]),
    drawn("text", { x: 14, y: HEIGHT / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${HEIGHT / 2})` }, axes[1]));
  const line = points.filter(({ index }) => edge.has(index)).sort((a, b) => a.at[0] - b.at[0]);
  svg.append(drawn("polyline", { class: "edge", points: line.map(({ at }) => `${x(at[0])},${y(at[1])}`).join(" ") }));
  for (const { c, index, at } of points) {
    const range = at[2] && (c.rank === 1 || edge.has(index));
    if (range) svg.append(drawn("line", { class: "range", x1: x(at[2]), x2: x(at[3]), y1: y(at[1]), y2: y(at[1]) }));
    const prior = c.estimate?.prior?.length ? ` Prior: ${c.estimate.prior.join(", ").replaceAll("_", " ")}.` : "";
    const words = `${nameOf(c)}: ${short(at[0])} ${axes[0]}${at[2] ? ` (${short(at[2])} to ${short(at[3])})` : ""}, ` +
      `${at[1].toFixed(2)} ${axes[1]}, ${c.usd_per_hour.toFixed(2)}/hour. ${c.rank === 1 ? "Chosen." : c.rejected ? `Rejected: ${c.rejected}.` : `Rank ${c.rank}.`}${prior}`;
    const tell = () => (said.textContent = words);
    const reached = c.rank === 1 || edge.has(index); // the others are read by keyboard in the table
    const kind = c.rank === 1 ? "chosen" : edge.has(index) ? "best" : c.rank ? "works" : "rejected";
    svg.append(drawn("circle", { cx: x(at[0]), cy: y(at[1]), r: c.rank === 1 ? 8 : 5, class: `point ${kind}`,
      tabindex: reached ? 0 : null, role: reached ? "img" : null, "aria-label": reached ? words : null,
      onmouseenter: tell, onfocus: tell }, drawn("title", {}, words)));
  }
  byId("chart-words").textContent = `${axes[1]} against ${axes[0]}, both on logarithmic axes. The line is the frontier: ` +
    `nothing beats these in ${runs ? "price and hours" : "price per hour and speed, at equal quality"}. ` +
    "Bars are predicted ranges. Grey points were rejected." +
    (all.length > points.length ? ` ${points.length} of ${all.length} points are drawn.` : "");
  byId("chart").replaceChildren(svg, said);
}

/** Return a logarithmic scale over the values, with a margin, and its `range`. */
function scale(values, from, to) {
  const low = Math.min(...values) / 1.3;
  const high = Math.max(...values) * 1.3;
  const place = (value) => from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
  place.range = [low, high];
  return place;
}
