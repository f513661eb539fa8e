// A record's content, for reading.
import type { Schemas } from '../../api/client';
import { Card, Facts } from '../../ui/layout';
import { Table, type Column } from '../../ui/table';
import { Day } from '../../ui/time';

// As in docs/openapi.yaml, whose "either code or display" has no type.
type Code = Schemas['Code'];
interface Valued { value?: string; comparator?: string; unit?: string; unit_text?: string; value_text?: string; value_coded?: Code }
interface Item extends Code { status?: string; date?: string; end?: string; dosage?: string }
interface Lab extends Item, Valued { components?: (Code & Valued)[] }

const named = (one: Code) => one.display ?? one.code ?? 'unnamed';

export function sayValue(one: Valued): string {
  if (one.value !== undefined) return [one.comparator, one.value, one.unit_text ?? one.unit].filter(Boolean).join(' ');
  return one.value_text ?? (one.value_coded ? named(one.value_coded) : '');
}

function Dates({ of: one }: { of: { date?: string; end?: string } }) {
  return <>{one.date && <Day at={one.date} />}{one.end && <> to <Day at={one.end} /></>}</>;
}

function CodeOf({ of: one }: { of: Code }) {
  return one.code ? <span class="mono quiet" title={one.system}>{one.code}</span> : null;
}

function Entries({ title, of: list }: { title: string; of: unknown[] | undefined }) {
  if (!list) return null;
  const rows = list as Item[];
  const columns: Column<Item>[] = [
    { label: 'Name', cell: named },
    { label: 'Code', cell: (one) => <CodeOf of={one} /> },
    { label: 'Status', cell: (one) => one.status },
    { label: 'When', cell: (one) => <Dates of={one} /> },
  ];
  if (rows.some((one) => one.dosage)) columns.push({ label: 'Dosage', cell: (one) => one.dosage });
  return <Card title={title} flush><Table label={title} rows={rows} keyOf={(_, i) => i} columns={columns} /></Card>;
}

const labValue = (one: Lab) => one.components
  ? <ul>{one.components.map((part, i) => <li key={i}>{named(part)}: {sayValue(part)}</li>)}</ul> : sayValue(one);

export function Content({ record }: { record: Schemas['Record'] }) {
  const who = record.demographics, data = record.medical_data;
  const where = who?.location;
  return <>
    <Card title="Circumstances"><Facts rows={[
      ['Category', record.category],
      ['Hospital', record.hospital.name],
      ['Issued', <Day at={record.issued} />],
      ['Age', who?.age],
      ['Gender', who?.gender],
      ['Place', where && [where.city, where.state, where.postal_code, where.country].filter(Boolean).join(', ')],
      ['Ethnicity', who?.ethnicity?.map(named).join(', ')],
    ]} /></Card>
    <Entries title="Diagnoses" of={data?.diagnosis} />
    <Entries title="Treatments" of={data?.treatment} />
    <Entries title="Medications" of={data?.medications} />
    {data?.lab_results && <Card title="Results" flush><Table label="Results" rows={data.lab_results as Lab[]} keyOf={(_, i) => i} columns={[
      { label: 'Name', cell: named },
      { label: 'Value', cell: labValue },
      { label: 'Code', cell: (one) => <CodeOf of={one} /> },
      { label: 'When', cell: (one) => <Dates of={one} /> },
    ]} /></Card>}
    {record.notes && <Card title="Notes"><p>{record.notes}</p></Card>}
  </>;
}
