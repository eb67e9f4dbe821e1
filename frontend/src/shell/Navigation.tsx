/** The way between the areas: at the side, or under the thumb on a phone. */
import { useLingui } from '@lingui/react';
import { Link } from '@tanstack/react-router';
import { PERMISSION, type PermissionName, useViewer } from '../lib/permissions';
import { paths } from '../paths';
import classes from './Navigation.module.css';

type Entry = { label: string; icon: string; needs?: PermissionName; link: { to: string } };

const ICONS = {
  sites: 'M3 21V8l6-4v4l6-4v4l6-4v17z',
  alarms: 'M12 3a6 6 0 0 0-6 6v5l-2 3h16l-2-3V9a6 6 0 0 0-6-6zm-2 16a2 2 0 0 0 4 0z',
  stays: 'M4 4h16v16H4zM4 9h16M9 9v11',
  carriers: 'M2 6h12v10H2zM14 9h4l4 4v3h-8zM6 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4zm11 0a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  hardware: 'M4 5h16v14H4zM4 12h16M9 8.5h2M9 15.5h2',
  audit: 'M5 3h14v18H5zM8 8h8M8 12h8M8 16h5',
  reports: 'M12 3v11m-4-4 4 4 4-4M4 19h16',
} as const;

export function Navigation() {
  const { i18n } = useLingui();
  const viewer = useViewer();
  const carrier = viewer.organization.kind === 'CARRIER';
  const entries: Entry[] = carrier
    ? [
        { label: i18n.t('Our lockers'), icon: ICONS.sites, link: paths.own() },
        { label: i18n.t('Parcels'), icon: ICONS.stays, link: paths.stays() },
        { label: i18n.t('Audit'), icon: ICONS.audit, needs: PERMISSION.readAudit, link: paths.audit() },
        { label: i18n.t('Exports'), icon: ICONS.reports, needs: PERMISSION.readExports, link: paths.reports() },
      ]
    : [
        { label: i18n.t('Sites'), icon: ICONS.sites, link: paths.sites() },
        { label: i18n.t('Alarms'), icon: ICONS.alarms, needs: PERMISSION.readAlarms, link: paths.alarms() },
        { label: i18n.t('Parcels'), icon: ICONS.stays, link: paths.stays() },
        { label: i18n.t('Carriers'), icon: ICONS.carriers, needs: PERMISSION.readCarriers, link: paths.carriers() },
        { label: i18n.t('Hardware'), icon: ICONS.hardware, needs: PERMISSION.manageBanks, link: paths.hardware() },
        { label: i18n.t('Audit'), icon: ICONS.audit, needs: PERMISSION.readAudit, link: paths.audit() },
        { label: i18n.t('Exports'), icon: ICONS.reports, needs: PERMISSION.readExports, link: paths.reports() },
      ];
  return (
    <nav className={`${classes['nav']} no-print`} aria-label={i18n.t('Areas')}>
      <ul>
        {entries.map(({ label, icon, needs, link }) => (
          <li key={label}>
            {needs && !viewer.permissions.includes(needs) ? (
              <span className={classes['entry']} data-refused title={i18n.t('Your role may not see this: {permission} is needed.', { permission: needs })}>
                <Icon path={icon} /><span className={classes['label']}>{label}</span>
              </span>
            ) : (
              <Link {...link} search={{}} className={classes['entry']} activeOptions={{ includeSearch: false }}>
                <Icon path={icon} /><span className={classes['label']}>{label}</span>
              </Link>
            )}
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Icon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">
      <path d={path} fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
