/** Entries of a log as Markdown, for an issue or a chat: what they are of, when, where, and their text. Knows no DOM. */

/** Characters of one copy: GitHub accepts 65,536 in a comment, and Slack and GitLab at least as many. */
export const MOST_CHARACTERS = 60_000;
/** The text after a copy that was cut. */
const ROOM = 300;
/** What would be read as Markdown within a line, or as a name or a number of an issue. A hyphen, a point and a "_" within a word are read as they are. */
const SIGNS = /[\\`*[\]<~]|(?<![\p{L}\p{N}])[_#@]|_(?![\p{L}\p{N}])|&(?=#?\w+;)|#(?=#*$)/gu;

/**
 * @param {{name: string, host: string, link: string, first: string, last: string}} of `first`, `last`: the times as written, or ''
 * @param {string[]} lines as they are in the file
 * @param {(left: number) => string} saidOfRest how many lines there was no room for
 * @returns {{text: string, copied: number}} and how many lines are in it
 */
export function markdownOf({ name, host, link, first, last }, lines, saidOfRest) {
  const times = first && last && first !== last ? `${first} – ${last}` : first || last;
  const heading = `### ${[name, host, times].filter(Boolean).map(escaped).join(' · ')}\n\n<${link}>\n\n`;
  let room = MOST_CHARACTERS - heading.length - ROOM;
  let copied = 0;
  while (copied < lines.length && lines[copied].length + 1 <= room) room -= lines[copied++].length + 1;
  // The line alone is too long: copy its beginning rather than nothing.
  const text = copied || !lines.length ? lines.slice(0, copied).join('\n') : lines[0].slice(0, room);
  const fence = fenceFor(text);
  const left = lines.length - copied;
  return { text: `${heading}${fence}text\n${text}\n${fence}\n${left ? `\n_${escaped(saidOfRest(left))}_\n` : ''}`, copied };
}

/** Longer than any run of backticks within. @param {string} text */
function fenceFor(text) {
  let longest = 2;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return '`'.repeat(longest + 1);
}

/** Text that Markdown leaves as it is. @param {string} text */
function escaped(text) {
  return text.replace(/\s+/g, ' ').replace(SIGNS, '\\$&');
}
