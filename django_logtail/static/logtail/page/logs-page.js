/** The page around the panes: the list of logs, the panes side by side, the address, the tab, the theme. */

import { config, settings, words } from '../ui/config.js';
import '../define.js';
import { el } from '../ui/dom.js';
import { Refused, refusalOf } from '../connection/http-answers.js';
import { MOST_PANES, fragmentOfPanes, isCut, panesOf } from '../log/view.js';
import { openHelp } from '../pane/keys.js';
import { Address } from './address.js';
import { Divider } from './divider.js';
import { FoundFiles } from './found-files.js';
import { List } from './list.js';
import { openSaveView } from './save-view.js';
import { Tab } from './tab.js';
import { watchTips } from '../ui/tips.js';

const REFRESH_MS = 5_000;
/** While files that match a pattern may come and go: a reader takes a moment to find them. */
const REFRESH_PATTERNS_MS = 2_000;
/** Pixels of a pane, below which the list makes room for it. */
const NARROW_PANE = 340;
const phone = matchMedia('(max-width: 640px)');

/** @typedef {import('../log-tail.js').LogTail} Pane */
/** @typedef {import('./list.js').Log} Log */
/** @typedef {import('./list.js').SavedView} SavedView */

/** Whether an element of the page is named, as by the skip link. @param {string} hash */
const isPartOfPage = (hash) => document.getElementById(hash.slice(1)) !== null;

