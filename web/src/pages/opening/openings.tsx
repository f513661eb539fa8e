// Openings: who signed is found only when both managers agree.
import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useData } from '../../api/use';
import { go, Link } from '../../app/router';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Button, Field } from '../../ui/form';
import { short } from '../../ui/hash';
import { Badge, Card, Page, type Tone } from '../../ui/layout';
import { Empty, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { approvals } from './approvals';
import { Claim } from './claim';

type Opening = Schemas['Opening'];
const states: Record<Opening['state'], [string, Tone?]> = {
  asked: ['waits', 'warn'], declined: ['declined'], refused: ['the signature does not hold', 'bad'],
  opened: ['opened', 'good'], fault: ['fault', 'bad'],
};

export function OpeningState({ of: state }: { of: Opening['state'] }) {
  const [text, tone] = states[state];
  return <Badge tone={tone}>{text}</Badge>;
}

export function Approval({ of: given }: { of: boolean | undefined }) {
  return given === undefined ? <Badge>declined</Badge> : given ? <Badge tone="good">approved</Badge> : <Badge tone="warn">not yet</Badge>;
}

function Ask() {
  const [record, setRecord] = useState('');
  const [reason, setReason] = useState('');
  const [isBytes, setBytes] = useState(false);
  const [message, setMessage] = useState('');
  const [signature, setSignature] = useState('');
  const [version, setVersion] = useState('1');
  const keyVersion = Number(version);
  const isReady = reason && (isBytes ? message && signature && keyVersion >= 1 : record);
  const target = isBytes ? { message, signature, keyVersion } : { record };
  return <Card title="Ask for an opening"><div class="stack">
    {isBytes ? <>
      <Field label="Message" help="The 32 bytes that were signed, in hex.">{(id) => <input id={id} value={message} onInput={(e) => setMessage(e.currentTarget.value.trim())} />}</Field>
      <Field label="Signature" help="362 bytes, in hex.">{(id) => <textarea id={id} value={signature} onInput={(e) => setSignature(e.currentTarget.value.trim())} />}</Field>
      <Field label="Key version">{(id) => <input id={id} inputMode="numeric" value={version} onInput={(e) => setVersion(e.currentTarget.value)} />}</Field>
    </> : <Field label="Record" help="Its Merkle root.">{(id) => <input id={id} value={record} onInput={(e) => setRecord(e.currentTarget.value.trim())} />}</Field>}
    <Field label="Reason" help="The revocation manager reads it, and decides by it.">{(id) =>
      <input id={id} value={reason} onInput={(e) => setReason(e.currentTarget.value)} />}</Field>
    <div class="row"><Act label="Ask" kind="primary" disabled={!isReady} call={(query) => api.post('/openings', { ...target, reason }, { query })}
      done={(answer) => { if ('id' in answer) go(`/openings/${answer.id}`); }} said="Asked">
      <p>Your half of the opening goes to the revocation manager, who sees the reason and decides. Alone neither of you learns who signed.</p></Act>
      <Button kind="quiet" onClick={() => setBytes(!isBytes)}>{isBytes ? 'A record instead' : 'A message and its signature instead'}</Button></div>
  </div></Card>;
}

export default function Openings() {
  const list = useData('/openings');
  const role = session.value!.role;
  return <Page title="Openings" about={`Who signed a record is found only when both managers agree. ${role === 'buyer'
    ? 'What you asked for, and what came of it.' : 'Each opening stays in both logs.'}`}>
    <Card flush><Show loaded={list}>{(rows) => rows.length === 0 ? <Empty title="Nothing was asked to be opened" />
      : <Table label="Openings" rows={rows} keyOf={(one) => one.id} columns={[
        { label: 'Opening', cell: (one) => <Link to={`/openings/${one.id}`}>{short(one.id)}</Link> },
        { label: 'Reason', cell: (one) => one.requestId !== undefined ? `Entry ${one.entry} of request ${one.requestId}, ruled fraud` : one.reason },
        { label: 'Group manager', cell: (one) => <Approval of={approvals(one).gm} /> },
        { label: 'Revocation manager', cell: (one) => <Approval of={approvals(one).rm} /> },
        { label: 'State', cell: (one) => <OpeningState of={one.state} /> },
        { label: 'Asked', cell: (one) => <Time at={one.askedAt} /> },
      ]} />}</Show></Card>
    <div class="columns">{role === 'gm' && <Ask />}<Claim /></div>
  </Page>;
}
