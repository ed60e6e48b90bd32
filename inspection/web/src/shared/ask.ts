/** Questions before something that can't be undone. */

import { showConfirmDialog } from 'vant'
import 'vant/es/dialog/style'

/** Whether the person agrees: `yes` names what is done then. */
export async function agrees(title: string, message: string, yes: string): Promise<boolean> {
  try {
    await showConfirmDialog({
      ...{ title, message, confirmButtonText: yes, cancelButtonText: '取消' },
      // Vant names the dialog by an id that there is not.
      ...({ 'aria-labelledby': null, 'aria-label': title } as object),
    })
    return true
  } catch {
    // How Vant says no.
    return false
  }
}
