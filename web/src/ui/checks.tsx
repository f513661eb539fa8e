import type { Schemas } from '../api/client';
import { Badge } from './layout';
import { Table } from './table';

// As the command line and the API name them, for reading.
export const checkName = (check: string) => check === 'k' ? 'k-anonymity' : check.charAt(0).toUpperCase() + check.slice(1);

// What was checked: one row each.
export function Checks({ checks }: { checks: readonly Schemas['Check'][] }) {
  return <Table label="Checks" rows={checks} keyOf={(_, i) => i} columns={[
    { label: 'Check', cell: (one) => <span><span class={`check-icon check-${one.passed ? 'passed' : 'failed'}`} aria-hidden="true">
      {one.passed ? '✓' : '✕'}</span>{checkName(one.check)}</span> },
    { label: 'Result', cell: (one) => <Badge tone={one.passed ? 'good' : 'bad'}>{one.passed ? 'passed' : 'failed'}</Badge> },
    { label: 'Detail', cell: (one) => one.detail && <span class="quiet">{one.detail}</span> },
  ]} />;
}
