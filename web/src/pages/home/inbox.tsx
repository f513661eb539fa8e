import { api, type Schemas } from '../../api/client';
import { fit, Link } from '../../app/router';
import { pages } from '../../app/pages';
import { session } from '../../app/session';
import { Button } from '../../ui/form';
import { short } from '../../ui/hash';
import { Badge, Card, Page } from '../../ui/layout';
import { Empty } from '../../ui/states';
import { Paged, Table, usePaged } from '../../ui/table';
import { Time } from '../../ui/time';
import { useTask } from '../../api/use';
import { Needs } from './needs';
import { notice } from './notices';

type Row = Schemas['Notification'];

// A request's number, or a long name made short.
const about = (subject: string) => /^\d+( |$)/.test(subject) ? `request ${parseInt(subject)}` : short(subject);

function What({ row }: { row: Row }) {
  const { text, to } = notice(row.kind);
  const target = to?.(row.subject);
  const role = session.value!.role!;
  const isThere = target && pages.some((one) => (!one.roles || one.roles.includes(role)) && fit(one.path, target));
  return <>{isThere ? <Link to={target}>{text}</Link> : text} <span class="quiet small" title={row.subject}>{about(row.subject)}</span></>;
}

export default function Inbox() {
  const list = usePaged('/notifications');
  const rows = list.loaded.data ?? [];
  const newest = Math.max(0, ...rows.map((one) => one.id));
  const mark = useTask(async () => {
    await api.post('/notifications/seen', { upTo: newest });
    list.loaded.reload();
  });
  return <Page title="Inbox" about="What happened, and what needs you." actions={rows.some((one) => !one.seen) &&
    <Button isBusy={mark.isBusy} onClick={() => void mark.run()}>Mark all as seen</Button>}>
    <Needs />
    <Card flush>
      <Paged list={list} empty={<Empty title="Nothing yet">What concerns you appears here by itself.</Empty>}>{(shown) =>
        <Table label="Notifications" rows={shown} keyOf={(one) => one.id} columns={[
          { label: 'What', cell: (one) => <What row={one} /> },
          { label: 'State', cell: (one) => !one.seen && <Badge tone="busy">new</Badge> },
          { label: 'When', cell: (one) => <Time at={one.time} /> },
        ]} />}</Paged>
    </Card>
  </Page>;
}
