/** What the buttons of a pane do, by the name in their `data-act`. Keys do the same by the same names. */

import { copy } from '../ui/clipboard.js';
import { config, words } from '../ui/config.js';
import { openGoToTime } from './go-to-time.js';
import { openDownload, openMore, openPlain, openSettings } from './menus.js';
import { openRedacted } from './redacted.js';
import { signInAddress } from '../connection/sign-in.js';
import { termOfText } from '../find/terms.js';
import { MOST_CHARACTERS } from '../log/markdown.js';

/** @typedef {import('../log/item.js').Item} Item */

/**
 * @typedef {{
 *   host: HTMLElement, log: import('../log/open-log.js').OpenLog, parts: import('./pane.js').Parts, rows: import('../rows/rows.js').Rows,
 *   incoming: import('../log/incoming.js').Incoming, follow: import('../log/follow.js').Follow, earlier: import('../log/earlier.js').Earlier, edges: import('../log/edges.js').Edges,
 *   journey: import('../log/journey.js').Journey, nextOfLevel: import('./next-of-level.js').NextOfLevel,
 *   linkedLines: import('../log/linked-lines.js').LinkedLines, travel: import('../log/travel.js').Travel, filtered: import('../find/filtered.js').Filtered,
 *   finding: import('../find/finding.js').Finding, filterBar: import('../find/filter-bar.js').FilterBar,
 *   results: import('../find/results.js').Results, viewOptions: import('../rows/view-options.js').ViewOptions, volumeStrip: import('./volume-strip.js').VolumeStrip,
 *   selection: import('../rows/selection.js').Selection, tools: import('../rows/tools.js').Tools,
 *   valueActions: import('../rows/value-actions.js').ValueActions, cursor: import('../rows/cursor.js').Cursor,
 *   readAs(format: string): Promise<void>, stop(): void, startAgain(): void, showOriginal(ticket: string): void, hideOriginal(): void, showContext(item: Item): void, say(text: string): void,
 * }} Acted what buttons act on
 */

/** @type {Record<string, (on: Acted, button: HTMLElement|undefined, item: Item|null) => unknown>} `item`: that of the row which the button is in */
const ACTIONS = {
  // The viewing.
  pause: ({ log, follow, incoming, startAgain }) => (log.session?.ended ? startAgain() : incoming.paused ? follow.resume() : follow.pause()),
  stop: ({ stop }) => stop(),
  follow: ({ follow }) => follow.toEnd(),
  togglefollow: ({ follow, rows }) => (rows.follow ? rows.leave() : follow.toEnd()),
  showbinary: ({ viewOptions }) => viewOptions.showBinary(),
  // What a notice offers.
  'do.again': ({ startAgain }) => startAgain(),
  'do.resume': ({ follow }) => follow.resume(),
  'do.retry': ({ log: { session } }) => (session?.ended ? session.start() : session?.wake()),
  'do.refresh': (on) => refresh(on),
  'do.skip': (on) => skip(on),
  copypaste: ({ host, parts, say }, button) => copy(host, parts.notice.querySelector('pre')?.textContent ?? '', say, button),
  'do.reload': () => location.reload(),
  'do.signin': ({ log }) => signIn(log.stream.details.login),
  'do.live': ({ follow }) => follow.toEnd(),
  'do.close': ({ linkedLines }) => linkedLines.dismiss(),
  redacted: (on, button) => button && openRedacted(on, button),
  'red.hide': ({ hideOriginal }) => hideOriginal(),
  // Finding and filtering.
  case: ({ finding }) => finding.toggleFlag('case'),
  regex: ({ finding }) => finding.toggleFlag('regex'),
  invert: ({ finding }) => finding.toggleFlag('invert'),
  only: ({ finding }) => finding.toggleFlag('only'),
  prev: ({ finding }) => finding.step(-1),
  next: ({ finding }) => finding.step(1),
  level: ({ filterBar }, button) => filterBar.toggleLevel(button?.dataset.lv ?? ''),
  clear: ({ filterBar }) => filterBar.clear(),
  search: ({ results }) => results.begin(),
  searchall: ({ results }) => results.beginSeveral(),
  wheresearch: ({ results }, button) => button && results.choose(button),
  sortsearch: ({ results }, button) => results.sort(button?.dataset.order),
  raisesearch: ({ results }) => results.raise(),
  arrangesearch: ({ results }, button) => results.arrange(button?.dataset.by),
  moresearch: ({ results }) => results.more(),
  cancelsearch: ({ results }) => results.cancel(),
  closesearch: ({ results }) => results.close(),
  // Other parts of the log.
  stopjourney: ({ journey, parts }) => {
    journey.stop();
    parts.view.focus({ preventScroll: true });
  },
  home: ({ travel }) => travel.home(),
  goto: (on, button) => openGoToTime(on, button ?? on.parts.timeGo),
  earlier: ({ earlier, edges }) => {
    edges.asked();
    return earlier.load();
  },
  loadgap: ({ earlier, edges, parts, travel }, _, item) => {
    edges.asked();
    return item && loadMissing({ earlier, parts, travel }, item);
  },
  previous: (on, _, item) => {
    on.edges.asked();
    openPrevious(on, item);
  },
  // The look.
  wrap: ({ viewOptions }) => viewOptions.toggleWrap(),
  time: ({ viewOptions }) => viewOptions.setTime(),
  whole: ({ viewOptions }, _, item) => item && viewOptions.showWhole(item),
  raw: ({ viewOptions }) => viewOptions.toggleRaw(),
  volume: ({ volumeStrip }) => volumeStrip.toggle(),
  fields: ({ tools, viewOptions }, _, item) => (item ?? tools.item) && viewOptions.toggleFields(item ?? tools.item),
  rawline: ({ viewOptions }, _, item) => item && viewOptions.toggleRawLine(item),
  copyfields: ({ host, say }, button, item) => item && copy(host, item.plain, say, button),
  plain: (on) => openPlain(on),
  settings: (on, button) => openSettings(on, button ?? inSight(on.parts.settingsButton, on.parts.moreButton)),
  download: (on, button) => openDownload(on, button ?? inSight(on.parts.downloadButton, on.parts.moreButton)),
  more: (on, button) => openMore(on, button ?? on.parts.moreButton, (act) => run(on, act, on.parts.moreButton, null)),
  // A line, and selected ones.
  fold: ({ tools }, _, item) => (item ?? tools.item) && tools.toggleFold(item ?? tools.item),
  frames: ({ tools }, _, item) => item && tools.toggleFrames(item),
  context: ({ showContext, tools }) => tools.item && showContext(tools.item),
  ids: ({ cursor, rows, valueActions }) => {
    const row = cursor.item && rows.mounted.get(cursor.item);
    if (row) valueActions.idMenu(row);
  },
  copyline: ({ host, say, tools }, button) => tools.item && copy(host, tools.item.plain, say, button),
  linkline: (on, button) => on.tools.item && copyLink(on, on.tools.item, button),
  selcopy: ({ host, say, selection }) => {
    void copy(host, selection.text, say);
    selection.clear();
  },
  selmarkdown: (on) => copyMarkdown(on, on.selection.active ? undefined : on.tools.item ?? undefined),
  sellink: ({ host, log, say, selection }) => selection.items.length && copy(host, log.linkTo(selection.items), say, null, 'link'),
  selfor: (on) => filterBySelection(on, false),
  selhide: (on) => filterBySelection(on, true),
  selclear: ({ selection }) => selection.clear(),
};

