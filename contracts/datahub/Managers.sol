// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title The two managers, the hospitals they accredit, and EIP-712 signatures
/// @notice One account never holds both offices; each manager replaces only itself, in two steps.
abstract contract Managers is EIP712 {
    /// @notice Issues memberships and accredits hospitals.
    address public groupManager;
    /// @notice Holds the second key; confirms group keys and publishes the revocation list.
    address public revocationManager;
    /// @notice Who may take over as group manager, by {acceptGroupManager}.
    address public pendingGroupManager;
    /// @notice Who may take over as revocation manager, by {acceptRevocationManager}.
    address public pendingRevocationManager;

    /// @notice Whether an account may reply to requests.
    mapping(address account => bool) public isHospital;

    /// @notice A manager named its successor; the zero address takes an earlier naming back.
    event ManagerProposed(address indexed current, address indexed next);
    /// @notice The group manager's office changed hands; at construction from zero.
    event GroupManagerChanged(address indexed previous, address indexed current);
    /// @notice The revocation manager's office changed hands; at construction from zero.
    event RevocationManagerChanged(address indexed previous, address indexed current);
    /// @notice A hospital was accredited or struck off.
    event HospitalSet(address indexed hospital, bool registered);

    /// @notice Only the group manager may do this.
    error NotGroupManager(address caller);
    /// @notice Only the revocation manager may do this.
    error NotRevocationManager(address caller);
    /// @notice Only one of the two managers may do this.
    error NotManager(address caller);
    /// @notice Only the named successor may do this.
    error NotPending(address caller, address pending);
    /// @notice One account cannot hold both offices.
    error SameManager(address account);
    /// @notice An address that must be given is zero.
    error ZeroAddress();
    /// @notice A digest that must be given is zero.
    error ZeroValue();
    /// @notice A byte string has another length than its format.
    error BadLength(uint256 given, uint256 expected);
    /// @notice More items than one call takes.
    error TooMany(uint256 given, uint256 most);
    /// @notice The signature is not this account's for this message, chain and contract.
    error BadSignature(address signer);

    /// @param groupManager_ the first group manager
    /// @param revocationManager_ the first revocation manager, another account
    constructor(address groupManager_, address revocationManager_) EIP712("Galen", "1") {
        if (groupManager_ == address(0) || revocationManager_ == address(0)) revert ZeroAddress();
        if (groupManager_ == revocationManager_) revert SameManager(groupManager_);
        groupManager = groupManager_;
        revocationManager = revocationManager_;
        emit GroupManagerChanged(address(0), groupManager_);
        emit RevocationManagerChanged(address(0), revocationManager_);
    }

    modifier onlyGroupManager() {
        if (msg.sender != groupManager) revert NotGroupManager(msg.sender);
        _;
    }

    modifier onlyRevocationManager() {
        if (msg.sender != revocationManager) revert NotRevocationManager(msg.sender);
        _;
    }

    /// @notice A manager names its successor, who must accept; the zero address takes that back.
    /// @param next the successor; neither manager
    function proposeManager(address next) external {
        if (next == groupManager || next == revocationManager) revert SameManager(next);
        if (msg.sender == groupManager) pendingGroupManager = next;
        else if (msg.sender == revocationManager) pendingRevocationManager = next;
        else revert NotManager(msg.sender);
        emit ManagerProposed(msg.sender, next);
    }

    /// @notice The group manager's named successor takes over.
    function acceptGroupManager() external {
        if (msg.sender != pendingGroupManager) revert NotPending(msg.sender, pendingGroupManager);
        if (msg.sender == revocationManager) revert SameManager(msg.sender);
        emit GroupManagerChanged(groupManager, msg.sender);
        groupManager = msg.sender;
        pendingGroupManager = address(0);
    }

    /// @notice The revocation manager's named successor takes over.
    function acceptRevocationManager() external {
        if (msg.sender != pendingRevocationManager) {
            revert NotPending(msg.sender, pendingRevocationManager);
        }
        if (msg.sender == groupManager) revert SameManager(msg.sender);
        emit RevocationManagerChanged(revocationManager, msg.sender);
        revocationManager = msg.sender;
        pendingRevocationManager = address(0);
    }

    /// @notice Accredits a hospital or strikes it off, by the group manager. One struck off keeps
    /// its duties and rights in requests it has replied to.
    /// @param hospital its account
    /// @param registered whether it may reply to requests from now on
    function setHospital(address hospital, bool registered) external onlyGroupManager {
        if (hospital == address(0)) revert ZeroAddress();
        isHospital[hospital] = registered;
        emit HospitalSet(hospital, registered);
    }

    function _checkSignature(address signer, bytes32 structHash, bytes calldata sig) internal view {
        bytes32 digest = _hashTypedDataV4(structHash);
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, sig)) {
            revert BadSignature(signer);
        }
    }
}
