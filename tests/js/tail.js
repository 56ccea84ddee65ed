/** A `<log-tail>` as its parts see it, without a page: the store and what is shown are real, rows are only told. */

import { Incoming } from '../../django_logtail/static/logtail/log/incoming.js';
import { Filtered } from '../../django_logtail/static/logtail/find/filtered.js';
import { Finding } from '../../django_logtail/static/logtail/find/finding.js';
import { Heights } from '../../django_logtail/static/logtail/rows/heights.js';
import { Store } from '../../django_logtail/static/logtail/log/store.js';

const HEIGHT = 20;

class Rows {
  constructor() {
    this.shown = new Heights(() => HEIGHT);
    this.mounted = new Map();
    this.follow = true;
    this.at = 0;
    this.height = 5 * HEIGHT;
    /** What was brought into view, and where. */
    this.revealed = [];
    this.refreshed = [];
    /** How often all of them were to be painted anew. */
    this.repainted = 0;
  }

  reset(items) { this.shown.reset(items); }
  dropBefore(seq) { this.shown.dropBefore(seq); }
  leave() { this.follow = false; }
  still(change) {
    this.leave();
    change();
  }

  refresh(item) { this.refreshed.push(item.text || item.kind); }
  reveal(index, where) { this.revealed.push([this.shown.at(index).text, where]); }
  schedule() {}
  repaint() { this.repainted++; }
}

function storeOf(tail) {
  const store = new Store();
  store.onChange = (change) => tail.incoming.changed(change);
  return store;
}

/** @param {(term: {source: string, flags: string}) => any} [makeMatcher] */
export function tailOf(makeMatcher) {
  const tail = {
    rows: new Rows(), field: { value: '' }, heard: [],
    /** The log that is open: its store, session and stream are the tail's own. */
    get log() { return tail; },
    /** Takes text as the stream would bring it. @param {string} text @param {boolean} [partial] */
    take(text, partial = false) {
      const bytes = new TextEncoder().encode(text);
      const start = tail.store.place?.offset ?? 0;
      tail.store.take({ file: 'f', start, end: start + bytes.length, partial }, bytes);
    },
    /** Another log. */
    open() {
      tail.store = storeOf(tail);
      tail.incoming.begin();
      tail.incoming.rebuild();
    },
    /** What is shown: lines by their text, marks by their kind. */
    get seen() { return tail.rows.shown.items.slice(tail.rows.shown.first).map((item) => item.text || item.kind); },
  };
  tail.store = storeOf(tail);
  tail.filtered = new Filtered(tail.rows.shown);
  tail.finding = new Finding(tail, {
    changed: () => tail.heard.push('changed'), found: () => tail.heard.push('found'), unfolded: () => tail.incoming.rebuild(),
    used() {
      tail.incoming.forgetUnmatched();
      tail.incoming.rebuild();
    },
  }, makeMatcher);
  tail.incoming = new Incoming(tail);
  return tail;
}
