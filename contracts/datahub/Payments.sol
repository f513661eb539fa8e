// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {PAYMENT_GAS} from "./Types.sol";

/// @title Payments that cannot fail
/// @notice Every payment is a call with {PAYMENT_GAS} gas; what an account does not take is
/// credited to it.
abstract contract Payments is ReentrancyGuardTransient {
    struct PaymentList {
        uint256 n;
        address[] to;
        uint256[] amounts;
    }

    // PAYMENT_GAS, the 64th part that stays behind (EIP-150), and 36,600 for paying a new account
    uint256 private constant GAS_BEFORE_PAYMENT = 60_000;

    /// @notice Money owed to an account that could not take a payment, see {withdraw}.
    mapping(address account => uint256) public credits;

    /// @notice Those whom this call paid or credited from the request, entries first, by index.
    event PaymentReleased(uint256 indexed id, address[] recipients);
    /// @notice A payment could not be made and is owed, see {withdraw}.
    event Credited(address indexed account, uint256 amount);
    /// @notice What an account was owed was paid.
    event Withdrawn(address indexed account, uint256 amount);

    /// @notice The account is owed nothing.
    error NoCredit(address account);
    /// @notice The account still can't take the payment with {PAYMENT_GAS}.
    error PaymentFailed(address account);
    /// @notice The transaction's gas does not suffice to give every recipient {PAYMENT_GAS}.
    error TooLittleGas(uint256 left, uint256 needed);

    /// @notice Pays an account what it is credited, by anyone; reverts if it still can't take it.
    /// @param account who is owed
    function withdraw(address account) external nonReentrant {
        uint256 amount = credits[account];
        if (amount == 0) revert NoCredit(account);
        credits[account] = 0;
        if (!_send(account, amount)) revert PaymentFailed(account);
        emit Withdrawn(account, amount);
    }

    function _newPayments(uint256 most) internal pure returns (PaymentList memory) {
        return PaymentList(0, new address[](most), new uint256[](most));
    }

    function _addPayment(PaymentList memory pays, address to, uint256 amount) internal pure {
        if (amount == 0) return;
        uint256 n = pays.n;
        pays.to[n] = to;
        pays.amounts[n] = amount;
        pays.n = n + 1;
    }

    // All state is written before: whatever a recipient does finds the books closed.
    function _release(uint256 id, PaymentList memory pays) internal {
        uint256 n = pays.n;
        address[] memory to = pays.to;
        assembly ("memory-safe") {
            mstore(to, n)
        }
        for (uint256 i = 0; i < n; ++i) {
            address account = to[i];
            uint256 amount = pays.amounts[i];
            if (!_send(account, amount)) {
                _credit(account, amount);
            }
        }
        emit PaymentReleased(id, to);
    }

    function _credit(address account, uint256 amount) internal {
        credits[account] += amount;
        emit Credited(account, amount);
    }

    // The recipient gets its gas in full or the whole call reverts: a caller who brings too little
    // must not turn a payment into a credit. What the recipient returns is not copied.
    function _send(address to, uint256 amount) private returns (bool ok) {
        if (gasleft() < GAS_BEFORE_PAYMENT) revert TooLittleGas(gasleft(), GAS_BEFORE_PAYMENT);
        assembly ("memory-safe") {
            ok := call(PAYMENT_GAS, to, amount, 0, 0, 0, 0)
        }
    }
}
