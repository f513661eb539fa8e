import type { ComponentType } from 'preact';
import { useData } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { session } from '../../app/session';
import { Address, Hash } from '../../ui/hash';
import { Card, Facts, Page } from '../../ui/layout';
import { count, Eth } from '../../ui/money';
import { Note, Show } from '../../ui/states';
import { Table } from '../../ui/table';
import { sayDuration, Time } from '../../ui/time';
import { BuyerWork } from '../buyer/work';
import { HospitalWork } from '../hospital/work';
import { Progress, sayFields, type ShownRequest } from './state';

export interface WorkProps { request: ShownRequest; reload: () => void }
const work: Record<string, ComponentType<WorkProps>> = { buyer: BuyerWork, hospital: HospitalWork };

const sayCounts = (counts: Record<string, number> | undefined) =>
  counts && Object.entries(counts).map(([name, n]) => `${count(n)} ${name}`).join(', ');

export default function RequestPage({ params }: PageProps) {
  const shown = useData('/requests/{requestId}', { path: { requestId: params['request']! } });
  const Work = work[session.value?.role ?? ''];
  const template = shown.data?.template;
  return <Page title={`Request ${params['request']}`} about={template && `${template.category}: ${sayFields(template)}.`}>
    <Show loaded={shown}>{(one) => <>
      {one.problem && <Note kind="warn">{one.problem}</Note>}
      <div class="columns">
        <Card title="Where it is"><Progress of={one} /></Card>
        {Work && <Work request={one} reload={shown.reload} />}
      </div>
      {one.disputes && one.disputes.length > 0 && <Card title="Disputed entries" flush>
        <Table label="Disputed entries" rows={one.disputes} keyOf={(row) => row.index} columns={[
          { label: 'Entry', cell: (row) => row.index },
          { label: 'Status', cell: (row) => row.status },
          { label: 'Group Manager', cell: (row) => row.groupManagerVote },
          { label: 'Revocation Manager', cell: (row) => row.revocationManagerVote },
        ]} /></Card>}
      <Card title="What is asked for">
        {template ? <Facts rows={[
          ['Category', template.category],
          ['Fields', sayFields(template)],
          ['Period', template.time_period],
          ['Codes beginning with', template.filters?.join(', ')],
          ['Records', `${count(template.min_records)} at least${one.maxRecords ? `, ${count(one.maxRecords)} at most` : ''}`],
          ['Price', <Eth wei={template.price_wei} />],
        ]} /> : <Note kind="warn">{one.templateProblem ?? 'The template is not at hand.'}</Note>}
      </Card>
      <Card title="On the chain"><Facts rows={[
        ['Contract says', one.onChain],
        ['Buyer', <Address of={one.buyer} />],
        ['Hospital', one.hospital && <Address of={one.hospital} />],
        ['Template', <Hash of={one.cid} what="CID" />],
        ['Manifest', one.manifestCid && <Hash of={one.manifestCid} what="CID" />],
        ['Time to deliver', one.deliverWindowS && sayDuration(one.deliverWindowS)],
        ['Time to verify', one.verifyWindowS && sayDuration(one.verifyWindowS)],
        ['Entries', sayCounts(one.entries)],
        ['Patients', sayCounts(one.consents)],
        ['Keys that patients kept', one.keys && (one.keys.awaited === 0 ? `${count(one.keys.kept)}, all have come`
          : <>{count(one.keys.kept)}, {count(one.keys.awaited)} awaited: until <Time at={one.keys.by} /></>)],
        ['Ruling', one.ruling],
      ]} /></Card>
    </>}</Show>
  </Page>;
}
