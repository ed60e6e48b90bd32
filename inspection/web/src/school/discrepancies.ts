/** The words for kinds and states of discrepancies, as a school reads them. */

export const KINDS: Readonly<Record<string, string>> = {
  overstated: '自评高于评估结果',
  understated: '自评低于评估结果',
  clause_denied: '自评达到，评估认为未达到',
  clause_granted: '自评未达到，评估认为达到',
  figures_contradict: '与申报表的数字不符',
  evidence_missing: '没有附佐证',
  inspectors_differ: '专家意见不一',
  unscored: '没有评分',
  evidence_suspect: '佐证需要说明',
}

export const STATES: Readonly<Record<string, string>> = {
  open: '待说明',
  answered: '已说明，待处理',
  upheld: '已处理：维持',
  revised: '已处理：更正',
}
