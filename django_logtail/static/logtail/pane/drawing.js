/** When what is drawn around the lines: the state at once, the counts once for all that comes meanwhile, the rate each second. */

import { blankOf, drawBlank } from './blank.js';
import { config, settings, words } from '../ui/config.js';
import { drawNotices, factsOf } from './notices.js';
import { drawPill } from './pill.js';
import { Rate } from './rate.js';
import { described } from '../connection/state.js';
import { drawRate, drawStatus } from './status-bar.js';
import { drawTop } from './top.js';

const SOON_MS = 50;
/** Lines a second from which on nobody reads each count. */
const FAST_LINES = 500;
const FAST_SOON_MS = 200;

export class Drawing {
  /** @param {import('../log-tail.js').LogTail} tail */
  constructor(tail) {
    this.tail = tail;
    this.rate = new Rate();
    /** What is said of the log now. @type {import('../connection/state.js').Shown|null} */
    this.shown = null;
    /** Whether counts are to be drawn soon. */
    this.isDue = false;
  }

  /** Another log was opened. */
  begin() { this.rate.begin(); }

  all() {
    if (!this.tail.info) return;
    this.state();
    this.counts();
  }

  /** Lines came or went. */
  soon() {
    if (this.isDue) return;
    this.isDue = true;
    setTimeout(() => {
      this.isDue = false;
      if (this.tail.isConnected) this.counts();
    }, this.tail.rows.pace.rate > FAST_LINES ? FAST_SOON_MS : SOON_MS);
  }

  counts() {
    if (document.hidden) return;
    const { tail } = this;
    this.pill();
    tail.filterBar.drawLevels();
    this.status();
    tail.filterBar.draw();
    this.top();
    this.#blank();
    if (tail.arrivals.paused || (this.shown?.chip === 'connecting' && tail.lines)) this.state();
  }

  /** What is true of the viewing. */
  state() {
    const { tail } = this;
    if (!tail.info) return;
    this.shown = described(factsOf(tail), words, config.states);
    this.#become(this.shown.chip);
    drawNotices(tail.parts, this.shown);
    tail.parts.wholeButton.toggleAttribute('disabled', !tail.results.can);
    this.#blank();
  }

  /** No log is open. @param {'choose'|'none'} why */
  nothing(why) {
    drawBlank(this.tail, why);
    this.#become('idle');
  }

  pill() { drawPill(this.tail); }
  status() { drawStatus(this.tail); }
  top() { drawTop(this.tail); }

  #blank() {
    if (this.tail.info && this.shown) drawBlank(this.tail, blankOf(this.tail, this.shown));
  }

  #become(/** @type {string} */ state) {
    const { tail } = this;
    if (tail.dataset.state === state) return;
    tail.dataset.state = state;
    tail.dispatchEvent(new CustomEvent('logtail:state', { bubbles: true, detail: { state, log: tail.info?.slug ?? null } }));
  }

  /** A second has passed. */
  tick() {
    const { parts, rows, store, stream } = this.tail;
    const taken = this.rate.beat(store.taken, stream.phase === 'open' && stream.server?.state === 'live');
    rows.pace.rate = taken;
    if (document.hidden) return;
    drawRate(parts, this.rate);
    if (settings.reader.announce && taken && rows.follow) this.tail.say(words.say('say.new', { n: taken }));
    this.state();
    this.status();
  }
}
