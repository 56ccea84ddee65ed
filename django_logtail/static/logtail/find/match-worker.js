/**
 * Matches a viewer's regular expressions away from the page, in the syntax and with the engine's rules of RE2, as the
 * host does for a whole file: in time linear in the text.
 *
 * In: {id, sources, flags, texts}. Out: {id, found}: for each text null, if it does not match all of them, or where its
 * matches are; or {id, error, at}: what is wrong with which of them.
 */

import { RE2JS } from '../vendor/re2js.js';

const MOST_HITS = 500;

/** The expressions that were asked for, made ready. A worker serves one query. @type {Map<string, any>} */
const terms = new Map();

/** @param {string} source @param {string} flags */
function ready(source, flags) {
  const key = `${flags}/${source}`;
  if (!terms.has(key)) terms.set(key, RE2JS.compile(source, flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0));
  return terms.get(key);
}

/** Where an expression matches a text, after what is there already. @param {any} term @param {string} text @param {number[]} hits */
function addHits(term, text, hits) {
  const matches = term.matcher(text);
  const most = hits.length + MOST_HITS * 2;
  while (hits.length < most && matches.find()) {
    const [start, end] = [matches.start(), matches.end()];
    if (end > start) hits.push(start, end);
  }
}

self.onmessage = ({ data: { id, sources, flags, texts } }) => {
  /** @type {any[]} */
  const wanted = [];
  try {
    for (const source of sources) wanted.push(ready(source, flags));
  } catch (error) {
    self.postMessage({ id, at: wanted.length, error: String(/** @type {Error} */ (error).message).replace(/^error parsing regexp: /, '').replace('`(?i)', '`') });
    return;
  }
  const found = texts.map((/** @type {string} */ text) => {
    for (const term of wanted) if (!term.test(text)) return null;
    /** @type {number[]} */
    const hits = [];
    for (const term of wanted) addHits(term, text, hits);
    return hits;
  });
  self.postMessage({ id, found });
};
