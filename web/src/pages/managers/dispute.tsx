// A request's disputed entries: what the buyer says, what was checked, and the ruling.
import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useData } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { Link } from '../../app/router';
import { Act } from '../../ui/act';
import { Checks } from '../../ui/checks';
import { Choice, Field } from '../../ui/form';
import { Address } from '../../ui/hash';
import { Badge, Card, Facts, Page, type Tone } from '../../ui/layout';
import { Empty, Note, Show } from '../../ui/states';
import { Time } from '../../ui/time';

type Entry = Schemas['ShownDispute']['entries'][number];
type Verdict = 'pay' | 'refund' | 'fraud';
const votes: Record<Schemas['Vote'], [string, Tone?]> = { none: ['not said'], pay: ['pay', 'good'], refund: ['refund', 'warn'], fraud: ['fraud', 'bad'] };
const states: Partial<Record<Schemas['EntryStatus'], Tone>> = { disputed: 'warn', fraud: 'bad', invalid: 'bad', paid: 'good', 'ruled to be paid': 'good' };
const meanings: Record<Verdict, string> = {
  pay: 'The entry is as it was promised: it is paid, and the buyer\'s bond goes to the patient.',
  refund: 'The entry is not as it was promised, by nobody\'s fraud: the buyer gets the price and the bond back.',
  fraud: 'The record behind it is false. The buyer gets everything back, and may have the doctor\'s identity opened.',
};

function Vote({ of: vote }: { of: Schemas['Vote'] }) {
  return <Badge tone={votes[vote][1]}>{votes[vote][0]}</Badge>;
}

// What the release says, as it is: its lists of named values, and what stands beside them.
function Values({ of: values }: { of: object }) {
  return <details><summary>Values</summary><pre class="json">{JSON.stringify(values, null, 2)}</pre></details>;
}

function EntryCard({ of: one, chosen, choose }: { of: Entry; chosen: boolean; choose: ((on: boolean) => void) | undefined }) {
  return <Card title={`Entry ${one.index}`} actions={choose && <Choice label="Rule on it" checked={chosen} onChange={choose} />}><div class="stack">
    <Facts rows={[
      ['State', <Badge tone={states[one.status]}>{one.status}</Badge>],
      ['The buyer says', one.reason],
      ['Group manager', <Vote of={one.groupManagerVote} />],
      ['Revocation manager', <Vote of={one.revocationManagerVote} />],
      ['Checks', one.passed ? <Badge tone="good">all passed</Badge> : <Badge tone="bad">not all passed</Badge>],
      ['Remedy', one.remedy],
      ['This node found', one.automatic && <>{one.automatic.why} <span class="quiet">({one.automatic.verdict === 'none' ? 'no vote' : `voted ${one.automatic.verdict}`}, <Time at={one.automatic.at} />)</span></>],
    ]} />
    {one.missing && one.missing.length > 0 && <Note kind="warn"><b>Missing: {one.missing.join(', ')}</b>{one.ifMissing && <span>{one.ifMissing}</span>}</Note>}
    {one.checks.length > 0 && <Checks checks={one.checks} />}
    {one.values && <Values of={one.values} />}
  </div></Card>;
}

export default function Dispute({ params }: PageProps) {
  const requestId = Number(params['request']);
  const shown = useData('/disputes/{requestId}', { path: { requestId } });
  const [picked, setPicked] = useState<number[]>();
  const [verdict, setVerdict] = useState<Verdict>('refund');
  return <Page title={`Dispute about request ${requestId}`} about={<Link to="/disputes">All disputes</Link>}>
    <Show loaded={shown}>{(one) => {
      const open = one.entries.filter((entry) => entry.status === 'disputed').map((entry) => entry.index);
      const entries = (picked ?? open).filter((index) => open.includes(index));
      return <>
        <div class="columns">
          <Card title="Request"><Facts rows={[
            ['Buyer', <Address of={one.buyer} />],
            ['Hospital', <Address of={one.hospital} />],
            ['Evidence until', <Time at={one.evidenceBy} />],
            ['Rule by', <><Time at={one.ruleBy} /> <span class="quiet">unruled, entries are paid</span></>],
          ]} /></Card>
          {open.length > 0 ? <Card title="Your ruling"><div class="stack">
            <Field label="Verdict" help={meanings[verdict]}>{(id) => <select id={id} value={verdict} onChange={(e) => setVerdict(e.currentTarget.value as Verdict)}>
              <option value="pay">Pay</option><option value="refund">Refund</option><option value="fraud">Fraud</option></select>}</Field>
            <p class="quiet">On {entries.length} of {open.length} entries in dispute: {entries.join(', ') || 'none'}.</p>
            <div><Act label="Rule" kind={verdict === 'fraud' ? 'danger' : 'primary'} disabled={entries.length === 0} said="Said"
              done={() => { setPicked(undefined); shown.reload(); }}
              call={(query) => api.post('/requests/{requestId}/rule', { verdict, entries }, { path: { requestId }, query })}>
              <p><b>{verdict.charAt(0).toUpperCase()}{verdict.slice(1)}</b>, entries {entries.join(', ')}. {meanings[verdict]} It counts when both managers say the same.</p>
            </Act></div>
          </div></Card> : <Card title="Decided"><div class="stack"><p>Nothing of this request is in dispute any more.</p>
            <div><Act label="Delete the evidence" kind="danger" dry={false} done={shown.reload} said="The evidence is deleted"
              call={() => api.delete('/disputes/{requestId}/evidence', { path: { requestId } })}>
              <p>The patients' values that came with the dispute are deleted here. They are no longer needed.</p></Act></div></div></Card>}
        </div>
        {one.checks.length > 0 && <Card title="Delivery" flush><Checks checks={one.checks} /></Card>}
        {one.entries.length === 0 && <Empty title="There are no disputed entries" />}
        {one.entries.map((entry) => <EntryCard key={entry.index} of={entry} chosen={entries.includes(entry.index)}
          choose={open.includes(entry.index) ? (on) => setPicked(on ? [...entries, entry.index] : entries.filter((index) => index !== entry.index)) : undefined} />)}
      </>;
    }}</Show>
  </Page>;
}
