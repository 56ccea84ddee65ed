/**
 * `<log-tail>`: one log, live. A pane of the page, or alone in a page of the host.
 *
 * What `connectedCallback` ties, `disconnectedCallback` unties. The state is the attribute `data-state`, for CSS and
 * tests, and the event `logtail:state`.
 */

import { Chosen } from './chosen.js?v=0.1.0';
import { config, settings, words } from './config.js?v=0.1.0';
import { el, write } from './dom.js?v=0.1.0';
import { Query } from './filter.js?v=0.1.0';
import { size } from './format.js?v=0.1.0';
import { History } from './history.js?v=0.1.0';
import { icon, reshape } from './icons.js?v=0.1.0';
import { onKey } from './keys.js?v=0.1.0';
import { fragmentOf, linkedBy } from './link.js?v=0.1.0';
import { Matcher } from './matcher.js?v=0.1.0';
import { openDownload, openPlain, openSettings } from './menus.js?v=0.1.0';
import { pane } from './pane.js?v=0.1.0';
import { hangOf, paint } from './row.js?v=0.1.0';
import { Results } from './results.js?v=0.1.0';
import { FAST_LINES, Rows } from './rows.js?v=0.1.0';
import { Ruler } from './ruler.js?v=0.1.0';
import { Selection } from './selection.js?v=0.1.0';
import { Session } from './session.js?v=0.1.0';
import { described } from './state.js?v=0.1.0';
import { Item, Store } from './store.js?v=0.1.0';
import { looksBinary, plain, reading } from './text.js?v=0.1.0';

const EARLIER_LINES = 1_000;
const MOST_RANGE = 1024 * 1024;
/** A tab nobody looks at for this long stops its reading; so it says. */
const IDLE_MINUTES = 30;
const RESUMED_MS = 6_000;
const NOTE_MS = 500;
const NOTE_TRIES = 20;
const SAMPLES = 24;
const QUERY_MS = 60;
const TIMES = ['compact', 'raw', 'relative', 'hidden'];
const LEVELS = /** @type {const} */ ([['E', 'error'], ['W', 'warning'], ['I', 'info'], ['D', 'debug']]);
const PHONE = matchMedia('(max-width: 640px)');
/** Events of the protocol that say nothing to a reader of the page by a mark. */
const SILENT = new Set(['started', 'degraded', 'restored']);

/** @typedef {import('./store.js').Item} Line */
/** @typedef {{slug: string, name: string, folder?: string, queue?: string, ticket: string, socket: string, lines?: string, download?: string, size?: number|null, page?: string}} LogInfo */

export class LogTail extends HTMLElement {
  static observedAttributes = ['log', 'ticket', 'socket', 'place'];

  connectedCallback() {
    if (!this.parts) this.#build();
    this.life = new AbortController();
    this.#wire(this.life.signal);
    this.rows.connect();
    this.applySettings();
    this.beat = setInterval(() => this.#tick(), 1000);
    if (!this.info && this.getAttribute('socket')) this.#openAttributes();
    else if (this.info) this.open(this.info);
    else this.choose();
  }

  disconnectedCallback() {
    this.session?.leave();
    this.matcher?.end();
    this.rows.disconnect();
    this.life?.abort();
    clearInterval(this.beat);
    clearTimeout(this.idleTimer);
  }

  attributeChangedCallback(/** @type {string} */ name) {
    if (name === 'place') {
      if (this.isConnected && this.info) this.show(this.getAttribute('place') ?? '');
    } else if (this.isConnected && this.parts && this.getAttribute('socket') && this.getAttribute('socket') !== this.info?.socket) this.#openAttributes();
  }

  #openAttributes() {
    this.open({
      slug: this.getAttribute('log') ?? '', name: this.getAttribute('name') ?? this.getAttribute('log') ?? '', folder: this.getAttribute('folder') ?? '',
      queue: this.getAttribute('queue') ?? '', page: this.getAttribute('page') ?? '', ticket: this.getAttribute('ticket') ?? '', socket: this.getAttribute('socket') ?? '',
      lines: this.getAttribute('lines') ?? '', download: this.getAttribute('download') ?? '',
    }, this.getAttribute('place') ?? '');
  }

  #build() {
    this.parts = pane(words.say);
    this.classList.add('lt-root', 'lt-pane');
    this.setAttribute('role', 'region');
    const height = this.getAttribute('height');
    if (height) this.style.height = height;
    this.replaceChildren(...this.parts.children);
    this.query = new Query('', { case: false, regex: false, invert: false, only: false });
    this.flags = { case: false, regex: false, invert: false, only: false };
    /** @type {string[]} */
    this.pinned = [];
    this.rows = new Rows({
      view: this.parts.view, top: this.parts.top, lines: this.parts.lines, window: this.parts.window,
      paintItem: (row, item) => this.#paintRow(row, item),
      onFollow: (follow) => this.#followed(follow),
      onLook: () => this.#looked(),
      isHeld: () => this.selection.active,
    });
    this.chosen = new Chosen(this.rows.shown);
    /** @type {Line[]} */
    this.queue = [];
    this.opened = new Set();
    this.selection = new Selection(this);
    this.ruler = new Ruler(this);
    this.history = new History(this, { hold: () => this.#hold(), keep: () => this.#keep(), draw: () => this.#draw(), say: (text) => this.#say(text) });
    this.results = new Results(this);
    this.rows.onPaint = () => this.ruler.schedule();
    this.#forgetLog();
  }

  #forgetLog() {
    this.results.close();
    this.paused = false;
    this.pausedAt = 0;
    this.waiting = 0;
    this.unseen = this.unseenErrors = 0;
    this.server = null;
    this.phase = /** @type {import('./session.js').Phase} */ ('idle');
    this.details = {};
    this.lastByteAt = null;
    this.hello = null;
    this.resumedUntil = 0;
    this.cameBack = false;
    this.lostOnce = false;
    this.binary = false;
    this.showBinary = false;
    this.idle = false;
    this.current = -1;
    this.cursor = null;
    this.hang = null;
    this.samples = new Array(SAMPLES).fill(0);
    this.takenBefore = 0;
    this.wasLive = false;
    this.loadingEarlier = false;
    this.atFileStart = false;
    this.pauseSeq = Infinity;
    this.queue = [];
    this.opened.clear();
    this.chosen.folded.clear();
    this.history.begin();
  }

