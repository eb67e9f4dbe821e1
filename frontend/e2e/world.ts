/** What the stories are told about the running Lockyard, by environment. */
export type World = {
  url: string;
  email: string;
  password: string;
  carrierEmail: string | undefined;
  carrierPassword: string | undefined;
  /** A second person of the same operator. */
  managerEmail: string | undefined;
  managerPassword: string | undefined;
  /** Address of the control interface of simulated doors that can be forced. */
  doors: string | undefined;
  /** Address of the control interface of a simulated vendor that keeps books. */
  books: string | undefined;
  shots: string | undefined;
  chromium: string;
};

export const CHROMIUM_FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: it takes LOCKYARD_E2E_URL, LOCKYARD_E2E_EMAIL and LOCKYARD_E2E_PASSWORD`);
  return value;
}

export function world(): World {
  return {
    url: needed('LOCKYARD_E2E_URL').replace(/\/$/, ''),
    email: needed('LOCKYARD_E2E_EMAIL'),
    password: needed('LOCKYARD_E2E_PASSWORD'),
    carrierEmail: process.env['LOCKYARD_E2E_CARRIER_EMAIL'],
    carrierPassword: process.env['LOCKYARD_E2E_CARRIER_PASSWORD'],
    managerEmail: process.env['LOCKYARD_E2E_MANAGER_EMAIL'],
    managerPassword: process.env['LOCKYARD_E2E_MANAGER_PASSWORD'],
    doors: process.env['LOCKYARD_E2E_DOORS'],
    books: process.env['LOCKYARD_E2E_BOOKS'],
    shots: process.env['LOCKYARD_E2E_SHOTS'],
    chromium: process.env['LOCKYARD_E2E_CHROMIUM'] ?? '/usr/bin/chromium',
  };
}
