// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise.h"
#include "codec/cmw.h"
#include "codec/hardware_answer.h"
#include "codec/psa_token.h"
#include "pki/arc.h"

namespace birthmark::attest {
namespace {

tl::unexpected<Error> refuse(std::string why) {
  return fail(Code::bad_evidence, std::move(why), "csr.attestation");
}

/// The only statement of a type.
Result<BytesView> only(const csr_attestation::Bundle& bundle, BytesView type) {
  BytesView found;
  for (const auto& statement : bundle.statements) {
    if (equal(statement.type, type)) {
      if (!found.empty()) {
        return refuse("two statements of one type: they may be of two devices");
      }
      found = statement.value;
    }
  }
  return found.empty() ? Result<BytesView>{refuse("a statement is missing")} : Result<BytesView>{found};
}

/// What a reader of src/codec refused, as a refusal of this evidence.
template <class T>
Result<T> as_evidence(Result<T> read) {
  return read ? std::move(read) : Result<T>{refuse(read.error().detail)};
}

std::vector<Bytes> copies(const std::vector<BytesView>& parts) {
  std::vector<Bytes> out;
  for (const auto part : parts) {
    out.push_back(to_bytes(part));
  }
  return out;
}

Result<Evidence> dice(BytesView value) {
  BM_TRY(const auto answer, hardware_answer::read_dice(value));
  return Evidence{DiceEvidence{to_bytes(answer.device), copies(answer.layers), to_bytes(answer.signature)}};
}

Result<Evidence> element(BytesView value) {
  BM_TRY(const auto answer, hardware_answer::read_element(value));
  return Evidence{AttestedElement{copies(answer.certificates), to_bytes(answer.signature)}};
}

Result<Evidence> listed(BytesView value) {
  BM_TRY(const auto answer, hardware_answer::read_listed(value));
  return Evidence{ListedElement{to_bytes(answer.chip_id), to_bytes(answer.signature)}};
}

Result<Evidence> software(BytesView value) {
  BM_TRY(const auto answer, hardware_answer::read_software(value));
  return Evidence{SoftwareEvidence{to_bytes(answer.spki), to_bytes(answer.signature)}};
}

/// A token in a conceptual message wrapper: one record that says by its media type what it holds.
Result<Evidence> token(BytesView value) {
  BM_TRY(auto message, cmw::read_extension(value));
  auto* const record = std::get_if<cmw::Record>(&message);
  const auto* const type = record != nullptr ? std::get_if<std::string>(&record->type) : nullptr;
  if (type != nullptr && *type == psa::kMediaType) {
    return Evidence{PsaEvidence{std::move(record->value)}};
  }
  return type != nullptr && *type == kEatMediaType ? Result<Evidence>{Evidence{EatEvidence{std::move(record->value)}}}
                                                   : refuse("a wrapper of something else than one token");
}

/// Exactly one statement that identifies the TPM (birthmark's type), and exactly one of TPM2_Certify.
Result<TpmEvidence> tpm_evidence_of(const csr_attestation::Bundle& bundle) {
  for (const auto& statement : bundle.statements) {
    if (!equal(statement.type, pki::arc::tpm_evidence) && !equal(statement.type, csr_attestation::kTpmCertify)) {
      return refuse("a statement of another kind beside those of a TPM: " + oid_text(statement.type));
    }
  }
  BM_TRY(const auto identity_value, only(bundle, pki::arc::tpm_evidence));
  BM_TRY(const auto certify_value, only(bundle, csr_attestation::kTpmCertify));
  BM_TRY(const auto identity, as_evidence(csr_attestation::read_tpm_identity(identity_value)));
  BM_TRY(const auto certify, as_evidence(csr_attestation::read_tpm_certify(certify_value)));
  if (certify.key_public.empty()) {
    return refuse("the public area of the certified key is missing");
  }
  TpmEvidence out{.ek_certificate = to_bytes(identity.ek_certificate),
                  .ek_public = to_bytes(identity.ek_public),
                  .ak_public = to_bytes(identity.ak_public),
                  .key_public = to_bytes(certify.key_public),
                  .parent_public = to_bytes(identity.parent_public),
                  .statement = {to_bytes(certify.attest), to_bytes(certify.signature)},
                  .creation_data = to_bytes(identity.creation_data)};
  for (const auto certificate : bundle.certificates) {
    out.chain.push_back(to_bytes(certificate));
  }
  return out;
}

struct Row {
  BytesView type;
  Result<Evidence> (*read)(BytesView value);
};
const std::array kRows{Row{pki::arc::dice_evidence, dice}, Row{pki::arc::element_evidence, element},
                       Row{pki::arc::listed_evidence, listed}, Row{pki::arc::software_evidence, software},
                       Row{csr_attestation::kPeCmw, token}};

}  // namespace

Result<Evidence> evidence_of(const csr_attestation::Bundle& bundle) {
  for (const auto& row : kRows) {
    if (!equal(bundle.statements.front().type, row.type)) {
      continue;
    }
    if (bundle.statements.size() != 1 || !bundle.certificates.empty()) {
      return refuse("more than the one answer of this kind: it may be of another device");
    }
    return as_evidence(row.read(bundle.statements.front().value));
  }
  BM_TRY(auto tpm, tpm_evidence_of(bundle));
  return Evidence{std::move(tpm)};
}

Result<Evidence> evidence_of(const pkcs10::Request& request) {
  BM_TRY(const auto bundle, as_evidence(csr_attestation::of(request)));
  return bundle ? evidence_of(*bundle)
                : fail(Code::evidence_missing, "the request carries no evidence", "csr.attestation");
}

}  // namespace birthmark::attest
