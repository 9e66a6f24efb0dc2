// The worker as two calls: `started` and `plan`. While one plan is computed only the latest question waits.

const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
let busy = null;
let waiting = null;
let count = 0;

/** Resolves with {prompts, models, settings, prices} when Python is there. */
export const started = new Promise((resolve, reject) => {
  worker.addEventListener("message", ({ data }) => {
    if (data.ready) resolve(data);
    else if (data.id === undefined) reject(new Error(data.failure));
    else settle(data);
  });
  worker.addEventListener("error", (event) => reject(new Error(event.message || "the worker did not start")));
});

/** Ask for a plan; resolves with the answer, or with null where a later question took its place. */
export function plan(question) {
  return new Promise((resolve, reject) => {
    waiting?.resolve(null);
    waiting = { question: { do: "plan", ...question }, resolve, reject };
    send();
  });
}

function send() {
  if (busy || !waiting) return;
  [busy, waiting] = [{ ...waiting, id: ++count }, null];
  worker.postMessage({ id: busy.id, question: busy.question });
}

function settle({ answer, failure }) {
  const asked = busy;
  busy = null;
  if (failure) asked.reject(new Error(failure));
  else asked.resolve(waiting ? null : answer);
  send();
}
