import assert from 'node:assert/strict';
import test from 'node:test';

import { Scroll, TALLEST } from '../../../django_logtail/static/logtail/rows/scroll.js';

const HEIGHT = 500;
const TOP_HEIGHT = 30;

/** A view as a browser has it, over `total` pixels of items. */
function over(total) {
  const lines = { style: { height: '0px' } };
  const view = {
    clientHeight: HEIGHT, top: 0, style: { paddingBlockEnd: '' },
    get scrollHeight() { return TOP_HEIGHT + parseFloat(lines.style.height) + (parseFloat(view.style.paddingBlockEnd) || 0); },
    get scrollTop() { return view.top; },
    set scrollTop(top) { view.top = Math.max(0, Math.min(top, view.scrollHeight - HEIGHT)); },
  };
  const shown = { total };
  const scroll = new Scroll(view, lines, shown);
  scroll.height = HEIGHT;
  scroll.topHeight = TOP_HEIGHT;
  scroll.space();
  return { lines, scroll, shown, view };
}

test('pixels of the items are those of the browser while it can count them', () => {
  const { scroll, view } = over(10_000);

  scroll.moveTo(4_000);

  assert.deepEqual([scroll.at, scroll.shift, view.scrollTop], [4_000, 0, 4_030]);
});

test('below 0 is what stands above the items', () => {
  const { scroll } = over(10_000);
  scroll.toEnd();

  scroll.moveTo(-TOP_HEIGHT);

  assert.equal(scroll.at, -TOP_HEIGHT);
});

test('the end is the end of the items however many there are', () => {
  for (const total of [10_000, TALLEST, 3 * TALLEST]) {
    const { scroll } = over(total);

    scroll.toEnd();

    assert.deepEqual([scroll.at, scroll.room], [total - HEIGHT, 0]);
  }
});

test('no element is taller than browsers can count', () => {
  assert.equal(over(3 * TALLEST).lines.style.height, `${TALLEST}px`);
});

test('any place among very many items is reached to the pixel', () => {
  const { scroll } = over(3 * TALLEST);

  for (const at of [0, 1_234_567, 2 * TALLEST, 3 * TALLEST - HEIGHT]) {
    scroll.moveTo(at);
    assert.ok(Math.abs(scroll.at - at) < 0.01, `${scroll.at} and not ${at}`);
  }
});

test('what we did ourselves is no scrolling of the reader', () => {
  const { scroll } = over(10_000);

  scroll.moveTo(4_000);

  assert.equal(scroll.scrolled(), 0);
});

test('the reader scrolls by pixels, among very many items as well', () => {
  for (const total of [10_000, 3 * TALLEST]) {
    const { scroll, view } = over(total);
    scroll.moveTo(4_000);

    view.scrollTop += 120;

    assert.equal(scroll.scrolled(), 120);
    assert.ok(Math.abs(scroll.at - 4_120) < 0.01);
  }
});

test('the scrollbar is a map of very many items', () => {
  const { scroll, view } = over(3 * TALLEST);
  scroll.moveTo(0);

  view.scrollTop = TOP_HEIGHT + (TALLEST - HEIGHT) / 2;
  scroll.scrolled();

  assert.ok(Math.abs(scroll.at - (3 * TALLEST - HEIGHT) / 2) < 1);
});

test('at an edge of the browser, and not of the items, it goes on', () => {
  const { scroll, view } = over(3 * TALLEST);
  scroll.moveTo(2 * TALLEST);
  // By small steps the reader came to the upper edge of what the browser knows.
  scroll.shift = scroll.at;
  scroll.lastTop = 100;
  view.top = 0;

  assert.equal(scroll.scrolled(), 0);

  assert.ok(Math.abs(scroll.at - (2 * TALLEST - 100)) < 0.01);
  assert.ok(view.scrollTop > 0);
});

test('a line that is held stays at its place although the lines end before the view does', () => {
  const { scroll, shown, view } = over(10_000);

  scroll.hold(9_800);
  const before = [scroll.at, view.style.paddingBlockEnd];
  shown.total = 9_900;
  scroll.space();
  scroll.moveTo(9_850);

  assert.deepEqual([before, scroll.at, view.style.paddingBlockEnd], [[9_800, '300px'], 9_850, '450px']);
});

test('room below the lines goes when new ones fill it, and does not come back', () => {
  const { scroll, shown, view } = over(10_000);
  scroll.hold(9_800);
  const rooms = [];
  for (const total of [10_100, 10_300, 10_000]) {
    shown.total = total;
    scroll.space();
    rooms.push(view.style.paddingBlockEnd);
  }

  assert.deepEqual(rooms, ['200px', '', '']);
});

test('room below the lines goes with who scrolls up, and at once at the end', () => {
  const up = over(10_000);
  up.scroll.hold(9_800);
  up.view.scrollTop -= 100;
  up.scroll.scrolled();
  up.scroll.space();
  const end = over(10_000);
  end.scroll.hold(9_800);
  end.scroll.toEnd();

  assert.deepEqual([up.view.style.paddingBlockEnd, end.view.style.paddingBlockEnd, end.scroll.at], ['200px', '', 9_500]);
});

test('a line that is not held has no room below it', () => {
  const { scroll, view } = over(10_000);
  scroll.moveTo(9_800);

  assert.deepEqual([scroll.at, view.style.paddingBlockEnd], [9_500, '']);
});
