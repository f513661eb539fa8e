// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Managers} from "../datahub/Managers.sol";
import {Profiles} from "../datahub/Profiles.sol";
import {Wallet1271} from "./Hostile.sol";
import {HubTest} from "./HubTest.sol";

contract ProfilesTest is HubTest {
    bytes32 private constant CID = keccak256("profile");
    address private immutable owner = vm.addr(OWNER_KEY);

    function test_setProfile() public {
        vm.expectEmit(address(hub));
        emit Profiles.ProfileSet(patient, CID, uint64(START));
        vm.prank(patient);
        hub.setProfile(CID);
        _requireProfile(patient, CID, START);

        // twice within one second the nonce still grows
        vm.prank(patient);
        hub.setProfile(MANIFEST);
        _requireProfile(patient, MANIFEST, START + 1);
    }

    function test_setProfileForNeedsNoGasOfTheOwner() public {
        bytes memory sig = _signed(owner, CID, 1, START + 1);
        vm.expectEmit(address(hub));
        emit Profiles.ProfileSet(owner, CID, 1);
        vm.prank(stranger);
        hub.setProfileFor(owner, CID, 1, uint64(START + 1), sig);
        _requireProfile(owner, CID, 1);
    }

    function test_setProfileForEndsAtExpiry() public {
        bytes memory sig = _signed(owner, CID, 1, START + 10);
        vm.warp(START + 10);
        vm.expectRevert(abi.encodeWithSelector(Profiles.Expired.selector, START + 10));
        hub.setProfileFor(owner, CID, 1, uint64(START + 10), sig);
        vm.warp(START + 9);
        hub.setProfileFor(owner, CID, 1, uint64(START + 10), sig);
    }

    function test_setProfileForNoncesGrow() public {
        _refuseNonce(0, 0);
        hub.setProfileFor(owner, CID, 5, type(uint64).max, _signed(owner, CID, 5, type(uint64).max));
        _refuseNonce(5, 5);
        _refuseNonce(4, 5);
        uint64 tomorrow = uint64(START + 1 days);
        _refuseNonce(tomorrow + 1, 5);
        hub.setProfileFor(
            owner, CID, tomorrow, type(uint64).max, _signed(owner, CID, tomorrow, type(uint64).max)
        );
        _requireProfile(owner, CID, tomorrow);
        // the owner itself is never locked out
        vm.prank(owner);
        hub.setProfile(MANIFEST);
        _requireProfile(owner, MANIFEST, tomorrow + 1);
    }

    function test_setProfileOutdatesCardsSignedBefore() public {
        bytes memory sig = _signed(owner, CID, START, START + 100);
        vm.prank(owner);
        hub.setProfile(MANIFEST);
        vm.expectRevert(abi.encodeWithSelector(Profiles.BadNonce.selector, START, START));
        hub.setProfileFor(owner, CID, uint64(START), uint64(START + 100), sig);
    }

    function test_setProfileForChecksTheSignature() public {
        bytes memory sig = _signed(owner, CID, 1, START + 10);
        bytes memory refusal = abi.encodeWithSelector(Managers.BadSignature.selector, owner);
        vm.expectRevert(refusal);
        hub.setProfileFor(owner, MANIFEST, 1, uint64(START + 10), sig);
        vm.expectRevert(refusal);
        hub.setProfileFor(owner, CID, 2, uint64(START + 10), sig);
        vm.expectRevert(refusal);
        hub.setProfileFor(owner, CID, 1, uint64(START + 11), sig);
        vm.expectRevert(abi.encodeWithSelector(Managers.BadSignature.selector, stranger));
        hub.setProfileFor(stranger, CID, 1, uint64(START + 10), sig);
        vm.expectRevert(abi.encodeWithSelector(Managers.BadSignature.selector, address(0)));
        hub.setProfileFor(address(0), CID, 1, uint64(START + 10), new bytes(65));
        vm.expectRevert(refusal);
        hub.setProfileFor(owner, CID, 1, uint64(START + 10), "");
        // the same signature with the other s
        bytes memory other = bytes.concat(sig);
        bytes32 s;
        assembly ("memory-safe") {
            s := mload(add(sig, 64))
        }
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        s = bytes32(order - uint256(s));
        assembly ("memory-safe") {
            mstore(add(other, 64), s)
        }
        other[64] = other[64] == 0x1b ? bytes1(0x1c) : bytes1(0x1b);
        vm.expectRevert(refusal);
        hub.setProfileFor(owner, CID, 1, uint64(START + 10), other);
        hub.setProfileFor(owner, CID, 1, uint64(START + 10), sig);
    }

    function test_setProfileForIsBoundToTheContract() public {
        bytes memory sig = _signed(owner, CID, 1, START + 10);
        hub = _deploy(gm, rm);
        vm.expectRevert(abi.encodeWithSelector(Managers.BadSignature.selector, owner));
        hub.setProfileFor(owner, CID, 1, uint64(START + 10), sig);
    }

    function test_setProfileForTakesContractWallets() public {
        address where = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        bytes32 hash = _digest(_structHash(where, CID, 1, START + 10));
        address wallet = address(new Wallet1271(hash));
        vm.assertEq(wallet, where, "foreseen");
        hub.setProfileFor(wallet, CID, 1, uint64(START + 10), "");
        _requireProfile(wallet, CID, 1);
        vm.expectRevert(abi.encodeWithSelector(Managers.BadSignature.selector, wallet));
        hub.setProfileFor(wallet, CID, 2, uint64(START + 10), "");
    }

    function _refuseNonce(uint64 nonce, uint64 last) private {
        bytes memory sig = _signed(owner, CID, nonce, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(Profiles.BadNonce.selector, nonce, last));
        hub.setProfileFor(owner, CID, nonce, type(uint64).max, sig);
    }

    function _structHash(address account, bytes32 cid, uint256 nonce, uint256 expiry)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("Profile(address owner,bytes32 profileCid,uint64 nonce,uint64 expiry)"),
                account,
                cid,
                nonce,
                expiry
            )
        );
    }

    function _signed(address account, bytes32 cid, uint256 nonce, uint256 expiry)
        private
        view
        returns (bytes memory)
    {
        return _sign(OWNER_KEY, _structHash(account, cid, nonce, expiry));
    }

    function _requireProfile(address account, bytes32 cid, uint256 nonce) private view {
        (bytes32 actualCid, uint64 actualNonce) = hub.getProfile(account);
        vm.assertEq(actualCid, cid, "profile");
        vm.assertEq(actualNonce, nonce, "nonce");
    }
}
