/** When each part around the lines is drawn: the state at once, the counts once for a burst of lines, the rate each second. */

import { blankOf, drawBlank } from './blank.js';
import { config, settings, words } from '../ui/config.js';
import { drawNotices, factsOf } from './notices.js';
import { drawPill } from './pill.js';
import { drawRedacted } from './redacted.js';
import { Rate } from './rate.js';
import { described } from '../connection/state.js';
import { drawRate, drawStatus } from './status-bar.js';
import { drawTop } from './top.js';

const SOON_MS = 50;
/** Lines a second above which nobody can read each count. */
const FAST_LINES = 500;
const FAST_SOON_MS = 200;

/**
 * @typedef {{
 *   host: HTMLElement, log: import('../log/open-log.js').OpenLog, parts: import('./pane.js').Parts, rows: import('../rows/rows.js').Rows,
 *   incoming: import('../log/incoming.js').Incoming, earlier: import('../log/earlier.js').Earlier,
 *   linkedLines: import('../log/linked-lines.js').LinkedLines, filtered: import('../find/filtered.js').Filtered,
 *   filterBar: import('../find/filter-bar.js').FilterBar, results: import('../find/results.js').Results,
 * viewOptions: import('../rows/view-options.js').ViewOptions, backgroundStop:
 * import('../log/background-stop.js').BackgroundStop, }} Drawn the parts whose state is drawn; none of them knows the
 * drawing
 */

export class Drawing {
  /** @param {Drawn} drawn @param {{say(text: string): void}} listener */
  constructor(drawn, listener) {
    this.drawn = drawn;
    this.listener = listener;
    this.rate = new Rate();
    /** The state that is shown now. @type {import('../connection/state.js').Shown|null} */
    this.shown = null;
    /** Whether counts will be redrawn soon. */
    this.isDue = false;
    /** Whether the address leaves out something that is on the page. */
    this.isCut = false;
  }

  /** @param {boolean} isCut whether the address leaves out something, which this pane says */
  cut(isCut) {
    if (this.isCut === isCut) return;
    this.isCut = isCut;
    this.state();
  }

  /** Another log was opened. */
  begin() {
    this.rate.begin();
    drawRate(this.drawn.parts, this.rate);
  }

  all() {
    if (!this.drawn.log.info) return;
    this.state();
    this.counts();
  }

  /** Lines came or went. */
  soon() {
    if (this.isDue) return;
    this.isDue = true;
    setTimeout(() => {
      this.isDue = false;
      if (this.drawn.host.isConnected) this.counts();
    }, this.drawn.rows.pace.rate > FAST_LINES ? FAST_SOON_MS : SOON_MS);
  }

  counts() {
    if (document.hidden) return;
    const { filterBar, incoming, log } = this.drawn;
    this.pill();
    filterBar.drawLevels();
    this.status();
    filterBar.draw();
    this.top();
    this.#blank();
    if (incoming.paused || (this.shown?.chip === 'connecting' && log.lines)) this.state();
  }

  /** The state of the viewing. */
  state() {
    const { log, parts, results } = this.drawn;
    if (!log.info) return;
    this.shown = described({ ...factsOf(this.drawn), isCut: this.isCut }, words, config.states);
    this.#become(this.shown.chip);
    drawNotices(parts, this.shown);
    drawRedacted(this.drawn);
    const isOpen = log.stream.phase === 'open';
    offer(parts.timeGo, log.stream.can('time'), isOpen);
    offer(parts.wholeButton, results.can, isOpen);
    this.#blank();
  }

  /** No log is open. @param {'choose'|'none'} why */
  nothing(why) {
    drawBlank(this.drawn, why);
    this.#become('idle');
  }

  /** A log was opened: removes what was shown in place of lines. */
  noBlank() { drawBlank(this.drawn, null); }

  pill() { drawPill(this.drawn); }
  status() { drawStatus(this.drawn); }
  top() { drawTop(this.drawn); }

  #blank() {
    if (this.drawn.log.info && this.shown) drawBlank(this.drawn, blankOf(this.drawn, this.shown));
  }

  #become(/** @type {string} */ state) {
    const { host, log } = this.drawn;
    if (host.dataset.state === state) return;
    host.dataset.state = state;
    host.dispatchEvent(new CustomEvent('logtail:state', { bubbles: true, detail: { state, log: log.info?.slug ?? null } }));
  }

  /** A second has passed. */
  tick() {
    const { log, parts, rows, viewOptions } = this.drawn;
    const { store, stream } = log;
    const isLive = stream.phase === 'open' && stream.server?.state === 'live';
    const taken = this.rate.beat(store.taken, isLive);
    if (isLive && store.lines) this.rate.fill(store, Date.now());
    rows.pace.rate = taken;
    if (document.hidden) return;
    drawRate(parts, this.rate);
    viewOptions.tick();
    if (settings.general.announce && taken && rows.follow) this.listener.say(words.say('say.new', { n: taken }));
    this.state();
    this.status();
  }
}

/** What can't be done yet is disabled; what this person may not do is not there. @param {HTMLElement} button @param {boolean} can @param {boolean} isOpen */
function offer(button, can, isOpen) {
  button.toggleAttribute('disabled', !can);
  button.hidden = isOpen && !can;
}
