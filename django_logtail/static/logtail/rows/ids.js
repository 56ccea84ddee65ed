/**
 * The ids in a line: of a request, a task, a trace. Knows no DOM.
 *
 * Found in what is drawn: UUIDs, hexadecimal numbers as traces and spans have them, and what a line calls an id of
 * these kinds. The project's own patterns are RE2 expressions.
 */

/** What is read of a line, and by the project's patterns; ids of one line; and characters of one. */
const MOST_CHARACTERS = 4_000;
const MOST_FOR_PATTERNS = 1_000;
const MOST_IDS = 20;
const MOST_OF_ID = 200;

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const HEX = '(?:[0-9a-f]{32}|[0-9a-f]{16})';
const KINDS = '(?:request|req|trace|span|task|message|msg|correlation|transaction|operation|job|event)';
/** In one pass: a name and what it names, or one of the forms that need no name. */
const ID = new RegExp(`(?<![0-9a-z])${KINDS}[-_.]?id["']?\\s?[=:]\\s?["']?([0-9a-z][0-9a-z_.:/+-]{2,127}[0-9a-z=])|(?<![0-9a-z_-])${UUID}(?![0-9a-z_-])|(?<![0-9a-z_])${HEX}(?![0-9a-z_])`, 'gi');
/** What every line with an id has, found in a fraction of the time: most lines have none. */
const HINT = /[0-9a-f]{8}|id["']?\s?[=:]/i;
const NAMED = new RegExp(`(?:^|[^a-z])${KINDS}[-_.]?id$`, 'i');
const FORM = new RegExp(`^(?:${UUID}|${HEX})$`, 'i');
/** A number of sixteen digits is a moment or an amount, and a word of letters is a word. */
const isMixed = (/** @type {string} */ text) => /\d/.test(text) && /[a-f]/i.test(text);

/** @typedef {{start: number, end: number, id: string}} Id `end`: behind its last character */
/** @typedef {{matcher(text: string): {find(): boolean, start(group?: number): number, end(group?: number): number, groupCount(): number}}} Pattern compiled by RE2 */

/**
 * The ids of a text, in order, none over another.
 *
 * @param {string} text @param {Pattern[]} [patterns] @param {[number, number][]} [drawn] the parts that are shown, in order
 * @returns {Id[]}
 */
export function idsIn(text, patterns = [], drawn = [[0, text.length]]) {
  /** @type {Id[]} */
  const found = [];
  for (const [from, to] of drawn) {
    const end = Math.min(to, from + MOST_CHARACTERS);
    const part = from === 0 && end === text.length ? text : text.slice(from, end);
    ID.lastIndex = 0;
    for (let match = HINT.test(part) ? ID.exec(part) : null; match && found.length < MOST_IDS; match = ID.exec(part)) {
      const id = match[1] ?? match[0];
      if (match[1] === undefined ? !isMixed(id) : !/\d/.test(id)) continue;
      const stop = from + match.index + match[0].length;
      // Cut off by what is drawn.
      if (stop === end && end < text.length && /[0-9a-z]/i.test(text[end])) continue;
      found.push({ start: stop - id.length, end: stop, id });
    }
    for (const pattern of patterns) addMatches(found, pattern, text, from, Math.min(end, from + MOST_FOR_PATTERNS));
  }
  return patterns.length ? apart(found) : found;
}

/** Whether a field holds an id. @param {string} name @param {string} text @param {Pattern[]} [patterns] */
export function isId(name, text, patterns = []) {
  if (text.length < 4 || text.length > MOST_OF_ID) return false;
  if (/\d/.test(text) && (NAMED.test(name) || (FORM.test(text) && isMixed(text)))) return true;
  const written = name ? `${name}=${text}` : text;
  return patterns.some((pattern) => idsIn(text, [pattern]).some(({ id }) => id === text) || idsIn(written, [pattern]).some(({ id, end }) => end === written.length && id === text));
}

/** @param {Id[]} found @param {Pattern} pattern @param {string} text @param {number} from @param {number} to */
function addMatches(found, pattern, text, from, to) {
  const matcher = pattern.matcher(text.slice(from, to));
  for (let n = 0; n < MOST_IDS && matcher.find(); n++) {
    // The id is in the first group, if there is one.
    const group = matcher.groupCount() && matcher.start(1) >= 0 ? 1 : 0;
    const start = from + matcher.start(group);
    const end = from + matcher.end(group);
    if (end > start && end - start <= MOST_OF_ID) found.push({ start, end, id: text.slice(start, end) });
  }
}

/** In order, and the longer one of two that overlap. @param {Id[]} found */
function apart(found) {
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  /** @type {Id[]} */
  const kept = [];
  for (const one of found) {
    const last = kept.at(-1);
    if (!last || last.end <= one.start) kept.push(one);
    else if (one.end - one.start > last.end - last.start) kept[kept.length - 1] = one;
  }
  return kept.slice(0, MOST_IDS);
}

/** The project's patterns, compiled; those that this page can't read are left out. @param {string[]} sources @returns {Promise<Pattern[]>} */
export async function compiled(sources) {
  if (!sources.length) return [];
  try {
    const { RE2JS } = await import(new URL('../vendor/re2js.js', import.meta.url).href);
    return sources.flatMap((source) => {
      try { return [RE2JS.compile(source)]; } catch { return []; }
    });
  } catch { return []; }
}
