/** Every route on one page. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import { read } from './paths';
import { Home } from './shell/Home';
import { Lost } from './shell/Lost';
import { Shell } from './shell/Shell';

const root = createRootRoute({ component: Outlet, notFoundComponent: Lost });

const signIn = createRoute({
  getParentRoute: () => root, path: '/sign-in', validateSearch: read.signIn,
  component: lazyRouteComponent(() => import('./areas/account/SignInPage')),
});
const inside = createRoute({ getParentRoute: () => root, id: 'inside', component: Shell });

const home = createRoute({ getParentRoute: () => inside, path: '/', component: Home });
const sites = createRoute({
  getParentRoute: () => inside, path: '/sites', validateSearch: read.sites,
  component: lazyRouteComponent(() => import('./areas/sites/BoardPage')),
});
const site = createRoute({
  getParentRoute: () => inside, path: '/sites/$siteId', validateSearch: read.site,
  component: lazyRouteComponent(() => import('./areas/sites/SitePage')),
});
const bank = createRoute({
  getParentRoute: () => inside, path: '/banks/$bankId', validateSearch: read.bank,
  component: lazyRouteComponent(() => import('./areas/lockers/BankPage')),
});
const alarms = createRoute({
  getParentRoute: () => inside, path: '/alarms', validateSearch: read.alarms,
  component: lazyRouteComponent(() => import('./areas/alarms/AlarmsPage')),
});
const stays = createRoute({
  getParentRoute: () => inside, path: '/stays', validateSearch: read.stays,
  component: lazyRouteComponent(() => import('./areas/stays/StaysPage')),
});
const audit = createRoute({
  getParentRoute: () => inside, path: '/audit', validateSearch: read.audit,
  component: lazyRouteComponent(() => import('./areas/audit/AuditPage')),
});
const reports = createRoute({
  getParentRoute: () => inside, path: '/reports', validateSearch: read.reports,
  component: lazyRouteComponent(() => import('./areas/reports/ReportsPage')),
});
const carriers = createRoute({
  getParentRoute: () => inside, path: '/carriers', validateSearch: read.carriers,
  component: lazyRouteComponent(() => import('./areas/carriers/CarriersPage')),
});
const hardware = createRoute({
  getParentRoute: () => inside, path: '/hardware', validateSearch: read.hardware,
  component: lazyRouteComponent(() => import('./areas/hardware/HardwarePage')),
});
const own = createRoute({
  getParentRoute: () => inside, path: '/own', validateSearch: read.own,
  component: lazyRouteComponent(() => import('./areas/carriers/OwnPage')),
});

const tree = root.addChildren([signIn, inside.addChildren([home, sites, site, bank, alarms, stays, audit, reports, carriers, hardware, own])]);

export function makeRouter() {
  return createRouter({ routeTree: tree, defaultPreload: 'intent', defaultNotFoundComponent: Lost, scrollRestoration: true });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
