/**
 * The terms of the text in the filter. Knows no DOM.
 *
 * | typed | means |
 * | --- | --- |
 * | `rm -rf /tmp` | a text, spaces included |
 * | `-timeout` | a word that must not be there: "-" at the start of a term, unless a digit, a space or another "-" follows |
 * | `"-x y"` | a text, taken literally; a quotation mark in it is doubled |
 * | `status:500`, `path:/checkout*`, `user:"Li Na"` | a field and its value; "*" matches anything, also alone |
 * | `duration>1000` (`>=`, `<`, `<=`) | a field with a number in this range |
 * | `-status:200`, `-"x y"` | the same, excluded |
 * | `"User Agent":curl*` | a field whose name can't be typed without quotes |
 *
 * In the field, a text runs to the end, or to a field term after a space. An exclusion and a term of another kind end
 * at the next space, and another term may follow. `name:value` is a field term only where lines of the log have a field of that
 * name: `http://x`, `12:30:05`, `localhost:8000` and `key: value` are texts everywhere else.
 *
 * A chip is one term, and means the same in every log: texts that look like another term are quoted in it. An
 * expression is a chip too (`~"a|b"`), and is not typed as such: there is a switch for expressions.
 */

/** @typedef {':'|'>'|'>='|'<'|'<='} Operator */
/** @typedef {{kind: 'text', not: boolean, text: string, term: string}} TextTerm */
/** @typedef {{kind: 'field', not: boolean, name: string, op: Operator, value: string, quoted: boolean, term: string}} FieldTerm `quoted`: "*" is a character like others */
/** @typedef {{kind: 'bad', why: 'number'|'quote', name: string, term: string}} BadTerm */
/** @typedef {{kind: 'regex', not: false, source: string, term: string}} RegexTerm an expression of RE2 */
/** @typedef {TextTerm|FieldTerm|RegexTerm|BadTerm} Term `term`: as a chip has it, and as typed where it can't be read */

const NAME = '[\\p{L}_@$][\\p{L}\\p{N}_.@$/-]*';
const QUOTED = '"(?:[^"]|"")*"';
const QUOTED_AT = new RegExp(`(-?)(${QUOTED})(?=\\s|$)`, 'uy');
const FIELD_AT = new RegExp(`(-?)(${NAME}|${QUOTED})(:|[<>]=?)(${QUOTED}(?=\\s|$)|[^\\s"]\\S*|"[^]*)`, 'uy');
const REGEX = new RegExp(`^~(${QUOTED})$`, 'u');
/** What would be read as another kind of term than a text. */
const LOOKS_OTHER = new RegExp(`^-[^\\s\\d-]|^["\\s]|^~"|\\s$|(?:^|\\s)-?${NAME}(?::|[<>]=?)\\S|"(?::|[<>]=?)\\S`, 'u');
/** What follows a name and a colon in addresses, paths and names of code; as a value it is quoted. */
const NO_VALUE = /^(?:\/\/|:|\\)/;
const EXCLUDES = /^-(?=[^\s\d-])/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** @param {string} quoted */
const unquoted = (quoted) => quoted.slice(1, -1).replaceAll('""', '"');
/** @param {string} text */
const inQuotes = (text) => `"${text.replaceAll('"', '""')}"`;

const IS_NAME = new RegExp(`^${NAME}$`, 'u');
/** A field's name without the quotes that it may need. @param {string} written */
const nameOf = (written) => (written.startsWith('"') ? unquoted(written) : written);
/** Whether the quotes are needed: `"status":500` is a part of a line of JSON. @param {string} written */
const isName = (written) => !written.startsWith('"') || (written !== '""' && !IS_NAME.test(unquoted(written)));

/** The field that a text would name if it were a field term; "" if it doesn't look like one. @param {string} text */
export function fieldLike(text) {
  const found = matchAt(FIELD_AT, text, 0);
  return found && found[0].length === text.length && !NO_VALUE.test(found[4]) && isName(found[2]) ? nameOf(found[2]) : '';
}

/** The number that is written there, or NaN. @param {string} text */
export const numberIn = (text) => (NUMBER.test(text) ? Number(text) : NaN);

/** @param {string} text @param {boolean} not @returns {TextTerm} */
const textTerm = (text, not) => ({ kind: 'text', not, text, term: termOfText(text, { not }) });

/**
 * The chip of a text.
 *
 * @param {string} text @param {{not?: boolean}} [how]
 */
export function termOfText(text, { not = false } = {}) {
  return (not ? '-' : '') + (LOOKS_OTHER.test(text) || (not && /^[\d-]|\s/.test(text)) ? inQuotes(text) : text);
}

/** The chip of an expression. @param {string} source */
export const termOfExpression = (source) => `~${inQuotes(source)}`;

