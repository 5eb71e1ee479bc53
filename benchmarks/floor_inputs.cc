// SPDX-License-Identifier: Apache-2.0
#include "floor_inputs.h"

#include "codec/pkcs10.h"
#include "codec/tpm_signature.h"
#include "codec/x509.h"
#include "crypto/ecdsa_signature.h"

namespace birthmark::bench {

using lifecycle::Purpose;

Signed signed_request(BytesView der) {
  const auto request = must(pkcs10::Request::read(der));
  const auto key = must(crypto::PublicKey::from_spki(request.spki()));
  return {to_bytes(key.point()), to_bytes(request.info()), to_bytes(request.signature())};
}

Floor::Inputs provision_inputs(Line& line, const std::vector<test::PaperTpm>& tpms) {
  Floor::Inputs inputs;
  for (const auto& tpm : tpms) {
    const auto challenge = line.begin();
    const auto evidence = line.evidence(tpm, challenge);
    must(line.challenges.burn(challenge.session, Purpose::provision, line.station));
    inputs.requests.push_back(signed_request(evidence.csr));
    const auto signature = must(tpm::read_signature(evidence.statement.signature));
    const auto& ecdsa = std::get<tpm::EcdsaSignature>(signature);
    inputs.statements.push_back({to_bytes(tpm.iak.key.public_key().point()), evidence.statement.attest,
                                 must(crypto::ecdsa_to_der(crypto::KeyType::p256, ecdsa.r, ecdsa.s))});
    const auto endorsement = must(x509::Certificate::read(evidence.ek_certificate));
    inputs.endorsements.push_back(
        {line.vendor_point(), to_bytes(endorsement.tbs()), to_bytes(endorsement.signature())});
    inputs.ek_points.push_back(to_bytes(tpm.ek.key.public_key().point()));
  }
  const auto sample = line.provision(line.evidence(tpms.front(), line.begin())).record.tbs.size();
  inputs.receipt_bytes = sample - 50;  // its own extension is not under it, its context is
  inputs.tbs_bytes = sample;
  return inputs;
}

}  // namespace birthmark::bench
