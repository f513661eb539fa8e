import { useState } from 'preact/hooks';
import type { Answer } from '../../api/client';
import { url } from '../../api/client';
import { useData } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { Link } from '../../app/router';
import { Button } from '../../ui/form';
import { Card, Page } from '../../ui/layout';
import { count } from '../../ui/money';
import { Empty, Show } from '../../ui/states';
import { Table, type Column } from '../../ui/table';
import { sayValue } from '../patient/content';
import { Figures } from './figures';

type Row = NonNullable<Answer<'/requests/{requestId}/data', 'get'>>[number];
interface Coded { code?: string; system?: string; value?: string; unit?: string; components?: Coded[] }

const lists: [string, string][] = [['diagnosis', 'Diagnoses'], ['treatment', 'Treatments'], ['medications', 'Medications'], ['lab_results', 'Results']];
const who: [string, string][] = [['age', 'Age'], ['gender', 'Gender'], ['location', 'Place'], ['ethnicity', 'Ethnicity']];

const sayWho = (value: unknown): string => Array.isArray(value) ? value.map(sayWho).join(', ')
  : typeof value === 'object' && value !== null ? Object.values(value).map(String).join(', ') : value === undefined ? '' : String(value);

function Codes({ of: list }: { of: object[] | undefined }) {
  return list ? <ul class="plain">{(list as Coded[]).map((one, i) => <li key={i} title={one.system}>
    <span class="mono">{one.code}</span>{one.value !== undefined && ` ${sayValue(one)}`}{one.components && <Codes of={one.components} />}</li>)}</ul> : null;
}

const pageSize = 25;

export default function Data({ params }: PageProps) {
  const requestId = Number(params['request']);
  const path = { requestId };
  const loaded = useData('/requests/{requestId}/data', { path }, false);
  const [from, setFrom] = useState(0);
  const files = [['csv', 'CSV'], ['ndjson', 'NDJSON'], ['fhir', 'FHIR']] as const;
  return <Page title={`Data of request ${requestId}`} about="The values of the entries that passed every check. Codes stand without their names, as the patients gave them."
    actions={<><Link class="button" to={`/requests/${requestId}`}>Request</Link>{files.map(([format, name]) => <a key={format} class="button"
      href={url('/requests/{requestId}/data', { path, query: { format } })} download={`request-${requestId}.${format === 'fhir' ? 'fhir.json' : format}`}>{name}</a>)}</>}>
    <Show loaded={loaded} what="Decrypting and checking every entry">{(rows) => {
      const has = (part: 'demographics' | 'medical_data', key: string) => rows.some((one) => (one.fields[part] as Record<string, unknown> | undefined)?.[key] !== undefined);
      const columns: Column<Row>[] = [
        { label: 'Entry', cell: (one) => one.index },
        { label: 'Year', cell: (one) => one.fields.year },
        ...who.filter(([key]) => has('demographics', key)).map(([key, label]): Column<Row> => ({ label,
          cell: (one) => sayWho((one.fields.demographics as Record<string, unknown> | undefined)?.[key]) })),
        ...lists.filter(([key]) => has('medical_data', key)).map(([key, label]): Column<Row> => ({ label,
          cell: (one) => <Codes of={one.fields.medical_data?.[key]} /> })),
      ];
      return <>{rows.length > 0 && <Figures rows={rows} />}<Card title={`${count(rows.length)} records`} flush>
        {rows.length === 0 ? <Empty title="Nothing that passed">The verification shows why.</Empty>
          : <Table label="Data" rows={rows.slice(from, from + pageSize)} keyOf={(one) => one.index} columns={columns} />}
        {rows.length > pageSize && <div class="pager"><span class="quiet small">{from + 1} to {Math.min(from + pageSize, rows.length)} of {count(rows.length)}</span>
          <Button disabled={from === 0} onClick={() => setFrom(from - pageSize)}>Back</Button>
          <Button disabled={from + pageSize >= rows.length} onClick={() => setFrom(from + pageSize)}>On</Button></div>}
      </Card></>;
    }}</Show>
  </Page>;
}
