/** One column: its field's name, and how wide it is. Knows no DOM. */

/** @typedef {{name: string, width: number}} Column `width` in characters, the space after it included */

/** Widths in characters, the space after a value included. */
export const NARROWEST = 8;
const WIDEST_AT_FIRST = 40;
export const WIDEST = 200;
const SPACE = 3;
/** Room for the icon beside a name. */
const NAME_SPACE = 4;
/** The least columns that a level takes if spaces follow it, as in the style sheet. */
export const LEVEL_COLUMNS = 9;

/** Width of a text in characters: Chinese and similar ones count as two. @param {string} text */
export function widthOf(text) {
  let width = 0;
  for (const character of text) width += /** @type {number} */ (character.codePointAt(0)) >= 0x1100 && /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uff00-\uff60\u3000-\u303f]/u.test(character) ? 2 : 1;
  return width;
}

/** The width of a column that fits these values. @param {string} name @param {string[]} values @param {number} most */
export function fitting(name, values, most = WIDEST_AT_FIRST) {
  let widest = widthOf(name) + NAME_SPACE;
  for (const value of values) widest = Math.max(widest, widthOf(value) + SPACE);
  return Math.max(NARROWEST, Math.min(most, widest));
}

/** The valid columns of a stored value. @param {unknown} kept @returns {Column[]} */
export function columnsIn(kept) {
  if (!Array.isArray(kept)) return [];
  const names = new Set();
  return kept.filter((one) => {
    const isOne = one && typeof one.name === 'string' && one.name !== '' && Number.isFinite(one.width) && !names.has(one.name);
    if (isOne) names.add(one.name);
    return isOne;
  }).map(({ name, width }) => ({ name, width: Math.max(NARROWEST, Math.min(WIDEST, Math.round(width))) }));
}
