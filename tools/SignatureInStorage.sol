// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice A record's metadata with its signature in storage: what gas-table.mjs compares DataHub's
/// storeData with. Nothing else uses it.
contract SignatureInStorage {
    struct RecordMeta {
        bytes32 cid;
        bytes32 merkleRoot;
        bytes sig;
        address owner;
        uint256 timestamp;
    }

    mapping(bytes32 merkleRoot => RecordMeta) public records;

    event DataStored(bytes32 indexed merkleRoot, bytes32 cid, address indexed owner);

    function storeData(bytes32 cid, bytes32 merkleRoot, bytes calldata sig) external {
        records[merkleRoot] = RecordMeta(cid, merkleRoot, sig, msg.sender, block.timestamp);
        emit DataStored(merkleRoot, cid, msg.sender);
    }
}
