/** What is hidden in a log: the button beside its state, what that opens, and how to ask for the original. */

import { countedIn, nameOf } from '../log/hidden.js';
import { config, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon, reshape } from '../ui/icons.js';
import { show } from './menus.js';

/** As the server allows. */
const MOST_CHARACTERS = 200;
const MINUTES = [5, 15, 60];
/** Minutes that are chosen at first. */
const FIRST_MINUTES = 15;

/** @typedef {import('../log/open-log.js').OpenLog} OpenLog */
/** @typedef {{host: HTMLElement, log: OpenLog, showOriginal(ticket: string): void, hideOriginal(): void}} On */

/** @param {{parts: import('./pane.js').Parts, log: OpenLog}} drawn */
export function drawRedacted({ parts: { redactedButton, redactedText }, log: { stream } }) {
  // Over HTTP, that is among the details of the phase.
  redactedButton.hidden = !(stream.details.redacted ?? stream.hello?.redacted);
  const isOriginal = stream.original !== null;
  redactedButton.toggleAttribute('data-on', isOriginal);
  reshape(redactedButton, isOriginal ? 'eye' : 'lock');
  const text = words.say(isOriginal ? 'red.original' : 'red.chip');
  write(redactedText, text);
  redactedButton.setAttribute('aria-label', text);
}

/** @param {On} on @param {HTMLElement} button */
export function openRedacted(on, button) {
  const { host, log: { store, stream } } = on;
  if (host.querySelector('.lt-hides')) return;
  const isOriginal = stream.original !== null;
  const counts = countedIn(store.items.slice(store.first));
  const pop = el('div.lt-pop.lt-hides', { role: 'dialog', 'aria-label': words.say(isOriginal ? 'red.original' : 'red.chip'), 'data-kind': 'redacted' },
    el('p', {}, words.say(isOriginal ? 'red.why.shown' : 'red.why')),
    counts.length ? el('dl', {}, ...counts.map(([name, n]) => el('div', {}, el('dt', {}, nameOf(name)), el('dd', {}, words.say('red.times', { n }))))) : el('p', {}, words.say('red.nothing')));
  const act = (/** @type {'eye'|'lock'} */ shape, /** @type {string} */ key, /** @type {() => void} */ run) => el('button.lt-btn', { type: 'button', click: () => {
    pop.hidePopover();
    run();
  } }, icon(shape), el('span.lt-label', {}, words.say(key)));
  if (isOriginal) pop.append(act('lock', 'red.hide', () => on.hideOriginal()));
  else if (stream.can('original')) pop.append(act('eye', 'red.ask', () => openAsk(on)));
  // Without a connection, what the server would let them do isn't known.
  else if (stream.phase === 'open') pop.append(el('p', {}, words.say(config.recorded ? 'red.no' : 'red.unrecorded')));
  show(host, button, pop);
  const { style } = pop;
  style.left = `${Math.max(8, Math.min(innerWidth - pop.offsetWidth - 8, button.getBoundingClientRect().left))}px`;
}

/** @param {On} on */
function openAsk(on) {
  const { say } = words;
  const info = /** @type {import('../log/open-log.js').LogInfo} */ (on.log.info);
  let minutes = FIRST_MINUTES;
  const reason = /** @type {HTMLTextAreaElement} */ (el('textarea', { name: 'reason', required: true, maxlength: String(MOST_CHARACTERS), rows: '3' }));
  const times = MINUTES.map((n) => el('button', { type: 'button', 'aria-pressed': String(n === minutes), click: () => {
    minutes = n;
    times.forEach((button, i) => button.setAttribute('aria-pressed', String(MINUTES[i] === n)));
  } }, say('red.minutes', { n })));
  const trouble = el('p.lt-form-trouble', { role: 'alert', hidden: true });
  const main = /** @type {HTMLButtonElement} */ (el('button.lt-btn.lt-btn-main', {}, icon('eye'), el('span.lt-label', {}, say('red.show'))));
  const form = el('form.lt-form', { novalidate: true, submit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void send();
  } },
  el('p', {}, say('red.ask.more', { name: info.name })),
  el('label', {}, say('red.reason'), reason),
  el('div.lt-lab', {}, el('span', {}, say('red.for')), el('div.lt-seg', { role: 'group', 'aria-label': say('red.for') }, ...times)),
  el('small', {}, say('red.record', { name: config.user })),
  trouble,
  el('div.lt-acts', {}, el('button.lt-btn', { type: 'button', click: () => dialog.close() }, say('do.cancel')), main));
  const title = say('red.ask.title');
  const dialog = /** @type {HTMLDialogElement} */ (el('dialog.lt-help.lt-dialog', { 'aria-label': title, close: () => dialog.remove() },
    el('header', {}, el('h2', {}, title), el('button.lt-icon', { type: 'button', 'aria-label': say('do.close'), click: () => dialog.close() }, icon('x'))), form));

  const send = async () => {
    main.disabled = true;
    const { ticket, text } = await asked(info.ticket, { reason: reason.value, minutes: String(minutes) });
    main.disabled = false;
    if (!dialog.isConnected || on.log.info !== info) return;
    if (ticket) {
      dialog.close();
      on.showOriginal(ticket);
      return;
    }
    write(trouble, text);
    trouble.hidden = false;
    reason.focus();
  };
  on.host.append(dialog);
  dialog.showModal();
  reason.focus();
}

/** The ticket for a viewing that shows the original, or why there is none. @param {string} address @param {Record<string, string>} fields @returns {Promise<{ticket?: string, text: string}>} */
async function asked(address, fields) {
  const failed = { text: words.say('red.failed') };
  try {
    const response = await fetch(address, { method: 'POST', credentials: 'same-origin', redirect: 'manual', cache: 'no-store', headers: { Accept: 'application/json', ...config.headers() }, body: new URLSearchParams(fields) });
    const { ticket, text } = await response.json();
    return response.ok ? { ticket, text: '' } : { text: text ?? failed.text };
  } catch {
    return failed;
  }
}
