// A doctor's imports of FHIR files: how far those are that run, wherever they were begun, and what came of the others.
import { useEffect } from 'preact/hooks';
import type { Schemas } from '../../api/client';
import { Address } from '../../ui/hash';
import { Badge, Card } from '../../ui/layout';
import { count } from '../../ui/money';
import { Empty, sentence } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';

type Run = Schemas['ImportRun'];

function Failures({ of: one }: { of: Run }) {
  if (!one.failures) return null;
  return <details><summary>Which could not be stored</summary><ul>{one.failures.map((row) =>
    <li key={row.encounter}><span class="mono small">{row.encounter || 'The whole'}</span>: {row.problem}{row.hint && ` (${row.hint})`}</li>)}</ul></details>;
}

function Outcome({ of: one }: { of: Run }) {
  const done = one.stored + one.already + one.failed;
  if (one.state === 'running') return <div class="stack"><span>{count(done)} of {count(one.records)}</span>
    <progress aria-label="Records stored" max={one.records} value={done} /></div>;
  const tone = one.state !== 'done' ? 'bad' : one.failed > 0 ? 'warn' : 'good';
  return <div class="stack"><span><Badge tone={tone}>{one.state}</Badge> {one.summary}</span>
    {one.problem && <span class="small">{sentence(one.problem)}{one.hint && ` ${sentence(one.hint)}`}</span>}
    <Failures of={one} /></div>;
}

// sent: one was sent from here just now.
export function Imports({ sent }: { sent: boolean }) {
  const list = usePaged('/records/imports', {}, 10);
  const isRunning = sent || (list.loaded.data?.some((one) => one.state === 'running') ?? false);
  useEffect(() => {
    const timer = setInterval(list.loaded.reload, isRunning ? 1000 : 5000);
    return () => clearInterval(timer);
  }, [isRunning]);
  useEffect(() => { list.loaded.reload(); }, [sent]);
  return <Card title="Imports" flush>
    <Paged list={list} empty={<Empty title="None yet">Files that you store are listed here, with how far that is.</Empty>}>{(rows) =>
      <Table label="Imports" rows={rows} keyOf={(one) => one.id} columns={[
        { label: 'Begun', cell: (one) => <Time at={one.startedAt} /> },
        { label: 'Patient', cell: (one) => <Address of={one.patient} /> },
        { label: 'Hospital', cell: (one) => <Address of={one.hospital} /> },
        { label: 'Records', number: true, cell: (one) => count(one.records) },
        { label: 'What became of it', cell: (one) => <Outcome of={one} /> },
      ]} />}</Paged>
  </Card>;
}
