/** The fields of an account, as its vendor's adapter asks for them; what is rarely changed stands behind a fold. */
import { Checkbox, NumberInput, PasswordInput, Stack, Textarea, TextInput } from '@mantine/core';
import { useLingui } from '@lingui/react';
import type { VendorsQuery } from '../../gql/generated/graphql';
import { type Entered, fault } from './settings';

type Setting = VendorsQuery['vendors'][number]['settings'][number];
type Props = {
  settings: readonly Setting[];
  values: Readonly<Record<string, Entered>>;
  set: (name: string, value: Entered) => void;
};

export function SettingFields({ settings, values, set }: Props) {
  const { i18n } = useLingui();
  const usual = settings.filter((setting) => setting.required || setting.secret);
  const further = settings.filter((setting) => !usual.includes(setting));
  const shown = (some: readonly Setting[]): React.ReactNode =>
    some.map((setting) => <Field key={setting.name} setting={setting} value={values[setting.name]} set={(value) => set(setting.name, value)} />);
  return (
    <>
      {shown(usual)}
      {further.length > 0 && (
        <details>
          <summary>{i18n.t('Further settings')}</summary>
          <Stack gap="sm" mt="xs">{shown(further)}</Stack>
        </details>
      )}
    </>
  );
}

function Field({ setting, value, set }: { setting: Setting; value: Entered; set: (value: Entered) => void }) {
  const { i18n } = useLingui();
  const common = { label: setting.name, description: setting.help, required: setting.required };
  const error = fault(setting, value) && value !== undefined ? i18n.t('This cannot be read.') : undefined;
  const shown = typeof value === 'string' ? value : '';
  const usual = setting.default === null || setting.default === undefined ? undefined : JSON.stringify(setting.default);
  if (setting.secret) return <PasswordInput {...common} value={shown} autoComplete="off" onChange={(event) => set(event.currentTarget.value)} />;
  if (setting.kind === 'BOOLEAN') {
    return <Checkbox label={setting.name} description={setting.help} checked={value === undefined ? setting.default === true : value === true} onChange={(event) => set(event.currentTarget.checked)} />;
  }
  if (setting.kind === 'INTEGER' || setting.kind === 'SECONDS') {
    return <NumberInput {...common} placeholder={usual} value={typeof value === 'number' ? value : ''} allowDecimal={setting.kind === 'SECONDS'} onChange={(next) => set(next === '' ? undefined : next)} />;
  }
  if (setting.kind === 'LIST' || setting.kind === 'MAP') {
    return <Textarea {...common} error={error} placeholder={usual ?? (setting.kind === 'LIST' ? '[]' : '{}')} autosize value={shown} onChange={(event) => set(event.currentTarget.value || undefined)} />;
  }
  return <TextInput {...common} placeholder={usual} value={shown} onChange={(event) => set(event.currentTarget.value || undefined)} />;
}
