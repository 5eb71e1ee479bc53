// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/hardware/tpm_root.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "codec/json.h"
#include "codec/tpm_template.h"
#include "crypto/keys.h"

namespace birthmark::fleet {

/// What the server gave at /v1/provision/challenge.
struct LineChallenge {
  SessionId session;
  Nonce nonce;
};
/// @error bad_json
Result<LineChallenge> read_challenge(const boost::json::value& body);

/// The evidence that a station sends for one chip, open to change before it goes out.
struct Exhibit {
  Bytes ek_certificate;
  std::vector<Bytes> ek_chain;
  Bytes ek_public;
  Bytes ak_public;
  Bytes idevid_public;
  agent::Statement statement;
  Bytes csr;
};

/// The freshness value that evidence for this key carries at the line. @param spki of the key to be certified
Digest line_freshness(const LineChallenge& challenge, BytesView spki);

/// What an honest station sends: everything from the chip itself. @error of the chip
Result<Exhibit> honest_exhibit(agent::TpmRoot& chip, const LineChallenge& challenge);

/// The body of POST /v1/provision/evidence. @param request_id 16 bytes
boost::json::object evidence_body(const std::string& batch, const LineChallenge& challenge, BytesView request_id,
                                  const Exhibit& exhibit);

/// A PKCS#10 request without a subject, signed by a key in memory. @error hsm_fault
Result<Bytes> software_request(const crypto::PrivateKey& key);

/// TPMT_PUBLIC of a key in memory that claims to be of this template.
Bytes pretended_public(const crypto::PrivateKey& key, tpm::Template claimed);

/// A TPMS_ATTEST that no TPM made: it says that `ak` certified `key`, both primaries of the endorsement hierarchy,
/// signed by an unrestricted key of a real chip, which signs whatever it is given.
/// @param ak, key TPMT_PUBLIC. @error of the chip; bad_evidence
Result<agent::Statement> forge_certification(agent::TpmRoot& chip, agent::DeviceKey signer, BytesView ak, BytesView key,
                                             const Digest& freshness);

}  // namespace birthmark::fleet