  // --- opening and ending -------------------------------------------------

  /** Shows a log from its last lines on, or the lines that a link leads to. @param {LogInfo} info @param {string} [place] as in a link, behind the "#" */
  open(info, place = '') {
    this.session?.leave();
    this.info = info;
    this.#forgetLog();
    this.selection.clear();
    this.store = new Store({ onChange: (change) => this.#changed(change) });
    this.rows.follow = true;
    this.rows.widest = 0;
    this.parts.lines.style.minWidth = '';
    this.#rebuild();
    const kept = settings.log(info.slug);
    this.wrap = kept.wrap ?? PHONE.matches;
    this.time = kept.time;
    this.chosen.off = new Set(kept.off);
    this.#applyLook();
    const address = new URL(info.socket, location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    this.session = new Session({
      urls: { ticket: info.ticket, socket: address.href, lines: info.lines }, lines: config.lines, WebSocket: globalThis.WebSocket,
      fetch: globalThis.fetch.bind(globalThis), headers: () => config.headers(), online: () => navigator.onLine !== false,
      listener: {
        phase: (phase, details) => this.#phase(phase, details),
        message: (message) => this.#message(message),
        batch: (header, bytes) => this.#batch(header, bytes),
      },
    });
    this.setAttribute('log', info.slug);
    this.setAttribute('aria-label', info.name);
    write(this.parts.name, info.name);
    write(this.parts.folder, info.folder ?? '');
    this.parts.view.setAttribute('aria-label', info.name);
    this.parts.bar.setAttribute('aria-label', `${words.say('filter.label')}: ${info.name}`);
    this.#empty(null);
    this.history.sought = linkedBy(place);
    this.session.start();
  }

  /** Shows the lines that a link leads to. @param {string} place as in a link, behind the "#" @returns {boolean} whether it is one */
  show(place) {
    const linked = this.info ? linkedBy(place) : null;
    if (linked) this.history.show(linked);
    return linked !== null;
  }

  /** Nothing is chosen. @param {'choose'|'none'} [kind] */
  choose(kind = 'choose') {
    this.session?.leave();
    this.info = null;
    this.store = new Store();
    this.#empty(kind);
    this.#setState('idle');
  }

  /** Ends this viewing, and the reading behind it. */
  stop() {
    if (!this.session || this.session.ended) return;
    if (this.paused) this.#unpause(false);
    this.#mark('stopped');
    this.session.stop();
  }

  /** After Stop: goes on where it ended. */
  startAgain() {
    if (!this.session) return;
    this.idle = false;
    this.toEnd();
    this.session.start();
  }

  /** Holds the page still. The reading goes on. */
  pause() {
    if (this.paused || this.phase !== 'open') return;
    this.paused = true;
    this.pausedAt = Date.now();
    this.waiting = 0;
    this.pauseSeq = this.store.nextSeq;
    this.store.keep(true);
    this.#say(words.say('say.paused'));
    this.#draw();
  }

  resume() {
    if (!this.paused) return;
    this.#unpause(true);
    this.#say(words.say('say.following'));
  }

  #unpause(/** @type {boolean} */ follow) {
    this.paused = false;
    this.waiting = 0;
    this.pauseSeq = Infinity;
    this.#rebuild();
    if (follow) this.toEnd();
    this.#keep();
    this.#draw();
  }

  /** To the newest line, and on with it. */
  toEnd() {
    this.selection.clear();
    if (this.paused) this.resume();
    this.unseen = this.unseenErrors = 0;
    this.rows.toEnd();
    this.#keep();
    this.#drawPill();
  }

  // --- the stream ---------------------------------------------------------

  /** @param {import('./session.js').Phase} phase @param {Record<string, any>} details */
  #phase(phase, details) {
    this.phase = phase;
    this.details = details;
    if (phase === 'open') {
      this.hello = details;
      this.server = null;
    }
    if (details.encoding) {
      const how = reading(details.encoding);
      if (this.store.reading.name !== how.name) this.store.reading = how;
      write(this.parts.encoding, how.name);
    }
    if (details.queue) this.info.queue = details.queue;
    if (phase === 'waiting' || phase === 'offline') this.lostOnce = true;
    if (phase === 'denied') {
      this.store.clear();
      this.selection.clear();
      this.results.close();
    }
    this.#draw();
  }

  /** @param {import('./store.js').Header} header @param {Uint8Array} bytes */
  #batch(header, bytes) {
    if (!this.store.taken && !this.store.lines && looksBinary(bytes, this.store.reading)) this.binary = true;
    this.store.take(header, bytes);
    this.lastByteAt = Date.now() / 1000;
    if (this.server?.state === undefined || this.server?.state === null) this.#draw();
    return this.store.place;
  }

