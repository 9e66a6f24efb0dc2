// The answers in the page's address, behind #, which browsers do not send to a server.

/** Return the answers of the address. */
export function typedIn(address = location.hash) {
  const { gpu_count: count, ...answers } = Object.fromEntries(new URLSearchParams(address.replace(/^#/, "")));
  return /^\d+$/.test(count ?? "") ? { ...answers, gpu: `${answers.gpu ?? "auto"}:${count}` } : answers; // of older links
}

/** Put the answers that differ from the defaults into the address. */
export function remember(answers, defaults) {
  const changed = Object.entries(answers).filter(([key, value]) => value !== defaults[key] && value !== "");
  const typed = new URLSearchParams(changed).toString();
  history.replaceState(null, "", typed ? `#${typed}` : location.pathname + location.search);
}
