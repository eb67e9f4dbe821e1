/** What the viewer may do, asked once; a control that is not allowed stays visible and says why. */
import { createContext, useContext } from 'react';

export const PERMISSION = {
  readAlarms: 'alarm:read',
  acknowledge: 'alarm:acknowledge',
  shelve: 'alarm:shelve',
  open: 'compartment:open',
  setService: 'compartment:service',
  manageBanks: 'bank:manage',
  settleCommand: 'command:settle',
  readAudit: 'audit:read',
  createExport: 'export:create',
  readExports: 'export:read',
  readCarriers: 'carrier:read',
  manageGrants: 'grant:manage',
  reserve: 'stay:create',
  deposit: 'stay:deposit',
  release: 'stay:release',
} as const;

export type PermissionName = (typeof PERMISSION)[keyof typeof PERMISSION];

export type Viewer = {
  id: string;
  name: string;
  email: string | null;
  role: string;
  permissions: readonly string[];
  organization: { id: string; name: string; kind: string };
};

export const ViewerContext = createContext<Viewer | null>(null);

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (!viewer) throw new Error('useViewer needs a signed-in viewer above it');
  return viewer;
}

export function useMay(permission: PermissionName): boolean {
  return useViewer().permissions.includes(permission);
}
