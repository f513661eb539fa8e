// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {GroupKeys} from "./GroupKeys.sol";
import {SignatureVerifier} from "./SignatureVerifier.sol";

/// @title Group signatures, verified on-chain
/// @notice The verifier is a contract of its own, made by DataHub's constructor: it would not fit
/// beside the rest (EIP-170).
abstract contract Signatures is GroupKeys {
    /// @notice What verifies the group signatures; nothing can change it.
    SignatureVerifier public immutable signatureVerifier = new SignatureVerifier();

    /// @notice Whether a group signature is valid under a confirmed key version, retired or not.
    /// Reverts when the chain cannot tell or gas runs short: false says that it is invalid.
    /// @param msg32 what was signed
    /// @param sig the group signature, 362 bytes
    /// @param ys the y coordinates of its points A', Abar, E1, E2, T, 48 bytes each
    /// @param keyVersion the version it was made under
    /// @return whether it is valid
    function verifySignature(
        bytes32 msg32,
        bytes calldata sig,
        bytes calldata ys,
        uint32 keyVersion
    ) public view returns (bool) {
        return signatureVerifier.verify(msg32, sig, ys, _confirmedKey(keyVersion));
    }

    // What a doctor signs: bound to chain, contract and owner, so that a copy is worthless elsewhere.
    function _signedMessage(string memory label, bytes32 root, address owner)
        internal
        view
        returns (bytes32)
    {
        return sha256(abi.encodePacked(label, block.chainid, address(this), root, owner));
    }
}
