import { Page } from '../../ui/layout';
import { Calculator, Prices, Projection } from './costs';
import { History, Report } from './history';
import { Transactions } from './transactions';

export default function Fees() {
  return <Page title="Gas fees" about="What this identity's transactions cost, and what they would cost now.">
    <Report />
    <History />
    <Transactions />
    <div class="columns"><Prices /><Calculator /></div>
    <Projection />
  </Page>;
}
