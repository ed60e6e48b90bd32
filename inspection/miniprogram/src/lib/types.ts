/** The API's models by their names, from the OpenAPI document; only types, so that nothing of it is in the package. */

import type { components } from '../../../web/src/api/schema.gen'

type Schemas = components['schemas']

export type Me = Schemas['Me']
export type Holding = Schemas['Holding']
export type HoldingView = Schemas['HoldingView']
export type SessionOpened = Schemas['SessionOpened']
export type WeChatSession = Schemas['KnownUser'] | Schemas['UnboundUser']
export type WebViewTicket = Schemas['WebViewTicket']
export type Quota = Schemas['Quota']
export type Quotas = Schemas['Quotas']
export type Accept = Schemas['Accept']
export type InboxMessage = Schemas['InboxMessage']
export type InboxPage = Schemas['InboxPage']
export type SubmissionSummary = Schemas['SubmissionSummary']