/**
 * The chip of a field and its value. A name that needs quotes gets them.
 *
 * @param {string} field dotted where it is nested @param {unknown} value @param {{not?: boolean}} [how]
 */
export function termOf(field, value, { not = false } = {}) {
  const text = typeof value === 'string' ? value : value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (!field) return termOfText(text, { not });
  const name = IS_NAME.test(field) ? field : inQuotes(field);
  const isPlain = text !== '' && !/[\s"*]/.test(text) && !NO_VALUE.test(text);
  return `${not ? '-' : ''}${name}:${isPlain ? text : inQuotes(text)}`;
}

/** @param {RegExpExecArray} found of FIELD_AT @returns {FieldTerm|BadTerm} */
function fieldTerm([term, minus, writtenName, op, written]) {
  const name = nameOf(writtenName);
  const isQuoted = written.startsWith('"');
  if (isQuoted && !new RegExp(`^${QUOTED}$`, 'u').test(written)) return { kind: 'bad', why: 'quote', name, term };
  const value = isQuoted ? unquoted(written) : written;
  if (op !== ':' && Number.isNaN(numberIn(value))) return { kind: 'bad', why: 'number', name, term };
  return { kind: 'field', not: minus === '-', name, op: /** @type {Operator} */ (op), value, quoted: isQuoted, term };
}

/** @param {RegExp} sticky @param {string} text @param {number} at */
function matchAt(sticky, text, at) {
  sticky.lastIndex = at;
  return sticky.exec(text);
}

/** The field term that begins there, or null. @param {string} typed @param {number} at @param {(name: string) => boolean} isField */
function fieldAt(typed, at, isField) {
  const found = matchAt(FIELD_AT, typed, at);
  return found && !NO_VALUE.test(found[4]) && isName(found[2]) && isField(nameOf(found[2])) ? found : null;
}

/**
 * The terms that are typed in the field, in order.
 *
 * @param {string} typed
 * @param {(name: string) => boolean} isField whether lines of this log have a field of that name
 * @returns {Term[]}
 */
export function termsIn(typed, isField) {
  /** @type {Term[]} */
  const terms = [];
  let at = 0;
  while (at < typed.length) {
    const quoted = matchAt(QUOTED_AT, typed, at);
    const field = quoted ? null : fieldAt(typed, at, isField);
    if (quoted && quoted[2] !== '""') terms.push(textTerm(unquoted(quoted[2]), quoted[1] === '-'));
    else if (field) terms.push(fieldTerm(field));
    else {
      const not = EXCLUDES.test(typed.slice(at, at + 2));
      const end = not ? wordEnd(typed, at + 1) : textEnd(typed, at + 1, isField);
      const text = typed.slice(not ? at + 1 : at, end);
      if (text.trim()) terms.push(textTerm(end < typed.length ? text.trimEnd() : text, not));
      at = end;
      if (!not) continue;
    }
    at += (quoted ?? field)?.[0].length ?? 0;
    while (at < typed.length && /\s/.test(typed[at])) at++;
  }
  return terms;
}

/** Where a word ends. @param {string} typed @param {number} from */
function wordEnd(typed, from) {
  const length = typed.slice(from).search(/\s/);
  return length < 0 ? typed.length : from + length;
}

/** Where a text ends: at a field term. @param {string} typed @param {number} from @param {(name: string) => boolean} isField */
function textEnd(typed, from, isField) {
  for (let at = from; at < typed.length; at++) {
    if (/\s/.test(typed[at - 1]) && !/\s/.test(typed[at]) && fieldAt(typed, at, isField)) return at;
  }
  return typed.length;
}

/**
 * What a chip means, independent of the log.
 *
 * @param {string} chip
 * @returns {Term}
 */
export function termIn(chip) {
  const whole = (/** @type {RegExpExecArray|null} */ found) => (found && found[0].length === chip.length ? found : null);
  const quoted = whole(matchAt(QUOTED_AT, chip, 0));
  if (quoted && quoted[2] !== '""') return textTerm(unquoted(quoted[2]), quoted[1] === '-');
  const regex = REGEX.exec(chip);
  if (regex && regex[1] !== '""') return { kind: 'regex', not: false, source: unquoted(regex[1]), term: chip };
  const field = whole(matchAt(FIELD_AT, chip, 0));
  if (field && !NO_VALUE.test(field[4]) && isName(field[2]) && (field[4].startsWith('"') || !/\s/.test(field[4]))) return fieldTerm(field);
  const not = EXCLUDES.test(chip);
  return textTerm(not ? chip.slice(1) : chip, not);
}

/** The chip that says the contrary. @param {string} chip */
export function contraryOf(chip) {
  const term = termIn(chip);
  if (term.kind === 'text') return termOfText(term.text, { not: !term.not });
  return term.kind === 'field' && term.not ? chip.slice(1) : `-${chip}`;
}
