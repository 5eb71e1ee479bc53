// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_requests.h"

#include <array>

#include "attest/event_log.h"
#include "base/instant.h"
#include "cli/input_file.h"
#include "codec/csr_attestation.h"
#include "codec/csr_attrs.h"
#include "codec/name.h"
#include "codec/ocsp.h"
#include "codec/pqc.h"
#include "codec/tcg_event_log.h"
#include "codec/tpm_attest.h"
#include "codec/tpm_credential.h"
#include "codec/tpm_signature.h"
#include "codec/x509.h"
#include "crypto/pqc_checks.h"
#include "pki/arc.h"

namespace birthmark::cli {
namespace {

using boost::json::array;
using boost::json::object;

std::string_view name_of(ocsp::CertStatus status) {
  switch (status) {
    case ocsp::CertStatus::good:
      return "good";
    case ocsp::CertStatus::revoked:
      return "revoked";
    case ocsp::CertStatus::unknown:
      break;
  }
  return "unknown";
}

std::string_view name_of(ocsp::ResponseStatus status) {
  switch (status) {
    case ocsp::ResponseStatus::successful:
      return "successful";
    case ocsp::ResponseStatus::malformed_request:
      return "malformedRequest";
    case ocsp::ResponseStatus::internal_error:
      return "internalError";
    case ocsp::ResponseStatus::try_later:
      return "tryLater";
    case ocsp::ResponseStatus::sig_required:
      return "sigRequired";
    case ocsp::ResponseStatus::unauthorized:
      break;
  }
  return "unauthorized";
}

Result<object> ocsp_request(BytesView der) {
  BM_TRY(const auto read, ocsp::read_request(der));
  array serials;
  for (const auto& id : read.certificates) {
    serials.emplace_back(to_hex(id.serial));
  }
  object out{{"type", "OCSP request"}, {"serials", std::move(serials)}, {"signed", read.is_signed}};
  if (read.nonce) {
    out["nonce"] = to_hex(*read.nonce);
  }
  return out;
}

Result<object> ocsp_response(BytesView der) {
  BM_TRY(const auto read, ocsp::read_response(der));
  object out{{"type", "OCSP response"}, {"status", name_of(read.status)}};
  if (!read.basic) {
    return out;
  }
  const auto& basic = *read.basic;
  out["responder"] =
      basic.responder_name.empty() ? to_hex(basic.responder_key_hash) : x509::display_name(basic.responder_name);
  out["produced_at"] = to_rfc3339(basic.produced_at);
  array answers;
  for (const auto& single : basic.responses) {
    object answer{{"serial", to_hex(single.certificate.serial)},
                  {"status", name_of(single.status)},
                  {"this_update", to_rfc3339(single.this_update)}};
    if (single.next_update) {
      answer["next_update"] = to_rfc3339(*single.next_update);
    }
    answers.push_back(std::move(answer));
  }
  out["answers"] = std::move(answers);
  return out;
}

/// The PCRs that the log leads to, bank by bank; what it says besides is nobody's word.
Result<object> event_log(BytesView bytes) {
  BM_TRY(const auto log, tcg_log::read(bytes));
  const bool agile = log.format == tcg_log::Format::crypto_agile;
  object out{{"type", "event log"},
             {"format", agile ? "crypto-agile" : "SHA-1 only: nothing is decided on it"},
             {"events", log.events.size()}};
  for (const auto& [name, bank] : {std::pair{"sha256", tpm::Hash::sha256}, std::pair{"sha384", tpm::Hash::sha384},
                                   std::pair{"sha512", tpm::Hash::sha512}}) {
    const auto pcrs = attest::replay(log, bank);
    for (std::size_t pcr = 0; pcrs && pcr < pcrs->size(); ++pcr) {
      if ((*pcrs)[pcr]) {
        out[std::string{name} + " pcr " + std::to_string(pcr)] = to_hex(*(*pcrs)[pcr]);
      }
    }
  }
  return out;
}

Result<object> tpm_signature(BytesView bytes) {
  BM_TRY(const auto read, tpm::read_signature(bytes));
  const auto* const rsa = std::get_if<tpm::RsaSignature>(&read);
  return object{{"type", "TPMT_SIGNATURE"},
                {"scheme", rsa == nullptr                           ? "ECDSA"
                           : rsa->padding == tpm::RsaPadding::pkcs1 ? "RSASSA"
                                                                    : "RSAPSS"},
                {"hash", "SHA-" + std::to_string(8 * tpm::digest_size(tpm::hash_of(read)))}};
}

Result<object> creation_data(BytesView bytes) {
  BM_TRY(const auto read, tpm::read_creation_data(bytes));
  return object{{"type", "TPMS_CREATION_DATA"},
                {"locality", read.locality},
                {"parent_name", to_hex(read.parent_name)},
                {"parent_qualified_name", to_hex(read.parent_qualified_name)},
                {"outside_info", to_hex(read.outside_info)}};
}

Result<object> id_object(BytesView bytes) {
  BM_TRY(const auto read, tpm::read_id_object(bytes));
  return object{{"type", "TPM2B_ID_OBJECT"},
                {"integrity_hmac", to_hex(read.integrity_hmac)},
                {"encrypted_bytes", read.encrypted_identity.size()}};
}

std::string type_name(BytesView type) {
  struct Named {
    BytesView type;
    std::string_view name;
  };
  const std::array named{Named{csr_attestation::kTpmCertify, "TPM2_Certify"},
                         Named{csr_attestation::kDiceTcbInfo, "DiceTcbInfo"},
                         Named{csr_attestation::kDiceCmw, "CMW (DICE)"}, Named{csr_attestation::kPeCmw, "CMW"},
                         Named{pki::arc::tpm_evidence, "birthmark TPM identity"}};
  for (const auto& one : named) {
    if (equal(one.type, type)) {
      return std::string{one.name};
    }
  }
  return oid_text(type);
}

array statements_of(const csr_attestation::Bundle& bundle) {
  array out;
  for (const auto& statement : bundle.statements) {
    out.emplace_back(type_name(statement.type));
  }
  return out;
}

Result<object> bundle(BytesView bytes) {
  BM_TRY(const auto read, csr_attestation::read(bytes));
  return object{
      {"type", "AttestationBundle"}, {"statements", statements_of(read)}, {"certificates", read.certificates.size()}};
}

Result<object> csr_attributes(BytesView bytes) {
  BM_TRY(const auto read, csr_attrs::read(bytes));
  if (read.empty()) {
    return fail(Code::bad_request, "an empty SEQUENCE may be anything");
  }
  array types;
  for (const auto& entry : read) {
    types.emplace_back(oid_text(entry.type));
  }
  return object{{"type", "CsrAttrs"}, {"entries", std::move(types)}};
}

Result<object> coming_certificate(BytesView der) {
  BM_TRY(const auto words, pqc::look_at_certificate(der));
  if (words.key == nullptr && words.signature == nullptr) {
    return fail(Code::bad_request, "no algorithm that is to come");
  }
  BM_TRY(const auto read, x509::Certificate::read_anchor(der));
  object out{{"type", "certificate"},
             {"serial", to_hex(read.serial())},
             {"issuer", x509::display_name(read.issuer())},
             {"subject", x509::display_name(read.subject())},
             {"not_before", to_rfc3339(read.not_before())},
             {"not_after", to_rfc3339(read.not_after())}};
  out["key"] = words.key != nullptr ? words.key->name : "another algorithm";
  out["signature_algorithm"] = words.signature != nullptr ? words.signature->name : "another algorithm";
  out["verified"] = "no: nobody here verifies this algorithm";
  return out;
}

Result<object> coming_request(BytesView der) {
  BM_TRY(const auto words, pqc::look_at_request(der));
  if (words.key == nullptr && words.signature == nullptr) {
    return fail(Code::bad_request, "no algorithm that is to come");
  }
  return object{{"type", "certificate request"},
                {"key", words.key != nullptr ? words.key->name : "another algorithm"},
                {"signature_algorithm", words.signature != nullptr ? words.signature->name : "another algorithm"},
                {"verified", "no: nobody here verifies this algorithm"}};
}

Result<object> coming_key(BytesView der) {
  BM_TRY(const auto* const algorithm, pqc::read_public_key(der));
  return object{{"type", "public key"}, {"key", algorithm->name}};
}

/// Nothing of the key itself is shown.
Result<object> coming_private_key(BytesView der) {
  BM_TRY(const auto read, pqc::read_private_key(der));
  const auto agrees = crypto::check_ml_dsa_key(read);
  return object{{"type", "private key"},
                {"key", read.algorithm->name},
                {"seed", !read.seed.empty()},
                {"expanded", !read.expanded.empty()},
                {"consistent", agrees ? "as far as it shows without the algorithm" : "no: " + agrees.error().detail}};
}

constexpr std::array kForms{ocsp_response,      ocsp_request,  tpm_signature,      creation_data,  id_object,
                            event_log,          bundle,        coming_certificate, coming_request, coming_key,
                            coming_private_key, csr_attributes};

}  // namespace

Result<object> inspect_requests(BytesView bytes) {
  const auto der = der_of(
      bytes, {"OCSP RESPONSE", "OCSP REQUEST", "CERTIFICATE", "CERTIFICATE REQUEST", "PUBLIC KEY", "PRIVATE KEY"});
  if (der) {
    for (const auto form : kForms) {
      if (auto found = form(*der)) {
        return found;
      }
    }
  }
  return fail(Code::bad_request, "no request of a status, log, evidence or key that is known here");
}

void add_attestation(object& out, const pkcs10::Request& request) {
  const auto found = csr_attestation::of(request);
  if (!found) {
    out["attestation"] = "not readable: " + found.error().detail;
  } else if (*found) {
    out["attestation"] = statements_of(**found);
  }
}

}  // namespace birthmark::cli
