/** The words for kinds, states and weights of discrepancies, as the city reads them. */

export const KINDS: Readonly<Record<string, string>> = {
  overstated: '自评偏高',
  understated: '自评偏低',
  clause_denied: '要求未达到',
  clause_granted: '要求已达到',
  figures_contradict: '与申报数据不符',
  evidence_missing: '缺少佐证',
  inspectors_differ: '专家意见不一',
  unscored: '未评分',
  evidence_suspect: '佐证存疑',
}

export const STATES: Readonly<Record<string, string>> = {
  open: '学校未说明',
  answered: '待核',
  upheld: '维持',
  revised: '已更正',
}

export const SEVERITIES: Readonly<Record<string, string>> = { critical: '重大', major: '较大', minor: '一般' }

export const options = (words: Readonly<Record<string, string>>) =>
  Object.entries(words).map(([value, label]) => ({ value, label }))

/** A moment as the field of a form has it (2022-10-20T17:00), in Shanghai. */
export const toInstant = (local: string) => `${local}:00+08:00`
export const toLocal = (moment: number) =>
  new Date(moment).toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai' }).slice(0, 16).replace(' ', 'T')
