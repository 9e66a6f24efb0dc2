// The template's prompts as a form: those that do not apply are hidden and count as unanswered.

import { applies, defaultsFor, slugOf } from "./answers.js";
import { byId, element } from "./dom.js";

const FIRST = ["task", "workload", "model_id", "model_size", "budget"];
const SHORT = {
  project_name: "Project name", project_slug: "Slug", model_size: "Model size", model_id: "Model", budget: "Budget",
  warm: "Containers kept warm", context_len: "Context", concurrency: "Load", dataset: "Dataset",
  gpu: "GPU", workload: "Workload", quantization: "Weight format", optimize: "Choose for",
};
const SUGGESTED = { optimize: ["cost", "latency", "throughput", "cost ttft<1s", "cost ttft<1s tpot<40ms"] };
const OPTIONAL = ["project_name", "project_slug", "gpu", "quantization", "engine", "method", "objective"];

export class Form {
  /** `changed()` is called after each change by a person. */
  constructor(prompts, models, changed) {
    this.prompts = prompts;
    this.models = models;
    this.changed = changed;
    this.touched = new Set();
    this.fields = {};
    this.config = "";
    this.form = byId("form");
    const order = [...FIRST, ...Object.keys(prompts).filter((key) => !FIRST.includes(key))];
    const more = element("details", { class: "more" }, element("summary", {}, "More answers"));
    for (const key of order) (OPTIONAL.includes(key) ? more : this.form).append(this.row(key));
    this.fields.model_id.closest(".row").append(this.pasting());
    this.form.append(more);
    this.form.append(element("button", { type: "button", class: "quiet", onclick: () => this.set({}, true) }, "Start over"));
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  row(key) {
    const { label, choices } = this.prompts[key];
    const help = element("small", { id: `${key}-help` });
    const common = { id: key, name: key, "aria-describedby": `${key}-help` };
    const names = Object.keys(choices);
    const listed = key === "model_id" ? "known" : SUGGESTED[key] ? `${key}-list` : null;
    const field = names.length
      ? element("select", common, ...names.map((name) => element("option", { value: name }, name)))
      : element("input", { ...common, type: "text", spellcheck: "false", list: listed });
    field.addEventListener(names.length ? "change" : "input", () => this.edited(key));
    this.fields[key] = field;
    const offered = (SUGGESTED[key] ?? []).map((value) => element("option", { value }));
    const list = listed ? [element("datalist", { id: listed }, ...offered)] : [];
    return element("div", { class: "row", "data-key": key },
      element("label", { for: key }, SHORT[key] ?? label), field, ...list, help);
  }

  /** The model's own config.json: pasted, dropped or chosen. */
  pasting() {
    this.text = element("textarea", { id: "config", rows: 4, spellcheck: "false", "aria-describedby": "config-help",
      oninput: () => this.pasted(this.text.value) });
    this.label = element("input", { id: "name", type: "text", value: "my-model", oninput: () => this.changed() });
    const file = element("input", { id: "file", type: "file", accept: ".json,application/json",
      onchange: () => this.take(file.files[0]) });
    const box = element("details", { class: "drop" }, element("summary", {}, "Your own config.json"),
      element("label", { for: "file" }, "Choose a file, or drop it here"), file,
      element("label", { for: "config" }, "or paste it"), this.text,
      element("small", { id: "config-help" }, "Read by the planner in this page, and sent nowhere."),
      element("label", { for: "name" }, "Name of its folder"), this.label);
    for (const kind of ["dragover", "drop"]) {
      this.form.addEventListener(kind, (event) => {
        event.preventDefault();
        if (kind === "drop") this.take(event.dataTransfer.files[0]);
      });
    }
    return box;
  }

  async take(file) {
    if (file) this.pasted(await file.text());
  }

  pasted(text) {
    this.config = text.trim();
    this.text.value = text;
    this.text.closest("details").open ||= Boolean(this.config);
    this.changed();
  }

  edited(key) {
    this.touched.add(key);
    this.arrange();
    this.changed();
  }

  /** Set answers; `afresh` forgets all others. */
  set(answers, afresh = false) {
    if (afresh) {
      this.touched.clear();
      this.config = this.text.value = "";
      this.label.value = "my-model";
    }
    for (const [key, value] of Object.entries(answers)) {
      if (key === "config") this.config = this.text.value = value;
      else if (key === "name") this.label.value = value;
      else if (this.fields[key]) {
        this.fields[key].value = value;
        this.touched.add(key);
      }
      if (OPTIONAL.includes(key)) this.form.querySelector(".more").open = true;
    }
    this.arrange();
    this.changed();
  }

  /** Fill in what nobody answered, hide what does not apply, and say what each answer means. */
  arrange() {
    const defaults = this.defaults();
    for (const [key, field] of Object.entries(this.fields)) {
      if (!this.touched.has(key)) field.value = this.usual(key, defaults);
      field.closest(".row").hidden = !applies(key, this.task);
      const { label, choices } = this.prompts[key];
      byId(`${key}-help`).textContent = choices[field.value] ?? label;
    }
    const workload = this.fields.workload.value;
    const known = this.models.filter(([, , of]) => of === workload);
    byId("known").replaceChildren(...known.map(([id, size]) => element("option", { value: id }, size)));
  }

  /** Return what stands in a field that nobody answered. */
  usual(key, defaults) {
    return (key === "project_slug" && slugOf(this.fields.project_name.value)) || (defaults[key] ?? "");
  }

  get task() {
    return this.fields.task.value || "serve";
  }

  defaults() {
    return defaultsFor(this.prompts, { task: this.touched.has("task") ? this.task : "serve", workload: this.fields.workload.value });
  }

  /** Return the answer to each prompt: the default where a prompt does not apply. */
  answers() {
    const defaults = this.defaults();
    return Object.fromEntries(Object.entries(this.fields).map(([key, field]) =>
      [key, applies(key, this.task) ? field.value.trim() || defaults[key] : defaults[key]]));
  }
}