  /** @param {Record<string, any>} message */
  #message(message) {
    switch (message.type) {
      case 'status':
        this.server = { ...this.server, ...message };
        if (message.last_byte_at) this.lastByteAt = message.last_byte_at;
        this.#draw();
        this.history.seek();
        break;
      case 'gap':
        this.store.gap(message.file, message.start, message.end, message.reason);
        break;
      case 'event':
        this.#event(message);
        break;
      case 'note':
        this.#note(message);
        break;
      default:
    }
  }

  /** @param {Record<string, any>} event */
  #event(event) {
    const place = event.file && Number.isFinite(event.offset) ? { file: event.file, offset: event.offset } : null;
    if (event.kind === 'started') {
      const before = this.store.place;
      // A file that was short when it was first seen is known by more of its head now: another id, the same file.
      if (before && place && event.resumed && before.file !== place.file) this.store.rename(before.file, place.file);
      if (before && place && this.store.place.file !== place.file) this.#mark('elsewhere', {}, place);
      else if (before && place && before.file === place.file && place.offset > before.offset) this.store.gap(place.file, before.offset, place.offset, 'missed');
      else if (before && this.lostOnce) {
        this.cameBack = true;
      }
      this.lostOnce = false;
      if (place) this.store.move(place);
      if (Number.isFinite(event.size)) this.server = { ...this.server, size: event.size };
      this.#draw();
      return;
    }
    if (SILENT.has(event.kind)) return;
    if (event.kind === 'rotated' && place && event.before?.file) this.history.follows(place.file, event.before.file);
    this.#mark(event.kind, { ...event }, place);
  }

  /** A mark from outside goes between lines: one that comes in the middle of a line waits for its end. @param {Record<string, any>} note @param {number} [tries] */
  #note(note, tries = 0) {
    const { store } = this;
    if ((store.open || store.unfinished.length) && tries < NOTE_TRIES) {
      setTimeout(() => { if (this.store === store) this.#note(note, tries + 1); }, NOTE_MS);
      return;
    }
    store.mark('note', { text: String(note.text ?? ''), level: note.level, at: Number.isFinite(note.at) ? note.at * 1000 : Date.now() });
  }

  /** @param {string} kind @param {Record<string, any>} [details] @param {{file: string, offset: number}|null} [place] */
  #mark(kind, details = {}, place = null) {
    this.store.mark(kind, { ...details, at: Date.now() }, place);
  }

  /** @param {import('./store.js').Change} change */
  #changed(change) {
    if (!this.store) return;
    switch (change.kind) {
      case 'added':
        this.#added(/** @type {Line[]} */ (change.items));
        break;
      case 'dropped':
        this.chosen.dropBefore(this.store.firstSeq);
        this.rows.dropBefore(this.store.firstSeq);
        this.atFileStart = false;
        break;
      case 'removed':
        this.#removed(/** @type {Line[]} */ (change.items));
        break;
      case 'changed':
        if (this.rows.mounted.has(change.item)) this.rows.refresh(change.item);
        break;
      default:
        this.#rebuild();
    }
    this.#later();
  }

  /** @param {Line[]} items */
  #added(items) {
    if (this.paused) {
      for (const item of items) if (item.kind === 'line') this.waiting++;
    } else {
      if (this.query.expression) {
        for (const item of items) this.queue.push(item);
        void this.#drain();
      } else for (const item of items) this.#takeNew(item);
      if (this.hang === null) this.#findHang(items);
      this.rows.schedule();
    }
    if ((this.paused || !this.rows.follow) && this.store.full) this.#hold();
    this.history.seek();
  }

  /** @param {Line} item */
  #takeNew(item) {
    this.chosen.take(item);
    if (this.rows.follow || item.kind !== 'line') return;
    this.unseen++;
    if (item.level === 'E' && !item.inner) this.unseenErrors++;
  }

  /** @param {Line[]} items */
  #removed(items) {
    if (this.paused) {
      this.waiting -= items.length;
      return;
    }
    for (const item of items) item.gone = true;
    if (!this.rows.follow) this.unseen -= items.length;
    const gone = new Set(items);
    const { shown } = this.rows;
    while (shown.length && gone.has(shown.at(shown.length - 1))) {
      shown.pop();
      this.chosen.lines--;
    }
    this.chosen.untake(items);
    this.rows.schedule();
  }

  /** What is shown, from all there is. */
  #rebuild() {
    if (!this.store || !this.chosen) return;
    this.chosen.begin();
    const { shown } = this.rows;
    /** @type {Line[]} */
    const kept = [];
    this.chosen.shown = kept;
    const { items, first } = this.store;
    const end = this.pauseSeq === Infinity ? items.length : first + this.store.indexOfSeq(this.pauseSeq);
    let awaited = 0;
    if (this.query.expression) for (let i = first; i < end; i++) if (this.query.awaits(items[i]) && items[i].kind === 'line') awaited++;
    this.chosen.takeAll(items, first, end);
    if (awaited && this.matcher && !this.matcher.ended) {
      const { query } = this;
      void this.#match(items.slice(first).filter((item) => query.awaits(item))).then((done) => { if (done && this.query === query) this.#rebuild(); });
    }
    this.chosen.shown = shown;
    this.rows.reset(kept);
  }

  /** Nothing is dropped while the reader looks elsewhere; what no longer fits waits on the server. */
  #keep() {
    const keeping = this.paused || !this.rows.follow;
    this.store?.keep(keeping);
    if (!keeping) {
      this.session?.release();
      if (this.shownState?.chip === 'history') this.#drawState();
    }
    else if (this.store?.full) this.#hold();
  }

  #hold() {
    if (!this.session || this.session.holding) return;
    this.session.hold();
    this.#drawState();
  }

  #followed(/** @type {boolean} */ follow) {
    if (follow) {
      this.unseen = this.unseenErrors = 0;
      if (this.history.target) this.rows.repaint();
      this.history.leave();
    }
    this.#keep();
    this.#drawPill();
    this.#drawStatus();
  }

  #looked() {
    this.parts.tools.hidden = true;
    this.ruler.schedule();
  }

  // --- earlier lines and gaps ---------------------------------------------

  get #firstLine() {
    for (let i = 0; i < this.store.length; i++) {
      const item = this.store.at(i);
      if (item.kind === 'line' || item.kind === 'gap') return item;
    }
    return null;
  }

  /** The lines before the first one here. */
  async loadEarlier() {
    const first = this.#firstLine;
    if (!first || this.loadingEarlier || first.start === 0 || this.phase !== 'open') return;
    this.loadingEarlier = true;
    this.#drawTop();
    try {
      const answer = await this.session.range({ file: first.file, before: first.start, lines: EARLIER_LINES });
      const { bytes, start } = answer;
      if (!bytes.length) this.atFileStart = true;
      else {
        if (this.rows.follow) this.rows.leave();
        const wanted = this.store.items.indexOf(first) - this.store.first;
        this.store.splice(Math.max(0, wanted), 0, this.store.linesOf(first.file, start, bytes));
        this.#keep();
      }
    } catch (error) {
      this.#say(/** @type {Error} */ (error).message);
      this.earlierFailed = /** @type {Error} */ (error).message;
    }
    this.loadingEarlier = false;
    this.#drawTop();
  }

  /** @param {Line} mark */
  async loadGap(mark) {
    if (mark.details.loading || this.phase !== 'open') return;
    mark.details.loading = true;
    this.rows.refresh(mark);
    let at = mark.start;
    /** @type {Line[]} */
    let lines = [];
    try {
      while (at < mark.end) {
        const answer = await this.session.range({ file: mark.file, start: at, end: Math.min(mark.end, at + MOST_RANGE) });
        if (!answer.bytes.length) break;
        lines = lines.concat(this.store.linesOf(mark.file, answer.start, answer.bytes));
        at = answer.end;
        // More than this page holds at once: the rest stays a gap, and loads on the next click.
        if (lines.length > 50_000) break;
      }
    } catch (error) {
      if (!lines.length) mark.details.failed = /** @type {Error} */ (error).message;
    }
    mark.details.loading = false;
    const index = this.store.items.indexOf(mark) - this.store.first;
    if (index < 0) return;
    if (!lines.length) {
      this.rows.refresh(mark);
      return;
    }
    const rest = at < mark.end ? Object.assign(new Item('gap'), { file: mark.file, start: at, end: mark.end, details: { reason: mark.details.reason } }) : null;
    if (this.rows.follow) this.rows.leave();
    this.store.splice(index, 1, rest ? [...lines, rest] : lines);
    this.#keep();
  }

  // --- look ---------------------------------------------------------------

  #applyLook() {
    const { view } = this.parts;
    view.dataset.time = this.time;
    view.dataset.wrap = String(this.wrap);
    this.rows.wrap = this.wrap;
    this.hang = null;
    if (this.store) this.#findHang(this.store.items.slice(this.store.first, this.store.first + 200));
    this.rows.measureAgain();
    this.#drawStatus();
    if (this.rows.follow) this.rows.schedule(true);
  }

  /** @param {Line[]} items */
  #findHang(items) {
    for (const item of items) {
      if (item.kind !== 'line' || item.inner) continue;
      const columns = hangOf(plain(item.text.slice(0, 400)), this.time);
      if (columns === null) continue;
      this.hang = columns;
      this.parts.view.style.setProperty('--lt-hang', `${columns}ch`);
      return;
    }
    if (this.hang === null) this.parts.view.style.removeProperty('--lt-hang');
  }

  /** @param {HTMLElement} row @param {Line} item */
  #paintRow(row, item) {
    paint(row, item, {
      words, time: this.time, colours: settings.reader.colours, phone: this.phone, name: this.info?.name ?? '',
      hitsOf: (text, line) => (this.query.active ? this.query.hits(text, line) : []),
      isCurrent: (line) => this.chosen.matches[this.current] === line,
      timeBefore: (line) => this.#timeBefore(line),
      hasPrevious: (mark) => this.history.isCutOff(mark), opened: this.opened, folded: this.chosen.folded, innerCount: (line) => this.#innerOf(line).length,
    });
    if (this.selection.has(item)) row.classList.add('lt-sel');
    row.removeAttribute('aria-current');
    if (!this.history.isTarget(item)) return;
    row.classList.add('lt-target');
    row.setAttribute('aria-current', 'true');
  }

  get phone() { return PHONE.matches; }

  /** The written time of the entry before: for times since the previous line. @param {Line} item */
  #timeBefore(item) {
    const index = this.store.indexOfSeq(item.seq);
    for (let i = index - 1; i >= Math.max(0, index - 200); i--) {
      const before = this.store.at(i);
      if (before.kind === 'line' && !before.inner) return plain(before.text).slice(0, 60);
    }
    return '';
  }

  /** The lines that belong to an entry's first one. @param {Line} head */
  #innerOf(head) {
    const found = [];
    for (let i = this.store.indexOfSeq(head.seq) + 1; i < this.store.length; i++) {
      const item = this.store.at(i);
      if (item.kind !== 'line' || !item.inner) break;
      found.push(item);
    }
    return found;
  }

  /** The first line of the entry an item belongs to. @param {Line} item */
  headOf(item) {
    for (let i = this.store.indexOfSeq(item.seq); i >= 0; i--) {
      const at = this.store.at(i);
      if (at.kind !== 'line') break;
      if (!at.inner) return at;
    }
    return item;
  }

  /** @param {Line} item */
  toggleFold(item) {
    const head = this.headOf(item);
    if (!this.#innerOf(head).length) return;
    if (!this.chosen.folded.delete(head)) this.chosen.folded.add(head);
    this.parts.tools.hidden = true;
    this.#rebuild();
    this.rows.refresh(head);
  }

  toggleWrap() {
    this.wrap = !this.wrap;
    settings.saveLog(this.info.slug, { wrap: this.wrap });
    this.#applyLook();
  }

  /** @param {string} [time] the next mode when left out */
  setTime(time) {
    this.time = time ?? TIMES[(TIMES.indexOf(this.time) + 1) % TIMES.length];
    settings.saveLog(this.info.slug, { time: this.time });
    this.#applyLook();
  }

  /** The reader's settings changed, here or in another pane. */
  applySettings() {
    this.dataset.size = settings.reader.size;
    if (this.info) this.#applyLook();
    this.ruler.schedule();
  }

  /** @param {string} level */
  toggleLevel(level) {
    if (!this.chosen.off.delete(level)) this.chosen.off.add(level);
    settings.saveLog(this.info.slug, { off: [...this.chosen.off] });
    this.#rebuild();
    this.#draw();
  }

  // --- find and filter ----------------------------------------------------

  /** @param {keyof LogTail['flags']} flag */
  toggleFlag(flag) {
    this.flags[flag] = !this.flags[flag];
    if (flag === 'invert' && this.flags.invert) this.flags.only = false;
    if (flag === 'only' && this.flags.only) this.flags.invert = false;
    this.searchNow();
  }

  clearQuery() {
    this.parts.query.value = '';
    this.#pin([]);
    this.searchNow();
  }

  /** Keeps what is in the field as a term that lines must hold, and makes room for another. */
  pinQuery() {
    const text = this.parts.query.value.trim();
    if (!text || this.flags.regex || this.pinned.includes(text)) return;
    this.parts.query.value = '';
    this.#pin([...this.pinned, text]);
    this.searchNow();
  }

  /** @param {string[]} terms */
  #pin(terms) {
    this.pinned = terms;
    this.parts.pins.replaceChildren(...terms.map((term) => {
      const made = el('button.lt-pin', { type: 'button', 'aria-label': words.say('filter.unpin', { term }), click: () => {
        this.#pin(this.pinned.filter((other) => other !== term));
        this.searchNow();
        this.parts.query.focus();
      } }, el('span', {}, term));
      made.append(icon('x'));
      return made;
    }));
  }

  /** Finds what is in the field, without waiting for more to be typed. */
  searchNow() {
    clearTimeout(this.searchTimer);
    const query = new Query(this.parts.query.value, { ...this.flags }, this.pinned);
    this.matcher?.end();
    this.matcher = query.expression ? new Matcher(query.expression) : null;
    this.wanted = query;
    this.#complain(query.error ? words.say('filter.bad', { msg: query.error }) : '');
    if (!this.matcher) this.#found(query);
    else void this.#match(this.store.items.slice(this.store.first)).then((done) => { if (done && this.wanted === query) this.#found(query); });
    this.#drawMatches();
  }

  #complain(/** @type {string} */ text) {
    this.parts.filter.classList.toggle('lt-bad', text !== '');
    write(this.parts.queryMessage, text);
  }

  /** Has the worker match lines; false when the expression was ended for taking too long. @param {Line[]} items */
  async #match(items) {
    const { matcher, wanted } = this;
    const lines = items.filter((item) => item.kind === 'line');
    if (!matcher) return false;
    try {
      const found = await matcher.match(lines.map((item) => plain(item.text)));
      lines.forEach((item, i) => wanted.verdicts.set(item, found[i]));
      return true;
    } catch {
      if (this.wanted === wanted) {
        this.#complain(words.say('filter.slow'));
        this.#found(new Query('', { ...this.flags }));
      }
      return false;
    }
  }

  /** A query that is ready to be used. @param {Query} query */
  #found(query) {
    this.query = query;
    this.chosen.query = query;
    this.queue = [];
    this.current = -1;
    this.stepped = false;
    this.#rebuild();
    this.rows.repaint();
    // Where the reader looks now, and not at the end of the file, is where finding begins.
    if (query.active) this.current = this.#matchNear();
    this.#draw();
    this.ruler.schedule();
  }

  /** Lines that came while an expression is matched elsewhere are shown when it has matched them. */
  async #drain() {
    if (this.draining) return;
    this.draining = true;
    while (this.queue.length) {
      const { query } = this;
      const items = this.queue;
      const done = await this.#match(items.filter((item) => query.awaits(item)));
      if (!done || this.query !== query) break;
      this.queue = this.queue.filter((item) => !items.includes(item));
      for (const item of items) if (item.seq >= this.store.firstSeq && !item.gone) this.#takeNew(item);
      this.rows.schedule();
    }
    this.draining = false;
  }

  #matchNear() {
    const { matches } = this.chosen;
    if (this.rows.follow || !matches.length) return matches.length - 1;
    const { shown } = this.rows;
    const seq = shown.length ? shown.at(shown.indexAt(this.rows.at + this.rows.height / 2)).seq : 0;
    const index = matches.findIndex((item) => item.seq >= seq);
    return index < 0 ? matches.length - 1 : index;
  }

  /** @param {number} step 1 forwards, -1 back */
  goToMatch(step) {
    const { matches } = this.chosen;
    if (!matches.length) return;
    const before = matches[this.current];
    // The first step after typing goes to the match that was counted from, not past it.
    if (this.current < 0) this.current = matches.length - 1;
    else if (this.stepped || step < 0) this.current = (this.current + step + matches.length) % matches.length;
    this.stepped = true;
    const item = matches[this.current];
    if (this.chosen.folded.delete(this.headOf(item))) this.#rebuild();
    this.rows.reveal(this.rows.shown.indexOfSeq(item.seq), 'center');
    for (const line of [before, item]) if (line && this.rows.mounted.has(line)) this.rows.refresh(line);
    this.#drawMatches();
  }

  /** The lines around one that a filter shows. @param {Line} item */
  showContext(item) {
    this.flags.only = this.flags.invert = false;
    this.chosen.off.clear();
    this.history.mark(item);
    this.searchNow();
    this.rows.reveal(this.rows.shown.indexOfSeq(item.seq), 'center');
    this.rows.repaint();
  }

  /** Brings a line to the middle of the view; a filter that hides it is taken away. @param {Line} item */
  reveal(item) {
    const { shown } = this.rows;
    this.selection.clear();
    if (this.chosen.folded.delete(this.headOf(item))) this.#rebuild();
    if (shown.at(shown.indexOfSeq(item.seq)) !== item) {
      this.flags.only = this.flags.invert = false;
      this.chosen.off.clear();
      this.clearQuery();
    }
    this.rows.reveal(shown.indexOfSeq(item.seq), 'center');
    this.rows.repaint();
  }

  /** @param {number} step @param {(item: Line) => boolean} [fits] */
  moveCursor(step, fits = () => true) {
    const { shown } = this.rows;
    if (!shown.length) return;
    let index;
    if (this.cursor && shown.at(shown.indexOfSeq(this.cursor.seq)) === this.cursor) index = shown.indexOfSeq(this.cursor.seq);
    else index = this.rows.follow ? shown.length : shown.indexAt(this.rows.at + (step > 0 ? 0 : this.rows.height)) - step;
    do index += step; while (index >= 0 && index < shown.length && (shown.at(index).kind !== 'line' || !fits(shown.at(index))));
    if (index < 0 || index >= shown.length) return;
    this.cursor = shown.at(index);
    this.rows.reveal(index, fits.length ? 'center' : 'nearest');
    this.rows.mounted.get(this.cursor)?.focus({ preventScroll: true });
    this.#toolsFor(this.cursor);
  }

  // --- what is said -------------------------------------------------------

  get facts() {
    return {
      phase: this.phase, details: this.details, server: this.server, name: this.info?.name ?? '', queue: this.info?.queue ?? '',
      place: this.session?.place ?? null, lines: this.store?.lines ?? 0, backlog: config.lines, paused: this.paused, pausedAt: this.pausedAt,
      waiting: this.waiting, holding: this.session?.holding ?? false, idle: this.idle, idleMinutes: IDLE_MINUTES,
      lost: this.history.trouble, lastByteAt: this.lastByteAt, now: Date.now(), resumed: Date.now() < this.resumedUntil, binary: this.binary && !this.showBinary,
    };
  }

  /** Once for all that arrives in this turn. */
  #later() {
    if (this.drawing) return;
    this.drawing = true;
    setTimeout(() => {
      this.drawing = false;
      if (this.isConnected) this.#drawCounts();
    }, this.rows.rate > 500 ? 200 : 50);
  }

  #drawCounts() {
    if (document.hidden) return;
    this.#drawPill();
    this.#drawLevels();
    this.#drawStatus();
    this.#drawMatches();
    this.#drawTop();
    this.#drawEmpty();
    if (this.paused || (this.shownState?.chip === 'connecting' && this.store.lines)) this.#drawState();
  }

  #draw() {
    if (!this.info) return;
    this.#drawState();
    this.#drawCounts();
  }

  #drawState() {
    if (!this.info) return;
    if (this.cameBack && this.server?.state === 'live') {
      // Said for some seconds from when it is true, which is not before the log is live again.
      this.cameBack = false;
      this.resumedUntil = Date.now() + RESUMED_MS;
      setTimeout(() => this.#draw(), RESUMED_MS + 50);
    }
    const shown = described(this.facts, words);
    this.shownState = shown;
    const { parts } = this;
    this.#setState(shown.chip);
    parts.chip.dataset.state = shown.chip;
    write(parts.chipText, words.say(`state.${shown.chip}`));
    this.#drawSaid(parts.notice, parts.noticeText, parts.noticeActions, shown.notice);
    if (shown.notice) parts.notice.dataset.tone = shown.notice.tone ?? '';
    parts.noticeText.title = shown.notice?.why ?? '';
    this.#drawSaid(parts.tail, parts.tailText, parts.tailActions, shown.tail);
    parts.tail.dataset.state = shown.chip;
    parts.status.dataset.dim = String(!shown.moving);
    const { pauseButton, stopButton } = parts;
    pauseButton.hidden = !shown.button;
    if (shown.button) {
      const key = `do.${shown.button}`;
      reshape(pauseButton, shown.button === 'pause' ? 'pause' : 'play');
      write(/** @type {Element} */ (pauseButton.querySelector('.lt-label')), words.say(key));
      pauseButton.setAttribute('aria-label', words.say(key));
    }
    stopButton.hidden = !shown.stoppable;
    parts.wholeButton.toggleAttribute('disabled', !this.results.can);
    this.#drawEmpty();
  }

  /** @param {HTMLElement} box @param {HTMLElement} text @param {HTMLElement} actions @param {import('./state.js').Said|null} said */
  #drawSaid(box, text, actions, said) {
    box.hidden = !said;
    if (!said) {
      box.dataset.said = '';
      return;
    }
    write(text, words.say(said.key, said.values));
    const key = said.actions.join();
    if (box.dataset.said === key) return;
    box.dataset.said = key;
    actions.replaceChildren(...said.actions.map((action) => el('button.lt-link', { type: 'button', 'data-act': action }, words.say(action))));
  }

  #setState(/** @type {string} */ state) {
    if (this.dataset.state === state) return;
    this.dataset.state = state;
    this.dispatchEvent(new CustomEvent('logtail:state', { bubbles: true, detail: { state, log: this.info?.slug ?? null } }));
  }

  #drawEmpty() {
    if (!this.info || !this.shownState) return;
    const { blank } = this.shownState;
    if (blank === 'denied' || blank === 'binary' || blank === 'file') return this.#empty(blank);
    if (this.store.lines && !this.chosen.lines && this.chosen.all && this.chosen.hides) return this.#empty('filter');
    this.#empty(null);
  }

  /** @param {null|'choose'|'none'|'denied'|'file'|'filter'|'binary'} kind */
  #empty(kind) {
    const { empty } = this.parts;
    const previous = kind === 'file' && this.store?.place ? this.history.hasPrevious(this.store.place.file) : false;
    const about = kind ? `${kind}${previous ? ' after another' : ''}:${this.store?.lines && kind === 'filter' ? this.store.lines : ''}` : '';
    this.dataset.blank = kind === 'choose' || kind === 'none' ? 'all' : kind === 'denied' ? 'body' : '';
    empty.hidden = !kind;
    if (!kind || empty.dataset.about === about) {
      if (!kind) empty.dataset.about = '';
      return;
    }
    const fresh = empty.dataset.about?.split(':')[0] !== about.split(':')[0];
    empty.dataset.about = about;
    write(this.parts.emptyTitle, words.say(`empty.${kind}`));
    write(this.parts.emptyText, words.say(`empty.${kind}.more`, { n: words.number(this.store?.lines ?? 0), name: this.info?.name ?? '' }));
    reshape(empty, kind === 'filter' ? 'search' : kind === 'none' || kind === 'denied' ? 'lock' : 'file');
    if (!fresh) return;
    const button = (/** @type {string} */ label, /** @type {string} */ act, main = false) => el(main ? 'button.lt-btn.lt-btn-main' : 'button.lt-btn', { type: 'button', 'data-act': act }, el('span.lt-label', {}, words.say(label)));
    this.parts.emptyActions.replaceChildren(...(
      kind === 'filter' ? [button('filter.clear', 'clear', true), ...(this.results.can ? [button('filter.whole', 'search')] : [])]
        : kind === 'binary' ? [...(this.fileLink ? [el('a.lt-btn.lt-btn-main', { href: this.fileLink, download: '' }, el('span.lt-label', {}, words.say('do.download')))] : []), button('empty.binary.show', 'showbinary', !this.fileLink)]
          : previous ? [button('mark.rotated.open', 'previous')]
          : kind === 'denied' ? [button('do.choose', 'do.choose', true)] : []));
  }

  #drawPill() {
    const { pill, pillCount, pillErrors } = this.parts;
    pill.hidden = this.rows.follow || this.paused || (!this.unseen && !this.session?.holding);
    if (pill.hidden) return;
    write(pillCount, this.unseen ? words.many('pill.new', this.unseen) : words.say('do.live'));
    write(pillErrors, this.unseenErrors ? words.many('pill.errors', this.unseenErrors) : '');
  }

  #drawLevels() {
    const counts = this.store?.counts;
    if (!counts) return;
    for (const [level, name] of LEVELS) {
      const button = this.parts.levels[level];
      const label = words.say(`level.${name}`);
      const count = words.number(counts[level]);
      write(/** @type {Element} */ (button.querySelector('b')), count);
      button.dataset.zero = String(!counts[level]);
      button.setAttribute('aria-label', `${label}, ${count}`);
      button.setAttribute('aria-pressed', String(!this.chosen.off.has(level)));
    }
  }

  #drawMatches() {
    const { parts, chosen, query } = this;
    for (const flag of Object.keys(this.flags)) parts.flags[flag].setAttribute('aria-pressed', String(this.flags[flag]));
    parts.matchNav.hidden = !query.active;
    if (!query.active) return;
    const n = chosen.matches.length;
    if (this.current >= n) this.current = n - 1;
    let text;
    if (query.hides) text = words.say('filter.shown', { n: words.number(chosen.lines), m: words.number(chosen.all) });
    else text = n ? words.say('filter.count', { i: words.number(Math.max(0, this.current) + 1), n: words.number(n) }) : words.say('filter.zero');
    write(parts.matchText, text);
  }

  #drawTop() {
    const { top } = this.parts;
    const first = this.store?.lines ? this.#firstLine : null;
    const can = first !== null && this.phase === 'open' && (this.hello?.can ?? []).includes('range');
    const previous = first?.start === 0 && this.history.hasPrevious(first.file);
    const key = !first ? 'none' : this.history.loading && previous ? 'loading' : first.start === 0 ? `start:${previous}` : this.loadingEarlier ? 'loading' : can ? `earlier:${first.start}:${this.earlierFailed ?? ''}` : 'none';
    if (top.dataset.about === key) return;
    top.dataset.about = key;
    top.hidden = key === 'none';
    const open = el('button.lt-link', { type: 'button', 'data-act': 'previous' }, words.say('mark.rotated.open'));
    if (key.startsWith('start')) top.replaceChildren(...(previous ? [open] : []), el('span', {}, words.say('top.start')));
    else if (key === 'loading') top.replaceChildren(el('span', {}, words.say('top.loading')));
    else if (key !== 'none') {
      top.replaceChildren(
        el('button.lt-link', { type: 'button', 'data-act': 'earlier' }, words.say('top.earlier')),
        el('span', {}, this.earlierFailed || words.say('top.above', { size: size(/** @type {Line} */ (first).start) })),
      );
      this.earlierFailed = '';
    }
  }

  #drawStatus() {
    const { parts, store } = this;
    if (!store) return;
    const bytes = this.server?.size ?? this.info?.size;
    write(parts.loaded, words.say('status.loaded', { n: words.number(store.lines) }));
    write(parts.size, Number.isFinite(bytes) ? size(bytes) : '');
    write(parts.offset, this.session?.place ? `@ ${words.number(this.session.place.offset)}` : '');
    write(parts.timeButton, words.say(`time.${this.time ?? 'compact'}`));
    write(parts.wrapButton, words.say(this.wrap ? 'status.wrap' : 'status.nowrap'));
    write(parts.followButton, words.say(this.rows.follow ? 'status.follow' : 'status.nofollow'));
  }

  #tick() {
    if (!this.store) return;
    // The backlog is no rate: what came before the log was live, or while it was not, is not counted.
    const isLive = this.phase === 'open' && this.server?.state === 'live';
    const taken = isLive && this.wasLive ? this.store.taken - this.takenBefore : 0;
    this.takenBefore = this.store.taken;
    this.wasLive = isLive;
    this.rows.rate = taken;
    this.samples.push(taken);
    if (this.samples.length > SAMPLES) this.samples.shift();
    if (document.hidden) return;
    this.parts.tail.dataset.fast = String(taken >= FAST_LINES);
    write(this.parts.rate, words.say('status.rate', { n: words.number(taken) }));
    const most = Math.max(8, ...this.samples);
    this.parts.spark.setAttribute('d', this.samples.map((n, i) => {
      const height = Math.max(1, Math.round((n / most) * 13));
      return `M${i * 3} ${14 - height}h2v${height}h-2z`;
    }).join(''));
    if (settings.reader.announce && taken && this.rows.follow) this.#say(words.many('say.new', taken));
    this.#drawState();
    this.#drawStatus();
  }

  #say(/** @type {string} */ text) { this.parts.say.textContent = text; }

  // --- tools beside a line ------------------------------------------------

  /** @param {Line|null} item */
  #toolsFor(item) {
    const { tools, body, contextButton, foldButton } = this.parts;
    const row = item && this.rows.mounted.get(item);
    this.tool = item;
    tools.hidden = !row || item?.kind !== 'line';
    if (tools.hidden || !row) return;
    contextButton.hidden = !this.chosen.hides;
    const head = this.headOf(/** @type {Line} */ (item));
    foldButton.hidden = this.#innerOf(head).length === 0;
    const folded = this.chosen.folded.has(head);
    foldButton.setAttribute('aria-label', words.say(folded ? 'do.unfold' : 'do.fold'));
    reshape(foldButton, folded ? 'chevron' : 'chevron-up');
    const at = row.getBoundingClientRect();
    const box = body.getBoundingClientRect();
    tools.style.top = `${Math.max(0, Math.min(box.height - 26, at.top - box.top + Math.min(at.height, 20) / 2 - 13))}px`;
  }

  /** @param {string} text @param {Element|null} [button] @param {'copy'|'link'} [what] */
  async copy(text, button = null, what = 'copy') {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain HTTP there is no such thing; the older way works there, after a click.
      if (!this.#copyBySelection(text)) return;
    }
    this.#say(words.say(what === 'link' ? 'row.linked' : 'row.copied'));
    if (!button) return;
    reshape(button, 'check');
    setTimeout(() => reshape(button, what), 1200);
  }

  #copyBySelection(/** @type {string} */ text) {
    const focused = /** @type {HTMLElement|null} */ (document.activeElement);
    const field = /** @type {HTMLTextAreaElement} */ (el('textarea.lt-sr', { 'aria-hidden': 'true', tabindex: '-1' }));
    field.value = text;
    this.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    focused?.focus({ preventScroll: true });
    return done;
  }

  /** The address of lines: of the log's own page, or of this one where that is not known. @param {Line[]} items in order */
  linkTo(items) {
    const address = new URL(this.info?.page || location.href, location.href);
    address.hash = fragmentOf(items);
    return address.href;
  }

  /** Where the whole file is to be had; '' where it is not. */
  get fileLink() { return this.phase === 'nosocket' && this.details.certain ? '' : this.info?.download ?? ''; }
  get fileSize() { return this.server?.size ?? this.info?.size ?? null; }

  /** As a file, without asking the server. @param {'loaded'|'filtered'} what */
  download(what) {
    const { shown } = this.rows;
    const items = what === 'loaded' ? this.store.items.slice(this.store.first) : this.chosen.hides ? shown.items.slice(shown.first) : this.chosen.matches;
    const link = /** @type {HTMLAnchorElement} */ (el('a', { download: this.info.name, href: URL.createObjectURL(new Blob([Store.textOf(items)], { type: 'text/plain' })) }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // --- wiring -------------------------------------------------------------

  #wire(/** @type {AbortSignal} */ signal) {
    const on = (/** @type {EventTarget} */ target, /** @type {string} */ type, /** @type {(event: any) => void} */ run, options = {}) => target.addEventListener(type, run, { signal, ...options });
    const { parts } = this;
    on(this, 'click', (event) => {
      const button = event.target.closest('[data-act]');
      if (button && this.contains(button)) this.run(button.dataset.act, button);
      else if (event.target.classList?.contains('lt-gut')) this.selection.clickGutter(this.rows.itemAt(event.target), event.shiftKey);
    });
    on(this, 'keydown', (event) => onKey(this, event));
    on(this, 'focusin', () => this.dispatchEvent(new CustomEvent('logtail:active', { bubbles: true })));
    on(this, 'pointerdown', () => this.dispatchEvent(new CustomEvent('logtail:active', { bubbles: true })));
    on(parts.query, 'input', () => {
      clearTimeout(this.searchTimer);
      this.searchTimer = setTimeout(() => this.searchNow(), this.store?.lines > 20_000 ? QUERY_MS * 2 : QUERY_MS);
    });
    on(parts.view, 'pointerover', (event) => { if (event.pointerType !== 'touch') this.#toolsFor(this.rows.itemAt(event.target)); });
    on(parts.body, 'pointerleave', () => { parts.tools.hidden = true; });
    on(document, 'selectionchange', () => this.selection.changed());
    on(document, 'copy', (event) => this.selection.copy(event));
    on(document, 'logtail:settings', () => this.applySettings());
    on(window, 'online', () => this.session?.wake());
    on(window, 'offline', () => this.session?.offline());
    on(document, 'visibilitychange', () => {
      clearTimeout(this.idleTimer);
      if (document.hidden) {
        this.idleTimer = setTimeout(() => {
          if (this.session?.ended !== false) return;
          this.idle = true;
          this.stop();
        }, IDLE_MINUTES * 60_000);
      } else {
        this.session?.wake();
        this.#draw();
      }
    });
    this.ruler.wire(signal);
  }

  /** @param {string} act @param {Element} [button] */
  run(act, button) {
    if (act in this.flags) return this.toggleFlag(/** @type {any} */ (act));
    const item = button ? this.rows.itemAt(button) : null;
    switch (act) {
      case 'pause':
        if (this.session?.ended) return this.startAgain();
        return this.paused ? this.resume() : this.pause();
      case 'stop': return this.stop();
      case 'do.again': return this.startAgain();
      case 'do.resume': return this.resume();
      case 'do.retry': return this.session?.ended ? this.session.start() : this.session?.wake();
      case 'do.refresh': return void this.#refresh();
      case 'do.skip': return this.#skip();
      case 'do.reload': return location.reload();
      case 'do.signin': return this.#signIn();
      case 'do.live':
      case 'follow': return this.toEnd();
      case 'level': return this.toggleLevel(/** @type {HTMLElement} */ (button).dataset.lv ?? '');
      case 'prev': return this.goToMatch(-1);
      case 'next': return this.goToMatch(1);
      case 'clear':
        this.chosen.off.clear();
        if (this.info) settings.saveLog(this.info.slug, { off: [] });
        return this.clearQuery();
      case 'wrap': return this.toggleWrap();
      case 'time': return this.setTime();
      case 'togglefollow': return this.rows.follow ? this.rows.leave() : this.toEnd();
      case 'earlier': return void this.loadEarlier();
      case 'loadgap': return item ? void this.loadGap(item) : undefined;
      case 'whole': if (item) { item.whole = true; this.rows.refresh(item); } return undefined;
      case 'fold': return item ?? this.tool ? this.toggleFold(/** @type {Line} */ (item ?? this.tool)) : undefined;
      case 'plain': return openPlain(this);
      case 'fields':
        if (item) {
          if (!this.opened.delete(item)) this.opened.add(item);
          this.rows.refresh(item);
        }
        return undefined;
      case 'copyline': return this.tool ? void this.copy(plain(this.tool.text), button) : undefined;
      case 'linkline':
        if (!this.tool) return undefined;
        this.history.mark(this.tool);
        this.rows.repaint();
        return void this.copy(this.linkTo([this.tool]), button, 'link');
      case 'sellink': return this.selection.items.length ? void this.copy(this.linkTo(this.selection.items), null, 'link') : undefined;
      case 'previous': return this.#openPrevious(item);
      case 'do.close': return this.history.dismiss();
      case 'context': return this.tool ? this.showContext(this.tool) : undefined;
      case 'selcopy': void this.copy(this.selection.text); return this.selection.clear();
      case 'selclear': return this.selection.clear();
      case 'showbinary': this.showBinary = true; return this.#draw();
      case 'search': return this.results.begin();
      case 'cancelsearch': return this.results.cancel();
      case 'closesearch': return this.results.close();
      case 'settings': return openSettings(this, /** @type {HTMLElement} */ (button ?? this.parts.settingsButton));
      case 'download': return openDownload(this, /** @type {HTMLElement} */ (button ?? this.parts.downloadButton));
      default:
        this.dispatchEvent(new CustomEvent('logtail:act', { bubbles: true, detail: { act } }));
    }
    return undefined;
  }

  /** @param {Line|null} mark where a file begins; the first line here when left out */
  #openPrevious(mark) {
    const file = mark?.file ?? this.#firstLine?.file ?? this.store.place?.file;
    if (file) void this.history.loadPrevious(file);
  }

  /** The newest lines, where no socket brings them. */
  async #refresh() {
    const { session, store } = this;
    const before = store.taken;
    await session?.refresh();
    if (this.store === store && this.phase === 'nosocket') this.#say(words.many('say.new', store.taken - before));
  }

  /** Leaves out what lies between: joins anew at the end of the file. */
  #skip() {
    const { session } = this;
    if (!session) return;
    this.toEnd();
    session.leave();
    session.holding = false;
    // The store still knows where it stood, so what lies between becomes a gap.
    session.place = null;
    session.start();
  }

  #signIn() {
    const address = new URL(this.details.login || config.login, location.href);
    address.searchParams.set('next', location.pathname + location.search + location.hash);
    location.assign(address);
  }

  /** For tests and for a host's own scripts. */
  get lines() { return this.store?.lines ?? 0; }
  get state() { return this.dataset.state ?? 'idle'; }
}
