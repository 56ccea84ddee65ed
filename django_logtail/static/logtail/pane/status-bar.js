/** The status bar: how fast lines arrive, how many are loaded, the size of the file, and how lines are shown. */

import { words } from '../ui/config.js';
import { write } from '../ui/dom.js';
import { FAST_LINES } from '../rows/pace.js';

/** @param {Pick<import('./drawing.js').Drawn, 'log'|'parts'|'rows'|'viewOptions'>} drawn */
export function drawStatus({ log, parts, rows, viewOptions }) {
  const bytes = log.fileSize;
  const place = log.session?.place;
  write(parts.loaded, words.say('status.loaded', { n: log.lines }));
  write(parts.format, words.format(log.store.entries.formats?.names[0] ?? ''));
  write(parts.size, Number.isFinite(bytes) ? words.size(bytes) : '');
  write(parts.offset, place ? `@ ${words.number(place.offset)}` : '');
  write(parts.timeButton, timesOf(viewOptions));
  parts.readButton.hidden = !viewOptions.hasFields;
  write(parts.readButton, words.say(viewOptions.raw ? 'read.raw' : 'read.fields'));
  write(parts.wrapButton, words.say(viewOptions.wrap ? 'status.wrap' : 'status.nowrap'));
  write(parts.followButton, words.say(rows.follow ? 'status.follow' : 'status.nofollow'));
}

/** How times are drawn, and in which zone if that may differ from what is written. @param {import('../rows/view-options.js').ViewOptions} viewOptions */
function timesOf({ time, zone }) {
  const said = words.say(`time.${time}`);
  return zone === 'written' || (time !== 'compact' && time !== 'raw') ? said : `${said} · ${words.say(`zone.${zone}`)}`;
}

/** Each second. @param {import('./pane.js').Parts} parts @param {import('./rate.js').Rate} rate */
export function drawRate(parts, rate) {
  parts.tail.dataset.fast = String(rate.last >= FAST_LINES);
  write(parts.rate, words.say('status.rate', { n: rate.last }));
  parts.spark.setAttribute('d', rate.path);
}
