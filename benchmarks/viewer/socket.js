// In the place of the browser's WebSocket: a server that sends prepared lines at a given rate, so that the page and
// nothing else is measured. Batches come as from the real one: rounds of 50 ms, 64 KiB at most.
(() => {
  // With `benchJson`: lines of JSON, with fields in fields, in which each number is one of the line's own.
  const isJson = globalThis.benchJson === true;
  const LINE = isJson ? 320 : 100;
  /** Bytes behind the number that each line has of its own. */
  const BEHIND = isJson ? 4 : 2;
  const BATCH_LINES = isJson ? 200 : 650;
  const ROUND_MS = 50;
  const LEVELS = ['INFO    ', 'INFO    ', 'INFO    ', 'DEBUG   ', 'INFO    ', 'WARNING ', 'INFO    ', 'INFO    ', 'INFO    ', 'ERROR   '];
  const encoder = new TextEncoder();
  const text = Array.from({ length: BATCH_LINES }, (_, i) => {
    const clock = `10:${String(Math.floor(i / 60) % 60).padStart(2, '0')}:${String(i % 60).padStart(2, '0')},${String(i).padStart(3, '0')}`;
    if (isJson) {
      const level = LEVELS[i % 10].trim().toLowerCase();
      const status = i % 5 ? 200 : 500;
      const more = { request: { method: 'GET', path: `/api/cart/items/${i}/`, status }, duration_ms: i * 59 % 12_000, status, user: i };
      const said = { timestamp: `2026-11-27T${clock.replace(',', '.')}Z`, level, logger: 'shop.http', event: 'request finished', request_id: `9f31c07a-52be-4b1e-${i}`, ...more, fill: '', n: '' };
      const fill = (LINE - 1 - JSON.stringify(said).length) - 12;
      return `${JSON.stringify({ ...said, fill: 'x'.repeat(fill), n: '0'.repeat(12) })}\n`;
    }
    return `2026-08-24 ${clock} ${LEVELS[i % 10]} shop.access GET /api/orders/${i}/ 200 1842 in ${i % 97} ms`.padEnd(LINE - 1, '.') + '\n';
  }).join('');
  const lines = encoder.encode(text);
  globalThis.bench = { rate: 0, sent: 0 };

  globalThis.WebSocket = class {
    constructor() {
      this.readyState = 0;
      setTimeout(() => { this.readyState = 1; this.onopen?.({}); });
    }

    say(message) { this.onmessage?.({ data: JSON.stringify(message) }); }

    batch(count) {
      const start = bench.sent * LINE;
      const header = encoder.encode(`${JSON.stringify({ type: 'batch', file: 'f', start, end: start + count * LINE })}\n`);
      const data = new Uint8Array(header.length + count * LINE);
      data.set(header);
      data.set(lines.subarray(0, count * LINE), header.length);
      // Each line its own: engines remember how they split a text that they have seen.
      for (let i = 0; i < count; i++) {
        for (let at = header.length + (i + 1) * LINE - BEHIND, n = bench.sent + i; n; n = Math.floor(n / 10)) data[at--] = 48 + (n % 10);
      }
      bench.sent += count;
      this.onmessage?.({ data: data.buffer });
    }

    send(frame) {
      const message = JSON.parse(frame);
      if (message.type !== 'hello') return;
      this.say({ type: 'hello', protocol: 1, session: 's', log: 'shop', can: ['range'], encoding: 'utf-8', queue: 'logtail' });
      this.say({ type: 'event', kind: 'started', file: 'f', offset: 0, size: 0 });
      this.say({ type: 'status', state: 'live', size: 0, rate: 0, behind: 0 });
      bench.load = (count) => { while (count > 0) { const part = Math.min(count, BATCH_LINES); this.batch(part); count -= part; } };
      let owed = 0;
      let last = performance.now();
      this.timer = setInterval(() => {
        const now = performance.now();
        owed += ((now - last) / 1000) * bench.rate;
        last = now;
        for (; owed >= 1; owed -= Math.min(owed, BATCH_LINES)) this.batch(Math.min(Math.floor(owed), BATCH_LINES));
      }, ROUND_MS);
    }

    close() { this.readyState = 3; clearInterval(this.timer); }
  };
})();
