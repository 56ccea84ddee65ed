/** The box "Go to a time": shows how it understands what you type, and goes there. */

import { typedTime } from '../find/typed-time.js';
import { clockIn, knownZone, momentIn } from '../formats/time-zone.js';
import { config, words } from '../ui/config.js';
import { el } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { show } from './menus.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** @typedef {Pick<import('./actions.js').Acted, 'host'|'log'|'follow'|'journey'|'linkedLines'|'nextOfLevel'|'say'>} On */

/** @param {On} on @param {HTMLElement} button */
export function openGoToTime(on, button) {
  const { host, log: { stream } } = on;
  if (host.querySelector('.lt-goto') || !stream.can('time')) return;
  const zone = knownZone(stream.hello?.zone);
  const from = /** @type {HTMLElement|null} */ (document.activeElement);
  const label = { 'aria-label': words.say('go.title') };
  const field = /** @type {HTMLInputElement} */ (el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off', placeholder: words.say('go.place'), ...label }));
  const meant = el('div.lt-goto-is', { role: 'status' });
  const pop = el('div.lt-pop.lt-goto', { role: 'dialog', 'data-kind': 'goto', ...label }, el('div.lt-field', {}, icon('clock'), field, el('kbd.lt-kbd', { 'aria-hidden': 'true' }, 'Enter')), meant);
  const draw = () => {
    const ms = field.value.trim() ? typedTime(field.value, Date.now(), zone) : Date.now();
    meant.toggleAttribute('data-bad', ms === null);
    meant.replaceChildren(...(ms === null ? [words.say('go.unread')] : [inFull(ms, zone), el('span', {}, zone)]));
  };
  const leave = () => {
    pop.hidePopover();
    // At once, and not with its event: the next key may open it again.
    pop.remove();
    from?.focus();
  };
  const item = (/** @type {string} */ key, /** @type {string} */ beside, /** @type {() => unknown} */ go) => el('button.lt-item', { type: 'button', click: () => {
    leave();
    void go();
  } }, el('span', {}, words.say(key)), el('span', {}, beside));
  const now = Date.now();
  const here = clockIn(now, zone);
  for (const [key, at] of /** @type {[string, number][]} */ ([['go.min', now - 10 * MINUTE], ['go.hour', now - 60 * MINUTE], ['go.midnight', momentIn(here - (here % DAY), zone)]])) {
    pop.append(item(key, inFull(at, zone, true), () => goTo(on, at, zone)));
  }
  if (stream.can('heads')) pop.append(item('go.error', 'E', () => on.nextOfLevel.to('E', -1)));
  pop.append(el('hr'));
  if (stream.can('files')) pop.append(item('go.first', 'g g', () => toFirst(on)));
  pop.append(item('go.end', 'End', () => on.follow.toEnd()));
  field.addEventListener('input', draw);
  pop.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopImmediatePropagation();
      leave();
    } else if (event.key === 'Enter' && event.target === field && !event.isComposing) {
      event.preventDefault();
      const ms = typedTime(field.value, Date.now(), zone);
      if (ms === null) return;
      leave();
      void goTo(on, ms, zone);
    }
  });
  draw();
  show(host, button, pop);
}

/** @param {Pick<On, 'journey'|'log'|'linkedLines'|'say'>} on @param {number} at milliseconds @param {string} zone */
export async function goTo({ journey, log, linkedLines, say }, at, zone) {
  const { session, store } = log;
  const time = inFull(at, zone);
  say(words.say('go.searching', { time }));
  try {
    const reached = await journey.go('go.searching', { time }, (hear) => session.time(Math.max(0, Math.round(at)), hear));
    if (!reached || log.store !== store) return;
    const { result, file, offset, ms } = reached;
    const went = { result, time: inFull(result === 'found' ? at : ms ?? at, zone) };
    if (file === undefined || offset === undefined) linkedLines.tell(went);
    else linkedLines.show({ file, start: offset, end: offset, sum: '' }, went);
  } catch (error) {
    if (log.store !== store) return;
    const reason = words.failure(/** @type {any} */ (error));
    journey.tell('go.failed', { time, reason });
    say(words.say('go.failed', { time, reason }));
  }
}

/** @param {On} on */
async function toFirst({ log, linkedLines, say }) {
  const { session, store } = log;
  try {
    const { files } = await session.files();
    // The size of a compressed file may be unknown.
    const file = files.find((one) => one.file && one.size !== 0)?.file;
    if (log.store === store && file) linkedLines.show({ file, start: 0, end: 0, sum: '' });
  } catch (error) {
    if (log.store === store) say(words.failure(/** @type {any} */ (error)));
  }
}

/** @param {number} ms @param {string} zone @param {boolean} [isBrief] only the clock */
function inFull(ms, zone, isBrief = false) {
  const day = /** @type {Intl.DateTimeFormatOptions} */ (isBrief ? {} : { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', second: '2-digit' });
  return new Intl.DateTimeFormat(config.language, { timeZone: zone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit', ...day }).format(ms);
}
