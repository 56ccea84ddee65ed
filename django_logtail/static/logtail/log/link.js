/**
 * Links to a line, or to lines that follow one another: the part of an address after its "#". Knows no DOM.
 *
 * `file=<id>&at=<offset>[-<offset>]&sum=<n>.<hash>`: the generation, where the first and the last line begin, and what
 * the first one began with. The server proves the file; the sum proves the line, because a file may be
 * overwritten in place, and the id of a file that was short at first proves little.
 */

/** Characters of the line in the checksum: only its beginning, because an unfinished line grows. */
const SUMMED = 200;

/** @typedef {{file: string, start: number, end: number, sum: string, isRead?: boolean}} Linked `start`, `end`: where the first and the last line begin; `sum` may be empty; `isRead`: nobody linked it, it stood at the top of the view */
/** @typedef {{file: string, start: number, text: string}} Line */

/** As in a form, but with characters unescaped that addresses may contain. @param {string} value */
export function encoded(value) {
  return new URLSearchParams([['', value]]).toString().slice(1).replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',');
}

/** The fragment of a link. @param {Line[]} lines in order; those of the first one's file are linked */
export function fragmentOf(lines) {
  const { file, start, end, sum } = linkTo(lines);
  return `file=${encoded(file)}&at=${end > start ? `${start}-${end}` : start}&sum=${sum}`;
}

/** What leads to lines. @param {Line[]} lines in order; those of the first one's file are linked @returns {Linked} */
export function linkTo(lines) {
  const [first] = lines;
  const last = lines.findLast((line) => line.file === first.file) ?? first;
  const n = Math.min(first.text.length, SUMMED);
  return { file: first.file, start: first.start, end: Math.max(first.start, last.start), sum: `${n}.${sumOf(first.text, n)}` };
}

/** What a fragment leads to, or null if it isn't a link to a line. @param {string} fragment with or without "#" @returns {Linked|null} */
export function linkedBy(fragment) {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''));
  const file = fields.get('file');
  const at = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(fields.get('at') ?? '');
  if (!file || !/^[ -~]{1,200}$/.test(file) || !at) return null;
  const start = Number(at[1]);
  return { file, start, end: Math.max(start, Number(at[2] ?? start)), sum: fields.get('sum') ?? '' };
}

/** Whether a line is the one that was linked. @param {Linked} linked @param {Line|undefined} line */
export function isProven(linked, line) {
  if (!line || line.file !== linked.file || line.start !== linked.start) return false;
  const sum = /^(\d{1,3})\.([0-9a-f]{8})$/.exec(linked.sum);
  return !linked.sum || (sum !== null && line.text.length >= Number(sum[1]) && sumOf(line.text, Number(sum[1])) === sum[2]);
}

/** 32-bit FNV-1a: detects another line in the same place, but not a deliberate forgery. @param {string} text @param {number} n */
function sumOf(text, n) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < n; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
