// Rows of one list of a record: diagnoses, treatments, medications, results.
import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../../ui/form';

export type Column = 'system' | 'code' | 'display' | 'date' | 'dosage' | 'value' | 'unit';
export type Row = Partial<Record<Column, string>>;

const systems: [string, string][] = [
  ['http://snomed.info/sct', 'SNOMED CT'], ['http://hl7.org/fhir/sid/icd-10-cm', 'ICD-10-CM'],
  ['http://loinc.org', 'LOINC'], ['http://www.nlm.nih.gov/research/umls/rxnorm', 'RxNorm'],
];
const labels: Record<Column, string> = { system: 'Code system', code: 'Code', display: 'Name', date: 'Date', dosage: 'Dosage', value: 'Value', unit: 'Unit (UCUM)' };

// What of a row was filled in; nothing for an empty one.
export function cleanRow(row: Row): Row | undefined {
  const kept = Object.fromEntries(Object.entries(row).map(([name, text]) => [name, text.trim()]).filter(([, text]) => text !== '')) as Row;
  if (kept.code === undefined) delete kept.system;
  return Object.keys(kept).some((name) => name !== 'system') ? kept : undefined;
}

export function ListOf({ title, columns, system, rows, set }: { title: string; columns: Column[]; system: string; rows: Row[]; set: (rows: Row[]) => void }) {
  const change = (i: number, name: Column, text: string) => set(rows.map((row, at) => (at === i ? { ...row, [name]: text } : row)));
  const element = useRef<HTMLFieldSetElement>(null);
  const before = useRef(rows.length);
  useEffect(() => { // what was added is filled in next
    if (rows.length > before.current) element.current?.querySelector<HTMLElement>('.list-row:nth-last-child(2) :first-child')?.focus();
    before.current = rows.length;
  }, [rows.length]);
  return <fieldset ref={element}><legend>{title}</legend><div class="stack">
    {rows.map((row, i) => <div key={i} class="list-row" role="group" aria-label={`${title} ${i + 1}`}>
      {columns.map((name) => name === 'system'
        ? <select key={name} aria-label={labels[name]} value={row.system ?? system} onChange={(e) => change(i, name, e.currentTarget.value)}>
          {systems.map(([url, text]) => <option key={url} value={url}>{text}</option>)}</select>
        : <input key={name} aria-label={labels[name]} placeholder={labels[name]} type={(name === 'date' ? 'date' : 'text') as 'text'} value={row[name] ?? ''}
          onInput={(e) => change(i, name, e.currentTarget.value)} />)}
      <Button kind="quiet" label={`Remove ${title.toLowerCase()} ${i + 1}`} onClick={() => set(rows.filter((_, at) => at !== i))}>Remove</Button>
    </div>)}
    <div><Button onClick={() => set([...rows, { system }])} label={`Add to ${title.toLowerCase()}`}>Add</Button></div>
  </div></fieldset>;
}
