/** Compiles the mini-program as DevTools does: each TypeScript file for itself, the rest as it is. */

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import ts from 'typescript'

export const BUILT = join(import.meta.dirname, '../build')
const SOURCE = join(import.meta.dirname, '../src')

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2020,
  module: ts.ModuleKind.CommonJS,
  isolatedModules: true,
}

export function setup(): void {
  rmSync(BUILT, { recursive: true, force: true })
  for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
    const from = join(SOURCE, file)
    const to = join(BUILT, file)
    if (extname(file) === '') continue
    mkdirSync(dirname(to), { recursive: true })
    if (extname(file) !== '.ts') cpSync(from, to)
    else {
      const { outputText } = ts.transpileModule(readFileSync(from, 'utf8'), { compilerOptions })
      writeFileSync(to.replace(/ts$/, 'js'), outputText)
    }
  }
}
