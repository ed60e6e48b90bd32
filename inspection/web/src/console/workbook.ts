/** A table that a page shows, saved as xlsx, which the service makes. */

import { download } from '../shared/download'
import { complain } from './say'

export async function saveWorkbook(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): Promise<void> {
  const problem = await download('/api/workbooks', `${title}.xlsx`, { title, columns, rows })
  if (problem) complain(problem)
}
