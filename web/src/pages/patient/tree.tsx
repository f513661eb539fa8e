// The record's Merkle tree, and what a share or a sale shows of it.
import { useState } from 'preact/hooks';
import type { Schemas } from '../../api/client';
import { useData } from '../../api/use';
import { Choice, Field } from '../../ui/form';
import { short } from '../../ui/hash';
import { Card } from '../../ui/layout';
import { Show } from '../../ui/states';
import { MerkleTree } from '../../ui/tree';
import { has, parts } from './shares';

export function RecordTree({ of: shown }: { of: Schemas['ShownRecord'] }) {
  const [release, setRelease] = useState('');
  const [fields, setFields] = useState<string[]>([]);
  const sold = shown.releases?.find((one) => one.root === release)?.requestId;
  const record = shown.record;
  const tree = useData('/records/{record}/tree', { path: { record: shown.merkleRoot },
    query: { ...(release && { release }), ...(sold !== undefined ? { request: sold } : !release && fields.length > 0 && { fields: fields.join(',') }) } }, false);
  return <Card title="Merkle tree"><div class="stack">
    <p class="quiet">Each value is a leaf, salted and hashed; the root stands on the chain. A share or a sale hands on some leaves with the hashes
      beside their way to the root, and nothing of the others.</p>
    <Field label="Tree">{(id) => <select id={id} value={release} onChange={(e) => setRelease(e.currentTarget.value)}>
      <option value="">the record's own</option>
      {shown.releases?.map((one) => <option key={one.root} value={one.root}>release {short(one.root)}{one.requestId !== undefined && `, sold in request ${one.requestId}`}</option>)}
    </select>}</Field>
    {!release && record && <fieldset><legend>What a share would show</legend>
      {parts.filter(([pointer]) => has(record, pointer)).map(([pointer, label]) => <Choice key={pointer} label={label} checked={fields.includes(pointer)}
        onChange={(on) => setFields(on ? [...fields, pointer] : fields.filter((one) => one !== pointer))} />)}</fieldset>}
    <Show loaded={tree}>{(one) => <MerkleTree of={one} label="Merkle tree of the record" />}</Show>
  </div></Card>;
}
