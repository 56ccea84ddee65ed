/**
 * `<log-tail>`: one log, live. A pane of the page, or alone in a page of the host.
 *
 * What `connectedCallback` ties, `disconnectedCallback` unties. The state is the attribute `data-state`, for CSS and
 * tests, and the event `logtail:state`. What a pane is made of are modules of their own; they are tied together here,
 * and what `docs/reference/element` does not name is for them alone.
 */

import { Absence } from './log/background-stop.js';
import { act } from './pane/actions.js';
import { Arrivals } from './log/incoming.js';
import { Attention } from './log/follow.js';
import { drawBlank } from './pane/blank.js';
import { Chosen } from './find/filtered.js';
import { config, settings, words } from './ui/config.js';
import { Cursor } from './rows/cursor.js';
import { write } from './ui/dom.js';
import { Drawing } from './pane/drawing.js';
import { Earlier } from './log/earlier.js';
import { FilterBar } from './find/filter-bar.js';
import { Finding } from './find/finding.js';
import { given as formatGiven } from './formats/given.js';
import { History } from './log/linked-lines.js';
import { onKey } from './pane/keys.js';
import { fragmentOf, linkedBy } from './log/link.js';
import { Look } from './rows/view-options.js';
import { pane } from './pane/pane.js';
import { Results } from './find/results.js';
import { Rows } from './rows/rows.js';
import { Ruler } from './rows/ruler.js';
import { Selection } from './rows/selection.js';
import { Session } from './connection/session.js';
import { Store } from './log/store.js';
import { Stream, endsAccess } from './connection/stream.js';
import { Tools } from './rows/tools.js';

/** @typedef {import('./log/item.js').Item} Line */
/** @typedef {{slug: string, name: string, folder?: string, queue?: string, ticket: string, socket: string, lines?: string, download?: string, format?: string, size?: number|null, page?: string}} LogInfo */

export class LogTail extends HTMLElement {
  static observedAttributes = ['log', 'ticket', 'socket', 'place'];

  connectedCallback() {
    if (!this.parts) this.#build();
    this.life = new AbortController();
    this.#wire(this.life.signal);
    this.rows.connect();
    this.applySettings();
    this.beat = setInterval(() => this.drawing.tick(), 1000);
    if (!this.info && this.getAttribute('socket')) this.#openAttributes();
    else if (this.info) this.open(this.info);
    else this.choose();
  }

  disconnectedCallback() {
    this.session?.leave();
    this.finding.end();
    this.rows.disconnect();
    this.life?.abort();
    clearInterval(this.beat);
  }

  attributeChangedCallback(/** @type {string} */ name) {
    if (name === 'place') {
      if (this.isConnected && this.info) this.show(this.getAttribute('place') ?? '');
    } else if (this.isConnected && this.parts && this.getAttribute('socket') && this.getAttribute('socket') !== this.info?.socket) this.#openAttributes();
  }

