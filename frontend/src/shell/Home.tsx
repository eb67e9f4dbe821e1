/** `/` leads everybody to the screen their work starts on. */
import { useViewer } from '../lib/permissions';
import { paths } from '../paths';
import { GoTo } from './GoTo';

export function Home() {
  const carrier = useViewer().organization.kind === 'CARRIER';
  return <GoTo target={carrier ? paths.own() : paths.sites()} />;
}
