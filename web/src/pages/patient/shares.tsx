import { useState } from 'preact/hooks';
import { api } from '../../api/client';
import { useData } from '../../api/use';
import { Link } from '../../app/router';
import { Act } from '../../ui/act';
import { Choice, Field } from '../../ui/form';
import { Address, short } from '../../ui/hash';
import { Badge, Card, Page } from '../../ui/layout';
import { Empty, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { Day, Time } from '../../ui/time';

export const parts = [
  ['/demographics', 'Age, gender, place'], ['/medical_data/diagnosis', 'Diagnoses'], ['/medical_data/treatment', 'Treatments'],
  ['/medical_data/medications', 'Medications'], ['/medical_data/lab_results', 'Results'], ['/notes', 'Notes'],
] as const;

export function has(record: object, pointer: string): boolean {
  let at: unknown = record;
  for (const key of pointer.slice(1).split('/')) at = at && typeof at === 'object' ? (at as Record<string, unknown>)[key] : undefined;
  return at !== undefined;
}

function Grant({ done }: { done: () => void }) {
  const records = useData('/records');
  const [chosen, setRecord] = useState('');
  const record = chosen || records.data?.[0]?.merkleRoot || '';
  const shown = useData(record ? '/records/{record}' : undefined, { path: { record } });
  const [doctor, setDoctor] = useState('');
  const [isWhole, setWhole] = useState(true);
  const [fields, setFields] = useState<string[]>([]);
  const [expires, setExpires] = useState('');
  const content = shown.data?.record;
  const there = parts.filter(([pointer]) => content && has(content, pointer));
  const given = fields.filter((one) => there.some(([pointer]) => pointer === one));
  return <div class="stack">
    <Field label="Record">{(id) => <select id={id} value={record} onChange={(e) => setRecord(e.currentTarget.value)}>
      {records.data?.map((one) => <option key={one.merkleRoot} value={one.merkleRoot}>
        {one.category ?? 'Record'}, {one.issued?.slice(0, 10)}, {short(one.merkleRoot)}</option>)}</select>}</Field>
    <Field label="Doctor" help="A name that your node knows, or an address.">{(id) =>
      <input id={id} value={doctor} onInput={(e) => setDoctor(e.currentTarget.value)} />}</Field>
    <fieldset><legend>What is shown</legend>
      <Choice type="radio" name="what" label="The whole record" checked={isWhole} onChange={() => setWhole(true)} />
      <Choice type="radio" name="what" label="Only some of it, each with its proof" checked={!isWhole} onChange={() => setWhole(false)} />
      {!isWhole && there.map(([pointer, label]) => <Choice key={pointer} label={label} checked={given.includes(pointer)}
        onChange={(on) => setFields(on ? [...given, pointer] : given.filter((one) => one !== pointer))} />)}
    </fieldset>
    <Field label="Until" help="Afterwards it no longer counts. Without a day, until you delete it.">{(id) =>
      <input id={id} type="date" value={expires} onInput={(e) => setExpires(e.currentTarget.value)} />}</Field>
    <div><Act label="Share" kind="primary" disabled={!record || !doctor || (!isWhole && given.length === 0)} done={done}
      call={(query) => api.post('/shares', { record, doctor, onChain: false, ...(!isWhole && { fields: given }),
        ...(expires && { expires: `${expires}T23:59:59Z` }) }, { query })} said="Shared">
      <p>{isWhole ? 'The whole record' : `${given.length} ${given.length === 1 ? 'part' : 'parts'} of the record`} will be encrypted for <b>{doctor}</b>.
        What a doctor has read cannot be recalled.</p>
    </Act></div>
  </div>;
}

export default function Shares() {
  const shares = useData('/shares');
  return <Page title="Share" about="Show a record to a doctor, whole or in part. Only that doctor can read it.">
    <div class="columns">
      <Card title="Share a record"><Grant done={shares.reload} /></Card>
    </div>
    <Card title="Shared" flush>
      <Show loaded={shares}>{(rows) => rows.length === 0 ? <Empty title="Nothing is shared" /> :
        <Table label="Shares" rows={rows} keyOf={(one) => one.cidShare} columns={[
          { label: 'Record', cell: (one) => one.merkleRoot && <Link to={`/records/${one.merkleRoot}`}>{short(one.merkleRoot)}</Link> },
          { label: 'Doctor', cell: (one) => <Address of={one.doctor} /> },
          { label: 'State', cell: (one) => <Badge tone={one.state === 'open' ? 'good' : undefined}>{one.state}</Badge> },
          { label: 'Shared', cell: (one) => <Time at={one.created} /> },
          { label: 'Until', cell: (one) => one.expires && <Day at={one.expires} /> },
          { label: 'Action', cell: (one) => one.state === 'open' && <Act label="Delete" kind="danger" title="Delete the share" done={shares.reload}
            call={(query) => api.delete('/shares/{cidShare}', { path: { cidShare: one.cidShare }, query })} said="The share is deleted">
            <p>The shared object is deleted. What the doctor has read cannot be recalled.</p></Act> },
        ]} />}</Show>
    </Card>
  </Page>;
}
