/** `?` shows every key of the page. */
import { Kbd, Modal, Table } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useLingui } from '@lingui/react';

export function KeySheet() {
  const { i18n } = useLingui();
  const [opened, { toggle, close }] = useDisclosure(false);
  useHotkeys([['shift+?', toggle], ['?', toggle]]);
  const keys: [string, string][] = [
    ['Ctrl K, /', i18n.t('Search and commands')],
    ['j, k', i18n.t('Next and previous row')],
    ['Enter', i18n.t('Open the row')],
    ['x', i18n.t('Select the row')],
    ['a', i18n.t('Acknowledge the selected alarms')],
    ['e', i18n.t('Export what is shown')],
    ['?', i18n.t('This sheet')],
    ['Esc', i18n.t('Close')],
  ];
  return (
    <Modal opened={opened} onClose={close} title={i18n.t('Keys')} closeButtonProps={{ 'aria-label': i18n.t('Close') }}>
      <Table>
        <Table.Tbody>
          {keys.map(([key, meaning]) => (
            <Table.Tr key={key}>
              <Table.Th scope="row"><Kbd>{key}</Kbd></Table.Th>
              <Table.Td>{meaning}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
