/** What the buttons of a pane do, by the name in their `data-act`. Keys do the same by the same names. */

import { copy } from '../ui/clipboard.js';
import { config, words } from '../ui/config.js';
import { openDownload, openPlain, openSettings } from './menus.js';
import { signInAddress } from '../connection/sign-in.js';

/** @typedef {import('../log-tail.js').LogTail} LogTail */
/** @typedef {import('../log/item.js').Item} Item */

/** @type {Record<string, (tail: LogTail, button: HTMLElement|undefined, item: Item|null) => unknown>} `item`: that of the row which the button is in */
const ACTIONS = {
  // The viewing.
  pause: (tail) => (tail.session?.ended ? tail.startAgain() : tail.arrivals.paused ? tail.resume() : tail.pause()),
  stop: (tail) => tail.stop(),
  follow: (tail) => tail.toEnd(),
  togglefollow: (tail) => (tail.rows.follow ? tail.rows.leave() : tail.toEnd()),
  showbinary: (tail) => tail.look.showBinary(),
  // What a notice offers.
  'do.again': (tail) => tail.startAgain(),
  'do.resume': (tail) => tail.resume(),
  'do.retry': (tail) => (tail.session?.ended ? tail.session.start() : tail.session?.wake()),
  'do.refresh': (tail) => refresh(tail),
  'do.skip': (tail) => skip(tail),
  'do.reload': () => location.reload(),
  'do.signin': (tail) => signIn(tail),
  'do.live': (tail) => tail.toEnd(),
  'do.close': (tail) => tail.history.dismiss(),
  // Finding and filtering.
  case: (tail) => tail.finding.toggleFlag('case'),
  regex: (tail) => tail.finding.toggleFlag('regex'),
  invert: (tail) => tail.finding.toggleFlag('invert'),
  only: (tail) => tail.finding.toggleFlag('only'),
  prev: (tail) => tail.finding.step(-1),
  next: (tail) => tail.finding.step(1),
  level: (tail, button) => tail.filterBar.toggleLevel(button?.dataset.lv ?? ''),
  clear: (tail) => tail.filterBar.clear(),
  search: (tail) => tail.results.begin(),
  cancelsearch: (tail) => tail.results.cancel(),
  closesearch: (tail) => tail.results.close(),
  // Other parts of the log.
  earlier: (tail) => tail.earlier.load(),
  loadgap: (tail, _, item) => item && tail.earlier.loadGap(item),
  previous: (tail, _, item) => openPrevious(tail, item),
  // The look.
  wrap: (tail) => tail.look.toggleWrap(),
  time: (tail) => tail.look.setTime(),
  whole: (tail, _, item) => item && tail.look.showWhole(item),
  fields: (tail, _, item) => item && tail.look.toggleFields(item),
  plain: (tail) => openPlain(tail),
  settings: (tail, button) => openSettings(tail, button ?? tail.parts.settingsButton),
  download: (tail, button) => openDownload(tail, button ?? tail.parts.downloadButton),
  // A line, and selected ones.
  fold: ({ tools }, _, item) => (item ?? tools.item) && tools.toggleFold(item ?? tools.item),
  context: ({ finding, tools }) => tools.item && finding.showContext(tools.item),
  copyline: (tail, button) => tail.tools.item && copy(tail, tail.tools.item.plain, button),
  linkline: (tail, button) => tail.tools.item && copyLink(tail, tail.tools.item, button),
  selcopy: (tail) => {
    void copy(tail, tail.selection.text);
    tail.selection.clear();
  },
  sellink: (tail) => tail.selection.items.length && copy(tail, tail.linkTo(tail.selection.items), null, 'link'),
  selclear: (tail) => tail.selection.clear(),
};

/** Does it, or tells the page around. @param {LogTail} tail @param {string} act @param {HTMLElement} [button] that was pressed */
export function act(tail, act, button) {
  if (Object.hasOwn(ACTIONS, act)) void ACTIONS[act](tail, button, button ? tail.rows.itemAt(button) : null);
  else tail.dispatchEvent(new CustomEvent('logtail:act', { bubbles: true, detail: { act } }));
}

/** The newest lines, where no socket brings them. @param {LogTail} tail */
async function refresh(tail) {
  const { session, store, stream } = tail;
  const before = store.taken;
  await session?.refresh();
  if (tail.store === store && stream.phase === 'nosocket') tail.say(words.say('say.new', { n: store.taken - before }));
}

/** Leaves out what lies between: joins anew at the end of the file. @param {LogTail} tail */
function skip(tail) {
  const { session } = tail;
  if (!session) return;
  tail.toEnd();
  session.leave();
  session.holding = false;
  // The store still knows where it stood, so what lies between becomes a gap.
  session.place = null;
  session.start();
}

/** @param {LogTail} tail */
function signIn(tail) {
  location.assign(signInAddress(tail.stream.details.login || config.login, location.href));
}

/** @param {LogTail} tail @param {Item|null} mark where a file begins; the first line here when left out */
function openPrevious(tail, mark) {
  const file = mark?.file ?? tail.earlier.first?.file ?? tail.store.place?.file;
  if (file) void tail.history.loadPrevious(file);
}

/** @param {LogTail} tail @param {Item} item @param {HTMLElement} [button] */
function copyLink(tail, item, button) {
  tail.history.mark(item);
  tail.rows.repaint();
  void copy(tail, tail.linkTo([item]), button, 'link');
}
