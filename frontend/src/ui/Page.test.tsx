import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { PERMISSION } from '../lib/permissions';
import { show } from '../testing/screen';
import { Page } from './Page';

const page = <Page title="Alarms" needs={PERMISSION.readAlarms}>Nothing is wrong</Page>;

test('who may not see a list is not told that it is empty', () => {
  show(page, { permissions: [] });
  expect(screen.queryByText('Nothing is wrong')).toBeNull();
  expect(screen.getByText('Your role may not see this: alarm:read is needed.')).toBeVisible();
});

test('who may sees it', () => {
  show(page, { permissions: [PERMISSION.readAlarms] });
  expect(screen.getByText('Nothing is wrong')).toBeVisible();
});
