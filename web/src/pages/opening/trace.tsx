import type { Schemas } from '../../api/client';
import { Address, Hash } from '../../ui/hash';
import { Note } from '../../ui/states';
import { count } from '../../ui/money';
import { Table } from '../../ui/table';

// What tracing tokens link.
export function Traced({ of: trace }: { of: Schemas['Trace'] }) {
  return <>
    <Note>{count(trace.examined)} signatures were looked at against {count(trace.tokens)} {trace.tokens === 1 ? 'token' : 'tokens'};
      {' '}{count(trace.linked.length)} linked{trace.invalid > 0 && `, ${count(trace.invalid)} not valid`}.</Note>
    {trace.linked.length > 0 && <Table label="Linked signatures" rows={trace.linked} keyOf={(_, i) => i} columns={[
      { label: 'What', cell: (one) => one.kind },
      { label: 'Root', cell: (one) => { const root = one.merkleRoot ?? one.releaseRoot; return root && <Hash of={root} what="root" />; } },
      { label: 'Patient', cell: (one) => one.patient && <Address of={one.patient} /> },
      { label: 'Request', number: true, cell: (one) => one.requestId },
      { label: 'Key version', number: true, cell: (one) => one.keyVersion },
    ]} />}
  </>;
}
