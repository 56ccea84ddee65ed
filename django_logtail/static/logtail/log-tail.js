/**
 * `<log-tail>`: one log, live. A pane of the page, or alone in a page of the host.
 *
 * What `connectedCallback` ties, `disconnectedCallback` unties. The state is the attribute `data-state`, for CSS and
 * tests, and the event `logtail:state`. What a pane is made of are modules of their own; they are tied together here,
 * and what `docs/reference/element` does not name is for them alone.
 */

import { rememberedRefusals } from './connection/refusals.js';
import { Searches } from './connection/searches.js';
import { Session } from './connection/session.js';
import { Stream, endsAccess } from './connection/stream.js';
import { FilterBar } from './find/filter-bar.js';
import { Filtered } from './find/filtered.js';
import { Finding } from './find/finding.js';
import { Recent } from './find/recent.js';
import { Results } from './find/results.js';
import { termOf } from './find/terms.js';
import { given as formatGiven, names as formatNames } from './formats/given.js';
import { BackgroundStop } from './log/background-stop.js';
import { Earlier } from './log/earlier.js';
import { Edges } from './log/edges.js';
import { Follow } from './log/follow.js';
import { errorsIn, Incoming } from './log/incoming.js';
import { Journey } from './log/journey.js';
import { linkTo, linkedBy } from './log/link.js';
import { LineTimes } from './log/line-times.js';
import { LinkedLines } from './log/linked-lines.js';
import { OpenLog } from './log/open-log.js';
import { Store } from './log/store.js';
import { Travel } from './log/travel.js';
import { panesOf, plainView } from './log/view.js';
import { Volume } from './log/volume.js';
import { Actions } from './pane/actions.js';
import { Drawing } from './pane/drawing.js';
import { goTo } from './pane/go-to-time.js';
import { HistoryBar } from './pane/history-bar.js';
import { drawJourney } from './pane/journey-box.js';
import { onKey } from './pane/keys.js';
import { NextOfLevel } from './pane/next-of-level.js';
import { pane } from './pane/pane.js';
import { VolumeStrip } from './pane/volume-strip.js';
import { Columns } from './rows/columns.js';
import { Cursor } from './rows/cursor.js';
import { compiled } from './rows/ids.js';
import { selectsInLinks } from './rows/link-press.js';
import { Painter } from './rows/painter.js';
import { Rows } from './rows/rows.js';
import { Ruler } from './rows/ruler.js';
import { Selection } from './rows/selection.js';
import { StuckHead } from './rows/stuck-head.js';
import './log/hidden-words.js';
import { Tools } from './rows/tools.js';
import { ValueActions } from './rows/value-actions.js';
import { PHONE, ViewOptions } from './rows/view-options.js';
import { config, settings, words } from './ui/config.js';
import { write } from './ui/dom.js';

/** @typedef {import('./log/item.js').Item} Line */
/** @typedef {import('./log/open-log.js').LogInfo} LogInfo */
/** @typedef {import('./log/view.js').View} View */

/** Of the whole page, which has only so many turns. */
const searches = new Searches({ fetch: globalThis.fetch.bind(globalThis), headers: () => config.headers(), setTimeout: globalThis.setTimeout.bind(globalThis) });

/** Of the whole page too: one that was loaded after a refusal is not too old. */
const refusals = rememberedRefusals(() => globalThis.sessionStorage);

/** @type {Promise<import('./rows/ids.js').Pattern[]>|undefined} */
let patterns;
const idPatterns = () => (patterns ??= compiled(config.ids));

/** @type {Set<string>|undefined} */
let formats;
/** Whether it is the name of a format, and no expression. @param {string} text */
const isFormat = (text) => (formats ??= new Set(formatNames().map(([id]) => id))).has(text);

export class LogTail extends HTMLElement {
  static observedAttributes = ['log', 'ticket', 'socket', 'place'];

  /** The logs of the page around, which can be searched together. @type {() => import('./find/where.js').LogHere[]} */
  logsHere = () => [];

