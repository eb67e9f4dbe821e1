/** `/` leads everybody to the screen their work starts on. */
import { Navigate } from '@tanstack/react-router';
import { useViewer } from '../lib/permissions';
import { paths } from '../paths';

export function Home() {
  const carrier = useViewer().organization.kind === 'CARRIER';
  return carrier ? <Navigate {...paths.own()} replace /> : <Navigate {...paths.sites()} replace />;
}
