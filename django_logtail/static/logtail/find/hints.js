/** What a filter's terms look for, in words. Knows no DOM. */

import { fieldLike } from './terms.js';

/** @typedef {import('./terms.js').Term} Term */
/** @typedef {{icon: 'search'|'not'|'funnel'|'warn', text: string, code: string, isBad: boolean}} Hint */

const OPERATORS = /** @type {const} */ ({ '>': 'over', '>=': 'least', '<': 'under', '<=': 'most' });

/** @param {import('./terms.js').FieldTerm} term @param {import('../ui/format.js').Words} words */
function ofField({ name: field, op, value, quoted, not }, words) {
  const say = (/** @type {string} */ key, /** @type {string} */ what) => words.say(`hint.${key}`, { field, value: what });
  if (op !== ':') return say(OPERATORS[op], value);
  const is = not ? 'not.' : '';
  if (quoted || !value.includes('*')) return say(`${is}is`, value);
  if (/^\*+$/.test(value)) return say(`${is}any`, '');
  return /^[^*]+\*$/.test(value) ? say(`${is}begins`, value.slice(0, -1)) : say(`${is}like`, value);
}

/**
 * What one term looks for.
 *
 * @param {Term} term @param {import('../ui/format.js').Words} words @param {(name: string) => boolean} isField
 * @returns {Hint}
 */
export function hintOf(term, words, isField) {
  const { kind, term: code } = term;
  if (kind === 'bad') return { icon: 'warn', text: words.say(`hint.bad.${term.why}`, { field: term.name }), code, isBad: true };
  if (kind === 'regex') return { icon: 'search', text: words.say('hint.matches', { re: term.source }), code, isBad: false };
  if (kind === 'field') {
    const said = ofField(term, words);
    const text = term.not && term.op !== ':' ? words.say('hint.never', { what: said }) : said;
    return { icon: term.not ? 'not' : 'funnel', text, code, isBad: false };
  }
  const field = fieldLike(term.text);
  const key = term.not ? 'hint.not' : field && !isField(field) ? 'hint.text.nofield' : 'hint.text';
  return { icon: term.not ? 'not' : 'search', text: words.say(key, { text: term.text, field }), code, isBad: false };
}

/**
 * The meaning of each typed term, and its mistakes.
 *
 * @param {import('./filter.js').Query} query @param {{bad: {why: any}|null, isSlow: boolean}} trouble @param {import('../ui/format.js').Words} words
 * @returns {Hint[]}
 */
export function hintsOf(query, trouble, words) {
  if (!query.expression) return query.typed.map((term) => hintOf(term, words, query.known.isField));
  const { source: code } = query.expression;
  if (trouble.isSlow) return [{ icon: 'warn', text: words.say('filter.slow'), code, isBad: true }];
  if (trouble.bad) return [{ icon: 'warn', text: words.say('filter.bad', { msg: words.failure(/** @type {any} */ (trouble.bad)) }), code, isBad: true }];
  return [{ icon: 'search', text: words.say('hint.regex'), code, isBad: false }];
}

/** What terms look for, in one sentence. @param {Term[]} terms @param {import('../ui/format.js').Words} words */
export const sentenceOf = (terms, words) => terms.map((term) => hintOf(term, words, () => true).text).join(words.say('list.and'));
