// Runs the planner in Pyodide. Messages in: {id, question}; out: {id, answer} or {id, failure}, and once {ready, prompts, models}.

const base = new URL("..", self.location.href);
const text = async (name) => (await got(name)).text();

async function got(name) {
  const answer = await fetch(new URL(name, base));
  if (!answer.ok) throw new Error(`${name} answers ${answer.status}`);
  return answer;
}

/** Fetch Pyodide's files, each checked against its hash, and return the interpreter made of exactly these. */
async function interpreter(settings) {
  const root = new URL(settings.pyodide, base).href;
  const blobs = Object.fromEntries(
    await Promise.all(
      Object.entries(settings.integrity).map(async ([name, integrity]) => {
        const answer = await fetch(root + name, { integrity, credentials: "omit" });
        if (!answer.ok) throw new Error(`${root}${name} answers ${answer.status}`);
        return [name, await answer.blob()];
      }),
    ),
  );
  const load = (name) => import(URL.createObjectURL(new Blob([blobs[name]], { type: "text/javascript" })));
  const [{ loadPyodide }, assembled] = await Promise.all([load("pyodide.mjs"), load("pyodide.asm.mjs")]);
  const fetched = self.fetch;
  // Pyodide fetches by name: it is given the checked bytes, and nothing is downloaded twice
  self.fetch = (resource, options) => {
    const name = String(resource.url ?? resource).replace(root, "");
    if (!(name in blobs)) return fetched(resource, options);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return Promise.resolve(new Response(blobs[name], { headers: { "Content-Type": type } }));
  };
  try {
    return await loadPyodide({ indexURL: root, createPyodideModule: assembled.default, lockFileContents: await blobs["pyodide-lock.json"].text() });
  } finally {
    self.fetch = fetched;
  }
}

/** Return [status, bytes] of an address; the planner waits for its answer, so the request is synchronous. */
function read(url) {
  const request = new XMLHttpRequest();
  try {
    request.open("GET", url, false);
    request.responseType = "arraybuffer";
    request.send();
    return [request.status, new Uint8Array(request.response ?? 0)];
  } catch {
    return [0, new Uint8Array()];
  }
}

async function start() {
  const settings = await (await got("settings.json")).json();
  const [pyodide, planner, entry, cookiecutter] = await Promise.all([
    interpreter(settings), got("planner.zip").then((a) => a.arrayBuffer()), text("entry.py"), text("cookiecutter.json"),
  ]);
  pyodide.unpackArchive(planner, "zip", { extractDir: "/planner" });
  pyodide.FS.writeFile("/planner/entry.py", entry);
  pyodide.runPython("import sys; sys.path.insert(0, '/planner')");
  const module = pyodide.pyimport("entry");
  const answer = (question) => JSON.parse(module.ask(JSON.stringify(question)));
  module.fetch_with((url) => pyodide.toPy(read(url)), settings.hub);
  self.onmessage = ({ data }) => {
    try {
      self.postMessage({ id: data.id, answer: answer(data.question) });
    } catch (error) {
      self.postMessage({ id: data.id, failure: String(error.message ?? error) });
    }
  };
  self.postMessage({ ready: true, settings, ...answer({ do: "prompts", cookiecutter }), ...answer({ do: "models" }) });
}

start().catch((error) => self.postMessage({ failure: `Python could not be loaded: ${error.message ?? error}` }));
