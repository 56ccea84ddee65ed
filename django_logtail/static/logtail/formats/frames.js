/**
 * Frames of tracebacks: the file and line of each, and the library it belongs to. Knows no DOM.
 *
 * Python, Node.js, Java, Go, Ruby, PHP, .NET and Rust. A library's frame has the library's name; the standard library
 * and the runtime have the language's. Anything else counts as the project's own.
 */

/**
 * Longer lines are not searched for a frame. Each expression here takes time linear in the line: none has two parts
 * beside each other that take the same characters, and none reads on to the end from each place where it may begin.
 */
const MOST_CHARACTERS = 2_000;

/**
 * @typedef {{path: string, line: number, at: [number, number]|null, library: string, kind: string}} Frame
 * `path`: the file, with "/" between its parts, "" if the frame names none; `at`: where file and line are in the text;
 * `library`: "" in the project's own code
 */

/** Patterns of libraries' paths, and where the library's name is. @type {[RegExp, string|((found: RegExpExecArray) => string)][]} */
const LIBRARY_PATHS = [
  [/^.*\/(?:site|dist)-packages\/((?:[^/.]|\.(?!py\b))+)/, (found) => found[1]],
  [/^.*\/node_modules\/(@[^/]+\/[^/]+|[^/]+)\//, (found) => found[1]],
  [/^<frozen /, 'Python'],
  [/(?:^|\/)lib(?:64)?\/python[23](?:\.\d+)?t?\/|\/python\d+\.zip\/|^[A-Za-z]:\/(?:.*\/)?Python\d+\/Lib\//i, 'Python'],
  [/^(?:node:|internal\/)|^<anonymous>$|^native$/, 'Node.js'],
  [/^(?:(?!\/pkg\/mod\/).)*\/pkg\/mod\/(?:cache\/)?((?:[^@/]+\/)*[^@/]+)@v\d/, (found) => unescapedModule(found[1])],
  [/^((?:[^@/]+\/)*[^@/]+)@v\d/, (found) => unescapedModule(found[1])],
  [/^(?:.*\/)?(?:go(?:-?[\d.]+)?|go\/[\d.]+\/x64|libexec|golang\.org\/toolchain@[^/]+)\/src\/((?:[^/]*\/)*)[^/]*$/, (found) => (/[^/]\.[^/]/.test(found[1]) ? '' : 'Go')],
  [/\/(?:bundler\/)?gems\/(?=[^/]*\/)([^/]+?)-(?:\d[^/]*|[0-9a-f]{7,})\//, (found) => found[1]],
  [/\/lib\/ruby\/\d|^<internal:/, 'Ruby'],
  [/\/vendor\/([a-z]+\.[a-z]+\/[^/]+\/[^/]+)\//, (found) => found[1]],
  [/^(?=.*\.(?:php|phtml|inc)$).*?\/vendor\/([^/]+\/[^/]+)\//, (found) => found[1]],
  [/^\/rustc\/[0-9a-f]+\/|\/rustlib\/src\/rust\//, 'Rust'],
  [/\/\.?cargo\/(?:registry\/src\/[^/]+|git\/checkouts)\/(?=[^/]*\/)([^/]+?)-(?:\d[^/]*|[0-9a-f]{7,})\//, (found) => found[1]],
  [/^\.\/csu\/|\/glibc[^/]*\/|\/sysdeps\//, 'libc'],
];

/** Go's module paths write a capital as "!" and the letter. @param {string} name */
const unescapedModule = (name) => name.replace(/!([a-z])/g, (_, letter) => letter.toUpperCase());

/** Packages of Java and .NET that never belong to a project, and their names for people. @type {[RegExp, string][]} */
const JAVA = [
  [/^(?:javax?|jdk|sun|com\.sun)\./, 'Java'], [/^jakarta\.(\w+)/, 'jakarta.$1'], [/^kotlinx?\./, 'Kotlin'], [/^scala\./, 'Scala'], [/^groovy\.|^org\.codehaus\.groovy\./, 'Groovy'], [/^clojure\./, 'Clojure'],
  [/^org\.springframework\.(\w+)/, 'spring-$1'], [/^org\.apache\.(\w+)/, 'apache.$1'], [/^org\.(hibernate|jboss|eclipse|slf4j|postgresql|junit|mockito|quartz|jooq|h2|mariadb|wildfly|xnio)\b/, '$1'],
  [/^com\.(fasterxml|google|zaxxer|mysql|netflix|squareup|mongodb|rabbitmq|datastax|amazonaws|microsoft|oracle|intellij)\b/, '$1'],
  [/^io\.(netty|undertow|micrometer|micronaut|quarkus|vertx|grpc|lettuce|opentelemetry|ktor|smallrye|projectreactor|jsonwebtoken)\b/, '$1'], [/^ch\.qos\.logback\b/, 'logback'], [/^reactor\./, 'reactor'], [/^(okhttp3|retrofit2|akka|redis)\./, '$1'],
];
const DOTNET = /^(?:async )?(System|Microsoft|Npgsql|Newtonsoft|Serilog|Dapper|MySql|StackExchange|Grpc|Polly|MassTransit|Hangfire|AutoMapper|MediatR|Castle|NHibernate|Azure|Amazon|Google|RabbitMQ|MongoDB|Swashbuckle)\./;
/** First parts of the standard library of Go. */
const GO = /^(?:archive|bufio|bytes|cmp|compress|container|context|crypto|database|debug|embed|encoding|errors|expvar|flag|fmt|go|hash|html|image|index|internal|io|iter|log|maps|math|mime|net|os|panic|path|plugin|reflect|regexp|runtime|slices|sort|strconv|strings|sync|syscall|testing|text|time|unicode|unique|unsafe|vendor)(?:[./(]|$)/;
const RUST = /^<*(?:&|dyn |mut )*(?:core|std|alloc|proc_macro|test|rust_begin_unwind|__rust\w*|__libc_start\w*|_start|<unknown>)(?:\[|::|\b)/;

const PYTHON = /^[\s|]*File "([^"]+)", line (\d+)/;
/** `at name (path:1:2)`, `at path:1:2`. */
const SCRIPT = /^\s*at (?:.{1,400}? \(|)((?:file:\/\/|webpack[\w-]*:\/\/\/|[A-Za-z]:[\\/])?[^():./\\]*[./\\][^():]*|node:[^():]+|<anonymous>):(\d+):\d+\)?(?:,? ?\{?)$/;
const SCRIPT_BARE = /^\s*at .{1,400} \((<anonymous>|native)\)(?: \{)?$/;
const JAVA_FRAME = /^\s*(?:\|\s*)?at ([\w$.<>@/-]+)\((?:([\w$-]+\.(?:java|kts?|scala|groovy|clj)):(\d+)|Native Method|Unknown Source|[\w$-]+\.(?:java|kts?|scala|groovy|clj)|<generated>)\)(?: ~?\[([^\]:!]+)(?:[:!][^\]]*)?\])?\s*$/;
const JAVA_MORE = /^\s*\.\.\. \d+ (?:more|common frames omitted|frames (?:excluded|truncated))/;
/** The loader and the module before the name of a class. */
const JAVA_MODULE = /^(?:[\w.@$-]*\/)*/;
const JAR = /\.(?:jar|war)$/;
const GO_PLACE = /^\s+(\S[^:]*\.(?:go|s|c)):(\d+)(?: \+0x[0-9a-f]+)?$/;
const GO_FUNCTION = /^(?:created by )?((?:[\w.~@%-]+\/)*[\w.~@%*()[\]{}…-]+)(?:\([^()]*\)| in goroutine \d+)?$/;
const GEM = /^\s*(?:from |\d+: from )?([\w-]+) \([\d.][\w.]*\) ([\w./-]+):(\d+):in /;
const RUBY = /^\s*(?:from |\d+: from )?((?:[A-Za-z]:)?[^\s:()"]+\.(?:rb|erb|haml|slim|rake|ru|builder|jbuilder)|<internal:[\w/.-]+>|(?:[\w.-]*\/)[^\s:()"]+):(\d+):in /;
const PHP = /^\s*#\d+ (?:((?:\/|[A-Za-z]:[\\/])?[^():]+\.(?:php|phtml|inc))(?:\((\d+)\): |:(\d+))|\[internal function\]: )/;
const PHP_PLACE = /(?:^|[ (])(?:at|in) ((?:\/|[A-Za-z]:[\\/])[^\s:()"]+\.(?:php|phtml|inc))(?::(\d+)|\((\d+)\)| on line (\d+))/;
const DOTNET_FRAME = /^\s*at ([\w.`<>|$[\],+&* -]+\(.*)$/;
const DOTNET_LINE = /:line (\d+)$/;
const DOTNET_END = /^\s*--- End of (?:stack trace|inner exception)/;
const RUST_FUNCTION = /^\s+\d+:\s+(?:0x[0-9a-f]+ - )?(\S.*)$/;
const PANICKED = 'panicked at ';
const RUST_PANIC = /^(?:.*?', )?([^\s:'"]+\.rs):(\d+):\d+/;
/** The line below a function's name, in Go and Rust. */
const PLACE = /^\s+(?:at |\S+\.(?:go|s|c):\d)/;
/** Python's line for a repeated frame. */
const REPEATED = /^[\s|]*\[Previous line repeated \d+ more times?\]$/;

/** @param {string} path with "/" between its parts @returns {string} the library it belongs to, or "" */
export function libraryOf(path) {
  for (const [pattern, name] of LIBRARY_PATHS) {
    const found = pattern.exec(path);
    const library = found && (typeof name === 'string' ? name : name(found));
    if (library) return library;
  }
  return '';
}

/** @param {string} written */
function pathOf(written) {
  const path = written.replace(/^file:\/\/(?:localhost)?/, '').replace(/^webpack[\w-]*:\/\/\/(?:\.\/)?/, '');
  return path.replace(/^\/(?=[A-Za-z]:\/)/, '').replaceAll('\\', '/');
}

/** @param {string} kind @param {string} text @param {string} written the path as written @param {string} line @param {number} [from] where to start searching for it @returns {Frame} */
function placed(kind, text, written, line, from = 0) {
  const start = text.indexOf(written, from);
  let end = text.indexOf(line, start + written.length) + line.length;
  if (text[end - line.length - 1] === '(' && text[end] === ')') end++;
  const path = pathOf(written);
  return { kind, path, line: Number(line), at: [start, end], library: libraryOf(path) };
}

/** @param {string} kind @param {string} library @returns {Frame} */
const unplaced = (kind, library) => ({ kind, path: '', line: 0, at: null, library });

/** The frame that a line names, or null. @param {string} text without escape sequences @returns {Frame|null} */
export function frameOf(text) {
  if (text.length > MOST_CHARACTERS) return null;
  let found;
  if (text.includes('File "') && (found = PYTHON.exec(text))) return placed('python', text, found[1], found[2]);
  if (/^\s+(?:\|\s*)?at /.test(text)) return framesAt(text);
  if ((found = PHP.exec(text))) return found[1] ? placed('php', text, found[1], found[2] ?? found[3]) : unplaced('php', 'PHP');
  if ((found = GO_PLACE.exec(text))) return placed('go', text, found[1], found[2]);
  if ((found = GEM.exec(text))) return { ...placed('ruby', text, found[2], found[3]), library: found[1] };
  if (text.includes(':in ') && (found = RUBY.exec(text))) return placed('ruby', text, found[1], found[2]);
  const panic = text.lastIndexOf(PANICKED);
  if (panic >= 0 && (found = RUST_PANIC.exec(text.slice(panic + PANICKED.length)))) return placed('rust', text, found[1], found[2]);
  if (text.includes('.php') && (found = PHP_PLACE.exec(text))) return placed('php', text, found[1], found[2] ?? found[3] ?? found[4], found.index);
  return null;
}

/** Four languages begin a frame with "at". @param {string} text @returns {Frame|null} */
function framesAt(text) {
  const named = JAVA_FRAME.exec(text);
  const java = named && javaFrame(text, named);
  if (java) return java;
  const script = SCRIPT.exec(text);
  if (script) return placed(/\.(?:rs|c|h|cpp)$/.test(script[1]) ? 'rust' : 'script', text, script[1], script[2]);
  const bare = SCRIPT_BARE.exec(text);
  if (bare) return unplaced('script', 'Node.js');
  return dotnetFrame(text);
}

/** @param {string} text @returns {Frame|null} */
function dotnetFrame(text) {
  const said = DOTNET_FRAME.exec(text)?.[1].trimEnd() ?? '';
  const place = DOTNET_LINE.exec(said);
  const end = place ? said.lastIndexOf(') in ', place.index - ') in '.length - 1) : said.endsWith(')') ? said.length - 1 : -1;
  if (end < 0) return null;
  const method = said.slice(0, end + 1);
  const path = place ? said.slice(end + ') in '.length, place.index) : '';
  const line = place?.[1] ?? '';
  const [, name = ''] = DOTNET.exec(method) ?? [];
  const library = name === 'System' || name === 'Microsoft' ? '.NET' : name;
  if (!path) return library || /^(?=[\w.]+\.[^(])[\w.`<>|$[\],+&*]+\(/.test(method) ? unplaced('dotnet', library) : null;
  const frame = placed('dotnet', text, path, line, text.lastIndexOf(' in '));
  // .NET packages are built with paths that begin with "/_/".
  return { ...frame, library: library || (frame.path.startsWith('/_/') ? method.split('.')[0] : frame.library) };
}

/** The name of an archive without its version. @param {string} jar */
function packageOf(jar) {
  const name = jar.slice(jar.lastIndexOf('/') + 1).replace(JAR, '');
  const version = name.search(/-\d/);
  return version < 0 ? name : name.slice(0, version);
}

/** @param {string} text @param {RegExpExecArray} found @returns {Frame|null} */
function javaFrame(text, [, called, file, line, jar]) {
  const [module] = /** @type {RegExpExecArray} */ (JAVA_MODULE.exec(called));
  const name = called.slice(module.length);
  if (!name || name.includes('@')) return null;
  let library = jar && JAR.test(jar) ? packageOf(jar) : /^(?:java|jdk)\./.test(module) ? 'Java' : '';
  for (const [pattern, known] of library ? [] : JAVA) {
    const met = pattern.exec(name);
    if (met) library = known.replace('$1', met[1]);
    if (met) break;
  }
  if (!file) return unplaced('java', library);
  const folder = name.split('.').slice(0, -2).filter((part) => /^[a-z]/.test(part)).join('/');
  const start = text.lastIndexOf(`(${file}:`) + 1;
  return { kind: 'java', path: folder ? `${folder}/${file}` : file, line: Number(line), at: [start, start + file.length + 1 + line.length], library };
}

/** @param {string} text */
function columnOf(text) {
  const at = text.search(/[^\s|]/);
  return at < 0 ? text.length : at;
}

/** Reads the lines of an entry in order, and tells which belong to a library. */
export class Frames {
  constructor() { this.end(); }

  /** Ends the current frame: following lines don't belong to it. */
  end() {
    /** The library of the last line's frame; "" in the project's own code and outside frames. */
    this.library = '';
    this.kind = '';
    /** The indentation of that frame: its further lines are indented more. */
    this.column = 0;
    /** Whether the last line named a function, and its file and line come next. */
    this.isNamed = false;
  }

  /** @returns {object} for `restore` */
  keep() { return { ...this }; }
  /** @param {object} kept */
  restore(kept) { Object.assign(this, kept); }

  /**
   * @param {string} text of a line that begins no entry, without escape sequences
   * @param {string|null} next the line after it, if known
   * @returns {{library: string, isFrame: boolean}} `isFrame`: whether a frame begins here
   */
  read(text, next) {
    const isNamed = this.isNamed;
    this.isNamed = false;
    const frame = frameOf(text);
    if (frame) {
      // The file and line of the function in the line above.
      const isPlace = isNamed && frame.kind === this.kind;
      this.kind = frame.kind;
      this.column = columnOf(text);
      this.library = frame.library || (isPlace && !frame.path ? this.library : '');
      return { library: this.library, isFrame: !isPlace };
    }
    const named = this.#functionOf(text, next);
    if (named !== null) {
      this.library = named;
      this.isNamed = true;
      return { library: named, isFrame: true };
    }
    if (!this.#continues(text)) this.end();
    return { library: this.library, isFrame: false };
  }

  /** Go and Rust name the function first, and its file in the next line. @param {string} text @param {string|null} next @returns {string|null} its library; null if the line names no function */
  #functionOf(text, next) {
    if (text.length > MOST_CHARACTERS) return null;
    const place = next !== null && PLACE.test(next) ? frameOf(next) : null;
    const rust = RUST_FUNCTION.exec(text);
    if (rust && (this.kind === 'rust' || place?.kind === 'rust' || RUST.test(rust[1]))) {
      this.kind = 'rust';
      return place?.kind === 'rust' ? place.library : RUST.test(rust[1]) ? 'Rust' : '';
    }
    if (place?.kind === 'go' && !/^\s/.test(text)) {
      this.kind = 'go';
      return place.library;
    }
    if (next === null && this.kind === 'go' && GO_FUNCTION.test(text)) return GO.test(text.replace(/^created by /, '')) ? 'Go' : '';
    return null;
  }

  /** Whether a line without a frame of its own belongs to the one above. @param {string} text */
  #continues(text) {
    if (!this.kind) return false;
    if (this.kind === 'python') return REPEATED.test(text) || (/\S/.test(text) && columnOf(text) > this.column);
    if (this.kind === 'java') return JAVA_MORE.test(text);
    return this.kind === 'dotnet' && this.library !== '' && DOTNET_END.test(text);
  }
}

/** @param {string} path */
const isAbsolute = (path) => path.startsWith('/') || /^[A-Za-z]:\//.test(path);

/** No file has more lines; a larger number would be written in another way. */
const MOST_LINES = 999_999_999;

/**
 * The URL of a frame's source, or "" if the frame isn't the project's own, or that is unknown.
 *
 * @param {Frame} frame
 * @param {{url: string, roots: string[]}|null|undefined} source the template with `{path}` and `{line}`, and the
 * project's directories
 */
export function sourceOf(frame, source) {
  if (!source?.url || frame.library || !frame.path || !frame.line || frame.line > MOST_LINES) return '';
  let path = frame.path;
  if (isAbsolute(path)) {
    const root = source.roots.map((one) => one.replaceAll('\\', '/').replace(/\/*$/, '/')).filter((one) => path.startsWith(one)).sort((a, b) => b.length - a.length)[0];
    if (root === undefined) return '';
    path = path.slice(root.length);
  } else path = path.replace(/^(?:\.\/)+/, '');
  const parts = path.split('/');
  // Not a scheme, "<string>", or anything that would lead out of the project.
  if (/[<>:?\u0000-\u001f]/.test(path) || parts.some((part) => part === '' || part === '.' || part === '..')) return '';
  try {
    const encoded = parts.map(encodeURIComponent).join('/');
    const address = source.url.replaceAll('{path}', () => encoded).replaceAll('{line}', () => String(frame.line));
    return /^https?:$/.test(new URL(address).protocol) ? address : '';
  } catch {
    return '';
  }
}
