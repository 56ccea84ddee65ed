/** The page around the panes: the list of logs, the panes side by side, the address, the theme. */

import { config, settings, words } from '../ui/config.js';
import '../define.js';
import { el } from '../ui/dom.js';
import { Refused, refusalOf } from '../connection/http-answers.js';
import { openHelp } from '../pane/keys.js';
import { List } from './list.js';
import { watchTips } from '../ui/tips.js';

const MOST_PANES = 3;
const REFRESH_MS = 5_000;
const phone = matchMedia('(max-width: 640px)');

/** @typedef {import('../log-tail.js').LogTail} Pane */

class Page {
  constructor() {
    this.host = /** @type {HTMLElement} */ (document.getElementById('lt-main'));
    /** @type {Pane[]} */
    this.panes = [];
    this.list = new List(/** @type {HTMLElement} */ (document.getElementById('lt-side')), {
      open: (log, beside) => this.open(log, beside), help: () => openHelp(document.body), theme: () => this.nextTheme(), side: () => this.toggleSide(),
    });
    this.logs = config.logs;
    this.scrim = el('div.lt-scrim', { hidden: true, click: () => this.toggleSide(false) });
    document.body.append(this.scrim);
    this.host.replaceChildren();
    this.applySettings();
    this.addPane();
    const chosen = this.logs.find((/** @type {any} */ log) => log.slug === config.chosen);
    if (chosen) this.panes[0].open(chosen, location.hash);
    else this.choose();
    this.wire();
    this.draw();
    watchTips(document);
  }

  get active() { return this.activePane ?? this.panes[0]; }

  wire() {
    this.host.addEventListener('logtail:active', (event) => this.activate(/** @type {Pane} */ (event.target)));
    this.host.addEventListener('logtail:act', (event) => this.act(/** @type {CustomEvent} */ (event).detail.act, /** @type {Pane} */ (event.target)));
    document.addEventListener('logtail:settings', () => this.applySettings());
    document.addEventListener('keydown', (event) => this.key(event));
    addEventListener('popstate', () => {
      const log = this.logs.find((/** @type {any} */ one) => new URL(one.page, location.href).pathname === location.pathname);
      if (!log) this.choose();
      else if (log.slug !== this.active.info?.slug) this.show(log, location.hash);
    });
    addEventListener('hashchange', () => this.active.show(location.hash));
    setInterval(() => this.refresh(), REFRESH_MS);
    document.addEventListener('visibilitychange', () => this.refresh());
  }

  /** @param {string} act @param {Pane} pane */
  act(act, pane) {
    if (act === 'split') this.split();
    else if (act === 'closepane') this.close(pane);
    else if (act === 'side') this.toggleSide();
    // The address does not lead to lines that are not shown any more.
    else if (act === 'live' && pane === this.active && location.hash) history.replaceState(null, '', location.pathname + location.search);
    else if (act === 'do.choose') {
      if (phone.matches || document.body.classList.contains('lt-noside')) this.toggleSide(true);
      this.list.focus();
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {Element} */ (event.target);
    if (event.defaultPrevented || target.closest?.('input, textarea, select, dialog, [popover]')) return;
    const single = settings.reader.keys && !event.ctrlKey && !event.metaKey && !event.altKey;
    const run = single && {
      o: () => this.act('do.choose', this.active), b: () => this.toggleSide(), '\\': () => this.split(), '?': () => openHelp(document.body),
      '[': () => this.step(-1), ']': () => this.step(1),
    }[event.key];
    if (run) {
      event.preventDefault();
      run();
    } else if (!target.closest?.('log-tail, .lt-side') && this.active?.info) {
      // A key pressed beside the panes is meant for the one that was used last.
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

  /** @param {any} log @param {boolean} [beside] in a pane of its own */
  open(log, beside = false) {
    this.toggleSide(false, true);
    if (beside && this.panes.length < MOST_PANES && !phone.matches) this.split(log);
    else {
      if (location.pathname !== new URL(log.page, location.href).pathname) history.pushState(null, '', log.page);
      this.show(log);
    }
  }

  /** Nothing is shown, until one is picked. */
  choose() {
    this.active.choose(this.logs.length ? 'choose' : 'none');
    // On a phone the list is not in sight by itself.
    if (this.logs.length) this.toggleSide(true, true);
    this.draw();
  }

  /** @param {any} log @param {string} [place] */
  show(log, place = '') {
    this.active.open(log, place);
    this.active.parts.view.focus({ preventScroll: true });
    this.draw();
  }

  /** @param {any} [log] */
  split(log) {
    if (this.panes.length >= MOST_PANES || phone.matches) return;
    const pane = this.addPane();
    this.activate(pane);
    if (log) pane.open(log);
    else {
      pane.choose();
      this.act('do.choose', pane);
    }
    this.draw();
  }

  addPane() {
    const pane = /** @type {Pane} */ (document.createElement('log-tail'));
    this.host.append(pane);
    this.panes.push(pane);
    this.activePane = pane;
    this.drawPanes();
    return pane;
  }

  /** @param {Pane} pane */
  close(pane) {
    if (this.panes.length < 2) return;
    this.panes.splice(this.panes.indexOf(pane), 1);
    pane.remove();
    this.activePane = this.panes[0];
    this.drawPanes();
    this.draw();
  }

  drawPanes() {
    const several = this.panes.length > 1;
    this.host.dataset.n = String(this.panes.length);
    for (const pane of this.panes) {
      pane.parts.closeButton.hidden = !several;
      pane.parts.splitButton.hidden = this.panes.length >= MOST_PANES;
      pane.classList.toggle('lt-active', several && pane === this.active);
    }
  }

  /** @param {Pane} pane */
  activate(pane) {
    if (pane === this.activePane || !this.panes.includes(pane)) return;
    this.activePane = pane;
    this.drawPanes();
    this.draw();
    if (pane.info) history.replaceState(null, '', pane.info.page);
  }

  draw() {
    const slug = this.active?.info?.slug ?? null;
    this.list.draw(this.logs, slug);
    document.title = this.active?.info ? `${this.active.info.name} · ${words.say('app.title')}` : words.say('app.title');
  }

  async refresh() {
    if (document.hidden || !config.urls.logs) return;
    try {
      const response = await fetch(config.urls.logs, { headers: { Accept: 'application/json' }, credentials: 'same-origin', redirect: 'manual' });
      if (!response.ok) return await this.#refused(response);
      this.logs = (await response.json()).logs;
      this.draw();
    } catch { /* the panes say that the network is gone */ }
  }

  /** Who is signed out sees no lines and no logs, of panes that are connected to nothing as well. @param {Response} response */
  async #refused(response) {
    const refused = await refusalOf(response);
    if (!(refused instanceof Refused) || refused.phase !== 'signedout') return;
    for (const { session } of this.panes) if (session && session.phase !== 'signedout') session.refuse(refused);
    this.logs = [];
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
      settings.saveReader({ side: !classList.contains('lt-noside') });
    }
  }

  nextTheme() {
    const order = /** @type {const} */ (['auto', 'light', 'dark']);
    settings.saveReader({ theme: order[(order.indexOf(settings.reader.theme) + 1) % 3] });
    this.applySettings();
  }

  applySettings() {
    const { documentElement: root, body } = document;
    root.dataset.theme = settings.reader.theme;
    body.classList.toggle('lt-noside', !settings.reader.side);
  }
}

/** For tests: what the page is made of. */
export const page = new Page();
