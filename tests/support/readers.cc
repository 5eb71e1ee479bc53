// SPDX-License-Identifier: Apache-2.0
#include "support/readers.h"

#include <array>

#include "agent/link/message.h"
#include "attest/step.h"
#include "audit/checkpoint.h"
#include "audit/entry.h"
#include "audit/proof.h"
#include "audit/tile.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/cms.h"
#include "codec/cms_signed.h"
#include "codec/cmw.h"
#include "codec/corim.h"
#include "codec/cose.h"
#include "codec/crl.h"
#include "codec/csr_attestation.h"
#include "codec/dice.h"
#include "codec/eat.h"
#include "codec/frame.h"
#include "codec/json.h"
#include "codec/jws.h"
#include "codec/matter.h"
#include "codec/matter_tlv.h"
#include "codec/ocsp.h"
#include "codec/pkcs10.h"
#include "codec/psa_token.h"
#include "codec/tcg_event_log.h"
#include "codec/tpm_attest.h"
#include "codec/tpm_public.h"
#include "codec/tpm_signature.h"
#include "codec/x509.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/keys.h"

namespace birthmark::test {
namespace {

/// Whether one of the results is a value. All are there before it is asked.
template <class... Results>
bool any(const Results&... results) {
  return (results.has_value() || ...);
}

bool cbor_document(BytesView in, cbor::Rule rule) {
  cbor::Reader reader{in, {.rule = rule}};
  return reader.skip() && reader.finish();
}

bool bundle(BytesView in) {
  if (in.empty()) {
    return false;
  }
  const unsigned width = in[0] == 0 ? 256 : in[0];
  return any(audit::read_entry_bundle(in.subspan(1), width), audit::read_hash_tile(in.subspan(1), width));
}

bool frames(BytesView stream) {
  frame::FrameReader reader;
  while (!stream.empty()) {
    const auto taken = reader.feed(stream);
    if (!taken) {
      return false;
    }
    stream = stream.subspan(*taken);
    static_cast<void>(reader.take());
  }
  return true;
}

bool jose(BytesView in) {
  constexpr std::array kAllowed{jws::Algorithm::es256, jws::Algorithm::es384};
  const auto object = json::read(in);
  return any(jws::read_compact(as_text(in), kAllowed)) || (object && any(jws::read_flattened(*object, kAllowed)));
}

bool elements(BytesView in) {
  matter_tlv::Reader reader{in};
  do {
    if (!reader.next()) {
      return false;
    }
  } while (reader.depth() > 0);
  return reader.finish().has_value();
}

}  // namespace

const std::vector<NamedReader>& named_readers() {
  using enum crypto::KeyType;
  static const std::vector<NamedReader> all{
      {"audit_entry", [](BytesView in) { return any(audit::read_entry(in)); }},
      {"base64",
       [](BytesView in) {
         const auto text = as_text(in);
         return any(base64::decode(text, in.size()), base64::decode_lax_whitespace(text, in.size()),
                    base64::decode_url(text, in.size()));
       }},
      {"cbor", [](BytesView in) { return cbor_document(in, cbor::Rule::deterministic); }},
      {"cbor_definite", [](BytesView in) { return cbor_document(in, cbor::Rule::definite); }},
      {"checkpoint",
       [](BytesView in) {
         return any(audit::read_note(as_text(in)), audit::read_checkpoint(as_text(in)),
                    audit::VerifierKey::read(as_text(in)));
       }},
      {"cms_certs_only", [](BytesView in) { return any(cms::read_certs_only(in)); }},
      {"cmw",
       [](BytesView in) { return any(cmw::read_cbor(in), cmw::read_json(as_text(in)), cmw::read_extension(in)); }},
      {"corim", [](BytesView in) { return any(corim::read_signed(in), corim::read_rim(in), corim::read_comid(in)); }},
      {"cose_sign1", [](BytesView in) { return any(cose::read_sign1(in), cose::read_key(in)); }},
      {"crl", [](BytesView in) { return any(x509::Crl::read(in)); }},
      {"csr_attestation",
       [](BytesView in) {
         return any(csr_attestation::read(in), csr_attestation::read_tpm_certify(in),
                    csr_attestation::read_tpm_identity(in));
       }},
      {"der_certificate",
       [](BytesView in) { return any(x509::Certificate::read(in), x509::Certificate::read_anchor(in)); }},
      {"dice_tcb_info",
       [](BytesView in) {
         return any(dice::read_tcb_info(in), dice::read_multi_tcb_info(in), dice::read_ueid(in),
                    dice::read_freshness(in));
       }},
      {"eat", [](BytesView in) { return any(eat::read_claims(in)); }},
      {"ecdsa_signature",
       [](BytesView in) {
         return any(crypto::read_ecdsa_signature(p256, in), crypto::read_ecdsa_signature(p384, in),
                    crypto::read_ecdsa_signature(p521, in));
       }},
      {"entry_bundle", bundle},
      {"findings", [](BytesView in) { return any(attest::read_findings(in)); }},
      {"frame", frames},
      {"json", [](BytesView in) { return any(json::read(in)); }},
      {"jws", jose},
      {"link_message", [](BytesView in) { return any(link::read_request(in), link::read_reply(in)); }},
      {"matter_cd",
       [](BytesView in) {
         return any(matter::read_declaration(in), matter::read_elements(in), cms::read_signed_content(in));
       }},
      {"matter_tlv", elements},
      {"ocsp_request", [](BytesView in) { return any(ocsp::read_request(in)); }},
      {"ocsp_response", [](BytesView in) { return any(ocsp::read_response(in)); }},
      {"open_dice", [](BytesView in) { return any(dice::read_open_certificate(in), dice::read_open_input(in)); }},
      {"pkcs10", [](BytesView in) { return any(pkcs10::Request::read(in)); }},
      {"psa_token", [](BytesView in) { return any(psa::read_claims(in, psa::Profiles::legacy_too)); }},
      {"spki", [](BytesView in) { return any(crypto::PublicKey::from_spki(in)); }},
      {"tcg_event_log", [](BytesView in) { return any(tcg_log::read(in)); }},
      {"tlog_proof", [](BytesView in) { return any(audit::read_proof(as_text(in))); }},
      {"tpm_attest", [](BytesView in) { return any(tpm::read_attest(in)); }},
      {"tpm_creation", [](BytesView in) { return any(tpm::read_creation_data(in)); }},
      {"tpm_public", [](BytesView in) { return any(tpm::read_public(in), tpm::read_sized_public(in)); }},
      {"tpm_signature", [](BytesView in) { return any(tpm::read_signature(in)); }},
  };
  return all;
}

}  // namespace birthmark::test
