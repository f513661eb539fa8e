// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls12381} from "../datahub/Bls12381.sol";
import {SignatureVerifier} from "../datahub/SignatureVerifier.sol";
import {VerifierTest} from "./VerifierTest.sol";

/// @notice What the verifier says of good and bad signatures, and where it stops.
contract SignatureVerifierTest is VerifierTest {
    // DataHub.verifySignature may take 240,000; this is left of it after its call (cold account,
    // arguments)
    uint256 private constant MOST_GAS = 231_000;

    function test_acceptsTheVectors() public {
        _requireVerdicts("valid");
    }

    function test_refusesTheVectors() public {
        _requireVerdicts("rejected");
    }

    function test_refusesPoints() public {
        _requireVerdicts("points");
    }

    function test_refusesYs() public {
        _requireVerdicts("ys");
    }

    function test_refusesScalars() public {
        _requireVerdicts("scalars");
    }

    function test_refusesForms() public {
        _requireVerdicts("form");
    }

    function test_refusesOtherMessages() public {
        _requireVerdicts("other");
    }

    /// Every third bit, which is each of a byte's in turn.
    function test_bitsCount() public view {
        bytes memory data = _callOf(_cases("valid")[0]);
        // where msg32, sig and ys are in the call, and how long
        uint256[2][3] memory fields = [[uint256(4), 32], [uint256(164), 362], [uint256(580), 240]];
        for (uint256 f = 0; f < 3; ++f) {
            uint256 end = 8 * (fields[f][0] + fields[f][1]);
            for (uint256 bit = 8 * fields[f][0]; bit < end; bit += 3) {
                bytes1 mask = bytes1(uint8(0x80 >> (bit % 8)));
                data[bit / 8] ^= mask;
                (bool ok, bytes memory result) = address(verifier).staticcall{gas: 300_000}(data);
                data[bit / 8] ^= mask;
                vm.assertTrue(ok, "a verdict");
                vm.assertEq(bytes32(result), 0, "a bit changed");
            }
        }
    }

    function test_refusesAnotherKey() public {
        bytes memory code = keyData.code;
        bytes memory r = new bytes(256);
        for (uint256 i = 0; i < 256; ++i) {
            r[i] = code[161 + i];
        }
        bytes[4] memory keys = [
            code,
            bytes.concat(hex"00", ~fingerprint, pointX, r),
            bytes.concat(hex"00", fingerprint, Bls12381.G, r),
            bytes.concat(hex"00", fingerprint, pointX, Bls12381.MINUS_H)
        ];
        Case[] memory list = _cases("valid");
        for (uint256 k = 0; k < 4; ++k) {
            vm.etch(keyData, keys[k]);
            for (uint256 i = 0; i < list.length; ++i) {
                vm.assertEq(_verify(list[i]), k == 0, "one part is another");
            }
        }
    }

    function test_aKeyThatIsNoneIsNoVerdict() public {
        Case memory c = _cases("valid")[0];
        address[4] memory wrong = [address(0), stranger, address(hub), address(0x04)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(SignatureVerifier.NotKeyData.selector, wrong[i]));
            verifier.verify(c.msg32, c.sig, c.ys, wrong[i]);
        }
    }

    function test_gasOfAnyVerdict() public view {
        Case[] memory list = _cases("sweep");
        uint256 most = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            bytes memory data = _callOf(list[i]);
            uint256 before = gasleft();
            (bool ok,) = address(verifier).staticcall(data);
            uint256 used = before - gasleft();
            vm.assertTrue(ok, list[i].why);
            // at first the accounts are cold
            vm.assertLe(used, MOST_GAS + (i == 0 ? 2600 : 0), list[i].why);
            if (used > most) most = used;
        }
        vm.assertGe(most, 215_034, "the precompiles' prices alone");
    }

    // Every verdict of a list, and that each case gets just as far as it should: so many calls of
    // the precompiles, all in all.
    function _requireVerdicts(string memory name) private {
        Case[] memory list = _cases(name);
        vm.assertGe(list.length, 1, "cases");
        uint64[4] memory calls;
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 stage = list[i].stage;
            // zu G, the sum that fails, and the same with good input
            calls[0] += uint64(stage < CHALLENGE ? (stage == 0 ? 0 : stage + 2) : 5);
            calls[1] += stage >= CHALLENGE ? 1 : 0;
            calls[2] += stage >= PAIRING ? 1 : 0;
            // zu G comes to K1, and to K3
            calls[3] += stage > 3 ? 2 : stage > 1 ? 1 : 0;
        }
        vm.expectCall(G1MSM, "", calls[0]);
        vm.expectCall(SHA256, "", calls[1]);
        vm.expectCall(PAIRING_CHECK, "", calls[2]);
        vm.expectCall(G1ADD, "", calls[3]);
        for (uint256 i = 0; i < list.length; ++i) {
            string memory what = string.concat(name, " ", vm.toString(i), " ", list[i].why);
            vm.assertEq(_verify(list[i]), list[i].stage == VALID, what);
        }
    }
}
