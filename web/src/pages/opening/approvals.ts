import type { Schemas } from '../../api/client';

// Each manager's approval. Where the chain tells of neither, the group manager asked, and so agrees.
export function approvals(one: Schemas['Opening']): { gm: boolean | undefined; rm: boolean | undefined } {
  if (one.requestId !== undefined) return { gm: one.gmApproved ?? false, rm: one.rmApproved ?? false };
  const hasAnswer = one.state === 'opened' || one.state === 'fault';
  return { gm: true, rm: one.state === 'declined' ? undefined : hasAnswer };
}
