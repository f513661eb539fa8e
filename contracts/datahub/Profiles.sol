// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Managers} from "./Managers.sol";

/// @title Profiles: where an account's name, keys and inbox are found
abstract contract Profiles is Managers {
    struct Profile {
        bytes32 cid;
        uint64 nonce;
    }

    bytes32 private constant PROFILE_TYPE =
        keccak256("Profile(address owner,bytes32 profileCid,uint64 nonce,uint64 expiry)");

    mapping(address owner => Profile) private _profiles;

    /// @notice An account's profile; nonce is what the next signed one must exceed.
    event ProfileSet(address indexed owner, bytes32 profileCid, uint64 nonce);

    /// @notice The signed message is no longer good.
    error Expired(uint256 expiry);
    /// @notice The nonce is not above the last one, or more than a day ahead.
    error BadNonce(uint64 given, uint64 last);

    /// @notice Sets the caller's profile. Profiles it has signed with a nonce up to now's time can
    /// no longer be set.
    /// @param profileCid the profile
    function setProfile(bytes32 profileCid) external {
        Profile storage profile = _profiles[msg.sender];
        uint64 nonce = profile.nonce + 1;
        _setProfile(
            msg.sender, profileCid, nonce < block.timestamp ? uint64(block.timestamp) : nonce
        );
    }

    /// @notice Sets a profile that its owner has signed (Profile); any wallet pays.
    /// @param owner whose profile it is
    /// @param profileCid the profile
    /// @param nonce higher than the last one, at most a day ahead of the chain's clock; the time of
    /// signing is a good choice
    /// @param expiry the signature is good before this time
    /// @param sig the owner's signature, or a contract wallet's (ERC-1271)
    function setProfileFor(
        address owner,
        bytes32 profileCid,
        uint64 nonce,
        uint64 expiry,
        bytes calldata sig
    ) external {
        if (block.timestamp >= expiry) revert Expired(expiry);
        uint64 last = _profiles[owner].nonce;
        if (nonce <= last || nonce > block.timestamp + 1 days) revert BadNonce(nonce, last);
        _checkSignature(
            owner, keccak256(abi.encode(PROFILE_TYPE, owner, profileCid, nonce, expiry)), sig
        );
        _setProfile(owner, profileCid, nonce);
    }

    /// @notice An account's profile.
    /// @param owner the account
    /// @return profileCid the profile; 0 if it has none
    /// @return nonce what the next signed one must exceed
    function getProfile(address owner) external view returns (bytes32 profileCid, uint64 nonce) {
        return (_profiles[owner].cid, _profiles[owner].nonce);
    }

    function _setProfile(address owner, bytes32 profileCid, uint64 nonce) private {
        _profiles[owner] = Profile(profileCid, nonce);
        emit ProfileSet(owner, profileCid, nonce);
    }
}
