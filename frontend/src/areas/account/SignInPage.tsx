/** Signing in: the one screen that asks the server nothing until the form is sent. */
import { Alert, Button, PasswordInput, Stack, TextInput, Title } from '@mantine/core';
import { useLingui } from '@lingui/react';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { LanguageChoice } from '../../ui/LanguageChoice';
import classes from './SignInPage.module.css';

const route = getRouteApi('/sign-in');

export default function SignInPage() {
  const { i18n } = useLingui();
  const { next } = route.useSearch();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const title = `${i18n.t('Sign in')} · Lockyard`;
  useEffect(() => {
    document.title = title;
  }, [title]);

  const send = async (event: React.FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    const answer = await signIn(String(form.get('email')), String(form.get('password')));
    if (answer === 'in') {
      // A full load, so that nothing of an earlier person's cache stays in the page.
      location.assign(next ?? '/');
      return;
    }
    setBusy(false);
    setProblem(
      {
        refused: i18n.t('E-mail or password is not right.'),
        slow: i18n.t('Too many attempts. Wait a minute, then try again.'),
        away: i18n.t('The server does not answer. Try again in a moment.'),
      }[answer],
    );
  };

  return (
    <main className={classes['ground']}>
      <form className={classes['panel']} onSubmit={(event) => void send(event)}>
        <Stack gap="md">
          <div>
            <Title order={1} size="h2">Lockyard</Title>
            <p className={classes['lead']}>{i18n.t('Parcel lockers across all your sites.')}</p>
          </div>
          {problem && <Alert color="red" variant="outline" role="alert" title={i18n.t('You are not signed in')}>{problem}</Alert>}
          <TextInput name="email" type="email" label={i18n.t('E-mail')} autoComplete="username" required withAsterisk={false} />
          <PasswordInput
            name="password" label={i18n.t('Password')} autoComplete="current-password" required withAsterisk={false}
            visibilityToggleButtonProps={{ 'aria-label': i18n.t('Show the password') }}
          />
          <Button type="submit" loading={busy}>{i18n.t('Sign in')}</Button>
          <LanguageChoice />
        </Stack>
      </form>
    </main>
  );
}

async function signIn(email: string, password: string): Promise<'in' | 'refused' | 'slow' | 'away'> {
  try {
    const answer = await fetch('/auth/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-lockyard-client': 'dashboard' },
      body: JSON.stringify({ email, password }),
    });
    if (answer.ok) return 'in';
    if (answer.status === 429) return 'slow';
    return answer.status < 500 ? 'refused' : 'away';
  } catch {
    return 'away'; // fetch rejects only when no answer came
  }
}
