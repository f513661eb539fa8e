// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SignatureVerifier} from "../datahub/SignatureVerifier.sol";
import {HubTest} from "./HubTest.sol";

/// @notice What the shipped verifier says of signatures.
contract SignatureVerifierTest is HubTest {
    SignatureVerifier private verifier;
    address private keyData;
    bytes32 private msg32;

    function setUp() public override {
        super.setUp();
        string memory artifact = vm.envOr(
            "GALEN_VERIFIER_JSON", string("../build/contracts/SignatureVerifier.json")
        );
        bytes memory code = vm.parseJsonBytes(vm.readFile(artifact), ".bytecode");
        address where;
        assembly ("memory-safe") {
            where := create(0, add(code, 32), mload(code))
        }
        vm.assertTrue(where != address(0), "deployed");
        verifier = SignatureVerifier(where);
        keyData = hub.getGroupKey(1).data;
        string memory vectors = vm.readFile("../tests/vectors/cpy06-g1.json");
        msg32 = bytes32(_hexAt(vectors, ".signatures[0].msg32"));
    }

    function test_everyBitCounts() public view {
        vm.assertTrue(verifier.verify(msg32, sigs[0], ys[0], keyData), "as it is");
        for (uint256 bit = 0; bit < 8 * 362; bit += 7) {
            vm.assertEq(verifier.verify(msg32, _flipped(sigs[0], bit), ys[0], keyData), false, "sig");
        }
        for (uint256 bit = 0; bit < 8 * 240; bit += 7) {
            vm.assertEq(verifier.verify(msg32, sigs[0], _flipped(ys[0], bit), keyData), false, "ys");
        }
    }

    function _flipped(bytes memory data, uint256 bit) private pure returns (bytes memory copy) {
        copy = bytes.concat(data);
        copy[bit / 8] ^= bytes1(uint8(0x80 >> (bit % 8)));
    }
}
