/**
 * Matches a reader's regular expression away from the page, so that one which never ends can be ended.
 *
 * In: {id, source, flags, texts}. Out: {id, found}: for each text null, or where its matches are.
 */

const MOST_HITS = 500;

self.onmessage = ({ data: { id, source, flags, texts } }) => {
  const term = new RegExp(source, flags);
  const found = texts.map((/** @type {string} */ text) => {
    term.lastIndex = 0;
    let match = term.exec(text);
    if (!match) return null;
    const hits = [];
    for (; match && hits.length < MOST_HITS * 2; match = term.exec(text)) {
      if (match[0]) hits.push(match.index, match.index + match[0].length);
      else term.lastIndex++;
    }
    return hits;
  });
  self.postMessage({ id, found });
};
