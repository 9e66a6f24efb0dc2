// What a person takes away: commands to copy and files to download.

import { byId, element } from "./dom.js";

/** Return a word quoted for a POSIX shell. */
export const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Return {title: command} for answers that differ from the template's defaults. */
export function commands({ changed, request, template, own, hub }) {
  const answers = Object.entries(changed);
  const words = answers.map(([key, value]) => quoted(`${key}=${value}`));
  const found = {
    "uvx cookiecutter": ["uvx cookiecutter", `gh:${template}`, "--no-input", ...words].join(" "),
    "cruft create": ["uvx cruft create", `https://github.com/${template}`, "--no-input",
      ...(answers.length ? ["--extra-context", quoted(JSON.stringify(changed))] : [])].join(" "),
  };
  found["gpu-plan"] = ["uvx --from", `git+https://github.com/${template}`, "gpu-plan", ...(hub ? ["--hub"] : []),
    ...compared(request, own)].join(" ");
  return found;
}

/** Return the arguments of `gpu-plan` that print the same table. */
export function compared(request, own) {
  const options = { task: "serve", budget: "none", concurrency: 16, rows: 0, gpu: "auto", quantization: "auto", engine: "auto",
    method: "auto", objective: "sft", optimize: "cost" };
  const given = Object.entries(options).filter(([key, value]) => String(request[key]) !== String(value) &&
    !(key === "concurrency" && ["finetune", "distributed"].includes(request.task)));
  return ["compare", quoted(own ?? request.model), "--context", String(request.context),
    ...given.flatMap(([key]) => [`--${key}`, quoted(String(request[key]))])];
}

/** Draw the commands with their buttons, and the files. */
export function drawTake(plan, given) {
  const notes = [];
  if (given.own) notes.push(`Put the config.json into the folder ${given.own} beside the command.`);
  if (given.hub) notes.push(`A bake opens no connection. First put the model's configuration into the cache: hf download ${plan.request.model} config.json`);
  if (plan.request.gated) notes.push(`${plan.request.model} is gated: accept its licence on the hub.`);
  const all = commands({ ...given, request: plan.request });
  if (plan.request.warm) notes.push("gpu-plan compare does not count containers that are kept warm.");
  const files = Object.entries(plan.files).map(([name, text]) => {
    const type = name.endsWith(".svg") ? "image/svg+xml" : "text/plain;charset=utf-8";
    return element("a", { class: "file", download: name, href: `data:${type},${encodeURIComponent(text)}` }, name);
  });
  byId("take").replaceChildren(
    ...Object.entries(all).map(([title, command]) => row(title, command)),
    ...notes.map((note) => element("p", { class: "note" }, note)),
    element("p", {}, "Files of this plan: ", ...files.flatMap((file) => [file, " "])),
    element("p", {}, "Link to this plan: ", copying("Copy link", () => location.href)));
}

function row(title, command) {
  return element("div", { class: "command" }, element("h4", {}, title),
    element("pre", { tabindex: 0, "data-command": title }, element("code", {}, command)),
    copying("Copy", () => command, title));
}

function copying(label, text, what = "") {
  const button = element("button", { type: "button", "aria-label": what ? `${label}: ${what}` : null }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed: select and copy";
    }
    setTimeout(() => (button.textContent = label), 2000);
  });
  return button;
}
