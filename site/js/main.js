// The page: answers in, a plan out, drawn; the address follows the answers.

import { remember, typedIn } from "./address.js";
import { drawChart } from "./chart.js";
import { byId, element } from "./dom.js";
import { makeSliders, placeSliders } from "./drag.js";
import { Form } from "./form.js";
import { drawMemory } from "./memory.js";
import { plan, started } from "./planner.js";
import { drawTable } from "./table.js";
import { drawTake } from "./take.js";

const fetched = new Set(); // hub ids that a person let the page fetch
let form, sliders, settings, shown;

async function main() {
  const ready = await started;
  settings = ready.settings;
  byId("prices").textContent = `; prices of ${ready.prices}`;
  form = new Form(ready.prompts, ready.models, replan);
  sliders = makeSliders((key, value) => form.set({ [key]: value }));
  byId("every").addEventListener("change", () => shown && drawTable(shown));
  window.addEventListener("hashchange", () => form.set(typedIn(), true));
  form.set(typedIn(), true);
}

async function replan() {
  const answers = form.answers();
  const [config, name] = [form.config, form.label.value.trim()];
  const hub = !config && fetched.has(answers.model_id);
  remember({ ...answers, config, name }, form.defaults());
  byId("plan").setAttribute("aria-busy", "true");
  try {
    const found = await plan({ answers, config, name, hub });
    if (found) show(found, answers, { config, name, hub });
  } catch (error) {
    fail(error);
  }
}

function show(found, answers, { config, name, hub }) {
  byId("plan").removeAttribute("aria-busy");
  const refused = "refusal" in found;
  byId("status").textContent = refused ? "No plan" : "";
  byId("refusal").hidden = !refused;
  byId("result").hidden = refused;
  document.body.dataset.state = refused ? "refused" : "planned";
  if (refused) return refuse(found, answers);
  shown = found;
  byId("choice").textContent = found.choice;
  byId("lines").replaceChildren(...found.lines.flatMap((line) => {
    const [, word, rest] = /^(\S+)\s+(.*)$/.exec(line);
    return [element("dt", {}, word), element("dd", {}, rest)];
  }));
  placeSliders(sliders, found.request);
  drawMemory(found);
  drawChart(found);
  drawTable(found);
  const defaults = form.defaults();
  const changed = Object.fromEntries(Object.entries(answers).filter(([key, value]) => value !== defaults[key]));
  if (config) changed.model_id = `./${name}`;
  // The default budget depends on the task and is answered by it; a name's slug is made by the template
  drawTake(found, { changed, template: settings.template, own: config ? `./${name}` : null, hub });
}

function refuse({ refusal, ways, unknown }, answers) {
  const buttons = ways.map((way) => element("button", { type: "button", onclick: () => form.set(way.answers) }, way.label));
  if (unknown && !fetched.has(answers.model_id)) {
    const host = new URL(settings.hub).host;
    buttons.push(element("button", { type: "button", "data-fetch": true, onclick: () => {
      fetched.add(answers.model_id);
      replan();
    } }, `Fetch its config.json from ${host}`));
  }
  byId("refusal").replaceChildren(element("p", {}, refusal), element("div", { class: "ways" }, ...buttons));
}

function fail(error) {
  document.body.dataset.state = "failed";
  byId("status").textContent = error.message;
}

main().catch(fail);
