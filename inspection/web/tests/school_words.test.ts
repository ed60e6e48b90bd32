/** What a school reads: ratios to the device, what was typed or why it can't be taken, where a pointer leads. */

import { describe, expect, test } from 'vitest'
import { labelOf } from '../src/school/labels'
import { devicesOf, teachersOf } from '../src/school/ratios'
import { placeOf, stepOf } from '../src/school/steps'
import { refusalOf } from '../src/school/store/files'
import { readTyped } from '../src/school/typed'
import { untilText } from '../src/shared/words'
import type { Clause, Rubric } from '../src/rules/rubric'

const clause = (item: string, kind: string, atMost: Record<string, number>): Clause => ({
  ...{ item, name: 'basic', requirement: 'basic', text: '', stages: [], figures: { kind, atMost } },
})
const items = [
  clause('1.2.1', 'teacher_computers', {}),
  clause('1.2.2', 'students_per_device', { primary: 10, senior: 6 }),
]
const rubric = {
  items: new Map(items.map((each) => [each.item, { code: each.item, clauses: [each] }])),
} as unknown as Rubric

describe('ratios', () => {
  test.each([
    ['primary', 900, 90, true, '每 10 人一台'],
    ['primary', 901, 90, false, '还差 1 台'],
    ['senior', 600, 99, false, '每 6.1 人一台，还差 1 台'],
    ['primary', 5, 0, false, '没有终端，还差 1 台'],
  ])('%s: %d students on %d devices', (stage, students, devices, met, words) => {
    const found = devicesOf(rubric, stage, students, devices)
    expect(found?.met).toBe(met)
    expect(found?.text).toContain(words)
  })

  test('nothing is said while a figure is missing, or of a stage that nothing is asked of', () => {
    expect(devicesOf(rubric, 'primary', null, 90)).toBeNull()
    expect(devicesOf(rubric, 'junior', 900, 90)).toBeNull()
    expect(teachersOf(rubric, 60, null)).toBeNull()
  })

  test('teachers need a computer each', () => {
    expect(teachersOf(rubric, 60, 60)?.met).toBe(true)
    expect(teachersOf(rubric, 60, 58)?.text).toContain('还差 2 台')
  })
})

describe('what was typed', () => {
  test.each([
    ['count', '９００', 900, null],
    ['count', '0', 0, null],
    ['count_from_one', '0', '0', '应为 1 或更大的整数'],
    ['count', '12人', '12人', '应为整数，不带单位和小数'],
    ['count', '99999999', 99999999, '数字太大，请核对'],
    ['telephone', '０５２３－８６８８１２３４', '0523-86881234', null],
    ['telephone', '123', '123', '应为电话号码，如 0523-86880000 或 11 位手机号'],
    ['name', '  陈\t校长 ', '陈 校长', null],
    ['name', '   ', null, null],
    ['note', '第一行\n\u0000<b>第二行</b> \u202eخط', '第一行\n<b>第二行</b> \u202eخط', null],
    ['note', ' \n ', null, null],
  ] as const)('%s "%s"', (kind, text, value, problem) => {
    const read = readTyped(kind, text)
    expect(read.problem).toBe(problem)
    expect(String(read.value)).toBe(String(value))
  })
})

test('where pointers of the API lead', () => {
  expect(placeOf('/items/1.1.10/points')).toBe('/assessment/1.1#item-1.1.10')
  expect(placeOf('/items/4.5.5/evidence/0')).toBe('/assessment/4.5#item-4.5.5')
  expect(placeOf('/application/stages/primary/students')).toBe('/application#application-stages-primary-students')
  expect(placeOf('/indicators/1.1/note')).toBe('/assessment/1.1#note')
  expect(placeOf('/scans/0')).toBe('/print')
})

test('what fields are called', () => {
  const names = ['/application/contact/phone', '/application/stages/senior/students', '/items/1.1.10/note', '/scans']
  expect(names.map(labelOf)).toEqual(['联系人电话', '高中学生人数', '1.1.10 说明', '盖章扫描件'])
  expect(labelOf('/items/5.4.2/clauses/filing')).toBe('5.4.2 要求')
  expect(labelOf('/indicators/1.1/note')).toBe('1.1 备注')
})

test('every state has its place in the line of steps', () => {
  const states = ['draft', 'submitted', 'endorsed', 'visiting', 'scored', 'decided', 'published']
  const steps = states.map(stepOf)
  expect(steps).toEqual([...steps].sort((a, b) => a - b))
  expect(stepOf('returned')).toBe(0)
})

test('a closing midnight reads as the end of the day before', () => {
  expect(untilText('2022-08-31T16:00:00Z')).toBe('8月31日 24:00')
  expect(untilText('2022-09-05T09:30:00Z')).toBe('9月5日 17:30')
})

test('files that would be refused in any case', () => {
  expect(refusalOf({ size: 0, type: 'image/jpeg' })).toContain('空')
  expect(refusalOf({ size: 21 * 1024 * 1024, type: 'image/jpeg' })).toContain('21.0 MB，超过 20 MB')
  expect(refusalOf({ size: 1, type: 'video/mp4' })).toContain('照片')
  expect(refusalOf({ size: 1, type: 'application/pdf' })).toBeNull()
  expect(refusalOf({ size: 1, type: '' })).toBeNull()
})
