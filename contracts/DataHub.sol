// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {InvalidEntries} from "./datahub/InvalidEntries.sol";
import {Managers} from "./datahub/Managers.sol";
import {Openings} from "./datahub/Openings.sol";
import {Profiles} from "./datahub/Profiles.sol";
import {Records} from "./datahub/Records.sol";
import {Settlement} from "./datahub/Settlement.sol";

/// @title DataHub: anchors of medical records, the directory of keys, and the escrow of data sales
/// @notice Records are anchored and never changed ({Records}); two managers who are never the same
/// account keep the directory ({Managers}, {GroupKeys}, {Profiles}); a buyer's money leaves only to
/// the patients' payout accounts, the hospital that delivered, or back to the buyer ({Requests},
/// {Settlement}, {Disputes}, {InvalidEntries}). Only a signature that both managers ruled fraudulent
/// is opened, by both ({Openings}). Every state of a request has an exit by time alone that anyone may take: acting
/// is possible while `block.timestamp < deadline`, the exit from `block.timestamp >= deadline` on.
/// Times are seconds, money is wei, a cid is the SHA-256 digest of a raw CIDv1 block.
contract DataHub is Profiles, Records, Settlement, InvalidEntries, Openings {
    /// @param groupManager_ the first group manager
    /// @param revocationManager_ the first revocation manager, another account
    constructor(address groupManager_, address revocationManager_)
        Managers(groupManager_, revocationManager_)
    {}
}
