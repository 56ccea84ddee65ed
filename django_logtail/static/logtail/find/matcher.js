/**
 * Regular expressions over many lines, in a worker of their own, with a deadline.
 *
 * Where a worker can't be made (scripts served from another origin), expressions aren't available.
 */

/** Milliseconds for one answer: every expression ends, but some are slow if much is loaded. */
const DEADLINE_MS = 5_000;

/** RE2JS's messages as codes of reasons, so that the page words them as it does for a search of the whole file. @type {Record<string, string>} */
const CODES = {
  'invalid escape sequence': 'bad-escape', 'invalid character class range': 'bad-range', 'missing closing ]': 'missing-bracket',
  'missing closing )': 'missing-parenthesis', 'unexpected )': 'unexpected-parenthesis', 'trailing backslash at end of expression': 'trailing-backslash',
  'missing argument to repetition operator': 'nothing-to-repeat', 'invalid repeat count': 'bad-repetition', 'invalid nested repetition operator': 'bad-repetition',
  'invalid or unsupported Perl syntax': 'bad-operator', 'invalid named capture': 'bad-group', 'duplicate capture group name': 'bad-group',
  'expression too large': 'pattern-too-large', 'expression nests too deeply': 'pattern-too-large',
};

/** @typedef {{sources: string[], flags: string}} Expressions all of which a line must match */

/** Not an RE2 expression; `why` is the reason, as `Words.failure` takes it. */
export class BadExpression extends Error {
  /** @param {string} message of RE2JS: what is wrong, and which part of the expression @param {number} [at] which of several expressions */
  constructor(message, at = 0) {
    super(message);
    this.at = at;
    const [, said = message, part = ''] = /^(.*?): `(.*)`$/.exec(message) ?? [];
    this.why = { code: CODES[said], part };
  }
}

export class Matcher {
  /** @param {Expressions} wanted @param {number} [deadline] milliseconds @param {() => Worker} [makeWorker] */
  constructor(wanted, deadline = DEADLINE_MS, makeWorker = () => new Worker(new URL('./match-worker.js', import.meta.url), { type: 'module' })) {
    this.wanted = wanted;
    this.deadline = deadline;
    this.makeWorker = makeWorker;
    this.next = 1;
    /** @type {Worker|null} */
    this.worker = null;
    this.ended = false;
  }

  /**
   * Where each text matches, or null where it does not match all expressions.
   *
   * @param {string[]} texts
   * @returns {Promise<(number[]|null)[]>} rejects when it takes too long, or was ended, or with `BadExpression`
   */
  match(texts) {
    if (this.ended) return Promise.reject(new Error('ended'));
    return new Promise((resolve, reject) => {
      let { worker } = this;
      if (!worker) {
        worker = this.makeWorker();
        this.worker = worker;
      }
      const id = this.next++;
      const late = setTimeout(() => {
        this.end();
        reject(new Error('slow'));
      }, this.deadline);
      const hear = (/** @type {MessageEvent} */ { data }) => {
        if (data.id !== id) return;
        clearTimeout(late);
        worker.removeEventListener('message', hear);
        if (data.error !== undefined) reject(new BadExpression(data.error, data.at));
        else resolve(data.found);
      };
      worker.addEventListener('message', hear);
      worker.addEventListener('error', () => {
        clearTimeout(late);
        reject(new Error('failed'));
      }, { once: true });
      worker.postMessage({ id, sources: this.wanted.sources, flags: this.wanted.flags, texts });
    });
  }

  end() {
    this.ended = true;
    this.worker?.terminate();
    this.worker = null;
  }
}
