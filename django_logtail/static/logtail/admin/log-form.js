/**
 * The admin's form for a log: completes its path, shows the file's last lines as they would be read, and hides what
 * does not matter. Without it, all fields are there and work.
 *
 * What it shows comes from the host of the chosen queue, by way of the server, and changes with the fields, unsaved.
 */

import { given } from '../formats/given.js';
import { el, write } from '../ui/dom.js';
import { draw, storeOf } from './format-preview.js';

const PAUSE_MS = 400;
const AGAIN_MS = 1000;

/** @typedef {import('./format-preview.js').Words} Words */

/** @param {string} name */
const field = (name) => /** @type {HTMLInputElement|null} */ (document.getElementById(`id_${name}`));
/** @param {string} name */
const valueOf = (name) => field(name)?.value.trim() ?? '';

/** Runs `act` once nothing has called for it for a moment. @param {() => void} act */
function calm(act) {
  let late = 0;
  return (pause = PAUSE_MS) => {
    clearTimeout(late);
    late = window.setTimeout(act, pause);
  };
}

/** Puts something at the end of a field's row, over its whole width. @param {string} name @param {HTMLElement} what */
function below(name, what) {
  const row = document.querySelector(`.form-row.field-${name}`);
  if (row) row.append(what);
  else field(name)?.insertAdjacentElement('afterend', what);
  return what;
}

const saying = () => el('p.help.lt-proof', { 'aria-live': 'polite' });

class Host {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
    /** @type {AbortController|null} */
    this.running = null;
  }

  /** The answer; null if it failed, undefined if a later question has replaced this one. @param {Record<string, string>} question @param {() => void} again */
  async ask(question, again) {
    this.running?.abort();
    const mine = this.running = new AbortController();
    try {
      const answer = await fetch(`${this.url}?${new URLSearchParams({ queue: valueOf('queue'), ...question })}`, { credentials: 'same-origin', signal: mine.signal });
      if (answer.status === 429) again();
      return answer.ok ? await answer.json() : answer.status === 429 ? undefined : null;
    } catch {
      return mine.signal.aborted ? undefined : null;
    }
  }
}

/** Completes the path as it is typed. @param {string} url */
function suggest(url) {
  const path = field('path');
  const list = document.getElementById('id_path_names');
  if (!path || !list) return;
  const host = new Host(url);
  const look = calm(async () => {
    const found = await host.ask({ ask: 'suggest', prefix: valueOf('path') }, () => look(AGAIN_MS));
    if (found) list.replaceChildren(...found.paths.map((/** @type {string} */ value) => el('option', { value })));
  });
  path.addEventListener('focus', () => look(0), { once: true });
  path.addEventListener('input', () => look());
}

/** @param {HTMLElement} place @param {Words} words */
function preview(place, words) {
  const host = new Host(place.dataset.host ?? '');
  const [ofPath, ofEncoding] = [below('path', saying()), below('encoding', saying())];
  below('format', place);
  let store = storeOf([]);
  const say = (/** @type {string} */ text) => place.replaceChildren(...(text ? [el('p.help', {}, text)] : []));
  const show = async () => {
    if (!store.lines) return;
    const typed = valueOf('format');
    const formats = typed ? await given(typed) : null;
    if (typed !== valueOf('format')) return;
    if (typed && !formats) say(words.bad);
    else draw(place, store, words, formats);
  };
  const look = calm(async () => {
    const path = valueOf('path');
    const found = !path || path.endsWith('/') ? { lines: [], path: '', encoding: '' } : await host.ask({ ask: 'preview', path, encoding: valueOf('encoding'), follow: valueOf('follow') }, () => look(AGAIN_MS));
    if (found === undefined) return;
    store = storeOf(found?.lines ?? []);
    write(ofPath, found?.path ?? '');
    write(ofEncoding, found?.encoding ?? '');
    if (found?.detected) ofEncoding.append(' ', use(found.detected, words.use.replace('{encoding}', found.name)));
    if (store.lines) await show();
    else say(found === null ? words.failed : found.path && found.encoding ? words.nothing : '');
  });
  /** @param {string} encoding @param {string} text */
  const use = (encoding, text) => el('button.lt-use', { type: 'button', click: () => {
    const chosen = field('encoding');
    if (chosen) chosen.value = encoding;
    look(0);
  } }, text);
  for (const name of ['path', 'follow', 'queue', 'encoding']) field(name)?.addEventListener('input', () => look());
  const redraw = calm(() => void show());
  field('format')?.addEventListener('input', () => redraw());
  look(0);
}

/** Shows groups and users only where they matter. */
function who() {
  const access = field('access');
  const rows = document.querySelectorAll('.field-groups, .field-users');
  const show = () => rows.forEach((row) => row.toggleAttribute('hidden', access?.value !== 'chosen'));
  if (!access) return;
  access.addEventListener('change', show);
  show();
}

for (const found of document.querySelectorAll('.lt-format-preview')) {
  const place = /** @type {HTMLElement} */ (found);
  suggest(place.dataset.host ?? '');
  preview(place, JSON.parse(place.dataset.words ?? '{}'));
  who();
}
