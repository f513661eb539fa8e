import type { Schemas } from '../api/client';
import { Badge } from './layout';
import { Table } from './table';

// What was checked: one row each.
export function Checks({ checks }: { checks: readonly Schemas['Check'][] }) {
  return <Table label="Checks" rows={checks} keyOf={(_, i) => i} columns={[
    { label: 'Check', cell: (one) => <span><span class={`check-icon check-${one.passed ? 'passed' : 'failed'}`} aria-hidden="true">
      {one.passed ? '✓' : '✕'}</span>{one.check}</span> },
    { label: 'Result', cell: (one) => <Badge tone={one.passed ? 'good' : 'bad'}>{one.passed ? 'passed' : 'failed'}</Badge> },
    { label: 'Detail', cell: (one) => one.detail && <span class="quiet">{one.detail}</span> },
  ]} />;
}
