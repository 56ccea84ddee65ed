import assert from 'node:assert/strict';
import test from 'node:test';

import { Words } from '../../../django_logtail/static/logtail/ui/format.js';

/** tests/test_amounts.py has the admin's; only the separator of thousands may differ. */
const SIZES = [
  [0, '0 B'], [999, '999 B'], [1_000, '1.0 kB'], [1_024, '1.0 kB'], [1_050, '1.1 kB'], [99_940, '99.9 kB'], [100_000, '100 kB'], [999_999, '1000 kB'],
  [1_000_000, '1.0 MB'], [5_368_709_120, '5.4 GB'], [2_000_000_000_000_000, '2000 TB'],
];

for (const language of ['en', 'zh-hans']) {
  test(`the page says sizes as the admin does, in ${language}`, () => {
    const { size } = new Words({}, language);
    assert.deepEqual(SIZES.map(([bytes]) => size(bytes).replace(',', '')), SIZES.map(([, said]) => said));
  });
}
