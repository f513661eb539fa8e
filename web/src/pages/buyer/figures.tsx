// How the bought records are spread: a bar for each value, the most frequent first.
import type { Answer } from '../../api/client';
import { Bar } from '../../ui/bar';
import { Card } from '../../ui/layout';
import { count } from '../../ui/money';
import { Table } from '../../ui/table';

type Row = NonNullable<Answer<'/requests/{requestId}/data', 'get'>>[number];
interface Share { name: string; n: number }
const mostShown = 12;

// In how many records each value stands.
function spread(rows: readonly Row[], valuesOf: (row: Row) => string[]): Share[] {
  const counts = new Map<string, number>();
  for (const row of rows) for (const name of new Set(valuesOf(row))) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => ({ name, n }));
}

const who = (row: Row, key: string) => {
  const value = (row.fields.demographics as Record<string, unknown> | undefined)?.[key];
  return typeof value === 'string' ? [value] : [];
};
const codes = (row: Row) => (row.fields.medical_data?.['diagnosis'] ?? []).map((one) => String((one as { code?: string }).code ?? '')).filter(Boolean);

function Spread({ title, of: shares, all }: { title: string; of: Share[]; all: number }) {
  if (shares.length === 0) return null;
  const most = Math.max(...shares.map((one) => one.n));
  const left = shares.length - mostShown;
  return <Card title={title} flush><Table label={title} rows={shares.slice(0, mostShown)} keyOf={(one) => one.name} columns={[
    { label: title, cell: (one) => one.name },
    { label: 'Records', number: true, cell: (one) => <Bar part={one.n / most}>{count(one.n)}</Bar> },
    { label: 'Of all', number: true, cell: (one) => `${Math.round((100 * one.n) / all)} %` },
  ]} />{left > 0 && <p class="pager quiet small">{count(left)} more</p>}</Card>;
}

export function Figures({ rows }: { rows: readonly Row[] }) {
  const often = (a: Share, b: Share) => b.n - a.n || a.name.localeCompare(b.name);
  const byName = (a: Share, b: Share) => a.name.localeCompare(b.name, 'en', { numeric: true });
  return <div class="columns">
    <Spread title="Age" of={spread(rows, (row) => who(row, 'age')).sort(byName)} all={rows.length} />
    <Spread title="Gender" of={spread(rows, (row) => who(row, 'gender')).sort(often)} all={rows.length} />
    <Spread title="Diagnoses" of={spread(rows, codes).sort(often)} all={rows.length} />
  </div>;
}
