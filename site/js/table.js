// The weighed candidates as a table that its heads sort.

import { byId, element } from "./dom.js";

let sorted = { column: null, down: false };

/** Return what a cell sorts by: its first number, or its text. */
function value(cell) {
  const found = /^-?[\d,]+(\.\d+)?/.exec(cell);
  return found ? Number(found[0].replaceAll(",", "")) : cell === "-" ? Infinity : cell;
}

function compare(a, b) {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}

/** Draw the best of each card, or every configuration. */
export function drawTable(plan) {
  const rows = [...(byId("every").checked ? plan.all : plan.best)];
  const at = plan.columns.indexOf(sorted.column);
  if (at >= 0) rows.sort((a, b) => compare(value(a[at]), value(b[at])) * (sorted.down ? -1 : 1));
  const heads = plan.columns.map((column) => {
    const active = column === sorted.column;
    const sort = () => {
      sorted = { column, down: active && !sorted.down };
      drawTable(plan);
      [...document.querySelectorAll("#table th button")].find((button) => button.dataset.column === column)?.focus();
    };
    return element("th", { scope: "col", "aria-sort": active ? (sorted.down ? "descending" : "ascending") : "none" },
      element("button", { type: "button", "data-column": column, onclick: sort }, column));
  });
  const ranks = new Map(plan.all.map((row, index) => [row.join("\t"), plan.candidates[index].rank]));
  byId("table").replaceChildren(element("table", {},
    element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...rows.map((row) => element("tr", { class: ranks.get(row.join("\t")) ? null : "no" },
      ...row.map((cell) => element("td", {}, cell)))))));
}
