import { useState } from 'preact/hooks';
import { api, type Schemas } from '../../api/client';
import { useData } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { Link } from '../../app/router';
import { Act } from '../../ui/act';
import { Field } from '../../ui/form';
import { Address, Hash } from '../../ui/hash';
import { Card, Facts, Page } from '../../ui/layout';
import { FieldName } from './fieldname';
import { count, Eth } from '../../ui/money';
import { Empty, Note, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { ConsentState } from './consents';

const say = (value: unknown) => typeof value === 'string' ? value : JSON.stringify(value);

const keys: Record<NonNullable<Schemas['Consent']['key']>['state'], string> = {
  kept: 'stays here until the delivery is seen', sent: 'sent to the buyer', refused: 'stays here',
  late: 'stays here: it was too late to send it', unused: 'stays here: the delivery is without this record',
};

// What became of a key that was kept.
function Key({ of: key }: { of: NonNullable<Schemas['Consent']['key']> }) {
  return <>{keys[key.state]}{key.reason && `: ${key.reason}`}{key.at && <>, <Time at={key.at} /></>}</>;
}

// What a buyer would see, beside what your record says.
function Leaves({ one }: { one: Schemas['Consent'] }) {
  const report = useData('/records/{record}/deidentified', { path: { record: one.record } }, false);
  const from = new Map(report.data?.report.flatMap((row) => row.to ? [[row.to, row] as const] : []));
  const dropped = report.data?.report.filter((row) => row.action === 'dropped') ?? [];
  if (!one.fields) return <Note kind="warn">{one.problem ?? 'What would leave is not known yet.'}</Note>;
  const fields = [...one.fields].sort((a, b) => a.path.localeCompare(b.path));
  return <>
    <Card title={one.state === 'wanted' ? 'What would leave' : 'What was agreed on'} flush><Table label="What would leave" rows={fields} keyOf={(row) => row.path} columns={[
      { label: 'Field', cell: (row) => <FieldName of={row.path} /> },
      { label: 'A buyer sees', cell: (row) => say(row.value) },
      { label: 'Your record says', cell: (row) => row.original !== undefined && say(row.original) },
      { label: 'Why', cell: (row) => { const rule = from.get(row.path);
        return rule && <span class="quiet">{rule.action}: {rule.reason}</span>; } },
    ]} /></Card>
    {dropped.length > 0 && <Card title="What stays with you" flush><Table label="What stays" rows={dropped} keyOf={(row) => row.path} columns={[
      { label: 'Field', cell: (row) => <FieldName of={row.path} /> },
      { label: 'Why', cell: (row) => <span class="quiet">{row.reason}</span> },
    ]} /></Card>}
  </>;
}

export default function Consent({ params }: PageProps) {
  const requestId = Number(params['request']);
  const consents = useData('/consents');
  const [payout, setPayout] = useState('');
  const named = payout.trim() === '' ? {} : { payout: payout.trim() };
  return <Page title={`Data request ${requestId}`} about={<Link to="/consents">All data requests</Link>}>
    <Show loaded={consents}>{(all) => {
      const own = all.filter((one) => one.requestId === requestId);
      const wanted = own.some((one) => one.state === 'wanted');
      const answer = (body: { accept: boolean; keepKey?: boolean; payout?: string }) => (query: { dryRun?: true }) =>
        api.post('/requests/{requestId}/consent', body, { path: { requestId }, query });
      if (own.length === 0) return <Empty title="You were not asked in this request" />;
      return <>
        {wanted && <Note kind="warn"><b>Your answer is wanted</b><span>It counts for {own.length === 1 ? 'the record below' : `the ${own.length} records below`}.
          Unanswered, nothing leaves. The time ends <Time at={own[0]!.respondBy} />.</span>
          <details><summary>Be paid to an account of your own</summary><Field label="Account" help="Without one, a fresh account is made that nobody can link to you. One that is known links the sales that are paid to it.">{(id) =>
            <input id={id} class="mono" value={payout} onInput={(e) => setPayout(e.currentTarget.value)} />}</Field></details>
          <span class="row">
            <Act label="Accept" kind="primary" call={answer({ accept: true, ...named })} done={consents.reload} said="You accepted; the hospital is told">
              <p>Exactly the values shown will be sold. The payout goes to {named.payout ?? 'a fresh account of yours'}.</p></Act>
            <Act label="Accept, keep the key" call={answer({ accept: true, keepKey: true, ...named })} done={consents.reload} said="You accepted; the key stays here">
              <p>The same, but the key to the values stays here until this node has seen that the delivery is exactly what you agreed to.
                Then it goes to the buyer by itself: the node must run between the delivery and half the time the buyer has to check it, or you are not paid.</p></Act>
            <Act label="Decline" call={answer({ accept: false })} done={consents.reload} said="You declined; nothing leaves">
              <p>Nothing leaves. The hospital is told that you declined, and nothing else.</p></Act>
          </span></Note>}
        {own.map((one) => <div class="stack" key={one.record}>
          <Card title={one.category ?? 'Record'}><Facts rows={[
            ['State', <ConsentState state={one.state} />],
            ['Key', one.key && <Key of={one.key} />],
            ['Record', <Link to={`/records/${one.record}`}>Open it</Link>],
            ['Hospital', <>{one.hospitalName} <Address of={one.hospital} /></>],
            ['Buyer', one.buyer && <>{one.buyerName} <Address of={one.buyer} /></>],
            ['Patients who look alike', count(one.k)],
            ['Payout', one.payoutWei && <><Eth wei={one.payoutWei} /> likely, <Eth wei={one.minPayoutWei} /> at least</>],
            ['Release', one.releaseRoot && <Hash of={one.releaseRoot} what="release root" />],
            ['Answer by', one.state === 'wanted' && <Time at={one.respondBy} />],
          ]} /></Card>
          <Leaves one={one} />
        </div>)}
      </>;
    }}</Show>
  </Page>;
}
