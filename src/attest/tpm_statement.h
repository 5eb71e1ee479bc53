// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "attest/step.h"
#include "base/ids.h"
#include "codec/tpm_attest.h"
#include "codec/tpm_public.h"
#include "codec/tpm_signature.h"
#include "crypto/keys.h"

namespace birthmark::attest {

/// Something a TPM signed, as it came.
struct TpmStatement {
  Bytes attest;     ///< TPMS_ATTEST
  Bytes signature;  ///< TPMT_SIGNATURE
};

/// The claims that a statement proved; absent is no value of its own here: nothing else is ever concluded.
struct TpmClaims {
  tpm::ClockInfo clock;
  std::uint64_t firmware_version = 0;
};

struct StatementAppraisal {
  Findings findings;
  std::optional<TpmClaims> claims;             ///< only if every step passed
  std::optional<crypto::PublicKey> certified;  ///< the key it speaks of, for key statements that passed
};

/// What a statement about a key must show.
struct KeyExpectation {
  BytesView ak_public;           ///< TPMT_PUBLIC: sent with it (provisioning), or on record (later)
  BytesView key_public;          ///< TPMT_PUBLIC of the key that is to be certified
  BytesView parent_public;       ///< TPMT_PUBLIC of its parent; empty: a primary of the endorsement hierarchy
  Digest freshness;              ///< in extraData
  BytesView requested_spki;      ///< of the CSR; must be the certified key's
  BytesView creation_data = {};  ///< TPMS_CREATION_DATA of the key, for a statement of creation; empty: of certify
};

/// AK and key public areas, signature, type, freshness, names: attestation steps of docs/wire/evidence.md, STATEMENT,
/// in their order. The AK's own place in the endorsement hierarchy is recomputed as well. That the AK lives in the TPM
/// of the endorsement certificate is proved by activation alone. PCRs, locality and outsideInfo at creation are not
/// judged: what is fresh stands in extraData.
/// @param statement of TPM2_Certify; or of TPM2_CertifyCreation, where `expected` has the creation data.
StatementAppraisal appraise_key_statement(const TpmStatement& statement, const KeyExpectation& expected);

/// The same for a quote: signature by `ak_public`, type, freshness. PCR values are not judged here.
StatementAppraisal appraise_quote(const TpmStatement& statement, BytesView ak_public, const Digest& freshness);

/// What a quote must show of PCRs.
struct PcrExpectation {
  tpm::PcrSelection selection;    ///< that was asked for
  std::span<const Bytes> values;  ///< that came beside it: bank by bank as selected, each bank's ascending
  BytesView event_log = {};       ///< of the firmware (tcg_event_log.h); empty: none came, and nothing is replayed
};

/// The same, and what it says of the PCRs: the selection is the one that was asked for, the digest is of the values,
/// and a log leads to them. Only then are the values the TPM's own.
StatementAppraisal appraise_quote(const TpmStatement& statement, BytesView ak_public, const Digest& freshness,
                                  const PcrExpectation& pcrs);

/// Name of the AK as MakeCredential and the registry use it (TPM 2.0 Part 1 §16). @error bad_evidence
Result<Bytes> ak_name(BytesView ak_public);

}  // namespace birthmark::attest
