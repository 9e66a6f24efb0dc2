// Runs the planner in Pyodide. Messages in: {id, question}; out: {id, answer} or {id, failure}, and once {ready, prompts, models}.

const base = new URL("..", self.location.href);
const text = async (name) => (await got(name)).text();

async function got(name) {
  const answer = await fetch(new URL(name, base));
  if (!answer.ok) throw new Error(`${name} answers ${answer.status}`);
  return answer;
}

/** Return the interpreter. Files of another origin are checked against their hashes; those beside the page are the page's. */
async function interpreter(settings) {
  const root = new URL(settings.pyodide, base).href;
  const own = new URL(root).origin === self.location.origin;
  const plain = self.fetch;
  const checked = (url, options) => {
    const integrity = settings.integrity[String(url.url ?? url).replace(root, "")];
    return own || !integrity ? plain(url, options) : plain(url, { ...options, integrity, credentials: "omit" });
  };
  const module = async (name) => {
    if (own) return import(root + name);
    const answer = await checked(root + name);
    if (!answer.ok) throw new Error(`${root}${name} answers ${answer.status}`);
    return import(URL.createObjectURL(new Blob([await answer.text()], { type: "text/javascript" })));
  };
  const [{ loadPyodide }, assembled, lockFileContents] = await Promise.all([
    module("pyodide.mjs"), module("pyodide.asm.mjs"), checked(root + "pyodide-lock.json").then((answer) => answer.text()),
  ]);
  self.fetch = checked; // Pyodide fetches its WebAssembly and its library itself
  try {
    return await loadPyodide({ indexURL: root, createPyodideModule: assembled.default, lockFileContents });
  } finally {
    self.fetch = plain;
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
