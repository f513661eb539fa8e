// The revocation list: the group manager proposes, the revocation manager checks, signs and publishes.
import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useData, useTask } from '../../api/use';
import { place } from '../../app/router';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Button, Choice, Field } from '../../ui/form';
import { Hash, short } from '../../ui/hash';
import { Badge, Card, Facts, Page } from '../../ui/layout';
import { Empty, Note, Problem, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { Traced } from '../opening/trace';

type Reason = Schemas['RevocationReason'];
const reasons: Record<Reason, string> = {
  fraud: 'fraud', 'key-compromise': 'the key is in other hands', 'licence-withdrawn': 'the licence was withdrawn', other: 'other',
};
const noon = (day: string) => `${day}T12:00:00Z`;

function Propose({ done }: { done: () => void }) {
  const openings = useData('/openings');
  const opened = openings.data?.filter((one) => one.state === 'opened') ?? [];
  const [opening, setOpening] = useState(new URLSearchParams(place.value.split('?')[1]).get('opening') ?? '');
  const [reason, setReason] = useState<Reason>('fraud');
  const [from, setFrom] = useState('');
  const [next, setNext] = useState('');
  const [isBack, setBack] = useState(false);
  const body = { ...(opening && { opening, ...(isBack ? { withdraw: true } : { reason, ...(from && { effectiveFrom: noon(from) }) }) }),
    ...(next && { nextUpdate: noon(next) }) };
  return <Card title="Propose the next list"><div class="stack">
    <Field label="Doctor" help="Of an opening whose tracing token both managers hold. Without one, the list stays as it is, for longer.">{(id) =>
      <select id={id} value={opening} onChange={(e) => setOpening(e.currentTarget.value)}>
        <option value="">nobody new</option>
        {opened.map((one) => <option key={one.id} value={one.id}>{short(one.id)}, {one.requestId !== undefined ? `request ${one.requestId}` : one.reason}</option>)}
      </select>}</Field>
    {opening && <>
      <Choice label="Take back what was proposed about this doctor" checked={isBack} onChange={setBack} />
      {!isBack && <>
        <Field label="Reason" help="The list is public.">{(id) => <select id={id} value={reason} onChange={(e) => setReason(e.currentTarget.value as Reason)}>
          {Object.entries(reasons).map(([key, text]) => <option key={key} value={key}>{text}</option>)}</select>}</Field>
        <Field label="Effective from" help="What was signed before stays good. Without a day, from now on.">{(id) =>
          <input id={id} type="date" value={from} onInput={(e) => setFrom(e.currentTarget.value)} />}</Field>
      </>}
    </>}
    <Field label="Next update by" help="When others begin to warn that the list is old. Without a day, as usual.">{(id) =>
      <input id={id} type="date" value={next} onInput={(e) => setNext(e.currentTarget.value)} />}</Field>
    <div><Act label="Propose" kind="primary" call={(query) => api.post('/revocations', body, { query })} done={done} said="Proposed; the revocation manager is asked">
      <p>{!opening ? 'The list as it stands, signed anew.' : isBack ? 'What was proposed about this doctor is taken back.'
        : 'What the doctor signs from that day on no longer counts.'} It is in force once the revocation manager has published it.</p></Act></div>
  </div></Card>;
}

function Publish({ done }: { done: () => void }) {
  const shown = useTask(() => api.post('/revocations/publish', {}, { query: { dryRun: true } }));
  const next = shown.result;
  return <Card title="Publish the proposed list"><div class="stack">
    <p class="quiet">You see what it adds before you sign it.</p>
    <div class="row"><Button isBusy={shown.isBusy} onClick={() => void shown.run()}>Show what waits</Button>
      <Act label="Publish" kind="primary" call={(query) => api.post('/revocations/publish', {}, { query })} said="Published" done={() => { shown.reset(); done(); }}>
        <p>The list is signed by you, too, and its place goes to the contract. From then on every node goes by it.</p></Act></div>
    {shown.error && <Problem error={shown.error} />}
    {next && <><Facts rows={[['Version', next.version], ['Entries', next.entries], ['Next update by', <Time at={next.nextUpdate} />]]} />
      {next.added && next.added.length > 0 ? <Table label="Added" rows={next.added} keyOf={(_, i) => i} columns={[
        { label: 'Added', cell: (one) => one.opening ? short(one.opening) : 'a doctor' },
        { label: 'Reason', cell: (one) => reasons[one.reason] },
        { label: 'Effective from', cell: (one) => <Time at={one.effectiveFrom} /> },
      ]} /> : <p>It adds nobody.</p>}</>}
  </div></Card>;
}

export default function Revocations() {
  const list = useData('/revocations');
  const trace = useTask(() => api.post('/trace', { onChain: true }));
  const isGm = session.value!.role === 'gm';
  return <Page title="Revocation list" about="Whose signatures no longer count, and from when. It is public, and both managers sign it."
    actions={<Button isBusy={trace.isBusy} onClick={() => void trace.run()}>Find what they signed</Button>}>
    {trace.error && <Problem error={trace.error} />}
    {trace.result && <Card title="Signatures of the revoked"><div class="stack"><Traced of={trace.result} /></div></Card>}
    <Show loaded={list}>{(one) => <>
      {one.problem && <Note kind="warn">{one.problem}</Note>}
      {one.overdue && <Note kind="warn"><b>The list is overdue</b><span>Others are warned, and stop going by it. Propose and publish the next one.</span></Note>}
      <Card title="In force" flush>
        {!one.published ? <Empty title="No list was published yet">Nobody is revoked.</Empty> : <>
          <div class="card-body"><Facts rows={[
            ['Version', one.version],
            ['State', one.overdue ? <Badge tone="bad">overdue</Badge> : <Badge tone="good">in force</Badge>],
            ['Next update by', <Time at={one.nextUpdate} />],
            ['Block', one.cid && <Hash of={one.cid} what="CID" />],
          ]} /></div>
          {one.entries && (one.entries.length === 0 ? <Empty title="Nobody is revoked" /> : <Table label="Revoked" rows={one.entries} keyOf={(row) => row.token} columns={[
            { label: 'Tracing token', cell: (row) => <Hash of={row.token} what="token" /> },
            { label: 'Reason', cell: (row) => reasons[row.reason] },
            { label: 'Effective from', cell: (row) => <Time at={row.effectiveFrom} /> },
          ]} />)}
        </>}
      </Card>
    </>}</Show>
    <div class="columns">{isGm ? <Propose done={list.reload} /> : <Publish done={list.reload} />}</div>
  </Page>;
}
