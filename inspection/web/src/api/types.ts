/** The API's models by their names, from the OpenAPI document (`npm run types`). */

import type { components } from './schema.gen'

type Schemas = components['schemas']

export type Me = Schemas['Me']
export type SessionOpened = Schemas['SessionOpened']
export type VisitView = Schemas['VisitView']
export type Pack = Schemas['Pack']
export type RubricView = Schemas['RubricView']
export type OperationBatch = Schemas['OperationBatch']
export type OperationIn = Schemas['OperationIn']
export type Synced = Schemas['Synced']
export type Refused = Schemas['Refused']
export type SheetView = Schemas['SheetView']
export type SheetConflict = Schemas['SheetConflict']
export type SelfAssessed = Schemas['SelfAssessed']
export type Progress = Schemas['Progress']
export type PhotoView = Schemas['PhotoView']
export type Reconciliation = Schemas['Reconciliation']
export type ItemEvidence = Schemas['ItemEvidence']
