/** The status bar: how fast lines come, what is loaded, the size of the file, and how lines are shown. */

import { words } from '../ui/config.js';
import { write } from '../ui/dom.js';
import { FAST_LINES } from '../rows/pace.js';

/** @param {import('../log-tail.js').LogTail} tail */
export function drawStatus(tail) {
  const { parts, look } = tail;
  const bytes = tail.fileSize;
  const place = tail.session?.place;
  write(parts.loaded, words.say('status.loaded', { n: tail.lines }));
  write(parts.format, tail.store.outline.formats?.names[0] ?? '');
  write(parts.size, Number.isFinite(bytes) ? words.size(bytes) : '');
  write(parts.offset, place ? `@ ${words.number(place.offset)}` : '');
  write(parts.timeButton, words.say(`time.${look.time}`));
  write(parts.wrapButton, words.say(look.wrap ? 'status.wrap' : 'status.nowrap'));
  write(parts.followButton, words.say(tail.rows.follow ? 'status.follow' : 'status.nofollow'));
}

/** Each second. @param {ReturnType<typeof import('./pane.js').pane>} parts @param {import('./rate.js').Rate} rate */
export function drawRate(parts, rate) {
  parts.tail.dataset.fast = String(rate.last >= FAST_LINES);
  write(parts.rate, words.say('status.rate', { n: rate.last }));
  parts.spark.setAttribute('d', rate.path);
}
