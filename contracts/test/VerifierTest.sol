// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SignatureVerifier} from "../datahub/SignatureVerifier.sol";
import {HubTest} from "./HubTest.sol";

/// @notice The shipped verifier, the vectors' group key, and the cases of make-signatures.mjs.
abstract contract VerifierTest is HubTest {
    /// @notice stage: where verification ends. 0: before any precompile; 1 to 4: K1 to K4, with a
    /// point that is none; 5: the challenge; 6: the pairing; 7: valid.
    struct Case {
        string why;
        uint256 stage;
        bytes32 msg32;
        bytes sig;
        bytes ys;
    }

    uint256 internal constant CHALLENGE = 5;
    uint256 internal constant PAIRING = 6;
    uint256 internal constant VALID = 7;

    address internal constant SHA256 = address(0x02);
    address internal constant G1ADD = address(0x0b);
    address internal constant G1MSM = address(0x0c);
    address internal constant PAIRING_CHECK = address(0x0f);

    SignatureVerifier internal verifier;
    bytes internal verifierCode;
    address internal keyData;
    string private _lists;

    function setUp() public virtual override {
        super.setUp();
        verifierCode = vm.parseJsonBytes(
            vm.readFile(
                vm.envOr("GALEN_VERIFIER_JSON", string("../build/contracts/SignatureVerifier.json"))
            ),
            ".bytecode"
        );
        _lists = vm.readFile(
            vm.envOr("GALEN_SIGNATURES_JSON", string("../build/contracts/signatures.json"))
        );
        verifier = _deployVerifier();
        keyData = hub.getGroupKey(1).data;
    }

    /// @notice Reverts with what the constructor says.
    function _deployVerifier() internal returns (SignatureVerifier) {
        bytes memory code = verifierCode;
        address where;
        assembly ("memory-safe") {
            where := create(0, add(code, 32), mload(code))
            if iszero(where) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
        return SignatureVerifier(where);
    }

    function _cases(string memory list) internal view returns (Case[] memory) {
        return abi.decode(vm.parseJsonBytes(_lists, string.concat(".", list)), (Case[]));
    }

    function _verify(Case memory c) internal view returns (bool) {
        return verifier.verify(c.msg32, c.sig, c.ys, keyData);
    }

    /// @notice The same as call data.
    function _callOf(Case memory c) internal view returns (bytes memory) {
        return abi.encodeCall(verifier.verify, (c.msg32, c.sig, c.ys, keyData));
    }
}
