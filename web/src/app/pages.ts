// Every page: its path, who has it, and the module that shows it (loaded when it is first opened).
import type { ComponentType } from 'preact';
import type { Role } from './session';

export interface PageProps { params: Record<string, string> }
export type Page = ComponentType<PageProps>;
export interface Entry {
  path: string;
  label?: string; // in the navigation; none: reached from another page
  roles?: Role[]; // none: every role
  wallet?: true; // in the navigation of identities with a browser wallet alone
  load: () => Promise<{ default: Page }>;
}

export const pages: Entry[] = [
  { path: '/', label: 'Inbox', load: () => import('../pages/home/inbox') },

  { path: '/records', label: 'My records', roles: ['patient'], load: () => import('../pages/patient/records') },
  { path: '/records/{record}', roles: ['patient'], load: () => import('../pages/patient/record') },
  { path: '/shares', label: 'Share', roles: ['patient'], load: () => import('../pages/patient/shares') },
  { path: '/consents', label: 'Data requests', roles: ['patient'], load: () => import('../pages/patient/consents') },
  { path: '/consents/{request}', roles: ['patient'], load: () => import('../pages/patient/consent') },
  { path: '/policy', label: 'Standing answer', roles: ['patient'], load: () => import('../pages/patient/policy') },
  { path: '/access', label: 'Access log', roles: ['patient'], load: () => import('../pages/patient/access') },

  { path: '/new-record', label: 'New record', roles: ['doctor'], load: () => import('../pages/doctor/create') },
  { path: '/written', label: 'Records I wrote', roles: ['doctor'], load: () => import('../pages/doctor/written') },
  { path: '/shared', label: 'Shared with me', roles: ['doctor'], load: () => import('../pages/doctor/shared') },
  { path: '/shared/{share}', roles: ['doctor'], load: () => import('../pages/doctor/share') },
  { path: '/membership', label: 'Membership and claims', roles: ['doctor'], load: () => import('../pages/doctor/membership') },

  { path: '/requests', label: 'Requests', roles: ['hospital'], load: () => import('../pages/request/requests') },
  { path: '/requests', label: 'My purchases', roles: ['buyer'], load: () => import('../pages/request/requests') },
  { path: '/requests/{request}', roles: ['hospital', 'buyer'], load: () => import('../pages/request/request') },
  { path: '/relay', label: 'Relay and doctors', roles: ['hospital'], load: () => import('../pages/hospital/relay') },
  { path: '/new-request', label: 'New request', roles: ['buyer'], load: () => import('../pages/buyer/create') },
  { path: '/requests/{request}/verify', roles: ['buyer'], load: () => import('../pages/buyer/verify') },
  { path: '/requests/{request}/data', roles: ['buyer'], load: () => import('../pages/buyer/data') },

  { path: '/memberships', label: 'Memberships', roles: ['gm', 'rm'], load: () => import('../pages/managers/memberships') },
  { path: '/group', label: 'Group', roles: ['gm', 'rm'], load: () => import('../pages/managers/group') },
  { path: '/disputes', label: 'Disputes', roles: ['gm', 'rm'], load: () => import('../pages/managers/disputes') },
  { path: '/disputes/{request}', roles: ['gm', 'rm'], load: () => import('../pages/managers/dispute') },
  { path: '/openings', label: 'Openings', roles: ['gm', 'rm', 'buyer'], load: () => import('../pages/opening/openings') },
  { path: '/openings/{opening}', roles: ['gm', 'rm', 'buyer'], load: () => import('../pages/opening/opening') },
  { path: '/complaints', label: 'Complaints', roles: ['gm', 'rm'], load: () => import('../pages/complaint/complaints') },
  { path: '/complaints', roles: ['patient', 'doctor'], load: () => import('../pages/complaint/complaints') },
  { path: '/complaints/{complaint}', roles: ['gm', 'rm', 'patient', 'doctor'], load: () => import('../pages/complaint/complaint') },
  { path: '/revocations', label: 'Revocation list', roles: ['gm', 'rm'], load: () => import('../pages/managers/revocations') },

  { path: '/account', label: 'Account', load: () => import('../pages/account/account') },
  { path: '/wallet', label: 'Wallet', wallet: true, load: () => import('../pages/home/wallet') },
  { path: '/gas', label: 'Gas fees', load: () => import('../pages/gas/fees') }, // the last of every role's
];
