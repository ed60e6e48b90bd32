import type { InvitationView } from '../../api/types'

export const INVITATION_STATES: Readonly<Record<InvitationView['state'], string>> = {
  open: '可用',
  used: '已使用',
  revoked: '已作废',
  expired: '已过期',
}
