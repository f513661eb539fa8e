import { api, type Schemas } from '../../api/client';
import { useTask } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { Checks } from '../../ui/checks';
import { Button } from '../../ui/form';
import { Address, Hash } from '../../ui/hash';
import { Card, Facts, Page } from '../../ui/layout';
import { Note, Problem } from '../../ui/states';
import { Table } from '../../ui/table';
import { Complain } from '../complaint/complain';
import { Content } from '../patient/content';

const say = (value: unknown) => typeof value === 'string' ? value : JSON.stringify(value);

// Reading it is seen by the patient's node, so it is done when asked for.
export default function Share({ params }: PageProps) {
  const cidShare = params['share']!;
  const open = useTask(() => api.post('/shares/{cidShare}/open', {}, { path: { cidShare } }));
  const got = open.result;
  return <Page title="A shared record" about="It is fetched, decrypted with your key, and held against the chain."
    actions={<Button kind="primary" isBusy={open.isBusy} onClick={() => void open.run()}>{got ? 'Read it again' : 'Read it'}</Button>}>
    {open.error && <Problem error={open.error} retry={() => open.run()} />}
    {!got && !open.error && <Note>The patient's access log shows that it was read.</Note>}
    {got && <>
      {!got.passed && <Note kind="bad"><b>A check failed.</b><span>What follows is not proven.</span></Note>}
      <Card title={got.passed ? 'Every check passed' : 'Checks'} flush><Checks checks={got.checks} /></Card>
      <Card title="Share"><Facts rows={[
        ['Patient', <Address of={got.patient} />],
        ['Merkle root', got.merkleRoot && <Hash of={got.merkleRoot} what="Merkle root" />],
        ['Shared', got.record ? 'the whole record' : 'some fields, each with its proof'],
      ]} /></Card>
      {got.record ? <Content record={got.record as unknown as Schemas['Record']} /> : got.disclosure && <Card title="Fields" flush>
        <Table label="Fields" rows={got.disclosure.fields} keyOf={(one) => one.path} columns={[
          { label: 'Field', cell: (one) => <span class="mono">{one.path}</span> },
          { label: 'Value', cell: (one) => say(one.value) },
        ]} /></Card>}
      <Complain record={cidShare} />
    </>}
  </Page>;
}
