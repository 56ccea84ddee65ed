/** What the server hides in lines: where, and in which words. Knows no DOM. */

/** @typedef {{start: number, end: number, name: string}} Hidden hidden bytes of a file, and the name of the rule */
/** @typedef {{start: number, end: number, name: string, bytes: number}} Secret where it is in the text of a line, and how long in the file */

/** The names of ready-made rules in words; the page fills it. @type {Map<string, string>} */
export const NAMES = new Map();

/** What a batch says is hidden, at its places in the file. @param {{start: number, hidden?: [number, number, string][]}} header @returns {Hidden[]} */
export const hiddenIn = (header) => (header.hidden ?? []).map(([at, size, name]) => ({ start: header.start + at, end: header.start + at + size, name }));

/** The rule in words. @param {string} name */
export const nameOf = (name) => NAMES.get(name) ?? name;

/** What is shown in its place. @param {string} name */
export const shownAs = (name) => `‹${nameOf(name)}›`;

/**
 * The text of bytes [start, end) of a file, with words in place of what is hidden, or with the original.
 *
 * @param {number} start @param {number} end @param {Hidden[]} hidden in order @param {(from: number, to: number) => string} textOf @param {boolean} [isShown] whether the bytes are the original
 * @returns {{text: string, secrets: Secret[]}}
 */
export function withNames(start, end, hidden, textOf, isShown = false) {
  let text = '';
  let at = start;
  /** @type {Secret[]} */
  const secrets = [];
  for (const { start: first, end: last, name } of hidden) {
    const [from, to] = [Math.max(first, start), Math.min(last, end)];
    if (to <= at || from >= to) continue;
    text += textOf(at, from);
    const begin = text.length;
    text += isShown ? textOf(from, to) : shownAs(name);
    secrets.push({ start: begin, end: text.length, name, bytes: last - first });
    at = to;
  }
  return { text: text + textOf(at, end), secrets };
}

/**
 * The same secrets in a text without the escape sequences of the one they are in.
 *
 * @param {Secret[]} secrets in order @param {string} text @param {string} plain
 */
export function secretsIn(secrets, text, plain) {
  let at = 0;
  return secrets.flatMap((secret) => {
    const drawn = text.slice(secret.start, secret.end);
    const start = plain.indexOf(drawn, at);
    if (start < 0) return [];
    at = start + drawn.length;
    return [{ ...secret, start, end: at }];
  });
}

/** How often each rule hides something in lines, the most frequent first. @param {import('./item.js').Item[]} items @returns {[string, number][]} */
export function countedIn(items) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  let open = '';
  for (const { secrets, text } of items) {
    for (const { start, name } of secrets ?? []) {
      // A private key goes over many lines.
      if (start !== 0 || name !== open) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const last = secrets?.at(-1);
    open = last && last.end === text.length ? last.name : '';
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}
