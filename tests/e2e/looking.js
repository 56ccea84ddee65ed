// What is wrong with what is drawn, in words. Rows are compared with their neighbours and with the end of the log.
() => {
  const found = [];
  const view = document.querySelector('.lt-view');
  const rows = [...view.querySelectorAll('.lt-window > *')].filter((row) => !row.classList.contains('lt-pinned'))
    .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
  const name = (row) => JSON.stringify(row.textContent.slice(0, 60));
  let before = null;
  for (const row of rows) {
    const box = row.getBoundingClientRect();
    if (before && box.top < before.bottom - 0.5) found.push(`over the row before by ${before.bottom - box.top}: ${name(row)}`);
    if (before && box.top > before.bottom + 0.5) found.push(`${box.top - before.bottom} below the row before: ${name(row)}`);
    if (row.scrollHeight > row.clientHeight + 1) found.push(`needs ${row.scrollHeight}, has ${row.clientHeight}: ${name(row)}`);
    if (row.classList.contains('lt-row') && !row.classList.contains('lt-open') && view.dataset.wrap !== 'true' && box.height !== 20) found.push(`${box.height} high: ${name(row)}`);
    if (row.classList.contains('lt-mark')) for (const part of row.querySelectorAll('span')) if (part.scrollWidth > part.clientWidth + 1 && innerWidth < 640) found.push(`cut: ${name(row)}`);
    let last = null;
    let ends = null;
    let gap = 0;
    for (const part of row.childNodes) {
      if (part.nodeType === 3) {
        if (last && /[\p{L}\p{N}]$/u.test(last) && /^[^\s]/u.test(part.data)) found.push(`no gap between ${JSON.stringify(last)} and ${JSON.stringify(part.data)}`);
        last = part.data;
        continue;
      }
      if (!part.matches('.lt-ts, .lt-lv, .lt-sep, .lt-src, .lt-msg, .lt-kv, .lt-verb, .lt-path, .lt-code, .lt-n, .lt-col')) continue;
      const style = getComputedStyle(part);
      const blank = part.querySelector('.lt-blank');
      const shown = blank && getComputedStyle(blank).clipPath !== 'none' ? part.textContent.trimEnd() : part.textContent;
      const text = part.classList.contains('lt-ts') ? part.dataset.t : shown;
      const [place] = part.getClientRects();
      if (!place || !text || style.clipPath !== 'none') continue;
      gap += parseFloat(style.marginInlineStart) + (parseFloat(getComputedStyle(part, '::before').marginInlineStart) || 0);
      // Parts of a request have a width of their own: what counts is where their text is.
      const written = document.createRange();
      written.selectNodeContents(part);
      const line = part.classList.contains('lt-ts') ? null : written.getClientRects()[0];
      if (line && ends && Math.abs(line.top - ends.top) < 4) gap = Math.max(gap, line.left - ends.right);
      ends = line ? [...written.getClientRects()].at(-1) : null;
      if (last && /[\p{L}\p{N}]$/u.test(last) && /^[\p{L}\p{N}]/u.test(text) && gap < 4) found.push(`no gap between ${JSON.stringify(last)} and ${JSON.stringify(text.slice(0, 30))}`);
      last = text;
      gap = parseFloat(style.marginInlineEnd);
    }
    const parts = [];
    const walk = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const holder = node.parentElement;
      const style = getComputedStyle(holder);
      if (!node.data.trim() || style.visibility === 'hidden' || style.fontSize === '0px' || holder.closest('.lt-extra')) continue;
      const clipped = holder.closest('.lt-lv, .lt-sep, .lt-src, .lt-blank');
      if (clipped && getComputedStyle(clipped).clipPath !== 'none') continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      parts.push(...[...range.getClientRects()].map((one) => [one, node.data]));
    }
    for (let i = 1; i < parts.length; i++) {
      for (let j = Math.max(0, i - 8); j < i; j++) {
        const [a, one] = parts[j];
        const [b, other] = parts[i];
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1.5 && high > 4) found.push(`${JSON.stringify(one.slice(0, 30))} over ${JSON.stringify(other.slice(0, 30))}: ${name(row)}`);
      }
    }
    before = box;
  }
  const end = view.querySelector('.lt-tail').getBoundingClientRect();
  if (before && end.height && end.top < before.bottom - 0.5) found.push(`the end of the log over the last row by ${before.bottom - end.top}`);
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page is wider than the window');
  return found;
}
