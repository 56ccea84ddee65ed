/** One column: its field's name, and how wide it is. Knows no DOM. */

/** @typedef {{name: string, width: number}} Column `width` in characters, the space after it included */

/** Widths in characters, the space after a value included. */
export const NARROWEST = 8;
const WIDEST_AT_FIRST = 40;
export const WIDEST = 200;
const SPACE = 3;
/** A name has a sign beside it. */
const NAME_SPACE = 4;

/** Characters that a text takes: those of Chinese and the like take two. @param {string} text */
export function widthOf(text) {
  let width = 0;
  for (const character of text) width += /** @type {number} */ (character.codePointAt(0)) >= 0x1100 && /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uff00-\uff60\u3000-\u303f]/u.test(character) ? 2 : 1;
  return width;
}

/** How wide a column of these values is at first, or fits. @param {string} name @param {string[]} values @param {number} most */
export function fitting(name, values, most = WIDEST_AT_FIRST) {
  let widest = widthOf(name) + NAME_SPACE;
  for (const value of values) widest = Math.max(widest, widthOf(value) + SPACE);
  return Math.max(NARROWEST, Math.min(most, widest));
}

/** The columns that were stored; anything else is left out. @param {unknown} kept @returns {Column[]} */
export function columnsIn(kept) {
  if (!Array.isArray(kept)) return [];
  const names = new Set();
  return kept.filter((one) => {
    const isOne = one && typeof one.name === 'string' && one.name !== '' && Number.isFinite(one.width) && !names.has(one.name);
    if (isOne) names.add(one.name);
    return isOne;
  }).map(({ name, width }) => ({ name, width: Math.max(NARROWEST, Math.min(WIDEST, Math.round(width))) }));
}
