/** Moving schools on a list. */

import { expect, test } from 'vitest'
import { kept, moved } from '../src/console/lists/order'

test.each([
  [0, 2, 'bcad'],
  [3, 0, 'dabc'],
  [1, 2, 'acbd'],
  [2, 2, 'abcd'],
  [0, -1, 'abcd'],
  [1, 99, 'acdb'],
  [9, 0, 'abcd'],
])('from %d to %d: %s', (from, to, order) => {
  expect(moved('abcd'.split(''), from, to).join('')).toBe(order)
})

test('an order outlives schools that come and go', () => {
  expect(kept(['c', 'x', 'a'], ['a', 'b', 'c'])).toEqual(['c', 'a', 'b'])
})
