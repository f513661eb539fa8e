// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Bls12381} from "../datahub/Bls12381.sol";
import {VerifierTest} from "./VerifierTest.sol";

/// @notice Too little gas and chains without working precompiles: never a wrong verdict.
contract VerifierFaultsTest is VerifierTest {
    enum Outcome {
        OutOfGas,
        TooLittleGas,
        PrecompileUnusable,
        Right
    }

    enum Fault {
        Absent,
        ByteLess,
        ByteMore,
        Refuses,
        WrongResult
    }

    address[4] private _precompiles = [SHA256, G1MSM, G1ADD, PAIRING_CHECK];

    // ---------------------------------------------------------------- gas

    function test_everyGasLimitValid() public view {
        _sweep(VALID);
    }

    function test_everyGasLimitBadForm() public view {
        _sweep(0);
    }

    function test_everyGasLimitBadK1() public view {
        _sweep(1);
    }

    function test_everyGasLimitBadK2() public view {
        _sweep(2);
    }

    function test_everyGasLimitBadK3() public view {
        _sweep(3);
    }

    function test_everyGasLimitBadK4() public view {
        _sweep(4);
    }

    function test_everyGasLimitBadChallenge() public view {
        _sweep(CHALLENGE);
    }

    function test_everyGasLimitBadPairing() public view {
        _sweep(PAIRING);
    }

    function test_everyGasLimitThroughDataHub() public view {
        uint256[2] memory stages = [VALID, 4];
        for (uint256 i = 0; i < 2; ++i) {
            Case memory c = _caseOf(stages[i]);
            bytes memory data = abi.encodeCall(hub.verifySignature, (c.msg32, c.sig, c.ys, 1));
            _sweep(address(hub), data, stages[i]);
        }
    }

    function test_everyGasLimitWithoutAPrecompile() public {
        bytes memory data = _callOf(_caseOf(VALID));
        for (uint256 p = 0; p < _precompiles.length; ++p) {
            for (uint256 f = 0; f < uint256(Fault.WrongResult); ++f) {
                _break(_precompiles[p], Fault(f));
                for (uint256 gas = 0; gas <= 400_000; gas += 1009) {
                    bool right = _outcome(address(verifier), data, true, gas) == Outcome.Right;
                    vm.assertEq(right, false, "no verdict");
                }
                vm.clearMockedCalls();
            }
        }
    }

    function _sweep(uint256 stage) private view {
        _sweep(address(verifier), _callOf(_caseOf(stage)), stage);
    }

    // From no gas to more than enough: where the outcome changes, every single limit.
    function _sweep(address callee, bytes memory data, uint256 stage) private view {
        uint256 step = vm.envOr("GALEN_GAS_STEP", uint256(131));
        Outcome last = Outcome.OutOfGas;
        uint256[4] memory seen;
        uint256 end = 260_000;
        for (uint256 gas = 0; gas < end; gas += step) {
            Outcome outcome = _outcome(callee, data, stage == VALID, gas);
            if (outcome != last) {
                for (uint256 finer = gas - step + 1; finer < gas; ++finer) {
                    ++seen[uint256(_outcome(callee, data, stage == VALID, finer))];
                }
            }
            ++seen[uint256(outcome)];
            last = outcome;
        }
        vm.assertTrue(last == Outcome.Right, "enough at last");
        vm.assertGe(seen[uint256(Outcome.OutOfGas)], 1, "nothing at first");
        if (stage > 0) vm.assertGe(seen[uint256(Outcome.TooLittleGas)], 1, "told so");
        // the working chain is never blamed
        vm.assertEq(seen[uint256(Outcome.PrecompileUnusable)], 0, "blamed");
    }

    function _outcome(address callee, bytes memory data, bool valid, uint256 gas)
        private
        view
        returns (Outcome)
    {
        (bool ok, bytes memory result) = callee.staticcall{gas: gas}(data);
        if (ok) {
            vm.assertEq(result.length, 32, "a verdict");
            vm.assertEq(uint256(bytes32(result)), valid ? 1 : 0, "at this gas limit");
            return Outcome.Right;
        }
        if (result.length == 0) return Outcome.OutOfGas;
        if (bytes4(result) == Bls12381.TooLittleGas.selector) {
            _requireNeeded(result);
            return Outcome.TooLittleGas;
        }
        vm.assertTrue(bytes4(result) == Bls12381.PrecompileUnusable.selector, "known error");
        return Outcome.PrecompileUnusable;
    }

    // Sums of one, two and three products, 24,000 each, and a pairing of two, 102,900: with the 64th
    // that stays behind and 1,000.
    function _requireNeeded(bytes memory reason) private pure {
        uint256 left;
        uint256 needed;
        assembly ("memory-safe") {
            left := mload(add(reason, 36))
            needed := mload(add(reason, 68))
        }
        vm.assertTrue(
            needed == 25_380 || needed == 49_761 || needed == 74_142 || needed == 105_533, "needed"
        );
        vm.assertTrue(left < needed, "left");
    }

    // ---------------------------------------------------------------- precompiles

    function test_noVerifierOnAChainWithoutPrecompiles() public {
        for (uint256 p = 0; p < _precompiles.length; ++p) {
            for (uint256 f = 0; f <= uint256(Fault.WrongResult); ++f) {
                _break(_precompiles[p], Fault(f));
                vm.expectRevert(_unusable(_precompiles[p]));
                this.deployVerifier();
                vm.clearMockedCalls();
            }
        }
        this.deployVerifier();
    }

    /// Some chain might not check the subgroup, or say of every product of pairings that it is 1.
    function test_noVerifierWherePrecompilesAreLax() public {
        bytes memory g = Bls12381.G;
        bytes memory outside = new bytes(128);
        outside[127] = 0x02;
        for (uint256 k = 0; k < 2; ++k) {
            bytes memory sum = bytes.concat(g, bytes32(uint256(1)), outside, bytes32(k));
            vm.mockCall(G1MSM, sum, g);
            // the same is refused where it is not the whole question: no mistaken size finds this out
            vm.mockCallRevert(G1MSM, bytes.concat(sum, bytes32(uint256(128)), new bytes(128)), "");
            vm.expectRevert(_unusable(G1MSM));
            this.deployVerifier();
            vm.clearMockedCalls();
        }
        vm.mockCall(PAIRING_CHECK, "", abi.encode(1));
        vm.expectRevert(_unusable(PAIRING_CHECK));
        this.deployVerifier();
    }

    /// What is wrong before the precompile's turn is still refused; everything else reverts.
    function test_noVerdictWherePrecompilesStopWorking() public {
        Case[] memory list = _cases("sweep");
        // K1's sum comes before the first addition
        uint256[4] memory firstStage = [CHALLENGE, 1, 2, PAIRING];
        for (uint256 p = 0; p < _precompiles.length; ++p) {
            for (uint256 f = 0; f < uint256(Fault.WrongResult); ++f) {
                _break(_precompiles[p], Fault(f));
                for (uint256 i = 0; i < list.length; ++i) {
                    if (list[i].stage >= firstStage[p]) {
                        vm.expectRevert(_unusable(_precompiles[p]));
                        _verify(list[i]);
                    } else {
                        vm.assertEq(_verify(list[i]), false, list[i].why);
                    }
                }
                vm.clearMockedCalls();
            }
        }
    }

    /// A sum that fails, or is wrong, with good input too says nothing about the signature.
    function test_noVerdictWhereOneSizeOfSumsStopsWorking() public {
        Case[] memory list = _cases("sweep");
        uint256[5] memory sizes = [uint256(0), 3, 2, 2, 2];
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 stage = list[i].stage;
            if (stage == 0 || stage >= CHALLENGE) continue;
            bytes memory good =
                bytes.concat(Bls12381.G, bytes32(Bls12381.ORDER - sizes[stage]), Bls12381.G);
            vm.assertEq(_verify(list[i]), false, list[i].why);
            for (uint256 k = 0; k < 2; ++k) {
                if (k == 0) vm.mockCallRevert(G1MSM, good, "");
                else vm.mockCall(G1MSM, good, Bls12381.G);
                vm.expectRevert(_unusable(G1MSM));
                _verify(list[i]);
                vm.expectRevert(_unusable(G1MSM));
                this.deployVerifier();
                vm.clearMockedCalls();
            }
        }
    }

    /// No signature can make a multiple of the generator fail: only the chain can.
    function test_noVerdictWhereAMultipleStopsWorking() public {
        Case[] memory list = _cases("sweep");
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].stage == 0) continue;
            bytes memory zu = _slice(list[i].sig, 330, 32);
            vm.mockCallRevert(G1MSM, bytes.concat(Bls12381.G, zu), "");
            vm.expectRevert(_unusable(G1MSM));
            _verify(list[i]);
            vm.clearMockedCalls();
        }
    }

    /// An adder that says O, or the first summand, of everything is found out before it is used.
    function test_noVerifierWhereAdditionIsWrong() public {
        vm.mockCall(G1ADD, "", new bytes(128));
        vm.expectRevert(_unusable(G1ADD));
        this.deployVerifier();
        vm.mockCall(G1ADD, "", Bls12381.MINUS_G);
        vm.expectRevert(_unusable(G1ADD));
        this.deployVerifier();
        vm.clearMockedCalls();
    }

    function _slice(bytes memory data, uint256 from, uint256 size)
        private
        pure
        returns (bytes memory out)
    {
        out = new bytes(size);
        for (uint256 i = 0; i < size; ++i) {
            out[i] = data[from + i];
        }
    }

    function deployVerifier() external {
        _deployVerifier();
    }

    function _break(address precompile, Fault fault) private {
        uint256 size = precompile == G1MSM || precompile == G1ADD ? 128 : 32;
        if (fault == Fault.Absent) vm.mockCall(precompile, "", "");
        if (fault == Fault.ByteLess) vm.mockCall(precompile, "", new bytes(size - 1));
        if (fault == Fault.ByteMore) vm.mockCall(precompile, "", new bytes(size + 1));
        if (fault == Fault.Refuses) vm.mockCallRevert(precompile, "", "");
        if (fault == Fault.WrongResult) vm.mockCall(precompile, "", new bytes(size));
    }

    function _caseOf(uint256 stage) private view returns (Case memory) {
        Case[] memory list = _cases("sweep");
        uint256 i = 0;
        while (list[i].stage != stage) ++i;
        return list[i];
    }

    function _unusable(address precompile) private pure returns (bytes memory) {
        return abi.encodeWithSelector(Bls12381.PrecompileUnusable.selector, precompile);
    }
}