  #openAttributes() {
    const given = (/** @type {string} */ name) => this.getAttribute(name) ?? '';
    this.open({
      slug: given('log'), name: this.getAttribute('name') ?? given('log'), folder: given('folder'), queue: given('queue'), page: given('page'),
      ticket: given('ticket'), socket: given('socket'), lines: given('lines'), download: given('download'), format: given('format'),
    }, given('place'));
  }

  #build() {
    this.parts = pane(words.say);
    this.classList.add('lt-root', 'lt-pane');
    this.setAttribute('role', 'region');
    const height = this.getAttribute('height');
    if (height) this.style.height = height;
    this.replaceChildren(...this.parts.children);
    /** @type {LogInfo|null} */
    this.info = null;
    this.store = new Store();
    this.stream = new Stream({
      became: (phase, details) => this.#became(phase, details),
      heardStatus: () => {
        this.drawing.all();
        this.history.seek();
      },
      changed: () => this.drawing.all(),
      follows: (file, before) => this.history.follows(file, before),
    });
    this.rows = new Rows({
      view: this.parts.view, top: this.parts.top, lines: this.parts.lines, window: this.parts.window,
      paintItem: (row, item) => this.look.paint(row, item),
      onFollow: (follow) => this.attention.followed(follow),
      onLook: () => {
        this.tools.moved();
        this.ruler.schedule();
      },
      isHeld: () => this.selection.active,
    });
    this.chosen = new Chosen(this.rows.shown);
    this.finding = new Finding(this, this.parts.query, {
      changed: () => this.filterBar.draw(),
      found: () => {
        this.drawing.all();
        this.ruler.schedule();
      },
    });
    this.filterBar = new FilterBar(this);
    this.arrivals = new Arrivals(this);
    this.attention = new Attention(this);
    this.earlier = new Earlier(this, { changed: () => this.drawing.top(), failed: (error) => this.sayFailure(error) });
    this.history = new History(this);
    this.results = new Results(this);
    this.look = new Look(this);
    this.ruler = new Ruler(this);
    this.selection = new Selection(this);
    this.tools = new Tools(this);
    this.cursor = new Cursor(this);
    this.absence = new Absence(this);
    this.drawing = new Drawing(this);
    this.rows.onPaint = () => {
      if (this.tools.isTapped) this.tools.moved();
      this.ruler.schedule();
    };
  }

  #forgetLog() {
    this.results.close();
    this.chosen.folded.clear();
    for (const part of [this.arrivals, this.finding, this.earlier, this.history, this.look, this.cursor, this.absence, this.drawing]) part.begin();
    this.selection.clear();
  }

  // --- opening and ending -------------------------------------------------

  /** Shows a log from its last lines on, or the lines that a link leads to. @param {LogInfo} info @param {string} [place] as in a link, behind the "#" */
  open(info, place = '') {
    const { parts, rows } = this;
    this.session?.leave();
    this.info = info;
    this.#forgetLog();
    this.store = new Store();
    this.store.onChange = (change) => this.#changed(change);
    this.stream.begin(this.store);
    rows.follow = true;
    rows.widest = 0;
    parts.lines.style.minWidth = '';
    this.arrivals.rebuild();
    const kept = settings.log(info.slug);
    this.chosen.off = new Set(kept.off);
    this.look.restore(kept);
    this.session = this.#sessionOf(info);
    this.setAttribute('log', info.slug);
    this.setAttribute('aria-label', info.name);
    write(parts.name, info.name);
    write(parts.folder, info.folder ?? '');
    parts.view.setAttribute('aria-label', info.name);
    parts.bar.setAttribute('aria-label', `${words.say('filter.label')}: ${info.name}`);
    drawBlank(this, null);
    this.history.sought = linkedBy(place);
    const { session } = this;
    if (kept.format || info.format) void this.readAs(kept.format).then(() => { if (this.session === session) session.start(); });
    else session.start();
  }

  /** Reads the lines in the format that a reader chose; without one in the format that the log was given or that is found. @param {string} chosen */
  async readAs(chosen) {
    const { store } = this;
    const formats = (chosen && await formatGiven(chosen)) || (this.info?.format ? await formatGiven(this.info.format) : null);
    if (this.store !== store) return;
    store.readAs(formats);
    this.look.apply();
  }

  /** @param {LogInfo} info */
  #sessionOf(info) {
    const { stream } = this;
    const address = new URL(info.socket, location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    return new Session({
      urls: { ticket: info.ticket, socket: address.href, lines: info.lines }, lines: config.lines, WebSocket: globalThis.WebSocket,
      fetch: globalThis.fetch.bind(globalThis), headers: () => config.headers(), online: () => navigator.onLine !== false,
      listener: {
        phase: (phase, details) => stream.become(phase, details),
        message: (message) => stream.hear(message),
        batch: (header, bytes) => stream.take(header, bytes),
      },
    });
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
    this.drawing.nothing(kind);
  }

  /** Ends this viewing, and the reading behind it. */
  stop() {
    if (!this.session || this.session.ended) return;
    if (this.arrivals.paused) this.attention.unpause();
    this.stream.mark('stopped');
    this.session.stop();
  }

  /** After Stop: goes on where it ended. */
  startAgain() {
    if (!this.session) return;
    this.absence.begin();
    this.toEnd();
    this.session.start();
  }

  /** Holds the page still. The reading goes on. */
  pause() { this.attention.pause(); }

  resume() { this.attention.resume(); }

  /** To the newest line, and on with it. */
  toEnd() { this.attention.toEnd(); }

  // --- what comes, and what is done ---------------------------------------

  /** @param {import('./connection/session.js').Phase} phase @param {Record<string, any>} details */
  #became(phase, details) {
    if (details.encoding) write(this.parts.encoding, this.store.reading.name);
    if (details.queue) this.info.queue = details.queue;
    if (endsAccess(phase)) {
      this.selection.clear();
      this.results.close();
    }
    this.drawing.all();
  }

  /** @param {import('./log/store.js').Change} change */
  #changed(change) {
    this.arrivals.changed(change);
    if (change.kind === 'added') {
      if (!this.arrivals.paused && this.look.hang === null) this.look.findHang(/** @type {Line[]} */ (change.items));
      this.attention.grew();
      this.history.seek();
    }
    this.drawing.soon();
  }

  /** To who listens to the page. @param {string} text */
  say(text) { this.parts.say.textContent = text; }

  /** @param {import('./connection/requests.js').Failure} error */
  sayFailure(error) { this.say(words.failure(error)); }

  /** The reader's settings changed, here or in another pane. */
  applySettings() {
    this.dataset.size = settings.reader.size;
    if (this.info) this.look.apply();
    this.ruler.schedule();
  }

  #wire(/** @type {AbortSignal} */ signal) {
    const on = (/** @type {EventTarget} */ target, /** @type {string} */ type, /** @type {(event: any) => void} */ run) => target.addEventListener(type, run, { signal });
    const { parts } = this;
    on(this, 'click', (event) => {
      const button = event.target.closest('[data-act]');
      if (button && this.contains(button)) this.run(button.dataset.act, button);
      else if (event.target.classList?.contains('lt-gut')) this.selection.clickGutter(this.rows.itemAt(event.target), event.shiftKey);
    });
    on(this, 'keydown', (event) => onKey(this, event));
    for (const type of ['focusin', 'pointerdown']) on(this, type, () => this.dispatchEvent(new CustomEvent('logtail:active', { bubbles: true })));
    on(parts.query, 'input', () => this.finding.searchSoon());
    on(parts.view, 'pointerover', (event) => { if (event.pointerType !== 'touch') this.tools.show(this.rows.itemAt(event.target)); });
    let pointer = '';
    on(parts.view, 'pointerdown', (event) => { pointer = event.pointerType; });
    on(parts.view, 'click', (event) => { if (pointer === 'touch' && !event.target.closest('button, .lt-gut')) this.tools.tap(this.rows.itemAt(event.target)); });
    on(parts.body, 'pointerleave', (event) => { if (event.pointerType !== 'touch') this.tools.hide(); });
    on(document, 'selectionchange', () => this.selection.changed());
    on(document, 'copy', (event) => this.selection.copy(event));
    on(document, 'logtail:settings', () => this.applySettings());
    on(window, 'online', () => this.session?.wake());
    on(window, 'offline', () => this.session?.offline());
    this.absence.wire(signal);
    this.ruler.wire(signal);
  }

  /** What a button or a key stands for. @param {string} name @param {HTMLElement} [button] that was pressed */
  run(name, button) { act(this, name, button); }

  /** The address of lines: of the log's own page, or of this one where that is not known. @param {Line[]} items in order */
  linkTo(items) {
    const address = new URL(this.info?.page || location.href, location.href);
    address.hash = fragmentOf(items);
    return address.href;
  }

  /** How large the file is, as far as it is known. */
  get fileSize() { return this.stream.server?.size ?? this.info?.size ?? null; }

  /** For tests and for a host's own scripts. */
  get lines() { return this.store?.lines ?? 0; }
  get state() { return this.dataset.state ?? 'idle'; }
}
