import { api } from '../../api/client';
import { useData } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { Link } from '../../app/router';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Checks } from '../../ui/checks';
import { Address, Hash } from '../../ui/hash';
import { Card, Facts, Page } from '../../ui/layout';
import { Note, Show } from '../../ui/states';
import { Time } from '../../ui/time';
import { Content } from '../patient/content';
import { ComplaintState } from './complaints';

export default function ComplaintPage({ params }: PageProps) {
  const path = { complaint: params['complaint']! };
  const shown = useData('/complaints/{complaint}', { path });
  const role = session.value!.role;
  const decide = (agree: boolean) => (query: { dryRun?: true }) => api.post('/complaints/{complaint}/approve', { agree }, { path, query });
  return <Page title="Complaint" about={<Link to="/complaints">All complaints</Link>}>
    <Show loaded={shown}>{(one) => <>
      {((role === 'gm' && one.state === 'logged') || (role === 'rm' && one.state === 'asked')) && <Note kind="warn"><b>Your decision is wanted</b>
        <span>With both agreed, both managers can read this record.</span>
        <span class="row"><Act label="Agree" kind="primary" call={decide(true)} done={shown.reload} said="Agreed">
          <p>It cannot be taken back: you will hold the key to this record. The patient is told.</p></Act>
        <Act label="Decline" call={decide(false)} done={shown.reload} said="Declined" /></span></Note>}
      {role === 'rm' && one.state === 'logged' && <Note>The group manager decides first.</Note>}
      <Card title="What is said"><Facts rows={[
        ['State', <ComplaintState of={one.state} />], ['Reason', one.reason],
        ['By', <Address of={one.complainant} />], ['Patient', <Address of={one.patient} />],
        ['Record', <Hash of={one.merkleRoot} what="Merkle root" />], ['Came', <Time at={one.loggedAt} />],
        ['Decided', one.decidedAt && <Time at={one.decidedAt} />],
      ]} /></Card>
      {one.checks && <Card title={one.passed ? 'Every check passed' : 'A check failed'} flush><Checks checks={one.checks} /></Card>}
      {one.record && <><Content record={one.record} />
        {role === 'gm' && <Note>If it is false, ask for the opening of its signature under <Link to="/openings">Openings</Link>.</Note>}</>}
    </>}</Show>
  </Page>;
}
