// One opening: what is asked, by which evidence, what each manager said, and who it was.
import { api, type Schemas } from '../../api/client';
import { useData, useTask } from '../../api/use';
import type { PageProps } from '../../app/pages';
import { Link } from '../../app/router';
import { session } from '../../app/session';
import { Act } from '../../ui/act';
import { Button } from '../../ui/form';
import { Address, Hash } from '../../ui/hash';
import { Card, Facts, Page } from '../../ui/layout';
import { Note, Problem, Show } from '../../ui/states';
import { Time } from '../../ui/time';
import { approvals } from './approvals';
import { Approval, OpeningState } from './openings';
import { Traced } from './trace';

type Shown = Schemas['ShownOpening'];

function Side({ title, own, given, share, cid }:
  { title: string; own: boolean; given: boolean | undefined; share: string | undefined; cid: string | undefined }) {
  return <Card title={own ? `${title} (you)` : title}><Facts rows={[
    ['Approval', <Approval of={given} />],
    ['Half of the opening', share ? <Hash of={share} what="half of the opening" /> : <span class="quiet">not here</span>],
    ['Sealed copy', cid && <Hash of={cid} what="CID" />],
  ]} /></Card>;
}

function Doctor({ of: one }: { of: Shown }) {
  if (!one.doctor) return null;
  const row = one.evidence?.row;
  return <Card title="Who signed"><div class="stack"><Facts rows={[
    ['Doctor', <b>{one.doctor.name}</b>],
    ['Licence', one.doctor.licence],
    ['Wallet', <Address of={one.doctor.wallet} />],
    ['Joined', <Time at={one.doctor.joinedAt} />],
    ['Commitment', one.commitment && <Hash of={one.commitment} what="commitment" />],
    ['Other memberships', one.otherMemberships && one.otherMemberships.length > 0 && one.otherMemberships.map((other) =>
      <span key={other.commitment}>key version {other.keyVersion} </span>)],
  ]} />
    {row && <details><summary>Evidence</summary><p class="quiet">The doctor's own wallet signed this row when it joined, so the managers cannot have made it up.</p>
      <Facts rows={[
        ['Stated', `${row.statement.name}, ${row.statement.licence}`],
        ['Signature of the wallet', <Hash of={row.signature} what="signature" />],
        ['Join request', <Hash of={row.request} what="join request" />],
        ['Nonce', <Hash of={row.nonce} what="nonce" />],
        ['Salt', one.evidence && <Hash of={one.evidence.salt} what="salt" />],
      ]} /></details>}
  </div></Card>;
}

function Afterwards({ of: one, done }: { of: Shown; done: () => void }) {
  const isGm = session.value!.role === 'gm';
  const path = { opening: one.id };
  const trace = useTask(() => api.post('/trace', { opening: one.id, onChain: true }));
  return <Card title="Afterwards"><div class="stack">
    {one.token ? <>
      <p>The doctor's tracing token is here. It links what this doctor signed, and nothing of others.</p>
      <Facts rows={[['Token', <Hash of={one.token} what="token" />]]} />
      <div class="row"><Button isBusy={trace.isBusy} onClick={() => void trace.run()}>Find what this doctor signed</Button>
        {isGm && <Link to={`/revocations?opening=${one.id}`} class="button">Revoke</Link>}</div>
      {trace.error && <Problem error={trace.error} />}
      {trace.result && <Traced of={trace.result} />}
    </> : <>
      <p>A tracing token links all that this doctor signed. The group manager asks for it, the revocation manager agrees.</p>
      <div><Act label={isGm ? 'Ask for the tracing token' : 'Agree to the tracing token'} done={done} said={isGm ? 'Asked' : 'Agreed'}
        call={(query) => api.post('/openings/{opening}/reveal', {}, { path, query })}>
        <p>It cannot be taken back: who has the token can link this doctor's signatures from then on.</p></Act></div>
    </>}
  </div></Card>;
}

export default function OpeningPage({ params }: PageProps) {
  const path = { opening: params['opening']! };
  const shown = useData('/openings/{opening}', { path });
  const role = session.value!.role!;
  const answer = (agree: boolean) => (query: { dryRun?: true }) => api.post('/openings/{opening}/approve', { agree }, { path, query });
  return <Page title="Opening" about={<Link to="/openings">All openings</Link>}>
    <Show loaded={shown}>{(one) => {
      const given = approvals(one);
      const waits = one.state === 'asked' && ((role === 'gm' && given.gm === false) || (role === 'rm' && given.rm === false));
      return <>
        {waits && <Note kind="warn"><b>Your approval is wanted</b>
          <span>With both approvals the doctor's identity is opened to both managers{one.requestId !== undefined && ', and told to the buyer'}.</span>
          <span class="row">
            <Act label="Approve" kind="primary" call={answer(true)} done={shown.reload} said="Approved">
              <p>Your half goes to the other manager. With both halves the signer is known.</p></Act>
            <Act label="Decline" call={answer(false)} done={shown.reload} said="Declined"><p>The signer stays unknown. The other manager is told.</p></Act>
          </span></Note>}
        <Card title="What is asked"><Facts rows={[
          ['State', <><OpeningState of={one.state} /> {one.outcome && <span class="quiet">{one.outcome}</span>}</>],
          ['Reason', one.reason],
          ['Entry', one.requestId !== undefined && <Link to={role === 'buyer' ? `/requests/${one.requestId}` : `/disputes/${one.requestId}`}>{`Entry ${one.entry} of request ${one.requestId}, ruled fraud`}</Link>],
          ['Asked by', one.requester && <Address of={one.requester} />],
          ['Asked', <Time at={one.askedAt} />],
          ['Decided', one.decidedAt && <Time at={one.decidedAt} />],
          ['Fault found', one.faultAt && <Time at={one.faultAt} />],
          ['Message signed', <Hash of={one.message} what="message" />],
          ['Group signature', <Hash of={one.signature} what="signature" />],
          ['Key version', one.keyVersion],
        ]} /></Card>
        <div class="columns">
          <Side title="Group manager" own={role === 'gm'} given={given.gm} share={one.gmShare} cid={one.gmShareCid} />
          <Side title="Revocation manager" own={role === 'rm'} given={given.rm} share={one.rmShare} cid={one.rmShareCid} />
        </div>
        <Doctor of={one} />
        {one.state === 'opened' && role !== 'buyer' && <Afterwards of={one} done={shown.reload} />}
      </>;
    }}</Show>
  </Page>;
}
