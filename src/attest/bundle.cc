// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise.h"
#include "attest/csr_evidence.h"
#include "codec/cmw.h"
#include "codec/hardware_answer.h"
#include "pki/arc.h"

namespace birthmark::attest {
namespace {

tl::unexpected<Error> refuse(std::string why) {
  return fail(Code::bad_evidence, std::move(why), "csr.attestation");
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

/// A token in a conceptual message wrapper: one record of CBOR that says by its media type what it holds.
Result<Evidence> token(BytesView value) {
  BM_TRY(const auto wrapper, csr_attestation::read_cmw(value));
  if (wrapper.is_json) {
    return refuse("a wrapper in JSON: tokens are CBOR");
  }
  BM_TRY(auto message, cmw::read_cbor(wrapper.content));
  auto* const record = std::get_if<cmw::Record>(&message);
  const auto* const type = record != nullptr ? std::get_if<std::string>(&record->type) : nullptr;
  if (type != nullptr && *type == kPsaMediaType) {
    return Evidence{PsaEvidence{std::move(record->value)}};
  }
  return type != nullptr && *type == kEatMediaType ? Result<Evidence>{Evidence{EatEvidence{std::move(record->value)}}}
                                                   : refuse("a wrapper of something else than one token");
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
    auto read = row.read(bundle.statements.front().value);
    return read ? std::move(read) : Result<Evidence>{refuse(read.error().detail)};
  }
  BM_TRY(auto tpm, tpm_evidence_of(bundle));
  return Evidence{std::move(tpm)};
}

}  // namespace birthmark::attest
