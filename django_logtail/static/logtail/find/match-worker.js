/**
 * Matches a person's regular expression away from the page, in the syntax and with the engine's rules of RE2, as the
 * host does for a whole file: in time linear in the text.
 *
 * In: {id, source, flags, texts}. Out: {id, found}: for each text null, or where its matches are; or {id, error}.
 */

import { RE2JS } from '../vendor/re2js.js';

const MOST_HITS = 500;

/** @type {{key: string, term: any}} the expression that was asked for last, made ready */
let last = { key: '', term: null };

/** @param {string} source @param {string} flags */
function ready(source, flags) {
  const key = `${flags}/${source}`;
  if (last.key !== key) last = { key, term: RE2JS.compile(source, flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) };
  return last.term;
}

self.onmessage = ({ data: { id, source, flags, texts } }) => {
  let term;
  try {
    term = ready(source, flags);
  } catch (error) {
    self.postMessage({ id, error: String(/** @type {Error} */ (error).message).replace(/^error parsing regexp: /, '').replace('`(?i)', '`') });
    return;
  }
  const found = texts.map((/** @type {string} */ text) => {
    if (!term.test(text)) return null;
    const hits = [];
    const matches = term.matcher(text);
    while (hits.length < MOST_HITS * 2 && matches.find()) {
      const [start, end] = [matches.start(), matches.end()];
      if (end > start) hits.push(start, end);
    }
    return hits;
  });
  self.postMessage({ id, found });
};
