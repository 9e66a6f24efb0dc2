// Which prompts apply to which task, and what stands in those that nobody answered.

const TRAINING = ["finetune", "distributed"];
const BUDGETS = { finetune: "20/run", distributed: "50/run" };
const OF_TASK = {
  warm: ["serve"],
  concurrency: ["serve", "batch"],
  engine: ["serve", "batch"],
  dataset: ["batch", ...TRAINING],
  method: TRAINING,
  objective: TRAINING,
};

/** Whether a prompt means anything for the task. */
export const applies = (key, task) => !OF_TASK[key] || OF_TASK[key].includes(task);

/** Return the defaults; two depend on answers, as in cookiecutter.json. */
export function defaultsFor(prompts, { task, workload }) {
  const values = Object.fromEntries(Object.entries(prompts).map(([key, prompt]) => [key, prompt.default]));
  return {
    ...values,
    project_slug: "my-llm",
    task: "serve",
    budget: BUDGETS[task] ?? "4/hour",
    concurrency: workload && workload !== "generation" ? "32" : "16",
    config: "",
    name: "my-model",
  };
}

/** Return the slug of a project's name, as far as ASCII goes. */
export function slugOf(name) {
  return name.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 56);
}
