// The answers in the page's address, behind #, which browsers do not send to a server.

/** Return the answers of the address. */
export function typedIn(address = location.hash) {
  return Object.fromEntries(new URLSearchParams(address.replace(/^#/, "")));
}

/** Put the answers that differ from the defaults into the address. */
export function remember(answers, defaults) {
  const changed = Object.entries(answers).filter(([key, value]) => value !== defaults[key] && value !== "");
  const typed = new URLSearchParams(changed).toString();
  history.replaceState(null, "", typed ? `#${typed}` : location.pathname + location.search);
}
