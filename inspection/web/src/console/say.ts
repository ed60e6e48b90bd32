/** Short words that come and go: what was done, or why it was not. And questions before what can't be undone. */

import { ElMessage } from 'element-plus/es/components/message/index.mjs'
import { ElMessageBox } from 'element-plus/es/components/message-box/index.mjs'
import 'element-plus/es/components/message/style/css'
import 'element-plus/es/components/message-box/style/css'
import { explain, type Failure } from '../api/client'

export function say(text: string): void {
  ElMessage({ message: text, type: 'success', grouping: true })
}

/** Why something failed; it stays until it is closed, because it says what to do. */
export function complain(failure: Failure | string): void {
  const message = typeof failure === 'string' ? failure : explain(failure)
  ElMessage({ message, type: 'error', duration: 0, showClose: true, grouping: true })
}

/** Whether the person agrees: `yes` names what is done then. */
export async function agrees(title: string, message: string, yes: string): Promise<boolean> {
  try {
    await ElMessageBox.confirm(message, title, { confirmButtonText: yes, cancelButtonText: '取消', type: 'warning' })
    return true
  } catch {
    // How Element Plus says no.
    return false
  }
}

/** The reason that the person gives for something; null where they think better of it. */
export async function reason(title: string, message: string, yes: string): Promise<string | null> {
  try {
    const { value } = await ElMessageBox.prompt(message, title, {
      confirmButtonText: yes,
      cancelButtonText: '取消',
      inputType: 'textarea',
      inputPattern: /\S/,
      inputErrorMessage: '请填写理由',
    })
    return value.trim()
  } catch {
    return null
  }
}
