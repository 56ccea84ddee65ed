/** The strip next to the log: errors, warnings, matches and the visible part, of everything loaded. */

const EVERY_MS = 250;

export class Ruler {
  /** @param {{canvas: HTMLCanvasElement, rows: import('./rows.js').Rows, filtered: import('../find/filtered.js').Filtered}} parts */
  constructor({ canvas, rows, filtered }) {
    this.canvas = canvas;
    this.rows = rows;
    this.filtered = filtered;
    this.drawnAt = 0;
    /** Milliseconds that the last drawing took; drawing gets a twentieth of the time. */
    this.cost = 0;
  }

  /** @param {AbortSignal} signal */
  wire(signal) {
    const { canvas } = this;
    const go = (/** @type {PointerEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      this.rows.goToPart((event.clientY - box.top) / box.height);
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      go(event);
    }, { signal });
    canvas.addEventListener('pointermove', (event) => { if (event.buttons & 1) go(event); }, { signal });
    signal.addEventListener('abort', () => { clearTimeout(this.timer); this.timer = undefined; });
  }

  /** Draws it soon, at most a few times a second. */
  schedule() {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      requestAnimationFrame(() => this.draw());
    }, Math.max(30, Math.max(EVERY_MS, this.cost * 20) - (performance.now() - this.drawnAt)));
  }

  draw() {
    const { canvas } = this;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!height || document.hidden || !canvas.isConnected) return;
    this.drawnAt = performance.now();
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const paper = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const style = getComputedStyle(canvas);
    const ink = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    paper.scale(scale, scale);
    const { shown, seen } = this.rows;
    if (!shown.length) return;
    paper.fillStyle = ink('--lt-sunken');
    paper.fillRect(1, seen.from * height, width - 1, Math.max(6, (seen.to - seen.from) * height));
    const narrow = width < 10;
    const per = height / Math.max(1, shown.total);
    // Of the items that share a pixel, the worst one is drawn.
    const rows = Math.ceil(height / 2) + 1;
    const worst = new Uint8Array(rows);
    const found = new Uint8Array(rows);
    let y = 0;
    for (let i = shown.first; i < shown.items.length; i++) {
      const item = shown.items[i];
      if (!item.inner) {
        const at = Math.floor((y * per) / 2);
        if (item.level === 'E') worst[at] = 2;
        else if (item.level === 'W' && !worst[at]) worst[at] = 1;
      }
      y += item.height;
    }
    const { matches } = this.filtered;
    if (matches.length && matches.length < 50_000) {
      for (const item of matches) found[Math.floor((shown.indexOfSeq(item.seq) / shown.length) * (height / 2))] = 1;
    }
    const error = ink('--lt-error-bar');
    const warning = ink('--lt-warning-bar');
    for (let at = 0; at < rows; at++) {
      if (!worst[at]) continue;
      const bad = worst[at] === 2;
      paper.fillStyle = bad ? error : warning;
      paper.globalAlpha = bad ? 1 : 0.7;
      if (narrow) paper.fillRect(1, at * 2, width - 1, 2);
      else paper.fillRect(bad ? 3 : 5, at * 2, bad ? width - 5 : width - 9, 2);
    }
    paper.globalAlpha = 1;
    paper.fillStyle = ink('--lt-ruler-match');
    for (let at = 0; at < rows; at++) if (found[at]) paper.fillRect(width - 5, at * 2, 4, 2);
    this.cost = performance.now() - this.drawnAt;
  }
}
