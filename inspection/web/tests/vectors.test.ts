/** The hand-written vectors that Python's rules are held to, run by the rules of the phone. */

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Answer, Answers, Case, Rules, School } from '../src/rules/case'
import { assess, type Outcome } from '../src/rules/outcome'
import { asNumber, hundredths } from '../src/rules/points'
import { readRubric, type RubricData } from '../src/rules/rubric'

const ROOT = join(import.meta.dirname, '../../..')
const VECTORS = join(ROOT, 'tests/vectors')

interface Vector {
  name: string
  base: string
  set: Record<string, unknown>
  expect: Record<string, unknown>
}

interface CaseData {
  applied: string
  school: School
  rules?: RulesData
  self_assessment: Record<string, (Answer & { evidence?: number }) | null>
  score_sheets: { items: Record<string, Answer | null> }[]
  rulings?: Record<string, Answer>
}

interface RulesData {
  score_step?: number
  spread_tolerance?: number
  discrepancy_share?: number
  evidence_required?: string
  grades?: { grade: string; title?: string; min_total: number; clauses: string[] }[]
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
const RUBRIC = readRubric(rubricOfConfig())
const STANDARD = (parse(readFileSync(join(ROOT, 'config/cycles/2022.yaml'), 'utf8')) as { rules: RulesData }).rules

/** The rubric of config/ as GET /api/rubric answers it. */
function rubricOfConfig(): RubricData {
  const data = parse(readFileSync(join(ROOT, 'config/rubrics/taizhou-2022.yaml'), 'utf8')) as RubricData
  const groups = data.groups.map((group, g) => ({
    ...group,
    code: String(g + 1),
    indicators: group.indicators.map((indicator, i) => ({
      ...indicator,
      code: `${g + 1}.${i + 1}`,
      items: indicator.items.map((item) => {
        const clauses = ((item as Partial<typeof item>).clauses ?? []).map((clause) => ({
          ...{ text: item.text, stages: [], figures: null },
          ...clause,
        }))
        return { ...item, clauses, starred: clauses.some((clause) => clause.name === 'basic') }
      }),
    })),
  }))
  return { ...data, sha256: '', groups }
}

function rulesOf(data: RulesData): Rules {
  const chosen = { ...STANDARD, ...data } as Required<RulesData>
  return {
    scoreStep: hundredths(chosen.score_step),
    spreadTolerance: hundredths(chosen.spread_tolerance),
    discrepancyShare: chosen.discrepancy_share,
    evidenceRequired: chosen.evidence_required,
    grades: chosen.grades
      .map(({ grade, title, min_total, clauses }) => ({
        name: grade,
        title: title ?? grade,
        minTotal: hundredths(min_total),
        requirements: clauses,
      }))
      .sort((one, other) => other.minTotal - one.minTotal),
  }
}

function answersOf(data: Record<string, Answer | null>): Answers {
  const entries = Object.entries(data).map(([code, answer]) => {
    const points = answer?.points ?? null
    return [code, { points: points === null ? null : hundredths(points), clauses: answer?.clauses ?? {} }] as const
  })
  return Object.fromEntries(entries)
}

function caseOf(data: CaseData): Case {
  return {
    rubric: RUBRIC,
    rules: rulesOf(data.rules ?? {}),
    applied: data.applied,
    school: data.school,
    selfAssessment: answersOf(data.self_assessment),
    sheets: data.score_sheets.map((sheet) => answersOf(sheet.items)),
    rulings: answersOf(data.rulings ?? {}),
    evidence: Object.fromEntries(
      Object.entries(data.self_assessment).map(([code, answer]) => [code, answer?.evidence ?? 0]),
    ),
  }
}

/** The outcome in the form of `python -m backend decide`. */
function outcomeData(outcome: Outcome): unknown {
  const number = (points: number | null) => (points === null ? null : asNumber(points))
  const { decision } = outcome
  return {
    items: Object.fromEntries(
      [...outcome.items].map(([code, item]) => [
        code,
        {
          agreed_points: number(item.points),
          rule: item.rule,
          clauses: Object.fromEntries([...item.clauses].map(([name, clause]) => [name, clause.verdict])),
        },
      ]),
    ),
    discrepancies: outcome.discrepancies.map(({ item, kind, delta, severity, changesGrade }) => ({
      ...{ item, kind, delta: number(delta), severity },
      changes_grade: changesGrade,
    })),
    decision: decision && {
      total: asNumber(decision.total),
      attained: decision.attained,
      awarded: decision.awarded,
      explanation: decision.explanation.map((gap) => ({
        grade: gap.grade,
        points_short: asNumber(gap.pointsShort),
        clauses_unmet: gap.clausesUnmet.map((clause) => ({ item: clause.item, clause: clause.name })),
      })),
      shortest_path: decision.shortestPath,
    },
  }
}

/** The parts of a JSON pointer (RFC 6901). */
const parts = (pointer: string) =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

type Node = Record<string, unknown> | undefined
const at = (document: unknown, path: string[]) => path.reduce<unknown>((node, part) => (node as Node)?.[part], document)

function put(document: unknown, pointer: string, value: unknown): void {
  const path = parts(pointer)
  const last = path.pop() ?? ''
  const parent = at(document, path) as Record<string, unknown>
  parent[last] = value
}

const files = readdirSync(VECTORS).filter((name) => name.endsWith('.json'))

describe.each(files)('%s', (file) => {
  test.each(read(join(VECTORS, file)) as Vector[])('$name', (vector) => {
    const data = read(join(VECTORS, 'bases', `${vector.base}.json`)) as CaseData
    for (const [pointer, value] of Object.entries(vector.set)) put(data, pointer, value)
    const outcome = outcomeData(assess(caseOf(data)))
    const found = Object.fromEntries(
      Object.keys(vector.expect).map((pointer) => [pointer, at(outcome, parts(pointer)) ?? null]),
    )
    expect(found).toEqual(vector.expect)
  })
})