class Page {
  constructor() {
    this.host = /** @type {HTMLElement} */ (document.getElementById('lt-main'));
    /** From left to right. @type {Pane[]} */
    this.panes = [];
    /** Between them. @type {Divider[]} */
    this.dividers = [];
    this.list = new List(/** @type {HTMLElement} */ (document.getElementById('lt-side')), {
      open: (log, beside) => this.open(log, beside), help: () => openHelp(document.body), theme: () => this.nextTheme(), side: () => this.toggleSide(),
      openView: (log, view) => this.openView(log, view), openFile: (log, file) => this.openFile(log, file),
      askForFiles: (log) => { for (const pane of this.panes) if (pane.info?.slug === log.slug) void this.askForFiles(pane); },
      editView: (log, view) => this.saveView(log, view),
    });
    this.tab = new Tab(document);
    /** Whether the address leaves out something that is on the page. */
    this.isCut = false;
    /** @type {Log[]} */
    this.logs = config.logs;
    /** The patterns whose members are in the list. @type {import('./list.js').Pattern[]} */
    this.patterns = config.patterns;
    this.scrim = el('div.lt-scrim', { hidden: true, click: () => this.toggleSide(false) });
    document.body.append(this.scrim);
    this.host.replaceChildren();
    this.applySettings();
    this.address = new Address(() => this.#where(), {
      history, location, now: () => performance.now(), setTimeout: setTimeout.bind(window), clearTimeout: clearTimeout.bind(window), ran: () => this.#ran(),
      written: () => this.drawList(),
    });
    this.arrange();
    this.wire();
    this.draw();
    watchTips(document);
  }

  get active() { return this.activePane ?? this.panes[0]; }

  wire() {
    this.host.addEventListener('logtail:active', (event) => this.activate(/** @type {Pane} */ (event.target)));
    this.host.addEventListener('logtail:act', (event) => this.act(/** @type {CustomEvent} */ (event).detail.act, /** @type {Pane} */ (event.target), /** @type {CustomEvent} */ (event).detail));
    this.host.addEventListener('logtail:view', () => this.address.changed());
    for (const type of ['logtail:state', 'logtail:errors']) this.host.addEventListener(type, () => this.drawTab());
    this.host.addEventListener('logtail:errors', () => this.drawList());
    this.host.addEventListener('logtail:state', (event) => void this.askForFiles(/** @type {Pane} */ (event.target)));
    document.addEventListener('logtail:settings', () => this.applySettings());
    document.addEventListener('keydown', (event) => this.key(event));
    addEventListener('popstate', () => {
      this.address.forget();
      const shown = this.panes.find((pane) => pane.info)?.info.page;
      const isHere = shown && new URL(shown, location.href).pathname === location.pathname;
      if (!isHere || !isPartOfPage(location.hash)) this.arrange();
    });
    addEventListener('pagehide', () => this.address.flush());
    this.refreshLater();
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.address.flush();
      void this.refresh();
    });
  }

  /** @param {string} act @param {Pane} pane @param {any} [details] */
  act(act, pane, details) {
    if (act === 'split') this.split();
    else if (act === 'closepane') this.close(pane);
    else if (act === 'side') this.toggleSide();
    else if (act === 'saveview') this.saveView(pane.info);
    else if (act === 'openhit') this.openHit(pane, details);
    else if (act === 'live') this.address.changed();
    else if (act === 'do.choose') {
      if (phone.matches || document.body.classList.contains('lt-noside')) this.toggleSide(true);
      this.list.focus();
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.defaultPrevented || target.closest?.('input, textarea, select, dialog, [popover]')) return;
    const single = settings.general.keys && !event.ctrlKey && !event.metaKey && !event.altKey;
    const run = single && {
      o: () => this.act('do.choose', this.active), b: () => this.toggleSide(), '\\': () => this.split(), '?': () => openHelp(document.body),
      '[': () => this.step(-1), ']': () => this.step(1),
    }[event.key];
    if (run) {
      event.preventDefault();
      run();
    } else if (!target.closest?.('log-tail, .lt-side') && this.active?.info) {
      // A key pressed outside the panes goes to the one that was used last.
      const { key, code, shiftKey, ctrlKey, metaKey, altKey } = event;
      if (!this.active.dispatchEvent(new KeyboardEvent('keydown', { key, code, shiftKey, ctrlKey, metaKey, altKey, cancelable: true }))) event.preventDefault();
    }
  }

  /** @param {number} step */
  step(step) {
    const order = this.list.order;
    const at = order.findIndex((log) => log.slug === this.active.info?.slug);
    const next = order[(at + step + order.length) % order.length];
    if (next) this.open(next);
  }

  // --- the address -----------------------------------------------------------

  /** The address of the page as it is now. */
  #where() {
    const panes = this.panes.filter((pane) => pane.info);
    if (!panes.length) return location.href;
    const several = panes.length > 1;
    const widths = this.#widths(panes);
    const views = panes.map((pane, i) => ({
      ...pane.view, log: pane.info.slug, width: several ? widths[i] : null, active: several && i > 0 && pane === this.active,
    }));
    const fragment = fragmentOfPanes(views, { isPlainSaid: panes[0].isRememberedOtherwise });
    this.isCut = isCut(views);
    for (const pane of this.panes) pane.drawing.cut(this.isCut && pane === this.active);
    const address = new URL(panes[0].info.page, location.href);
    if (address.pathname === location.pathname) address.search = location.search;
    if (fragment) address.hash = fragment;
    else if (address.pathname === location.pathname && isPartOfPage(location.hash)) address.hash = location.hash;
    return address.href;
  }

  /** Whether the viewer has run every expression on the page, so that a reload need not ask again. */
  #ran() {
    return this.panes.some(({ finding }) => finding.wanted.expressions) && this.panes.every(({ finding }) => !finding.asks);
  }

  /** Shows what the address says, as far as the viewer has access to its logs. */
  arrange() {
    const [first, ...others] = panesOf(location.hash);
    // Of a single log there is nothing to choose.
    const found = this.logs.find((log) => new URL(log.page, location.href).pathname === location.pathname) ?? (this.logs.length === 1 ? this.logs[0] : undefined);
    const wanted = [{ log: found, view: first ?? null }, ...others.map((view) => ({ log: this.#called(view.log), view }))].filter(({ log }) => log);
    if (phone.matches) wanted.splice(1);
    const isOwn = history.state?.ran === true;
    while (this.panes.length > Math.max(1, wanted.length)) this.#remove(this.panes[this.panes.length - 1]);
    while (this.panes.length < Math.max(1, wanted.length)) this.addPane();
    const isSized = wanted.some(({ view }) => view?.width);
    wanted.forEach(({ log, view }, i) => {
      const pane = this.panes[i];
      pane.style.flexGrow = isSized ? String(view?.width ?? 100 / wanted.length) : '';
      if (pane.info?.slug !== log.slug) pane.open(log, view, isOwn);
      else if (!view || fragmentOfPanes([{ ...view, log: '', width: null, active: false }]) !== fragmentOfPanes([{ ...pane.view, log: '', width: null, active: false }])) pane.arrange(view, isOwn);
    });
    this.activePane = this.panes[Math.max(0, wanted.findIndex(({ view }) => view?.active))];
    this.drawPanes();
    this.files?.remove();
    if (!wanted.length) this.choose();
    this.draw();
    this.address.changed();
  }

  /** @param {string} slug @returns {Log|undefined} */
  #called(slug) { return this.logs.find((log) => log.slug === slug); }

  /** @param {Log} log @param {boolean} [beside] in a pane of its own */
  open(log, beside = false) {
    this.toggleSide(false, true);
    this.address.opened(() => {
      if (beside && this.panes.length < MOST_PANES && !phone.matches) this.split(log);
      else this.show(log);
    });
  }

  /** Shows a saved view, in all panes. @param {Log} log @param {SavedView} view */
  openView(log, view) {
    this.toggleSide(false, true);
    this.address.flush();
    const address = new URL(log.page, location.href);
    address.hash = view.fragment || 'view=1';
    // An expression in the viewer's own view runs without asking.
    if (address.href !== location.href) history.pushState(view.mine ? { ran: true } : null, '', address);
    this.arrange();
    this.active.parts.view.focus({ preventScroll: true });
  }

  /** Asks for the name of the present view, or changes a saved one. @param {{slug: string}|null} log @param {SavedView} [view] */
  saveView(log, view) {
    const known = log && this.#called(log.slug);
    if (!known) return;
    const { hash } = new URL(this.#where());
    openSaveView(known, { fragment: hash.slice(1), isCut: this.isCut, panes: this.panes.filter((pane) => pane.info).length, view }, () => this.refresh());
  }

  /** Nothing is shown, until one is picked. */
  choose() {
    this.active.choose(this.logs.length ? 'choose' : 'none');
    if (!this.logs.length) this.#offerFiles();
    // On a phone the list is not in sight by itself.
    if (this.logs.length) this.toggleSide(true, true);
    this.draw();
  }

  /** Where there is no log yet, those who may add some choose among the files that are there. */
  #offerFiles() {
    const { found, 'add-found': add } = config.urls;
    if (!found) return;
    const files = new FoundFiles({ found, add, words, headers: config.headers(), fetch: fetch.bind(window), added: ({ page }) => location.assign(page) });
    this.active.parts.empty.parentElement?.append(files.element);
    this.files = files.element;
    void files.load();
  }

  /** @param {Log} log */
  show(log) {
    this.active.open(log);
    this.active.parts.view.focus({ preventScroll: true });
    this.draw();
  }

  // --- panes -----------------------------------------------------------------

  /** @param {Log} [log] */
  split(log) {
    if (this.panes.length >= MOST_PANES || phone.matches) return;
    const pane = this.addPane();
    if (log) pane.open(log, null);
    else {
      pane.choose();
      this.act('do.choose', pane);
    }
    this.draw();
    // Narrow panes take over the space of the list; this is not remembered.
    if (this.panes.some((one) => one.offsetWidth < NARROW_PANE)) document.body.classList.add('lt-noside');
  }

  addPane() {
    const pane = /** @type {Pane} */ (document.createElement('log-tail'));
    this.even();
    pane.logsHere = () => this.logs;
    this.host.append(pane);
    pane.parts.saveView.hidden = false;
    this.panes.push(pane);
    this.activePane = pane;
    this.drawPanes();
    return pane;
  }

  /** @param {Pane} pane */
  close(pane) {
    if (this.panes.length < 2) return;
    this.address.opened(() => {
      this.#remove(pane);
      this.activePane = this.panes[0];
      this.drawPanes();
      this.draw();
    });
  }

  /** @param {Pane} pane */
  #remove(pane) {
    this.panes.splice(this.panes.indexOf(pane), 1);
    pane.remove();
  }

  /** Makes all panes equally wide. */
  even() {
    for (const pane of this.panes) pane.style.flexGrow = '';
    this.#drawDividers();
  }

  /** The widths in percent; each null if all are equal. @param {Pane[]} panes @returns {(number|null)[]} */
  #widths(panes) {
    const grows = panes.map((pane) => Number(pane.style.flexGrow || 1));
    const all = grows.reduce((sum, grow) => sum + grow, 0);
    const widths = grows.map((grow) => Math.min(99, Math.max(1, Math.round(100 * grow / all))));
    return Math.max(...widths) - Math.min(...widths) <= 1 ? widths.map(() => null) : widths;
  }

  drawPanes() {
    const several = this.panes.length > 1;
    this.host.dataset.n = String(this.panes.length);
    for (const pane of this.panes) {
      pane.parts.closeButton.hidden = !several;
      pane.parts.splitButton.hidden = this.panes.length >= MOST_PANES;
      pane.classList.toggle('lt-active', several && pane === this.active);
    }
    this.#arrangeDividers();
  }

  #arrangeDividers() {
    const { panes } = this;
    if (this.dividers.length === Math.max(0, panes.length - 1) && this.dividers.every(({ before, after }, i) => before === panes[i] && after === panes[i + 1])) return this.#drawDividers();
    for (const { element } of this.dividers) element.remove();
    this.dividers = panes.slice(1).map((after, i) => new Divider(panes[i], after, {
      begins: () => {
        const widths = this.panes.map((pane) => pane.offsetWidth);
        this.panes.forEach((pane, at) => { pane.style.flexGrow = String(widths[at]); });
      },
      moved: () => {
        this.#drawDividers();
        this.address.changed();
      },
      evens: () => {
        this.even();
        this.address.changed();
      },
    }));
    for (const { element, after } of this.dividers) after.before(element);
    return undefined;
  }

  #drawDividers() {
    for (const divider of this.dividers) divider.draw();
  }

  /** @param {Pane} pane */
  activate(pane) {
    if (pane === this.activePane || !this.panes.includes(pane)) return;
    this.activePane = pane;
    this.drawPanes();
    this.draw();
    this.address.changed();
  }

  // --- the list, the tab, the theme --------------------------------------------

  draw() {
    this.drawList();
    this.drawTab();
  }

  drawList() {
    const { info } = this.active ?? {};
    // A view is named by the log of the address, and that one is in the first pane.
    const isFirst = this.panes.find((pane) => pane.info) === this.active;
    /** @type {Map<string, number>} */
    const errors = new Map();
    for (const pane of this.panes) if (pane.info) errors.set(pane.info.slug, Math.max(errors.get(pane.info.slug) ?? 0, pane.missedErrors));
    this.list.draw(this.logs, info?.slug ?? null, isFirst ? location.hash.slice(1) : '', errors);
  }

  drawTab() {
    const { info, state } = this.active ?? {};
    this.tab.draw({ name: info?.name ?? '', state: info ? state : '', errors: this.panes.reduce((sum, pane) => sum + pane.newErrors, 0) });
  }

  /** Has the list show the older files of a log that is live. @param {Pane} pane */
  async askForFiles(pane) {
    const { log, info, state } = pane;
    if (state !== 'live' || !info || !log.stream.can('files')) return;
    try {
      const { files, more } = await log.session.files();
      this.list.showFiles(info.slug, files, more);
    } catch { /* the pane says why there is no answer */ }
  }

  /** The beginning of an older file, in the pane of its log. @param {Log} log @param {string} file */
  openFile(log, file) {
    const shown = this.panes.find((pane) => pane.info?.slug === log.slug);
    if (shown) this.activate(shown);
    else this.open(log);
    this.active.linkedLines.show({ file, start: 0, end: 0, sum: '' });
    if (phone.matches) this.toggleSide(false);
  }

  /** A hit of a search of several logs: its log, in the pane with the results or beside it, at the hit. @param {Pane} pane @param {{slug: string, place: import('../log/link.js').Linked, isBeside: boolean}} hit */
  openHit(pane, { slug, place, isBeside }) {
    const log = this.#called(slug);
    if (!log) return;
    this.address.opened(() => {
      const other = isBeside ? this.panes.find((one) => one !== pane && one.info?.slug === slug) : pane;
      this.activate(other ?? pane);
      if (!other && this.panes.length < MOST_PANES && !phone.matches) this.split(log);
      const { active } = this;
      if (active === pane) pane.finding.goAlong(slug);
      if (active.info?.slug !== slug) active.open(log);
      active.linkedLines.show(place);
      this.draw();
    });
  }

  refreshLater() {
    setTimeout(() => void this.refresh().finally(() => this.refreshLater()), this.patterns.length ? REFRESH_PATTERNS_MS : REFRESH_MS);
  }

  async refresh() {
    if (document.hidden || !config.urls.logs) return;
    try {
      const response = await fetch(config.urls.logs, { headers: { Accept: 'application/json' }, credentials: 'same-origin', redirect: 'manual' });
      if (!response.ok) return await this.#refused(response);
      const wasEmpty = !this.logs.length;
      ({ logs: this.logs, patterns: this.patterns = [] } = await response.json());
      this.list.patterns = this.patterns;
      for (const pane of this.panes) pane.results.keep(this.logs);
      if (wasEmpty && this.logs.length && !this.active.info) this.arrange();
      else this.draw();
    } catch { /* the panes say that the network is gone */ }
  }

  /** After signing out, no pane shows lines or logs, whether connected or not. @param {Response} response */
  async #refused(response) {
    const refused = await refusalOf(response);
    if (!(refused instanceof Refused) || refused.phase !== 'signedout') return;
    for (const { session } of this.panes) if (session && session.phase !== 'signedout') session.refuse(refused);
    this.logs = [];
    for (const pane of this.panes) pane.results.close();
    this.draw();
  }

  /** @param {boolean} [open] @param {boolean} [sheetOnly] */
  toggleSide(open, sheetOnly = false) {
    const { classList } = document.body;
    if (phone.matches) {
      classList.toggle('lt-sideopen', open ?? !classList.contains('lt-sideopen'));
      this.scrim.hidden = !classList.contains('lt-sideopen');
    } else if (!sheetOnly) {
      classList.toggle('lt-noside', open === undefined ? !classList.contains('lt-noside') : !open);
      settings.saveGeneral({ side: !classList.contains('lt-noside') });
    }
  }

  nextTheme() {
    const order = /** @type {const} */ (['auto', 'light', 'dark']);
    settings.saveGeneral({ theme: order[(order.indexOf(settings.general.theme) + 1) % 3] });
    this.applySettings();
  }

  applySettings() {
    const { documentElement: root, body } = document;
    root.dataset.theme = settings.general.theme;
    body.classList.toggle('lt-noside', !settings.general.side);
  }
}

/** For tests: the parts of the page. */
export const page = new Page();
