/* What the contract's errors mean, in plain words: the contract refuses by a name and numbers. */
#include "workflow/steps.h"

#include <string.h>

static const struct {
    const char *name, *words;
} refusals[] = {
    /* openings */
    {"NotRuledFraud", "a doctor is named only where both managers have ruled fraud"},
    {"WrongSignatureHash", "the hash is not that of the entry's signature"},
    {"OpeningExists", "this opening was asked for before; 'galen group openings' shows it"},
    {"UnknownOpening", "no buyer has asked for this opening"},
    {"AlreadyApproved", "this manager has agreed to it before"},
    /* disputes and rulings */
    {"NotBuyer", "only the buyer of this request can do that"},
    {"AlreadyDisputed", "an entry is in dispute already, or was named twice"},
    {"NotDisputed", "an entry is not in dispute: there is nothing to rule on"},
    {"NothingToDispute", "these entries are settled: none can be disputed any more"},
    {"NoVerdict", "a verdict is pay, refund or fraud"},
    {"EntryIsValid", "the contract finds signature and consent of the entry valid"},
    {"WrongProof", "the entry is not the one that was delivered; 'galen sync' reads it again"},
    {"AlreadySettled", "the entry was settled before; 'galen contract info REQUEST' shows it"},
    {"UnknownEntry", "the delivery has fewer entries"},
    /* requests */
    {"BadState", "the request is in another state; 'galen contract info REQUEST' shows it"},
    {"DeadlinePassed", "its time is over; 'galen contract info REQUEST' shows what can be done"},
    {"TooEarly", "not before the deadline; 'galen contract info REQUEST' shows it"},
    {"WrongValue", "the amount sent along must be exact"},
    {"BadEscrow", "the price is too small for so many records, or too large"},
    {"BadTerms", "records from 1 up, windows of 1 hour to 90 days"},
    {"NotHospital", "the Group Manager has not accredited this hospital"},
    {"BadManifest", "a manifest comes with the last part of a delivery, and only then"},
    {"EmptyPart", "a part without entries only seals a delivery"},
    {"BadCount", "fewer entries than the buyer wants at least, or more than at most"},
    {"BadEntry", "an entry is out of order, malformed, pays nobody, or its group key is not sold"},
    {"PayoutTooSmall", "so many entries leave a patient less than that patient consented to"},
    {"BadRecipients", "the list of recipients is not that of all entries"},
    {"NothingToPay", "no entry is left that can be paid like this"},
    {"NoCredit", "nothing is credited to this account"},
    {"PaymentFailed", "the account does not take the payment"},
    {"TooLittleGas", "send it again with more gas"},
    /* group keys, registry, managers */
    {"BadGroupKey", "the bytes are no group key, or do not fit its points"},
    {"WrongFingerprint", "the fingerprint is another key's"},
    {"NotNewestKey", "a newer group key was proposed since"},
    {"KeyAlreadyConfirmed", "this group key was confirmed before"},
    {"KeyNotConfirmed", "the Revocation Manager has not confirmed this group key"},
    {"KeyAlreadyRetired", "this group key was retired before"},
    {"KeyNotCurrent", "the signature is under another group key than the one in force"},
    {"RegistryNotGrown", "the registry on the chain has as many members already"},
    {"NotKeyData", "that is no group key's data"},
    {"NotGroupManager", "only the contract's Group Manager can do that"},
    {"NotRevocationManager", "only the contract's Revocation Manager can do that"},
    {"NotManager", "only one of the contract's two managers can do that"},
    {"NotPending", "another account was proposed for this office"},
    {"SameManager", "both offices cannot have one holder"},
    /* records, profiles, the rest */
    {"InvalidSignature", "the group signature does not hold"},
    {"BadSignature", "the wallet's signature does not hold"},
    {"UnknownRecord", "no such record was stored"},
    {"BadNonce", "a newer profile was published since"},
    {"Expired", "the signed profile has expired; 'galen profile export' makes a new one"},
    {"ZeroAddress", "an address is missing"},
    {"ZeroValue", "a value is missing"},
    {"BadLength", "a signature or key has the wrong length"},
    {"TooMany", "too many in one call"},
    {"PrecompileUnusable", "this chain has not the precompiles (EIP-2537) that group signatures "
                           "are verified with"},
    {"InvalidShortString", "the contract's name is malformed"},
    {"StringTooLong", "the contract's name is too long"},
    {"ReentrancyGuardReentrantCall", "the contract was called out of itself"},
};

const char *workflow_refusal(const char *text)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const char *at = strstr(text, refusals[i].name);
        size_t len = strlen(refusals[i].name);
        /* "…: Name(arguments)" */
        if (at != NULL && at[len] == '(' && (at == text || at[-1] == ' '))
            return refusals[i].words;
    }
    return NULL;
}
