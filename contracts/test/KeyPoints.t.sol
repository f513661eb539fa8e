// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {GroupKeys} from "../datahub/GroupKeys.sol";
import {HubTest} from "./HubTest.sol";

/// @notice The sign of y where no real point is at hand, and a chain without the precompiles.
contract KeyPointsTest is HubTest {
    // (p - 1) / 2 and (p + 1) / 2 differ in their lowest byte only
    bytes private constant HALF = hex"000000000000000000000000000000000d0088f51cbff34d258dd3db21a5d66b"
        hex"b23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555";
    bytes private constant ABOVE = hex"000000000000000000000000000000000d0088f51cbff34d258dd3db21a5d66b"
        hex"b23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd556";

    function test_signOfYInG1() public {
        uint256[2] memory compressed = [uint256(98), 362];
        for (uint256 i = 0; i < 2; ++i) {
            _requireSign(compressed[i], 64 + 128 * i, HALF, false);
            _requireSign(compressed[i], 64 + 128 * i, ABOVE, true);
            _requireSign(compressed[i], 64 + 128 * i, new bytes(64), false);
        }
    }

    function test_signOfYInG2() public {
        bytes memory zero = new bytes(64);
        bytes memory one = new bytes(64);
        one[63] = 0x01;
        bytes memory high = new bytes(64);
        high[16] = 0x0d; // 0x0d00…: below one half by its upper part
        // c0, c1: c1 decides
        _requireSign(2, 384, bytes.concat(ABOVE, HALF), false);
        _requireSign(2, 384, bytes.concat(HALF, ABOVE), true);
        _requireSign(2, 384, bytes.concat(ABOVE, one), false);
        _requireSign(2, 384, bytes.concat(ABOVE, high), false);
        bytes memory middle = new bytes(64);
        middle[32] = 0x01; // the first byte of the lower part
        _requireSign(2, 384, bytes.concat(ABOVE, middle), false);
        // unless it is 0
        _requireSign(2, 384, bytes.concat(HALF, zero), false);
        _requireSign(2, 384, bytes.concat(ABOVE, zero), true);
    }

    /// A call to where there is no precompile succeeds and returns nothing.
    function test_aChainWithoutThePrecompilesProposesNoKey() public {
        for (uint160 precompile = 0x0b; precompile <= 0x0f; precompile += 4) {
            vm.mockCall(address(precompile), "", "");
            vm.expectRevert(abi.encodeWithSelector(GroupKeys.BadGroupKey.selector));
            vm.prank(gm);
            hub.setGroupKey(fingerprint, groupKey, points);
            vm.clearMockedCalls();
        }
        vm.prank(gm);
        vm.assertEq(hub.setGroupKey(fingerprint, groupKey, points), 2, "with them it does");
    }

    /// Nor one whose precompiles answer at another length, or fail with an answer of the right one.
    function test_aChainWithOtherPrecompilesProposesNoKey() public {
        for (uint160 precompile = 0x0b; precompile <= 0x0f; precompile += 4) {
            bytes memory answer = precompile == 0x0b ? pointX : abi.encode(1);
            for (uint256 i = 0; i < 3; ++i) {
                if (i == 0) vm.mockCall(address(precompile), "", _cut(answer));
                if (i == 1) vm.mockCall(address(precompile), "", bytes.concat(answer, hex"00"));
                if (i == 2) vm.mockCallRevert(address(precompile), "", answer);
                vm.expectRevert(abi.encodeWithSelector(GroupKeys.BadGroupKey.selector));
                vm.prank(gm);
                hub.setGroupKey(fingerprint, groupKey, points);
                vm.clearMockedCalls();
            }
        }
    }

    // All but the last byte.
    function _cut(bytes memory data) private pure returns (bytes memory shorter) {
        shorter = new bytes(data.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = data[i];
        }
    }

    // Whether the key with this y, at `where` in the points, is taken with just that sign, on a chain
    // whose precompiles take everything.
    function _requireSign(uint256 flagAt, uint256 where, bytes memory y, bool upper) private {
        vm.mockCall(address(0x0f), "", new bytes(32));
        vm.mockCall(address(0x0b), "", pointX);
        bytes memory uncompressed = bytes.concat(points);
        for (uint256 i = 0; i < y.length; ++i) {
            uncompressed[where + i] = y[i];
        }
        bytes memory key = bytes.concat(groupKey);
        key[flagAt] = (key[flagAt] & 0x1f) | (upper ? bytes1(0xa0) : bytes1(0x80));
        bytes32 cid = sha256(key);
        vm.prank(gm);
        hub.setGroupKey(cid, key, uncompressed);
        key[flagAt] ^= 0x20;
        cid = sha256(key);
        vm.expectRevert(abi.encodeWithSelector(GroupKeys.BadGroupKey.selector));
        vm.prank(gm);
        hub.setGroupKey(cid, key, uncompressed);
        vm.clearMockedCalls();
    }
}
