// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect.h"

#include "attest/endorsement.h"
#include "audit/checkpoint.h"
#include "base/instant.h"
#include "cli/inspect_chains.h"
#include "cli/inspect_tokens.h"
#include "codec/extensions.h"
#include "codec/name.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "codec/tpm_attest.h"
#include "codec/tpm_public.h"
#include "codec/x509.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

namespace birthmark::cli {
namespace {

std::string_view name_of(crypto::KeyType type) {
  switch (type) {
    case crypto::KeyType::p256:
      return "P-256";
    case crypto::KeyType::p384:
      return "P-384";
    case crypto::KeyType::p521:
      return "P-521";
    case crypto::KeyType::rsa:
      return "RSA";
    case crypto::KeyType::ed25519:
      return "Ed25519";
  }
  return "unknown";
}

void add_key(boost::json::object& out, BytesView spki) {
  const auto key = crypto::PublicKey::from_spki(spki);
  out["key"] = key ? name_of(key->type()) : "not usable: " + key.error().detail;
  out["spki_sha256"] = to_hex(crypto::sha256(spki).get());
}

Result<boost::json::object> certificate(BytesView der) {
  BM_TRY(const auto read, x509::Certificate::read(der));
  boost::json::object out{{"type", "certificate"},
                          {"serial", to_hex(read.serial())},
                          {"issuer", x509::display_name(read.issuer())},
                          {"subject", x509::display_name(read.subject())},
                          {"not_before", to_rfc3339(read.not_before())},
                          {"not_after", to_rfc3339(read.not_after())},
                          {"sha256", to_hex(crypto::sha256(der).get())}};
  add_key(out, read.spki());
  BM_TRY(const auto constraints, x509::basic_constraints(read.extensions()));
  out["ca"] = constraints && constraints->is_ca;
  out["extensions"] = read.extensions().size();
  add_chain_facts(read, out);
  add_wrapped_messages(read, out);
  return out;
}

Result<boost::json::object> request(BytesView der) {
  BM_TRY(const auto read, pkcs10::Request::read(der));
  boost::json::object out{{"type", "certificate request"},
                          {"subject", x509::display_name(read.subject())},
                          {"attributes", read.attributes().size()},
                          {"channel_binding", read.challenge_password().has_value()}};
  add_key(out, read.spki());
  return out;
}

boost::json::object tpm_public(const tpm::Public& read, std::string_view type) {
  boost::json::object out{{"type", type}};
  const auto key = attest::public_key(read);
  if (key) {
    add_key(out, key->spki());
  } else {
    out["key"] = "no signing key: " + key.error().detail;
  }
  return out;
}

std::string_view what_of(const tpm::Attest& read) {
  if (std::holds_alternative<tpm::CertifyInfo>(read.attested)) {
    return "certify";
  }
  return std::holds_alternative<tpm::QuoteInfo>(read.attested) ? "quote" : "creation";
}

boost::json::object tpm_attest(const tpm::Attest& read) {
  return {{"type", "TPMS_ATTEST"},
          {"statement", what_of(read)},
          {"qualified_signer", to_hex(read.qualified_signer)},
          {"extra_data", to_hex(read.extra_data)}};
}

Result<boost::json::object> text(std::string_view words) {
  if (const auto blocks = pem::read(words, "CERTIFICATE", {})) {
    return certificate(blocks->front());
  }
  if (const auto blocks = pem::read(words, "CERTIFICATE REQUEST", {})) {
    return request(blocks->front());
  }
  BM_TRY(const auto note, audit::read_note(words));
  BM_TRY(const auto head, audit::read_checkpoint(note.text));
  return boost::json::object{{"type", "checkpoint"},
                             {"origin", head.origin},
                             {"size", head.size},
                             {"root", to_hex(head.root.get())},
                             {"signatures", note.signatures.size()}};
}

}  // namespace

Result<boost::json::object> inspect(BytesView bytes) {
  if (auto found = certificate(bytes)) {
    return found;
  }
  if (auto found = request(bytes)) {
    return found;
  }
  if (const auto read = tpm::read_public(bytes)) {
    return tpm_public(*read, "TPMT_PUBLIC");
  }
  if (const auto read = tpm::read_sized_public(bytes)) {
    return tpm_public(*read, "TPM2B_PUBLIC");
  }
  if (const auto read = tpm::read_attest(bytes)) {
    return tpm_attest(*read);
  }
  if (auto found = text(as_text(bytes))) {
    return found;
  }
  if (auto found = inspect_chain_part(bytes)) {
    return std::move(*found);
  }
  if (auto found = inspect_token(bytes)) {
    return std::move(*found);
  }
  return fail(
      Code::bad_request,
      "no certificate, request, checkpoint, TPMT_PUBLIC, TPM2B_PUBLIC, TPMS_ATTEST, COSE_Sign1, COSE_Key, claims "
      "of a token, CoRIM, CoMID, CMW, DICE extension, Matter declaration, elements or TLV, JWS or manifest");
}

}  // namespace birthmark::cli
