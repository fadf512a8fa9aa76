// Asking once before the camera starts, and before any picture goes to the server. That it was agreed is all that is remembered, for each
// place that pictures may go to.

import { byId } from './elements'

export const PRIVATE = 'Pictures are read in this page, on this device. None is sent, none is stored.'
export const SENT = 'Pictures are sent to the server that this page came from, read there in memory, and not stored.'

export async function agreed(isLocal: boolean): Promise<boolean> {
  const item = `mien.accepted.${isLocal ? 'device' : 'server'}`
  if (remembered(item)) return true
  const notice = byId<HTMLDialogElement>('notice')
  if (notice.open) return false // it was asked already
  byId('notice-where').textContent = isLocal ? PRIVATE : SENT
  notice.returnValue = 'no'
  notice.showModal()
  await new Promise((resolve) => notice.addEventListener('close', resolve, { once: true }))
  if (notice.returnValue !== 'yes') return false
  remember(item)
  return true
}

/** Where a browser keeps nothing for this page, it is asked every time. */
function remembered(item: string): boolean {
  try {
    return localStorage.getItem(item) === 'yes'
  } catch {
    return false
  }
}

function remember(item: string): void {
  try {
    localStorage.setItem(item, 'yes')
  } catch {
    // asked again next time
  }
}
