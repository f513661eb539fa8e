import { api, url } from '../../api/client';
import { useData, useTask } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { Act } from '../../ui/act';
import { Checks } from '../../ui/checks';
import { Button } from '../../ui/form';
import { Hash } from '../../ui/hash';
import { Badge, Card, Facts, Page } from '../../ui/layout';
import { count } from '../../ui/money';
import { Note, Problem, Show } from '../../ui/states';
import { Time } from '../../ui/time';
import { Complain } from '../complaint/complain';
import { Content } from './content';
import { RecordState } from './records';
import { RecordTree } from './tree';

export default function Record({ params }: PageProps) {
  const path = { record: params['record']! };
  const shown = useData('/records/{record}', { path });
  const check = useTask(() => api.post('/records/{record}/verify', {}, { path }));
  const record = shown.data?.record;
  return <Page title={record ? record.category : 'Record'} about={record && `From ${record.hospital.name}.`} actions={<>
    <Button isBusy={check.isBusy} onClick={() => void check.run()}>Check it again</Button>
    <a class="button" href={url('/records/{record}/fhir', { path })} download="record.fhir.json">FHIR</a>
    <Act label="Ask for more releases" call={(query) => api.post('/records/{record}/topup', {}, { path, query })}
      done={shown.reload} said="Asked; they come by themselves">
      <p>A record can be sold as often as it has releases. Its hospital is asked for more, without telling it which record
        it is; the doctor who made it answers.</p>
    </Act>
  </>}>
    {check.error && <Problem error={check.error} />}
    {check.result && <Card title={check.result.passed ? 'Every check passed' : 'A check failed'} flush><Checks checks={check.result.checks} /></Card>}
    <Show loaded={shown}>{(one) => <>
      <Card title="Proof"><Facts rows={[
        ['State', <><RecordState state={one.state} /> {one.reason && <span class="quiet">{one.reason}</span>}</>],
        ['Merkle root', <Hash of={one.merkleRoot} what="Merkle root" />],
        ['Anchored', one.anchoredAt && <Time at={one.anchoredAt} />],
        ['Encrypted envelope', <><Hash of={one.cid} what="CID" />{one.envelopeBytes && <span class="quiet"> {count(one.envelopeBytes)} bytes</span>}</>],
        ['Signed by', <>a doctor of the group <span class="quiet">(key version {one.keyVersion}; which doctor, nobody can tell)</span></>],
        ['Releases', one.releases && <span class="row">{one.releases.map((release) =>
          <Badge key={release.root} tone={release.state === 'used' ? 'busy' : undefined}>
            {release.state === 'used' ? `sold in request ${release.requestId}` : 'unused'}</Badge>)}</span>],
      ]} /></Card>
      {one.record && <RecordTree of={one} />}
      {one.record ? <Content record={one.record} /> : <Note kind="warn">Its content cannot be read here.</Note>}
      <Complain record={one.merkleRoot} />
    </>}</Show>
  </Page>;
}
