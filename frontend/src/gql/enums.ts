/** The schema's closed lists, for loops and for reading search parameters; the types prove them complete. */
export type Size = 'S' | 'M' | 'L' | 'XL';
export type Door = 'CLOSED' | 'OPEN' | 'UNKNOWN';
export type Service = 'IN_SERVICE' | 'OUT_OF_SERVICE' | 'FAULT' | 'UNREACHABLE';
export type Occupancy = 'AVAILABLE' | 'RESERVED' | 'OCCUPIED' | 'OUT_OF_SERVICE' | 'UNAVAILABLE';
export type Withheld = 'SILENT' | 'TAKEN';
export type StayState = 'QUEUED' | 'HELD' | 'ACCESS_ISSUED' | 'DEPOSITING' | 'DEPOSITED' | 'COLLECTING' | 'REVOKING' | 'RELEASED';
export type StayOutcome =
  | 'COLLECTED' | 'COLLECTED_BY_CARRIER' | 'RETURNED_TO_SENDER' | 'REMOVED_BY_STAFF' | 'CANCELLED' | 'EXPIRED_UNUSED' | 'NO_FIT'
  | 'ABANDONED_RECORD' | 'UNKNOWN_RELEASE';
export type ParcelState = 'ANNOUNCED' | 'ALLOCATED' | 'IN_LOCKER' | 'COLLECTED' | 'RETURNED' | 'REMOVED' | 'MISSING';
export type CommandKind = 'OPEN' | 'RESERVE' | 'DEPOSIT' | 'EXTEND' | 'ISSUE_ACCESS' | 'RELEASE' | 'SET_SERVICE';
export type CommandState = 'REQUESTED' | 'SENT' | 'ACCEPTED' | 'DOOR_OPENED' | 'DOOR_CLOSED' | 'FAILED' | 'EXPIRED' | 'UNCONFIRMED';
export type CommandFinding = 'DOOR_OPENED' | 'DID_NOT_OPEN' | 'TOOK_EFFECT' | 'NO_EFFECT';
export type AlarmKind =
  | 'HELD_OPEN' | 'FORCED_OPEN' | 'OPEN_FAILED' | 'OPENED_WRONG_DOOR' | 'CLOSED_WITHOUT_DEPOSIT' | 'OPEN_AFTER_RELEASE'
  | 'GHOST_PARCEL' | 'MISSING_PARCEL' | 'BANK_UNREACHABLE' | 'CONTROLLER_FAULT' | 'UNMAPPED_STATUS' | 'LATE_EVENT_AFTER_RELEASE'
  | 'AUDIT_CHAIN_BROKEN' | 'REVOKED_CREDENTIAL_USED';
export type SurveyState = 'WAITING' | 'RUNNING' | 'READY' | 'FAILED';
export type DifferenceKind = 'ADDED' | 'GONE' | 'LABEL' | 'SIZE' | 'ACCESSIBLE' | 'OCCUPIED' | 'EMPTY' | 'SERVICE' | 'LIKENESS';
export type OpeningState = 'PENDING' | 'APPROVED' | 'REJECTED' | 'EXPIRED';
export type AlarmSeverity = 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';
export type AlarmCondition = 'ACTIVE' | 'CLEARED';
export type AlarmState = 'NORM' | 'UNACK' | 'ACKED' | 'RTNUN' | 'SHLVD' | 'DSUPR' | 'OOSRV';
export type GrantState = 'ACTIVE' | 'SUSPENDED' | 'REVOKED';
export type GrantOperation =
  | 'VIEW_AVAILABILITY' | 'VIEW_OWN_PARCELS' | 'RESERVE' | 'DEPOSIT' | 'REOPEN_OWN' | 'COLLECT_RETURN' | 'COLLECT_EXPIRED';
export type AuditOutcome = 'DONE' | 'FAILED' | 'DENIED';
export type ExportKind = 'AUDIT' | 'STAYS';
export type ExportFormat = 'CSV' | 'NDJSON';
export type ExportState = 'QUEUED' | 'RUNNING' | 'DONE' | 'FAILED' | 'EXPIRED';
export type Role = 'OWNER' | 'MANAGER' | 'AUDITOR' | 'CARRIER_ADMIN' | 'COURIER' | 'RECIPIENT';

export const SIZES: readonly Size[] = ['S', 'M', 'L', 'XL'];
export const OCCUPANCIES: readonly Occupancy[] = ['OCCUPIED', 'RESERVED', 'AVAILABLE', 'OUT_OF_SERVICE', 'UNAVAILABLE'];
export const DOOR_FINDINGS: readonly CommandFinding[] = ['DOOR_OPENED', 'DID_NOT_OPEN'];
export const BOOK_FINDINGS: readonly CommandFinding[] = ['TOOK_EFFECT', 'NO_EFFECT'];
export const SEVERITIES: readonly AlarmSeverity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];
export const AUDIT_OUTCOMES: readonly AuditOutcome[] = ['DONE', 'FAILED', 'DENIED'];
export const OPERATIONS: readonly GrantOperation[] = [
  'VIEW_AVAILABILITY', 'VIEW_OWN_PARCELS', 'RESERVE', 'DEPOSIT', 'REOPEN_OWN', 'COLLECT_RETURN', 'COLLECT_EXPIRED',
];
export const OPEN_STAY_STATES: readonly StayState[] = [
  'QUEUED', 'HELD', 'ACCESS_ISSUED', 'DEPOSITING', 'DEPOSITED', 'COLLECTING', 'REVOKING',
];
export const OUTCOMES: readonly StayOutcome[] = [
  'COLLECTED', 'COLLECTED_BY_CARRIER', 'RETURNED_TO_SENDER', 'REMOVED_BY_STAFF', 'CANCELLED', 'EXPIRED_UNUSED', 'NO_FIT',
  'ABANDONED_RECORD', 'UNKNOWN_RELEASE',
];
