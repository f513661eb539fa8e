// Who is in the group: join requests, members, and the registry that both managers sign.
import { useState } from 'preact/hooks';
import { api, type Answer } from '../../api/client';
import { useData, useTask } from '../../api/use';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Button, Field } from '../../ui/form';
import { Address, Hash } from '../../ui/hash';
import { Badge, Card, Page } from '../../ui/layout';
import { count } from '../../ui/money';
import { Empty, Problem, Show } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';

function Applicants({ done }: { done: () => void }) {
  const list = useData('/group/applicants');
  const [doctor, setDoctor] = useState('');
  const changed = () => { list.reload(); done(); };
  return <Card title="Join requests" flush>
    <Show loaded={list}>{(rows) => rows.length === 0 ? <Empty title="Nobody asks to join">Invite a doctor; the request appears here by itself.</Empty>
      : <Table label="Join requests" rows={rows} keyOf={(one) => one.wallet} columns={[
        { label: 'Doctor', cell: (one) => one.name ?? <span class="quiet">not answered yet</span> },
        { label: 'Licence', cell: (one) => one.licence },
        { label: 'Wallet', cell: (one) => <Address of={one.wallet} /> },
        { label: 'State', cell: (one) => one.state === 'waiting' ? <Badge tone="warn">waits for you</Badge> : <Badge tone="busy">invited</Badge> },
        { label: 'When', cell: (one) => one.receivedAt ? <Time at={one.receivedAt} /> : <>ends <Time at={one.expires} /></> },
        { label: 'Action', cell: (one) => one.state === 'waiting' && <Act label="Approve" kind="primary" done={changed} said="Approved; the membership is on its way"
          call={(query) => api.post('/group/approvals', { doctor: one.wallet }, { query })}>
          <p><b>{one.name}</b> states the licence <b>{one.licence}</b>. Compare it with the licensing authority's list before you approve: from
            then on the doctor signs in the group's name, and who signed what only both managers together can find out.</p></Act> },
      ]} />}</Show>
    <div class="card-body"><div class="stack">
      <Field label="Invite a doctor" help="A name that your node knows, or an address. The doctor gets a nonce and answers with a join request.">{(id) =>
        <input id={id} value={doctor} onInput={(e) => setDoctor(e.currentTarget.value)} />}</Field>
      <div><Act label="Invite" disabled={!doctor} done={changed} said="Invited"
        call={(query) => api.post('/group/invitations', { doctor }, { query })}>
        <p><b>{doctor}</b> is sent a nonce that is good once.</p></Act></div>
    </div></div>
  </Card>;
}

function Members() {
  const list = usePaged('/group/members');
  return <Card title="Members" flush><Paged list={list} empty={<Empty title="No members yet" />}>{(rows) =>
    <Table label="Members" rows={rows} keyOf={(one) => one.commitment} columns={[
      { label: 'Doctor', cell: (one) => one.name },
      { label: 'Licence', cell: (one) => one.licence },
      { label: 'Wallet', cell: (one) => <Address of={one.wallet} /> },
      { label: 'Commitment', cell: (one) => <Hash of={one.commitment} what="commitment" /> },
      { label: 'Joined', cell: (one) => <Time at={one.joinedAt} /> },
    ]} />}</Paged></Card>;
}

type Head = Answer<'/group/countersign', 'post'>;

// The revocation manager sees the very rows before it signs for them.
function Countersign({ done }: { done: () => void }) {
  const shown = useTask(() => api.post('/group/countersign', {}, { query: { dryRun: true } }));
  const rows = (shown.result as Head | undefined)?.members;
  return <div class="stack">
    <div class="row"><Button isBusy={shown.isBusy} onClick={() => void shown.run()}>Show what waits</Button>
      <Act label="Countersign" kind="primary" call={(query) => api.post('/group/countersign', {}, { query })} done={() => { shown.reset(); done(); }}
        said="Countersigned"><p>You vouch that these rows, and no others, are the group's members. Each was checked: its statement is signed by the
          doctor's own wallet.</p></Act></div>
    {shown.error && <Problem error={shown.error} />}
    {rows && <Table label="Rows to countersign" rows={rows} keyOf={(one) => one.commitment} columns={[
      { label: 'Doctor', cell: (one) => one.name },
      { label: 'Licence', cell: (one) => one.licence },
      { label: 'Wallet', cell: (one) => <Address of={one.wallet} /> },
      { label: 'Joined', cell: (one) => <Time at={one.joinedAt} /> },
    ]} />}
  </div>;
}

function Registry({ isGm }: { isGm: boolean }) {
  const registry = useData('/group/registry');
  return <Card title="Registry" flush>
    <Show loaded={registry}>{(rows) => rows.length === 0 ? <Empty title="The registry is empty" />
      : <Table label="Registry" rows={rows} keyOf={(one) => `${one.role} ${one.keyVersion}`} columns={[
        { label: 'Key version', cell: (one) => one.keyVersion },
        { label: 'Rows', number: true, cell: (one) => count(one.rows) },
        { label: 'Countersigned', number: true, cell: (one) => count(one.countersigned) },
        { label: 'On-chain', number: true, cell: (one) => count(one.committed) },
        { label: 'State', cell: (one) => one.committed >= one.rows ? <Badge tone="good">complete</Badge>
          : one.countersigned >= one.rows ? <Badge tone="warn">to be committed</Badge> : <Badge tone="warn">to be countersigned</Badge> },
        { label: 'Head', cell: (one) => one.head && <Hash of={one.head} what="head" /> },
      ]} />}</Show>
    <div class="card-body">{isGm ? <div class="stack">
      <p class="quiet">New rows go to the revocation manager first; once it has countersigned them, the same step puts them on-chain.</p>
      <div><Act label="Commit the registry" kind="primary" call={(query) => api.post('/group/commit', {}, { query })} done={registry.reload} said="Done" /></div>
    </div> : <Countersign done={registry.reload} />}</div>
  </Card>;
}

export default function Memberships() {
  const isGm = session.value!.role === 'gm';
  const [turn, setTurn] = useState(0);
  return <Page title="Memberships" about={isGm ? 'Doctors who ask to join, those who have joined, and the registry that the revocation manager countersigns.'
    : 'The registry of members, row by row, which holds only what you countersign.'}>
    {isGm && <Applicants done={() => setTurn((n) => n + 1)} />}
    <Registry isGm={isGm} />
    {isGm && <Members key={turn} />}
  </Page>;
}
