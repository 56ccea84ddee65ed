/** Shows the state of the viewing: the chip, the strip above the lines, the end of the log, and the buttons. */

import { config, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon, reshape } from '../ui/icons.js';

/** @typedef {import('./pane.js').Parts} Parts */

/**
 * What `described` puts into words.
 *
 * @param {Pick<import('./drawing.js').Drawn, 'log'|'incoming'|'linkedLines'|'viewOptions'|'backgroundStop'>} drawn
 * @returns {Omit<import('../connection/state.js').Facts, 'isCut'>}
 */
export function factsOf({ log, incoming, linkedLines, viewOptions, backgroundStop }) {
  const { info, session, stream } = log;
  return {
    phase: stream.phase, details: stream.details, server: stream.server, name: info.name, queue: info.queue ?? '',
    place: session?.place ?? null, resumes: stream.hello?.resumes !== false, lines: log.lines, backlog: config.lines, paused: incoming.paused, pausedAt: incoming.pausedAt,
    waiting: incoming.waiting, holding: session?.holding ?? false, idle: backgroundStop.ended, idleMinutes: backgroundStop.minutes,
    original: stream.original, lost: linkedLines.trouble, went: linkedLines.went, lastByteAt: stream.lastByteAt, now: Date.now(), resumed: stream.resumed, binary: stream.binary && !viewOptions.showsBinary,
  };
}

/** @param {Parts} parts @param {import('../connection/state.js').Shown} shown */
export function drawNotices(parts, shown) {
  const { tone = '', dot = '', plain = false } = config.states.page[shown.chip] ?? {};
  Object.assign(parts.chip.dataset, { state: shown.chip, tone, dot });
  write(parts.chipText, words.say(`state.${shown.chip}`));
  drawSaid(parts.notice, parts.noticeText, parts.noticeActions, shown.notice);
  if (shown.notice) {
    parts.notice.dataset.tone = shown.notice.tone ?? '';
    reshape(parts.notice, shown.notice.key === 'red.shown' ? 'eye' : shown.notice.tone === 'ok' ? 'check' : 'warn');
  }
  drawRemedy(parts, shown.notice?.remedy);
  drawSaid(parts.tail, parts.tailText, parts.tailActions, shown.tail);
  Object.assign(parts.tail.dataset, { state: shown.chip, tone: plain ? '' : tone, dot: plain ? '' : dot });
  parts.status.dataset.dim = String(!shown.moving);
  drawButtons(parts, shown);
}

/** What mends the cause, and lines to paste. @param {Parts} parts @param {import('../connection/state.js').Remedy} [remedy] */
function drawRemedy({ notice, noticeText, noticeBody }, remedy) {
  const { id = '', text = '', paste = '' } = remedy ?? {};
  const key = `${id} ${text} ${paste}`;
  if (notice.dataset.remedy === key) return;
  notice.dataset.remedy = key;
  notice.dataset.cause = id;
  const parts = [noticeText];
  if (remedy) parts.push(el('p', {}, text, ' ', el('code', {}, id)));
  if (paste) parts.push(el('div.lt-paste', {}, el('pre', { tabindex: '0' }, paste), copyButton()));
  noticeBody.replaceChildren(...parts);
}

function copyButton() {
  const label = words.say('sel.copy');
  return el('button.lt-btn', { type: 'button', 'data-act': 'copypaste', 'aria-label': label }, icon('copy'), el('span.lt-label', {}, label));
}

/** @param {Parts} parts @param {import('../connection/state.js').Shown} shown */
function drawButtons({ pauseButton, stopButton }, shown) {
  pauseButton.hidden = !shown.button;
  if (shown.button) {
    const label = words.say(`do.${shown.button}`);
    reshape(pauseButton, shown.button === 'pause' ? 'pause' : 'play');
    write(/** @type {Element} */ (pauseButton.querySelector('.lt-label')), label);
    pauseButton.setAttribute('aria-label', label);
  }
  stopButton.hidden = !shown.stoppable;
}

/** @param {HTMLElement} box @param {HTMLElement} text @param {HTMLElement} actions @param {import('../connection/state.js').Said|null} said */
function drawSaid(box, text, actions, said) {
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