export class Actions {
  /** @param {Acted} on */
  constructor(on) {
    this.on = on;
  }

  /** Performs the action of a button or a key, or passes it to the surrounding page. @param {string} act @param {HTMLElement} [button] that was pressed */
  run(act, button) {
    run(this.on, act, button, button ? this.on.rows.itemAt(button) : null);
  }
}

/** @param {Acted} on @param {string} act @param {HTMLElement|undefined} button @param {Item|null} item */
function run(on, act, button, item) {
  if (Object.hasOwn(ACTIONS, act)) void ACTIONS[act](on, button, item);
  else on.host.dispatchEvent(new CustomEvent('logtail:act', { bubbles: true, detail: { act } }));
}

/** The button at which to open a popover: its own, or the menu button if that one is in the menu. @param {HTMLElement} own @param {HTMLElement} more */
const inSight = (own, more) => (own.offsetParent ? own : more);

/** Fetches the newest lines when no socket brings them. @param {Pick<Acted, 'log'|'say'>} on */
async function refresh({ log, say }) {
  const { session, store, stream } = log;
  const before = store.taken;
  await session?.refresh();
  if (log.store === store && stream.phase === 'nosocket') say(words.say('say.new', { n: store.taken - before }));
}

/** Skips what lies in between: joins again at the end of the file. @param {Pick<Acted, 'log'|'follow'>} on */
function skip({ log, follow }) {
  const { session } = log;
  if (!session) return;
  follow.toEnd();
  session.leave();
  session.holding = false;
  // The store still knows where it stood, so what lies between becomes a gap.
  session.place = null;
  session.start();
}

/** @param {string} [login] where the server says to do so */
function signIn(login) {
  location.assign(signInAddress(login || config.login, location.href));
}

/** Loads what a mark leaves out. Its button goes, so the lines get the focus. @param {Pick<Acted, 'earlier'|'parts'|'travel'>} on @param {Item} mark */
async function loadMissing({ earlier, parts: { view }, travel }, mark) {
  const hadFocus = view.contains(document.activeElement);
  await (mark.kind === 'gap' ? earlier.loadGap(mark) : travel.open(mark, 'above'));
  if (hadFocus && document.activeElement === document.body) view.focus({ preventScroll: true });
}

/** @param {Pick<Acted, 'log'|'earlier'|'linkedLines'>} on @param {Item|null} mark where a file begins; the first line here when left out */
function openPrevious({ log, earlier, linkedLines }, mark) {
  const file = mark?.file ?? earlier.first?.file ?? log.store.place?.file;
  if (file) void linkedLines.loadPrevious(file);
}

/** Copies whole entries as Markdown, and says if not all of them fitted. @param {Pick<Acted, 'host'|'say'|'selection'>} on @param {Item} [item] of an entry; without it, what is selected */
function copyMarkdown({ host, say, selection }, item) {
  const made = selection.markdown(item);
  if (!made) return;
  const { all, copied, text } = made;
  const said = copied < all ? words.say('md.cut', { a: words.number(copied), b: words.number(all), n: words.number(MOST_CHARACTERS) }) : words.say('md.copied');
  void copy(host, text, () => say(said));
  if (copied === all) selection.clear();
}

/** Shows only lines with the selected text, or hides them. @param {Pick<Acted, 'finding'|'selection'>} on @param {boolean} not */
function filterBySelection({ finding, selection }, not) {
  const { sought } = selection;
  if (!sought) return;
  selection.clear();
  if (!not && !finding.flags.invert) finding.flags.only = true;
  finding.add(termOfText(sought, { not }));
}

/** @param {Pick<Acted, 'host'|'log'|'rows'|'linkedLines'|'say'>} on @param {Item} item @param {HTMLElement} [button] */
function copyLink({ host, log, rows, linkedLines, say }, item, button) {
  linkedLines.mark(item);
  rows.repaint();
  void copy(host, log.linkTo([item]), say, button, 'link');
}
