/** What the server hides in lines: where, and in which words. Knows no DOM. */

/** @typedef {{start: number, end: number, name: string}} Hidden hidden bytes of a file, and the name of the rule */

/** The names of ready-made rules in words; the page fills it. @type {Map<string, string>} */
export const NAMES = new Map();

/** What a batch says is hidden, at its places in the file. @param {{start: number, hidden?: [number, number, string][]}} header @returns {Hidden[]} */
export const hiddenIn = (header) => (header.hidden ?? []).map(([at, size, name]) => ({ start: header.start + at, end: header.start + at + size, name }));

/** What is shown in its place. @param {string} name */
export const shownAs = (name) => `‹${NAMES.get(name) ?? name}›`;

/**
 * The text of bytes [start, end) of a file, with words in place of what is hidden.
 *
 * @param {number} start @param {number} end @param {Hidden[]} hidden in order @param {(from: number, to: number) => string} textOf
 */
export function withNames(start, end, hidden, textOf) {
  let text = '';
  let at = start;
  for (const one of hidden) {
    const [from, to] = [Math.max(one.start, start), Math.min(one.end, end)];
    if (to <= at || from >= to) continue;
    text += textOf(at, from) + shownAs(one.name);
    at = to;
  }
  return text + textOf(at, end);
}
