/** The dialog that gives the present view a name, or changes a saved one. */

import { config, words } from '../ui/config.js';
import { el, write } from '../ui/dom.js';
import { icon } from '../ui/icons.js';
import { termIn } from '../find/terms.js';
import { panesOf, withoutPlaces } from '../log/view.js';

const LEVELS = { E: 'error', W: 'warning', I: 'info', D: 'debug' };
/** As the server allows. */
const MOST_CHARACTERS = 100;

/** @typedef {import('./list.js').Log} Log */
/** @typedef {import('./list.js').SavedView} SavedView */

/**
 * @param {Log} log that the view is of
 * @param {{fragment: string, isCut: boolean, panes: number, view?: SavedView}} given what is on the page now, and whether its fragment leaves out something; `view`: the saved one to be changed
 * @param {() => unknown} done the list of views has changed
 */
export function openSaveView(log, { fragment, isCut, view }, done) {
  const say = words.say;
  const kept = view ? view.fragment : fragment;
  const hasPlace = !view && panesOf(kept).some(({ place }) => place);
  let replaces = false;

  const name = /** @type {HTMLInputElement} */ (el('input', { type: 'text', name: 'name', required: true, maxlength: String(MOST_CHARACTERS), autocomplete: 'off', value: view?.name ?? '' }));
  name.addEventListener('input', () => { if (replaces) expect(false); });
  const audience = new Choice(say('view.for'), [['me', say('view.me')], ...(config.groups?.length ? [['group', say('view.group')]] : []), ['everyone', say('view.everyone')]], view?.for ?? 'me', () => { group.parentElement?.toggleAttribute('hidden', audience.value !== 'group'); });
  const group = /** @type {HTMLSelectElement} */ (el('select.lt-select', { 'aria-label': say('view.group') }, ...(config.groups ?? []).map((/** @type {{id: number, name: string}} */ one) => el('option', { value: one.id, selected: one.name === view?.group }, one.name))));
  const where = new Choice(say('view.opens'), [['live', say('view.live')], ['place', say('view.place')]], 'live', () => {});
  const trouble = el('p.lt-form-trouble', { role: 'alert', hidden: view !== undefined || !isCut }, say('notice.cut'));
  const save = el('button.lt-btn.lt-btn-main', {}, say('view.save'));
  const remove = el('button.lt-btn', { type: 'button', click: () => void send('delete/', {}) }, say('view.delete'));
  const form = el('form.lt-form', { novalidate: true, submit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void send('', { name: name.value, for: audience.value, group: audience.value === 'group' ? group.value : '', fragment: where.value === 'place' ? kept : withoutPlaces(kept), replace: replaces ? '1' : '' });
  } },
  el('label', {}, say('view.name'), el('div.lt-field', {}, name)),
  config.groups ? el('div.lt-lab', {}, audience.element, el('div', { hidden: audience.value !== 'group' }, group), el('small', {}, say('view.note'))) : null,
  el('div.lt-lab', {}, el('span', {}, say('view.keeps')), keeps(kept)),
  view ? null : el('div.lt-lab', {}, hasPlace ? where.element : el('div.lt-choice', {}, el('span', {}, say('view.opens')), el('div.lt-termlist', {}, el('span', {}, say('view.live'))))),
  trouble,
  el('div.lt-acts', {}, view ? remove : null, view ? el('span.lt-grow') : null, el('button.lt-btn', { type: 'button', click: () => dialog.close() }, say('do.cancel')), save));
  const title = say(view ? 'view.change' : 'view.title');
  const dialog = /** @type {HTMLDialogElement} */ (el('dialog.lt-help.lt-dialog', { 'aria-label': title, close: () => dialog.remove() },
    el('header', {}, el('h2', {}, title), el('button.lt-icon', { type: 'button', 'aria-label': say('do.close'), click: () => dialog.close() }, icon('x'))), form));

  const expect = (/** @type {boolean} */ replacing) => {
    replaces = replacing;
    write(save, say(replacing ? 'view.replace' : 'view.save'));
  };
  /** @param {string} path below the view's address @param {Record<string, string>} fields */
  const send = async (path, fields) => {
    const problem = await sent(`${log.save}${view ? `${view.id}/` : ''}${path}`, fields);
    if (problem === null) {
      dialog.close();
      done();
      return;
    }
    write(trouble, problem.text);
    trouble.hidden = false;
    if (problem.error === 'taken' && !view) expect(true);
    else name.focus();
  };
  document.body.append(dialog);
  dialog.showModal();
  name.focus();
  name.select();
}

/** Why the server refused it; null if it succeeded. @param {string} address @param {Record<string, string>} fields @returns {Promise<{error: string, text: string}|null>} */
async function sent(address, fields) {
  const failed = { error: 'failed', text: words.say('view.failed') };
  try {
    const answer = await fetch(address, { method: 'POST', body: new URLSearchParams(fields), credentials: 'same-origin', redirect: 'manual', headers: { Accept: 'application/json', ...config.headers() } });
    if (answer.ok) return null;
    return { ...failed, ...(await answer.json()) };
  } catch {
    return failed;
  }
}

/** What a view includes, in a few words. @param {string} fragment */
function keeps(fragment) {
  const panes = panesOf(fragment);
  const [first] = panes;
  const say = words.say;
  /** @type {string[]} */
  const found = [];
  if (first) {
    const { query, terms, flags, off, columns, raw, time, zone } = first;
    for (const chip of terms) {
      const term = termIn(chip);
      found.push(term.kind === 'regex' ? `/${term.source}/` : chip);
    }
    if (query) found.push(flags.regex ? `/${query}/` : query);
    if (flags.only) found.push(say('filter.only'));
    if (flags.invert) found.push(say('filter.invert'));
    if (off.length) found.push(say('view.levels', { list: Object.entries(LEVELS).filter(([level]) => !off.includes(level)).map(([, key]) => say(`level.${key}`)).join(', ') }));
    if (columns.length) found.push(say('view.columns', { list: columns.map((column) => column.name).join(', ') }));
    if (raw) found.push(say('view.raw'));
    if (time !== 'compact') found.push(say(`time.${time}`));
    if (zone !== 'written') found.push(say(`zone.${zone}`));
  }
  if (panes.length > 1) found.push(say('view.panes', { n: panes.length }));
  return el('div.lt-termlist', {}, ...(found.length ? found : [say('view.plain')]).map((text) => el('span', {}, text)));
}

/** A choice of a few: buttons, one of which is pressed. */
class Choice {
  /** @param {string} label @param {string[][]} options values and their words @param {string} value @param {() => void} changed */
  constructor(label, options, value, changed) {
    this.value = options.some(([one]) => one === value) ? value : options[0][0];
    const buttons = options.map(([one, text]) => el('button', { type: 'button', 'aria-pressed': String(one === this.value), click: () => {
      this.value = one;
      buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(options[i][0] === one)));
      changed();
    } }, text));
    this.element = el('div.lt-choice', { role: 'group', 'aria-label': label }, el('span', {}, label), el('div.lt-seg', {}, ...buttons));
  }
}