  connectedCallback() {
    /** The format that was chosen for the lines; '' for the one that is given or found. */
    this.readFormat ??= '';
    /** Errors that came while the page was hidden. */
    this.newErrors ??= 0;
    /** Whether arriving lines are new, and not from before the log was opened. */
    this.isPastBacklog ??= false;
    /** Where the view was when the address was last to be written, in pixels of the items. */
    this.seenAt ??= 0;
    if (!this.parts) this.#build();
    this.life = new AbortController();
    this.#wire(this.life.signal);
    this.rows.connect();
    this.applySettings();
    this.beat = setInterval(() => {
      if (this.stream.original && Date.now() >= this.stream.original.until) this.hideOriginal();
      this.drawing.tick();
      this.volume.tick();
    }, 1000);
    if (!this.info && this.getAttribute('socket')) this.#openAttributes();
    else if (this.info) this.open(this.info);
    else this.choose();
  }

  disconnectedCallback() {
    this.session?.leave();
    this.results.cancel();
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
      ticket: given('ticket'), socket: given('socket'), lines: given('lines'), download: given('download'), hits: given('hits'), format: given('format'),
    }, given('place'));
  }

  /** The parts, from the ground up: each gets those it needs, and reports to its listener. */
  #build() {
    this.parts = pane(words.say);
    this.classList.add('lt-root', 'lt-pane');
    this.setAttribute('role', 'region');
    const height = this.getAttribute('height');
    if (height) this.style.height = height;
    this.replaceChildren(...this.parts.children);
    this.#buildLog();
    this.#buildView();
    this.#buildControls();
  }

  /** The newest of several files is another one now. @param {string} name */
  #nameFile(name) {
    const folder = this.log.info?.folder;
    if (folder) this.#titleFile(`${folder}/${name}`);
  }

  /** @param {string} path "" for who may not see it */
  #titleFile(path) {
    for (const part of [this.parts.name, this.parts.folder]) part.title = path;
  }

  /** The log that is open, and which of its lines are shown. */
  #buildLog() {
    const { parts } = this;
    this.stream = new Stream({
      became: (phase, details, isOver) => this.#became(phase, details, isOver),
      heardStatus: () => {
        if (!this.isPastBacklog && this.stream.server?.state === 'live') {
          this.isPastBacklog = true;
          void this.linkedLines.fillBacklog(config.lines);
          void this.travel.know();
          this.volumeStrip.start();
          this.#seekRange();
        }
        this.drawing.all();
        this.linkedLines.seek();
      },
      changed: () => this.drawing.all(),
      follows: (file, before) => this.linkedLines.follows(file, before),
      named: (name) => this.#nameFile(name),
    });
    const log = new OpenLog(this.stream);
    this.log = log;
    const rows = new Rows({
      view: parts.view, top: parts.top, lines: parts.lines, window: parts.window,
      paintItem: (row, item) => this.painter.paint(row, item),
      onFollow: (follow) => this.follow.followed(follow),
      onLook: () => {
        this.tools.moved();
        this.stuckHead.draw();
        this.ruler.schedule();
        this.historyBar.draw();
        this.volumeStrip.draw();
        this.selection.moved();
        this.#viewed();
      },
      isHeld: () => this.selection.active,
    });
    this.rows = rows;
    rows.onPaint = () => {
      // Places that we scroll to ourselves count as seen, too.
      if (!rows.follow && rows.at !== this.seenAt) {
        this.seenAt = rows.at;
        this.#viewed();
      }
      if (this.tools.isTapped) this.tools.moved();
      this.stuckHead.draw();
      this.selection.mark();
      this.ruler.schedule();
      this.historyBar.draw();
      this.volumeStrip.draw();
    };
    this.lineTimes = new LineTimes(log);
    this.filtered = new Filtered(rows.shown, (item) => this.lineTimes.of(item));
    const { filtered } = this;
    this.finding = new Finding({ log, rows, filtered, field: parts.query }, {
      changed: () => {
        this.filterBar.draw();
        this.#viewed();
      },
      used: () => {
        this.incoming.forgetUnmatched();
        this.incoming.rebuild();
      },
      unfolded: () => this.incoming.rebuild(),
      found: () => {
        this.drawing.all();
        this.ruler.schedule();
        this.volumeStrip.draw();
      },
    });
    this.incoming = new Incoming({ log, rows, filtered, finding: this.finding });
  }

  /** Where the viewer looks. */
  #buildView() {
    const { filtered, finding, incoming, log, parts, rows } = this;
    this.follow = new Follow({ log, rows, incoming }, {
      say: (text) => this.say(text),
      changed: () => {
        this.#tellErrors();
        this.drawing.all();
      },
      leaving: () => {
        this.selection.clear();
        this.journey.stop();
        this.travel.cancel();
      },
      caughtUp: () => {
        if (this.linkedLines.target) rows.repaint();
        this.linkedLines.leave();
      },
      looked: () => {
        this.drawing.pill();
        this.drawing.status();
        this.#tellErrors();
        this.#viewed();
      },
      held: (isHeld) => {
        if (isHeld) this.drawing.pill();
        if (isHeld || this.drawing.shown?.chip === 'history') this.drawing.state();
      },
    });
    this.earlier = new Earlier({ log, rows }, { changed: () => this.drawing.top(), loaded: () => this.follow.loaded(), failed: (error) => this.sayFailure(error) });
    this.linkedLines = new LinkedLines({ log, rows }, {
      whereOf: (file) => this.travel.whereOf(file),
      wanted: () => this.follow.resume(),
      unconnected: () => this.startAgain(),
      hold: () => this.follow.hold(),
      loaded: () => this.follow.loaded(),
      arrived: (item, linked) => this.#arrived(item, linked),
      left: () => this.dispatchEvent(new CustomEvent('logtail:act', { bubbles: true, detail: { act: 'live' } })),
      changed: () => this.drawing.all(),
      failed: (error) => this.sayFailure(error),
    });
    this.travel = new Travel({ log, rows, linkedLines: this.linkedLines }, {
      changed: () => this.historyBar.draw(),
      listed: () => this.rows.repaint(),
      wanted: () => this.follow.resume(),
      hold: () => this.follow.hold(),
      loaded: () => this.follow.loaded(),
    });
    this.journey = new Journey(() => drawJourney(parts, this.journey));
    this.edges = new Edges({ log, rows, earlier: this.earlier, linkedLines: this.linkedLines, travel: this.travel });
    rows.onMove = (direction) => {
      this.historyBar.moved();
      void this.edges.moved(direction);
    };
    this.historyBar = new HistoryBar({ log, parts, rows, filtered, travel: this.travel, follow: this.follow });
    this.viewOptions = new ViewOptions({ log, view: parts.view, rows }, { changed: () => {
      this.drawing.status();
      this.filterBar?.draw();
      this.volumeStrip?.draw();
      this.#viewed();
    }, uncovered: () => this.drawing.all() });
    this.viewOptions.heading = new Columns({ host: this, log, view: parts.view, rows, viewOptions: this.viewOptions, query: parts.query });
    this.volume = new Volume({ log, times: this.lineTimes }, () => this.volumeStrip.show());
    this.volumeStrip = new VolumeStrip({ log, parts, rows, volume: this.volume, times: this.lineTimes, finding, viewOptions: this.viewOptions }, {
      goTo: (ms) => this.#goTo(ms),
      shown: () => rows.schedule(true),
    });
    this.valueActions = new ValueActions({ host: this, view: parts.view, rows, finding, viewOptions: this.viewOptions, termOf }, {
      say: (text) => this.say(text),
      patterns: () => this.painter.patterns,
      searchable: () => this.results.searchable,
      search: (text, where) => this.results.beginFor(text, { kind: where }),
    });
    this.selection = new Selection({ host: this, log, parts, rows }, { say: (text) => this.say(text) });
    this.tools = new Tools({ log, parts, rows, filtered, incoming });
    this.cursor = new Cursor({ rows, tools: this.tools });
    this.ruler = new Ruler({ canvas: parts.ruler, rows, filtered });
    const { cursor, journey, linkedLines, selection, travel, viewOptions } = this;
    this.nextOfLevel = new NextOfLevel({ log, rows, cursor, finding, filtered, travel, journey }, { say: (text) => this.say(text) });
    this.painter = new Painter({ log, viewOptions, selection, filtered, finding, linkedLines, travel });
    void idPatterns().then((patterns) => {
      this.painter.patterns = patterns;
      if (patterns.length) rows.repaint();
    });
    this.stuckHead = new StuckHead({ log, parts, rows, painter: this.painter });
  }

  /** The parts around the lines, and the actions. */
  #buildControls() {
    const { cursor, earlier, edges, filtered, finding, follow, incoming, journey, linkedLines, log, nextOfLevel, parts, rows, selection, tools, travel, viewOptions, volumeStrip } = this;
    this.filterBar = new FilterBar({ log, parts, filtered, finding, rows }, {
      said: (range) => volumeStrip.said(range),
      changed: () => {
        incoming.rebuild();
        this.drawing.all();
        this.#viewed();
      },
    });
    this.recent = new Recent({ log, parts, finding });
    this.results = new Results({ host: this, log, parts, rows, finding, searches }, {
      logs: () => this.logsHere(),
      chose: () => this.#viewed(),
      said: (range) => volumeStrip.said(range),
      found: (hits) => {
        this.historyBar.mark(hits);
        volumeStrip.found(hits);
      },
      show: (place, slug, isBeside) => {
        if (slug === this.info?.slug && !isBeside) linkedLines.show(place);
        else this.dispatchEvent(new CustomEvent('logtail:act', { bubbles: true, detail: { act: 'openhit', place, slug, isBeside } }));
      },
    });
    this.backgroundStop = new BackgroundStop({ log, idleMinutes: config.idle }, { back: () => this.drawing.all(), away: () => this.stop() });
    const { backgroundStop, filterBar, results } = this;
    const say = (/** @type {string} */ text) => this.say(text);
    const showContext = (/** @type {Line} */ item) => {
      linkedLines.mark(item);
      finding.showContext(item);
    };
    this.drawing = new Drawing({ host: this, log, parts, rows, incoming, earlier, linkedLines, filtered, filterBar, results, viewOptions, backgroundStop }, { say });
    this.actions = new Actions({
      host: this, log, parts, rows, incoming, follow, earlier, edges, journey, nextOfLevel, linkedLines, travel, filtered, finding, filterBar, results, viewOptions, volumeStrip, selection, tools, valueActions: this.valueActions, cursor,
      showOriginal: (ticket) => this.#beginAnew(ticket), hideOriginal: () => this.hideOriginal(), readAs: (format) => this.readAs(format), stop: () => this.stop(), startAgain: () => this.startAgain(), showContext, say,
    });
    const keyed = { host: this, log, parts, rows, cursor, journey, nextOfLevel, selection, tools, filtered, finding, filterBar, results, follow, viewOptions, actions: this.actions, showContext };
    this.onKey = (/** @type {KeyboardEvent} */ event) => onKey(keyed, event);
  }

  #forgetLog() {
    this.results.leaveLog();
    this.filtered.folded.clear();
    this.filtered.opened.clear();
    for (const part of [this.incoming, this.finding, this.earlier, this.edges, this.linkedLines, this.travel, this.journey, this.historyBar, this.volume, this.volumeStrip, this.viewOptions, this.cursor, this.tools, this.backgroundStop, this.drawing]) part.begin();
    this.selection.clear();
  }

  // --- opening and ending -------------------------------------------------

  /**
   * Shows a log from its last lines on, or as an address says.
   *
   * @param {LogInfo} info
   * @param {string|View|null} [as] a view, or a fragment as in a link, "" or null for the log as this browser remembers it;
   *   if left out, the current filter stays
   * @param {boolean} [isOwn] the viewer arranged it so themselves
   * @param {string} [ticket] for its first connection
   */
  open(info, as, isOwn = false, ticket = '') {
    const view = typeof as === 'string' ? panesOf(as)[0] ?? null : as ?? null;
    const { log, parts, rows } = this;
    log.session?.leave();
    log.info = info;
    this.#forgetLog();
    log.store = new Store();
    log.store.onChange = (change) => this.#changed(change);
    this.stream.begin(log.store);
    this.isPastBacklog = false;
    this.#setErrors(0);
    rows.follow = true;
    rows.widest = 0;
    parts.lines.style.minWidth = '';
    this.incoming.rebuild();
    const kept = this.#settingsOf(view);
    this.filtered.off = new Set(kept.off);
    this.viewOptions.restore(kept);
    log.session = this.#sessionOf(info, ticket);
    if (as !== undefined) this.#restore(view ?? plainView(), isOwn);
    this.setAttribute('log', info.slug);
    this.setAttribute('aria-label', info.name);
    const { folder = '', name, path = folder } = info;
    write(parts.name, name);
    write(parts.folder, folder.split('/').filter(Boolean).slice(-1).map((last) => `${last}/`).join(''));
    this.#titleFile(path);
    parts.view.setAttribute('aria-label', info.name);
    parts.bar.setAttribute('aria-label', `${words.say('filter.label')}: ${info.name}`);
    this.drawing.noBlank();
    this.linkedLines.sought = view?.place ?? null;
    const { session } = log;
    // If the format is unavailable (an expression needs a script of its own), lines are still shown.
    const starts = () => { if (log.session === session) session.start(); };
    this.readFormat = kept.format;
    if (kept.format || info.format) void this.readAs(kept.format).then(starts, starts);
    else session.start();
  }

  /** Shows the open log as another address says. @param {View|null} view null: as this browser remembers it @param {boolean} [isOwn] */
  arrange(view, isOwn = false) {
    const kept = this.#settingsOf(view);
    this.filtered.off = new Set(kept.off);
    this.viewOptions.restore(kept);
    if (kept.format !== this.readFormat) void this.readAs(kept.format);
    this.#restore(view ?? plainView(), isOwn);
    this.incoming.rebuild();
    if (view?.place) this.linkedLines.show(view.place);
    else if (!this.rows.follow) this.toEnd();
    this.drawing.all();
  }

  /** What is looked for, and where. @param {View} view @param {boolean} isOwn */
  #restore(view, isOwn) {
    this.results.chosen = view.logs;
    this.finding.restore(view, isOwn);
  }

  /** What a log is opened with. @param {View|null} view @returns {import('./ui/settings.js').LogSettings} */
  #settingsOf(view) {
    const kept = settings.log(/** @type {LogInfo} */ (this.info).slug);
    if (!view) return kept;
    const { off, columns, raw, time, zone, wrap } = view;
    // A custom format is an expression, and an address may come from anyone.
    return { ...kept, off, columns, raw, time, zone, wrap, format: isFormat(view.format) ? view.format : '' };
  }

  /** How the log is shown now. @returns {View} */
  get view() {
    const { filtered, finding, viewOptions } = this;
    const { columns, raw, time, zone, wrap } = viewOptions;
    // An expression from a link stays in the address until it is run, removed or replaced.
    const query = finding.field.value || finding.proposed;
    return {
      query, terms: finding.pinned, range: finding.range, flags: query === finding.proposed && query ? { ...finding.flags, regex: true } : finding.flags, off: [...filtered.off], columns, raw, time, zone,
      wrap: wrap === PHONE.matches ? null : wrap, format: isFormat(this.readFormat) ? this.readFormat : '', place: this.#place, logs: this.results.chosen,
    };
  }

  /** Whether the options that this browser remembers for the log differ from the defaults. */
  get isRememberedOtherwise() {
    const { off, columns, raw, time, zone, wrap, format } = settings.log(/** @type {LogInfo} */ (this.info).slug);
    return off.length > 0 || columns.length > 0 || raw || time !== 'compact' || zone !== 'written' || (wrap !== null && wrap !== PHONE.matches) || format !== '';
  }

  /** Which lines are in view: those a link leads to while they are in sight, else the first ones in sight; null at the live end. */
  get #place() {
    const { linkedLines, rows } = this;
    if (linkedLines.sought) return linkedLines.sought;
    if (rows.follow) return null;
    const { shown } = rows;
    const end = rows.at + rows.height;
    /** @type {Line|null} */
    let first = null;
    for (let i = shown.indexAt(Math.max(0, rows.at)); i < shown.length && shown.topOf(i) < end; i++) {
      const item = shown.at(i);
      if (linkedLines.isTarget(item)) return linkedLines.target;
      if (item.kind === 'line' && !first) first = item;
    }
    return first && { ...linkTo([first]), isRead: true };
  }

  /** Something changed that the address contains. */
  #viewed() {
    if (this.info) this.dispatchEvent(new CustomEvent('logtail:view', { bubbles: true }));
  }

  /** Reads the lines in the format that the viewer chose; without one, in the log's given or detected format. @param {string} chosen */
  async readAs(chosen) {
    const { store } = this.log;
    this.readFormat = chosen;
    const formats = (chosen && await formatGiven(chosen)) || (this.info?.format ? await formatGiven(this.info.format) : null);
    if (this.log.store !== store) return;
    store.readAs(formats);
    this.viewOptions.apply();
  }

  /** @param {LogInfo} info @param {string} ticket */
  #sessionOf(info, ticket) {
    const { stream } = this;
    const address = new URL(info.socket, location.href);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    return new Session({
      urls: { ticket: info.ticket, socket: address.href, lines: info.lines }, ticket, lines: config.lines, origin: location.origin, refusals, WebSocket: globalThis.WebSocket,
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
    if (linked) this.linkedLines.show(linked);
    return linked !== null;
  }

  /** Nothing is chosen. @param {'choose'|'none'} [kind] */
  choose(kind = 'choose') {
    this.log.session?.leave();
    this.log.info = null;
    this.log.store = new Store();
    this.drawing.nothing(kind);
  }

  /** Shows redacted lines again. */
  hideOriginal() {
    if (!this.info) return;
    this.#beginAnew('');
    this.say(words.say('red.over'));
  }

  /** Opens the log as it is shown now, for another viewing. @param {string} ticket "" for an ordinary one */
  #beginAnew(ticket) { this.open(/** @type {LogInfo} */ (this.info), this.view, true, ticket); }

  /** Stops watching, and with it the reading of the file. */
  stop() {
    if (!this.session || this.session.ended) return;
    if (this.incoming.paused) this.follow.unpause();
    this.stream.mark('stopped');
    this.session.stop();
  }

  /** After Stop: continues where it ended. */
  startAgain() {
    if (!this.session) return;
    this.backgroundStop.begin();
    this.toEnd();
    this.session.start();
  }

  /** Holds the page still. Reading continues. */
  pause() { this.follow.pause(); }

  resume() { this.follow.resume(); }

  /** To the newest line, and on with it. */
  toEnd() { this.follow.toEnd(); }

  // --- what comes, and what is done ---------------------------------------

  /** To the first line at a moment or after it. @param {number} ms */
  #goTo(ms) {
    const { journey, linkedLines, log } = this;
    void goTo({ journey, linkedLines, log, say: (text) => this.say(text) }, ms, this.volumeStrip.zone);
  }

  /** With a range of time and no place, its first line is wanted. */
  #seekRange() {
    const { range } = this.finding;
    if (range && !this.linkedLines.sought && this.rows.follow) this.#goTo(range.from);
  }

  /** The viewing that showed the original has ended: what it showed goes with it. @param {import('./connection/session.js').Phase} phase */
  #originalOver(phase) {
    if (phase === 'stopped') {
      this.selection.clear();
      this.results.close();
      this.store.clear();
      if (this.session) this.session.place = null;
      this.drawing.all();
    } else if (phase !== 'idle' && !endsAccess(phase)) this.hideOriginal();
  }

  /** @param {import('./connection/session.js').Phase} phase @param {Record<string, any>} details @param {boolean} isOver the original is no longer shown */
  #became(phase, details, isOver) {
    if (isOver) {
      this.#originalOver(phase);
      if (this.stream.phase !== phase) return;
    }
    if (phase === 'open' && this.isPastBacklog) this.volumeStrip.start();
    if (details.encoding) write(this.parts.encoding, this.store.reading.name);
    if (details.queue && this.info) this.info.queue = details.queue;
    if (endsAccess(phase)) {
      this.selection.clear();
      if (phase === 'signedout') this.results.close();
      else this.results.loseLog();
    }
    this.drawing.all();
  }

  /** @param {import('./log/store.js').Change} change */
  #changed(change) {
    this.incoming.changed(change);
    if (change.kind === 'reread' || change.kind === 'reformatted') this.viewOptions.findHangAgain();
    this.#countErrors(change);
    if (change.kind === 'added' || change.kind === 'removed') this.volume.heard(/** @type {Line[]} */ (change.items), change.kind === 'added' ? 1 : -1);
    if (change.kind === 'added') {
      if (!this.incoming.paused && this.viewOptions.hang === null) this.viewOptions.findHang(/** @type {Line[]} */ (change.items));
      this.follow.grew();
      this.finding.grew();
      this.travel.heard(/** @type {Line[]} */ (change.items));
      this.linkedLines.seek();
    }
    this.#tellErrors();
    this.drawing.soon();
  }

  /** Counts errors that arrive while the page is hidden. @param {import('./log/store.js').Change} change */
  #countErrors({ kind, items = [] }) {
    if (!document.hidden || !this.isPastBacklog || (kind !== 'added' && kind !== 'removed')) return;
    const errors = errorsIn(items);
    this.#setErrors(this.newErrors + (kind === 'added' ? errors : -errors));
  }

  /** @param {number} count */
  #setErrors(count) {
    if (count === this.newErrors) return;
    this.newErrors = Math.max(0, count);
    this.#tellErrors();
  }

  /** Errors that arrived since the viewer last looked at the newest lines: on another page, at earlier lines, or at a paused page. */
  get missedErrors() { return Math.max(this.newErrors, this.incoming.unseenErrors, this.incoming.waitingErrors); }

  #tellErrors() {
    const told = `${this.newErrors} ${this.missedErrors}`;
    if (told === this.toldErrors) return;
    this.toldErrors = told;
    this.dispatchEvent(new CustomEvent('logtail:errors', { bubbles: true }));
  }

  /** The linked lines are here. @param {Line} item @param {import('./log/link.js').Linked} linked */
  #arrived(item, linked) {
    this.selection.clear();
    if (linked.isRead) this.rows.reveal(this.rows.shown.indexOfSeq(item.seq), 'start');
    else {
      this.cursor.item = item;
      this.finding.reveal(item);
    }
    this.follow.loaded();
    this.drawing.all();
    this.#viewed();
  }

  /** Announces it to screen readers. @param {string} text */
  say(text) { this.parts.say.textContent = text; }

  /** @param {import('./connection/requests.js').Failure} error */
  sayFailure(error) { this.say(words.failure(error)); }

  /** The viewer's settings changed, here or in another pane. */
  applySettings() {
    this.dataset.size = settings.general.size;
    this.#foldFrames(settings.general.mine);
    if (this.info) this.viewOptions.apply();
    this.ruler.schedule();
  }

  /** @param {boolean} folds */
  #foldFrames(folds) {
    const { filtered } = this;
    if (filtered.foldsFrames === folds) return;
    filtered.foldsFrames = folds;
    filtered.opened.clear();
    this.incoming.rebuild();
  }

  #wire(/** @type {AbortSignal} */ signal) {
    const on = (/** @type {EventTarget} */ target, /** @type {string} */ type, /** @type {(event: any) => void} */ run) => target.addEventListener(type, run, { signal });
    const { parts } = this;
    this.valueActions.wire(signal);
    on(this, 'click', (event) => {
      const button = event.target.closest('[data-act]');
      if (button && this.contains(button)) this.run(button.dataset.act, button);
      else if (event.target.classList?.contains('lt-gut')) this.selection.clickGutter(this.rows.itemAt(event.target), event.shiftKey);
    });
    on(this, 'keydown', (event) => this.onKey?.(event));
    for (const type of ['focusin', 'pointerdown']) on(this, type, () => this.dispatchEvent(new CustomEvent('logtail:active', { bubbles: true })));
    on(parts.query, 'input', () => this.finding.searchSoon());
    // While text is being selected, the buttons would lie over it.
    on(parts.view, 'pointerover', (event) => { if (event.pointerType !== 'touch') this.tools.show(event.buttons ? null : this.rows.itemAt(event.target)); });
    let pointer = '';
    on(parts.view, 'pointerdown', (event) => { pointer = event.pointerType; });
    on(parts.view, 'click', (event) => { if (pointer === 'touch' && !event.defaultPrevented && !event.target.closest('button, a, .lt-gut, .lt-fields')) this.tools.tap(this.rows.itemAt(event.target)); });
    on(parts.body, 'pointerleave', (event) => { if (event.pointerType !== 'touch') this.tools.hide(); });
    on(document, 'selectionchange', () => this.selection.changed());
    on(document, 'visibilitychange', () => { if (!document.hidden) this.#setErrors(0); });
    on(document, 'copy', (event) => this.selection.copy(event));
    on(document, 'logtail:settings', () => this.applySettings());
    on(window, 'online', () => this.session?.wake());
    on(window, 'offline', () => this.session?.offline());
    selectsInLinks(parts.view, signal);
    this.backgroundStop.wire(signal);
    this.selection.wire(signal);
    this.ruler.wire(signal);
    this.historyBar.wire(signal);
    this.volumeStrip.wire(signal);
  }

  /** Performs the action of a button or a key. @param {string} name @param {HTMLElement} [button] that was pressed */
  run(name, button) { this.actions.run(name, button); }

  /** The address of lines: of the log's own page, or of this one where that is not known. @param {Line[]} items in order */
  linkTo(items) { return this.log.linkTo(items); }

  /** For tests, for the page around and for a host's own scripts. */
  get info() { return this.log?.info ?? null; }
  get store() { return this.log.store; }
  get session() { return this.log?.session ?? null; }
  get lines() { return this.log?.lines ?? 0; }
  get state() { return this.dataset.state ?? 'idle'; }
}
