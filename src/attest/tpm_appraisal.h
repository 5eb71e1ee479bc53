// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "attest/appraisal.h"
#include "attest/tpm_statement.h"

namespace birthmark::attest {

/// A quote as it came, with what it is about.
struct TpmQuote {
  TpmStatement statement;
  std::vector<Bytes> pcr_values;  ///< as `PcrExpectation::values`
  Bytes event_log = {};           ///< empty: none
};

/// Everything that a TPM and its vendor say of a key, as it came.
struct TpmEvidence {
  Bytes ek_certificate;
  std::vector<Bytes> chain = {};  ///< hints
  Bytes ek_public;                ///< TPMT_PUBLIC, as the next three
  Bytes ak_public;
  Bytes key_public;
  Bytes parent_public = {};  ///< of the key; empty: a primary of the endorsement hierarchy
  TpmStatement statement;
  Bytes creation_data = {};  ///< empty: the statement is of certify
  std::optional<TpmQuote> quote = {};
};

/// Walks EK, then STATEMENT, then the quote where PCRs were asked for, then what the policy asks of the claims
/// (docs/wire/evidence.md TPM). Every step of it ties the key to some attestation key and the endorsement key to its
/// vendor; that those two live in one TPM is proved by activation alone (ACTIVATION), before which nothing is believed.
/// @param asked the PCRs that a quote must be of; none: no quote is looked at.
Appraisal appraise_tpm(const TpmEvidence& evidence, const Challenge& challenge, const EvidencePolicy& policy,
                       const VendorTrust& trust, const tpm::PcrSelection& asked = {});

}  // namespace birthmark::attest
